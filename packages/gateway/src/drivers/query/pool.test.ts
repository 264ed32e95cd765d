import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { tableFromIPC } from 'apache-arrow';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { QueryTemplate } from '../../query/template.ts';
import { KEY, openRig, planOf, type Rig } from '../../rig.ts';
import { FRAME } from './frames.ts';
import { QueryPool, type QueryScope } from './pool.ts';
import { QueryProcess } from './process.ts';
import type { RunRequest } from './protocol.ts';
import { findSandbox, NO_SANDBOX } from './sandbox.ts';
import { writeParquetOf } from './testing.ts';

let rig: Rig;
let large: string;
beforeAll(async () => {
  rig = await openRig();
  const sql = `select 'p' || i as plate, (i % 97)::integer as score, (i * 1.5)::decimal(12, 2) as price, date '2026-01-01' + (i % 365)::integer as day,
    i % 3 = 0 as flag, i::bigint + 9007199254740993 as big, sqrt(i) as root, null::varchar as nothing from range(100000) r(i)`;
  large = await writeParquetOf(join(rig.folder, 'large.parquet'), sql);
});
afterAll(() => rig.close());

const found = await findSandbox();
const around = found.kind === 'none' ? [NO_SANDBOX] : [NO_SANDBOX, found];
const everything = { columns: null, masks: {}, rowFilter: [] };
const scopeOf = (scope: string, path = large, name = 'large'): QueryScope => ({
  scope,
  tables: [{ name, path }],
  effects: everything,
  maskKey: new Uint8Array(32),
});
const request = (sql: string, more: Partial<RunRequest> = {}): Omit<RunRequest, 'kind'> => ({
  sql,
  values: {},
  format: 'json',
  rowsMax: 1_000_000,
  bytesMax: 2 ** 28,
  seconds: 10,
  ...more,
});
const never = new AbortController().signal;

async function read(
  pool: QueryPool,
  scope: QueryScope,
  asked: Omit<RunRequest, 'kind'>,
  signal = never,
): Promise<string> {
  try {
    const answer = await pool.run(scope, asked, signal);
    if (answer.kind === 'file') return 'file';
    const parts: Uint8Array[] = [];
    for await (const { bytes } of answer.pieces) parts.push(bytes);
    return Buffer.concat(parts).toString('utf8');
  } catch (error) {
    return (error as { code?: string }).code ?? (error as Error).name;
  }
}
async function withPool<T>(
  options: Partial<ConstructorParameters<typeof QueryPool>[0]>,
  run: (pool: QueryPool) => Promise<T>,
): Promise<T> {
  const pool = new QueryPool({ folder: join(rig.folder, `answers-${Math.random()}`), ...options });
  try {
    return await run(pool);
  } finally {
    pool.close();
  }
}
/** More work than any limit here allows. */
const endless = 'select count(*) as n from large a, large b, large c where a.score + b.score + c.score = -1';

describe('a query process', () => {
  it('reads its own files and nothing else, and cannot be unlocked: whatever SQL reaches it', async () => {
    await withPool({}, async (pool) => {
      const asked = (sql: string) => read(pool, scopeOf('one'), request(sql));
      expect(await asked('select count(*) as n from large')).toBe('{"data":[{"n":100000}],"meta":{"rows":1}}');
      for (const sql of [
        `select * from read_parquet('${rig.trucks}')`,
        "select * from read_text('/etc/passwd')",
        "select * from glob('/etc/*')",
        `copy (select 1) to '${rig.folder}/leak.csv'`,
        `copy (select 1 as plate) to '${large}'`,
        `attach '${rig.folder}/other.db'`,
        "set memory_limit = '10GB'",
        'set enable_external_access = true',
        'install httpfs',
        "select * from read_parquet('https://example.cn/x.parquet')",
      ])
        expect(await asked(sql), sql).toBe('failed');
      expect(existsSync(join(rig.folder, 'leak.csv'))).toBe(false);
      expect(await asked('select count(*) as n from large')).toContain('100000');
    });
  });

  it('holds nothing of the server’s environment, and ends with its parent', async () => {
    process.env.SHUGU_TEST_SECRET = 'secret';
    await withPool({}, async (pool) => {
      await read(pool, scopeOf('one'), request('select 1 as a'));
      const [pid] = pool.pids;
      const environment = spawnSync('cat', [`/proc/${pid}/environ`]).stdout.toString();
      expect(environment).not.toContain('secret');
      expect(environment).toContain('LANG');
    });
    delete process.env.SHUGU_TEST_SECRET;
  });

  it('serves one contract as long as it lives', async () => {
    await withPool({ processesMax: 1 }, async (pool) => {
      await read(pool, scopeOf('one'), request('select 1 as a'));
      const [first] = pool.pids;
      await read(pool, scopeOf('one'), request('select 1 as a'));
      expect(pool.pids).toEqual([first]);
      // Another contract’s query gets another process, in which the first one’s tables are not.
      expect(await read(pool, scopeOf('two', rig.trucks, 'trucks'), request('select count(*) as n from large'))).toBe(
        'failed',
      );
      expect(pool.pids).not.toContain(first);
      expect(pool.pids).toHaveLength(1);
    });
  });
});

