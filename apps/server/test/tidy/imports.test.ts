import { existsSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { rooms } from '../../src/rooms.ts';
import { type Import, importsOf, isTest, ownImports, roomOf, root, server, sources, workspaces } from './sources.ts';

const told = (one: Import) => `${one.from} → ${one.target ?? one.name}`;
const inServer = (path: string) => path.startsWith(`${server}/`);
const wiring = new Set(['app.ts', 'build.ts', 'rooms.ts', 'main.ts'].map((name) => `${server}/${name}`));

describe('who may import whom', { timeout: 120_000 }, () => {
  test('the scan sees the house', () => {
    expect(sources().length).toBeGreaterThan(300);
    expect(ownImports().length).toBeGreaterThan(1000);
    const dangling = sources()
      .flatMap(importsOf)
      .filter((one) => one.name.startsWith('.') && !one.target && !/\/dist\/|\.(css|json|svg)$/.test(one.name));
    expect(dangling.map(told)).toEqual([]);
  });

  test('rooms enter other rooms upstream, by the door', () => {
    const wrong = ownImports().filter(({ from, target, typeOnly }) => {
      if (!inServer(from) || !inServer(target)) return false;
      const [here, there] = [roomOf(from), roomOf(target)];
      if (here === there || here === '' || there === 'kernel') return false;
      if (here === 'kernel') return true;
      // A flow is told the shape of what it connects.
      if (here === 'flows' && there === '') return !typeOnly;
      const doors = [
        `${server}/${there}/index.ts`,
        ...(isTest(from) ? [`${server}/${there}/testing.ts`, `${server}/${there}/testing.server.ts`] : []),
      ];
      if (here === 'flows') return !doors.includes(target);
      // A room's tests may stand on anything upstream of it, declared or not: they build the world around it.
      const order = Object.keys(rooms);
      const upstream = isTest(from) ? order.indexOf(there) < order.indexOf(here) : rooms[here]?.includes(there);
      return !(upstream && (doors.includes(target) || isTest(from)));
    });
    expect(wrong.map(told)).toEqual([]);
  });

  test('wiring opens doors only', () => {
    const wrong = ownImports().filter(
      ({ from, target }) =>
        wiring.has(from) &&
        inServer(target) &&
        !['', 'kernel', 'flows'].includes(roomOf(target)) &&
        !target.endsWith('/index.ts'),
    );
    expect(wrong.map(told)).toEqual([]);
  });

  test('every room of the folder is declared, and declared rooms look upstream only', () => {
    const order = Object.keys(rooms);
    const backwards = Object.entries(rooms).flatMap(([room, sees]) =>
      sees.filter((other) => order.indexOf(other) >= order.indexOf(room)).map((other) => `${room} → ${other}`),
    );
    expect(backwards).toEqual([]);
    const folders = [
      ...new Set(
        sources()
          .filter((one) => inServer(one.path))
          .map((one) => roomOf(one.path)),
      ),
    ];
    expect(folders.filter((name) => !['', 'kernel', 'flows', ...order].includes(name))).toEqual([]);
  });

  test('packages import no app, the portal nothing of the server, the bank nothing of the exchange', () => {
    const area = (path: string) => path.split('/').slice(0, 2).join('/');
    const wrong = ownImports().filter(({ from, target }) => {
      if (isTest(from)) return false;
      if (from.startsWith('packages/')) return !target.startsWith('packages/');
      if (area(from) === 'apps/portal') return !(target.startsWith('packages/') || area(target) === 'apps/portal');
      if (area(from) === 'apps/bank') return !(target.startsWith('packages/') || area(target) === 'apps/bank');
      if (area(from) === 'apps/server') return target.startsWith('apps/cli/') || target.startsWith('apps/portal/');
      return false;
    });
    expect(wrong.map(told)).toEqual([]);
  });

  test('workspaces enter each other by name', () => {
    const area = (path: string) => path.split('/').slice(0, 2).join('/');
    const wrong = ownImports().filter(
      (one) =>
        one.name.startsWith('.') &&
        !isTest(one.from) &&
        /^(apps|packages)\//.test(one.from) &&
        /^(apps|packages)\//.test(one.target) &&
        area(one.from) !== area(one.target),
    );
    expect(wrong.map(told)).toEqual([]);
  });

  test('no cycles', () => {
    const next = new Map<string, string[]>();
    for (const one of ownImports())
      if (!one.typeOnly && !one.apart && one.from !== one.target)
        next.set(one.from, [...(next.get(one.from) ?? []), one.target]);
    const state = new Map<string, 'open' | 'done'>();
    const cycles: string[] = [];
    const visit = (path: string, trail: string[]) => {
      if (state.get(path) === 'done') return;
      if (state.get(path) === 'open') {
        cycles.push([...trail.slice(trail.indexOf(path)), path].join(' → '));
        return;
      }
      state.set(path, 'open');
      for (const target of next.get(path) ?? []) visit(target, [...trail, path]);
      state.set(path, 'done');
    };
    for (const path of next.keys()) visit(path, []);
    expect(cycles).toEqual([]);
  });

  test('what comes from outside is a declared dependency of the workspace', () => {
    const declaredBy = (folder: string): Set<string> => {
      const read = (path: string) =>
        existsSync(join(root, path))
          ? (JSON.parse(readFileSync(join(root, path), 'utf8')) as Record<string, Record<string, string>>)
          : {};
      const own = read(join(folder, 'package.json'));
      const top = read('package.json');
      return new Set(
        [own, top].flatMap((one) =>
          ['dependencies', 'devDependencies', 'optionalDependencies'].flatMap((kind) => Object.keys(one[kind] ?? {})),
        ),
      );
    };
    const known = new Map(
      [...workspaces().map((one) => one.folder), 'interop', '.'].map((folder) => [folder, declaredBy(folder)]),
    );
    const builtin = new Set(builtinModules);
    const wrong = sources().flatMap((source) =>
      importsOf(source).filter(({ name }) => {
        if (name.startsWith('.') || name.startsWith('node:') || builtin.has(name) || name.startsWith('/')) return false;
        const folder = source.path.split('/').slice(0, 2).join('/');
        const bare = name
          .split('/')
          .slice(0, name.startsWith('@') ? 2 : 1)
          .join('/');
        // Benches and tools of the root may stand on any workspace's dependencies.
        const sets = known.has(folder) ? [known.get(folder)!] : [...known.values()];
        return (
          !sets.some((set) => set.has(bare)) &&
          !workspaces().some((one) => one.name === bare && (isTest(source.path) || !known.has(folder)))
        );
      }),
    );
    expect([...new Set(wrong.map(told))]).toEqual([]);
  });

  test('no dead files', () => {
    // events.ts of a room is what the reference of events is made from.
    const entries = (path: string) =>
      isTest(path) ||
      path.endsWith('/events.ts') ||
      /^(tools|bench|interop|fixtures)\//.test(path) ||
      /^apps\/[^/]+\/src\/main\.tsx?$/.test(path) ||
      /\.config\.ts$/.test(path) ||
      /\.d\.ts$/.test(path);
    const doors = workspaces().flatMap((one) =>
      Object.values(one.exports)
        .filter((door) => !door.includes('*'))
        .map((door) => join(one.folder, door)),
    );
    const next = new Map<string, string[]>();
    for (const one of ownImports()) next.set(one.from, [...(next.get(one.from) ?? []), one.target]);
    const live = new Set<string>();
    const queue = [
      ...sources()
        .map((one) => one.path)
        .filter((path) => entries(path) || doors.includes(path)),
    ];
    while (queue.length) {
      const path = queue.pop()!;
      if (live.has(path)) continue;
      live.add(path);
      queue.push(...(next.get(path) ?? []));
    }
    expect(
      sources()
        .map((one) => one.path)
        .filter((path) => !live.has(path)),
    ).toEqual([]);
  });
});
