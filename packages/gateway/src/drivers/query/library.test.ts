import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { joined } from './library.ts';

type Library = typeof import('@duckdb/node-api');

const require = createRequire(import.meta.url);
const entry = require.resolve('@duckdb/node-api');
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'shugu-library-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const loaded = (source: string, name: string): unknown => {
  const path = join(folder, name);
  writeFileSync(path, source);
  return (require(path) as (outside: NodeJS.Require) => unknown)(createRequire(entry));
};

describe('the joined library', () => {
  it('is the library: the same names, and the same answers in every type', async () => {
    const library = require(entry) as Library;
    const one = loaded(joined(entry), 'joined.cjs') as Library;
    expect(one).not.toBe(library);
    expect(Object.keys(one).sort()).toEqual(Object.keys(library).sort());
    const answer = async ({ DuckDBInstance }: Library) => {
      const instance = await DuckDBInstance.create(':memory:');
      const connection = await instance.connect();
      const sql = `select 1.50::decimal(9, 2) as a, date '2026-02-03' as b, 9007199254740993 as c, [1, null] as d,
        {'x': interval 3 days} as e, 'a'::blob as f, timestamptz '2026-02-03 04:05:06+00' as g, null as h from range(3)`;
      const result = await connection.runAndReadAll(sql);
      const told = result.getRows().map((row) => row.map(String));
      connection.closeSync();
      instance.closeSync();
      return [result.columnNames(), result.columnTypes().map(String), told];
    };
    expect(await answer(one)).toEqual(await answer(library));
  });

  it('evaluates each module once, when it is first required, also where two require each other', () => {
    writeFileSync(
      join(folder, 'a.js'),
      `exports.early = 1; exports.b = require("./b"); exports.again = require("./b");`,
    );
    writeFileSync(
      join(folder, 'b.js'),
      `exports.seen = Object.keys(require("./a")); exports.path = require("node:path");`,
    );
    const a = loaded(joined(join(folder, 'a.js')), 'both.cjs') as Record<
      'b' | 'again',
      { seen: string[]; path: object }
    >;
    expect(a.b.seen).toEqual(['early']);
    expect(a.again).toBe(a.b);
    expect(a.b.path).toHaveProperty('join');
  });

  it('is written by the first process where compiled code is kept, and read by the next; elsewhere the library is as it was', () => {
    const library = JSON.stringify(new URL('./library.ts', import.meta.url).href);
    const script = `import { createRequire } from 'node:module'; import { requireJoined } from ${library}; requireJoined();
      const require = createRequire(${library}); require('@duckdb/node-api').DuckDBInstance.name;
      console.log(Object.keys(require.cache).filter((path) => path.includes('node-api')).length);`;
    const filesRead = (kept?: string) => {
      const env = kept === undefined ? {} : { NODE_COMPILE_CACHE: kept };
      const ran = spawnSync(process.execPath, ['--input-type=module', '-e', script], { env, encoding: 'utf8' });
      expect(ran.stderr.replace(/^.*Warning.*$/gm, '').trim()).toBe('');
      return Number(ran.stdout);
    };
    const kept = join(folder, 'kept');
    const written = () =>
      readdirSync(kept, { recursive: true, encoding: 'utf8' })
        .filter((path) => path.includes('duckdb'))
        .map((path) => [path, statSync(join(kept, path)).mtimeMs]);
    expect(filesRead()).toBeGreaterThan(100);
    expect(filesRead(kept)).toBeLessThan(5);
    const first = written();
    expect(first).toEqual([[expect.stringMatching(/duckdb-node-api-[\d.a-z-]+\.cjs$/), expect.any(Number)]]);
    expect(filesRead(kept)).toBeLessThan(5);
    expect(written()).toEqual(first);
  });
});