describe('limits', () => {
  it('end a query in time, by interrupt, and the process goes on', async () => {
    await withPool({}, async (pool) => {
      await read(pool, scopeOf('one'), request('select 1 as a'));
      const [pid] = pool.pids;
      expect(await read(pool, scopeOf('one'), request(endless, { seconds: 1 }))).toBe('time');
      expect(await read(pool, scopeOf('one'), request('select 2 as a'))).toContain('"a":2');
      expect(pool.pids).toEqual([pid]);
    });
  });

  it('end the process itself when it does not listen', async () => {
    await withPool({}, async (pool) => {
      await read(pool, scopeOf('one'), request('select 1 as a'));
      const [pid] = pool.pids as [number];
      process.kill(pid, 'SIGSTOP');
      expect(await read(pool, scopeOf('one'), request(endless, { seconds: 1 }))).toBe('time');
      expect(await read(pool, scopeOf('one'), request('select 2 as a'))).toContain('"a":2');
      expect(pool.pids).not.toContain(pid);
    });
  });

  it('of rows, bytes and memory are told apart', async () => {
    await withPool({ memoryMB: 64 }, async (pool) => {
      const asked = (sql: string, more: Partial<RunRequest>) => read(pool, scopeOf('one'), request(sql, more));
      expect(await asked('select plate from large', { rowsMax: 1000 })).toBe('rows');
      expect(await asked('select plate from large limit 1000', { rowsMax: 1000 })).toContain('"rows":1000');
      expect(await asked('select plate from large', { bytesMax: 10_000 })).toBe('bytes');
      expect(await asked('select plate from large', { rowsMax: 1000, format: 'parquet' })).toBe('rows');
      expect(await asked('select a.plate from large a, large b order by a.plate || b.plate', {})).toBe('memory');
      expect(await asked('select 1 as a', {})).toContain('"a":1');
    });
  });

  it.each(around)('of memory hold by the kernel where the engine and its watch do not: $kind', async (sandbox) => {
    // Its own limits lie far beyond; what it aggregates takes some hundred MB more than a process has to begin with.
    const sql = "select length(string_agg(repeat('x', 1000000), ''))::integer as n from range(300)";
    const asked = async (dataBytes: number | undefined, ...texts: string[]) => {
      const folder = join(rig.folder, `bound-${Math.random()}`);
      const bounds = { sandbox, reads: [large], ...(dataBytes !== undefined && { dataBytes }) };
      const process = new QueryProcess(new URL('./child.ts', import.meta.url), 'bound', folder, bounds);
      let said = '';
      try {
        const { tables, effects, maskKey } = scopeOf('bound');
        await process.setUp({ kind: 'grant', tables, effects, maskKey, folder, memoryMB: 6000 });
        for (const text of texts) {
          process.send({ kind: 'run', ...request(text, { seconds: 60 }) });
          for (let more = true; more; ) {
            const { kind, bytes } = await process.next(60);
            more = kind !== FRAME.end;
            if (more) said += bytes.toString();
          }
        }
        return said;
      } catch (error) {
        return `${said} ${(error as { code?: string }).code}`;
      } finally {
        process.end();
      }
    };
    expect(await asked(900 * 2 ** 20, 'select 1 as a', sql)).toBe('{"data":[{"a":1}],"meta":{"rows":1}} memory');
    if (sandbox === NO_SANDBOX) expect(await asked(undefined, sql)).toContain('"n":300000000');
  });

  it('are set for every process, and one that aborts for want of memory says so', async () => {
    await withPool({ memoryMB: 64 }, async (pool) => {
      await read(pool, scopeOf('one'), request('select 1 as a'));
      const [pid] = pool.pids as [number];
      if (existsSync('/usr/bin/prlimit'))
        expect(readFileSync(`/proc/${pid}/limits`, 'utf8')).toMatch(/Max data size +1677721600 +1677721600 /);
      const running = read(pool, scopeOf('one'), request(endless));
      process.kill(pid, 'SIGABRT');
      expect(await running).toBe('memory');
      expect(await read(pool, scopeOf('one'), request('select 2 as a'))).toContain('"a":2');
    });
  });

  it('of the queue: so many wait, each so long, and in their order', async () => {
    await withPool({ processesMax: 1, queueMax: 2, queueSeconds: 30 }, async (pool) => {
      const slow = read(pool, scopeOf('one'), request(endless, { seconds: 2 }));
      await expect.poll(() => pool.pids.length).toBe(1);
      const order: string[] = [];
      const next = ['a', 'b'].map((name) =>
        read(pool, scopeOf(name), request(`select '${name}' as x`)).then((text) => order.push(text.slice(15, 16))),
      );
      expect(await read(pool, scopeOf('c'), request('select 1 as x'))).toBe('Error');
      await Promise.all([slow, ...next]);
      expect(order).toEqual(['a', 'b']);
    });
  });
});

