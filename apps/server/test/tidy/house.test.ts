import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { roomOrder } from '../../src/rooms.ts';
import { isTest, roomOf, root, server, sources } from './sources.ts';

const linesMax = 600;
/** Files that have outgrown the limit, with the lines they have. This list may only shrink. */
const tooLong: Record<string, number> = {};

/** What pure code gets as a parameter. Outside the kernel only the edges below may reach for it. */
const ambient: [name: string, pattern: RegExp][] = [
  ['Date.now', /\bDate\.now\b/],
  ['new Date()', /\bnew Date\(\s*\)/],
  ['Math.random', /\bMath\.random\b/],
  ['process.env', /\bprocess\.env\b/],
  ['fetch', /(?<![.\w])fetch\(/],
];
/** Edges, each with its reason. This list may only shrink. */
const edges: Record<string, string> = {
  'apps/server/src/main.ts: process.env': 'the program reads its settings',
  'apps/server/src/settlement/index.ts: Date.now':
    'a bank’s signed callback is fresh by wall clock: the bank does not live on our simulated calendar',
};

const pure = sources().filter(
  ({ path }) =>
    !isTest(path) && (path.startsWith('packages/') || (path.startsWith(`${server}/`) && roomOf(path) !== 'kernel')),
);

const lineOf = (text: string, index: number): number => text.slice(0, index).split('\n').length;

describe('the house', { timeout: 120_000 }, () => {
  test('files stay short', () => {
    const lengths = sources().map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }));
    const wrong = lengths
      .filter(({ path, lines }) => lines > (tooLong[path] ?? linesMax))
      .map(({ path, lines }) => `${path}: ${lines} lines, at most ${tooLong[path] ?? linesMax}`);
    expect(wrong).toEqual([]);
    const healed = Object.keys(tooLong).filter(
      (path) => !lengths.some((one) => one.path === path && one.lines > linesMax),
    );
    expect(healed).toEqual([]);
  });

  test('time, chance, settings and network come in as parameters', () => {
    const found = pure.flatMap(({ path, code }) =>
      ambient.filter(([, pattern]) => pattern.test(code)).map(([name]) => `${path}: ${name}`),
    );
    expect(found.filter((one) => !(one in edges))).toEqual([]);
    expect(Object.keys(edges).filter((one) => !found.includes(one))).toEqual([]);
  });

  test('no any without its reason', () => {
    const wrong = sources().flatMap(({ path, text, code }) => {
      const lines = text.split('\n');
      return [...code.matchAll(/(?::|<|,|(?<!\|)\||\bas)\s*any\b(?!\s*[(:'"]|\s+\w)|\bany\[\]/g)].flatMap((match) => {
        const line = lineOf(code, match.index);
        const reason = lines.slice(Math.max(0, line - 3), line).join('\n');
        return /biome-ignore lint\/suspicious\/noExplicitAny: \S/.test(reason) ? [] : [`${path}:${line}`];
      });
    });
    expect(wrong).toEqual([]);
  });

  test('no folders without a noun', () => {
    const wrong = sources().filter(
      ({ path }) =>
        /\/(utils?|helpers?|common|types|misc|shared)\//.test(path) || /\/(utils?|helpers?|misc)\.tsx?$/.test(path),
    );
    expect(wrong.map((one) => one.path)).toEqual([]);
  });

  test('every room says on one page what it owns', () => {
    const missing = roomOrder.filter(
      (room) => existsSync(join(root, server, room)) && !existsSync(join(root, server, room, 'README.md')),
    );
    expect(missing).toEqual([]);
    const packages = readdirSync(join(root, 'packages')).filter(
      (name) => !existsSync(join(root, 'packages', name, 'README.md')),
    );
    expect(packages).toEqual([]);
  });

  test('documents of the house are there and their links lead somewhere', () => {
    const pages = [
      'README.md',
      'README.zh-CN.md',
      'ARCHITECTURE.md',
      'STYLE.md',
      'GLOSSARY.md',
      'CONTRIBUTING.md',
      'CHANGELOG.md',
      'SECURITY.md',
    ];
    const folders = ['docs/operate', 'docs/decisions', 'docs/guides', 'docs/reference'];
    const all = [
      ...pages,
      ...folders.flatMap((folder) =>
        existsSync(join(root, folder)) ? readdirSync(join(root, folder)).map((name) => `${folder}/${name}`) : [],
      ),
    ].filter((path) => path.endsWith('.md'));
    const broken = all.flatMap((path) => {
      if (!existsSync(join(root, path))) return [`${path} is missing`];
      const text = readFileSync(join(root, path), 'utf8').replace(/```[\s\S]*?```|`[^`]*`/g, '');
      return [...text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)[^)]*\)/g)].flatMap((match) => {
        const target = join(root, path, '..', decodeURI(match[1]!));
        return existsSync(target) ? [] : [`${path} → ${match[1]}`];
      });
    });
    expect(broken).toEqual([]);
  });

  test('every file that ARCHITECTURE names is there', () => {
    const text = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8');
    const named = [...text.matchAll(/`([a-z-]+(?:\/[\w.-]+)+)`/g)].map((match) => match[1]!);
    const missing = named.filter((path) => !existsSync(join(root, path)) && !existsSync(join(root, server, path)));
    expect(missing).toEqual([]);
    expect(named.length).toBeGreaterThan(30);
  });

  test('decision records are numbered without gaps', () => {
    const numbers = readdirSync(join(root, 'docs/decisions'))
      .filter((name) => name.endsWith('.md'))
      .map((name) => Number(name.slice(0, 4)))
      .sort((a, b) => a - b);
    expect(numbers).toEqual(numbers.map((_, place) => place + 1));
  });
});

describe('tables and their owners', () => {
  const folders = ['kernel', ...roomOrder];
  const owners = new Map<string, string>();
  for (const room of folders) {
    const folder = join(root, server, room, 'migrations');
    if (!existsSync(folder)) continue;
    for (const name of readdirSync(folder)) {
      const text = readFileSync(join(folder, name), 'utf8');
      for (const match of text.matchAll(/create table (?:if not exists )?"?([a-z_]+)"?/gi)) owners.set(match[1]!, room);
    }
  }
  const statements = (pattern: RegExp) =>
    sources()
      .filter(({ path }) => path.startsWith(`${server}/`) && !isTest(path))
      .flatMap(({ path, code }) =>
        [...code.matchAll(pattern)].flatMap((match) => {
          const owner = owners.get(match[1]!.toLowerCase());
          const here = roomOf(path);
          return owner && owner !== here
            ? [{ place: `${path}:${lineOf(code, match.index)}: ${match[1]} of ${owner}`, here, owner }]
            : [];
        }),
      );

  test('the scan sees tables', () => expect(owners.size).toBeGreaterThan(40));

  test('only the owner writes a table', () => {
    const writes = statements(
      /\b(?:insert into|update|delete from|merge into|truncate(?: table)?)\s+(?:only\s+)?"?([a-z_]+)"?/gi,
    );
    expect(writes.map((one) => one.place)).toEqual([]);
  });

  test('only the owner says which of its rows go by themselves', () => {
    const pruned = statements(/\btable: '([a-z_]+)',\s*since:/g);
    expect(pruned.map((one) => one.place)).toEqual([]);
  });

  /** Reads of another room's tables go through its door; supervision looks everywhere by its nature, the kernel's stand below all. This list may only shrink. */
  const readsElsewhere = [
    // One statement ranks, filters and counts a hundred thousand products; asking doors one by one would take its place.
    'apps/server/src/market/search/page.ts',
    'apps/server/src/market/search/reads.ts',
  ];

  test('a room reads its own tables', () => {
    const reads = statements(/\b(?:from|join)\s+"?([a-z_]+)"?(?!\s*\()/gi).filter(
      (one) => one.here !== 'supervision' && one.owner !== 'kernel',
    );
    expect(
      reads.map((one) => one.place).filter((one) => !readsElsewhere.some((known) => one.startsWith(known))),
    ).toEqual([]);
  });
});