describe('healing', () => {
  it('a killed process is told as such, and the next query has a new one', async () => {
    await withPool({ processesMax: 1 }, async (pool) => {
      const running = read(pool, scopeOf('one'), request(endless));
      await expect.poll(() => pool.pids.length).toBe(1);
      await new Promise((resolve) => setTimeout(resolve, 700));
      const [pid] = pool.pids as [number];
      process.kill(pid, 'SIGKILL');
      expect(await running).toBe('crashed');
      expect(await read(pool, scopeOf('one'), request('select 1 as a'))).toContain('"a":1');
    });
  });

  it('a query that nobody waits for any more makes room at once', async () => {
    await withPool({ processesMax: 1 }, async (pool) => {
      await read(pool, scopeOf('one'), request('select 1 as a'));
      const gone = new AbortController();
      const running = read(pool, scopeOf('one'), request(endless), gone.signal);
      setTimeout(() => gone.abort(), 300);
      expect(await read(pool, scopeOf('one'), request('select 1 as a'))).toContain('"a":1');
      expect(await running).toBe('cancelled');
    });
  });
});

describe('an answer that nobody reads', () => {
  it('gives its process back: never begun, left in the middle, or a file', async () => {
    await withPool({ processesMax: 1 }, async (pool) => {
      for (const format of ['csv', 'parquet'] as const) {
        const gone = new AbortController();
        await pool.run(scopeOf('one'), request('select * from large', { format }), gone.signal);
        gone.abort();
        expect(await read(pool, scopeOf('one'), request('select 1 as a'))).toContain('"a":1');
      }
      const answer = await pool.run(scopeOf('one'), request('select * from large'), never);
      if (answer.kind === 'file') throw new Error('no pieces');
      for await (const { rows } of answer.pieces) if (rows > 0) break;
      expect(await read(pool, scopeOf('one'), request('select 2 as a'))).toContain('"a":2');
    });
  });
});

describe('formats', () => {
  const template: QueryTemplate = { name: 'all', title: '', sql: 'select * from trucks', parameters: [] };
  const checked = async () => {
    const found = await rig.queries.check([{ name: 'trucks', path: large }], template);
    const columns = ['plate', 'score', 'price', 'day', 'flag', 'big', 'root', 'nothing'];
    if (!('sql' in found)) throw new Error(found.en);
    return {
      kind: 'query',
      tables: [{ name: 'trucks', path: large, columns }],
      templates: [found],
      rowsMax: 200_000,
      bytesMax: 2 ** 28,
      seconds: 30,
    } as const;
  };
  const fetched = async (format: string, terms: Parameters<typeof planOf>[0] = {}) => {
    const config = await checked();
    const grant = rig.grant({ ...config, tables: [...config.tables], templates: [...config.templates] }, planOf(terms));
    await rig.grants.put({ ...grant, productId: grant.id });
    const answer = await fetch(`${rig.origin}/${grant.id}/all?format=${format}`, {
      headers: { authorization: `Bearer ${KEY}` },
    });
    return { id: grant.id, answer };
  };

  it('stream, and are counted row by row, each the same data', async () => {
    const { id, answer } = await fetched('arrow');
    const bytes = new Uint8Array(await answer.arrayBuffer());
    const table = tableFromIPC(bytes);
    expect(table.numRows).toBe(100_000);
    expect(table.schema.fields.map(({ name, type }) => `${name} ${type}`)).toEqual([
      'plate Utf8',
      'score Int32',
      'price Decimal[12e+2]',
      'day Date32<DAY>',
      'flag Bool',
      'big Int64',
      'root Float64',
      'nothing Utf8',
    ]);
    const row = table.get(70_001)?.toJSON() as {
      plate: string;
      score: number;
      day: number;
      flag: boolean;
      big: bigint;
      price: Uint32Array;
    };
    expect(row).toMatchObject({ plate: 'p70001', score: 70_001 % 97, flag: false, big: 70_001n + 9007199254740993n });
    expect(new Date(row.day).toISOString().slice(0, 10)).toBe('2026-10-14');
    expect(Number(row.price[0])).toBe(10_500_150);
    expect(rig.quota.slot(id, planOf(), 'total', rig.time.now)).toMatchObject({
      calls: 1,
      rows: 100_000,
      bytes: bytes.length,
    });

    const json = await fetched('json');
    const body = (await json.answer.json()) as { data: object[]; meta: object };
    expect(body.meta).toEqual({ rows: 100_000 });
    expect(body.data[70_001]).toMatchObject({
      plate: 'p70001',
      price: '105001.50',
      day: '2026-10-14',
      flag: false,
      big: String(70_001n + 9007199254740993n),
      nothing: null,
    });
    const csv = (await (await fetched('csv')).answer.text()).split('\r\n');
    expect([csv.length, csv[70_002]]).toEqual([
      100_002,
      expect.stringMatching(/^p70001,\d+,105001\.50,2026-10-14,false,\d+,264\.\d+,$/),
    ]);
  });

  it('a quota of rows cuts a stream before it is passed, and only what was taken is counted', async () => {
    const terms = { quotas: [{ metric: 'rows', period: 'total', limit: 40_000 }] } as Parameters<typeof planOf>[0];
    const { id, answer } = await fetched('csv', terms);
    let taken = 0;
    await expect(async () => {
      for await (const piece of answer.body as AsyncIterable<Uint8Array>) taken += piece.length;
    }).rejects.toThrow();
    const slot = rig.quota.slot(id, planOf(terms), 'total', rig.time.now);
    expect(slot.rows).toBeGreaterThan(0);
    expect(slot.rows).toBeLessThanOrEqual(40_000);
    expect(slot.bytes).toBeLessThanOrEqual(taken);
  });

  it('Parquet is read by the engine itself, and leaves no file behind', async () => {
    const { answer } = await fetched('parquet');
    const path = join(rig.folder, 'fetched.parquet');
    await writeFile(path, new Uint8Array(await answer.arrayBuffer()));
    const connection = await (await DuckDBInstance.create(':memory:')).connect();
    const same = await connection.runAndReadAll(
      `select count(*), sum(score), sum(price) from read_parquet('${path}') union all select count(*), sum(score), sum(price) from read_parquet('${large}')`,
    );
    const [one, other] = same.getRowsJson();
    expect(one).toEqual(other);
    rig.queries.close();
    await expect.poll(() => readdirSync(join(rig.folder, 'answers'))).toEqual([]);
  });
});
