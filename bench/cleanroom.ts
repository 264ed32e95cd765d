/**
 * The clean room beside bare DuckDB, in one run: the same SQL, as the gate wrote it, over the same Parquet files, one thread and the same memory
 * each, turn by turn in `turns` pairs, of which medians are compared. Cold is a new process with its sandbox, beside the first query of a new
 * engine, which has to open the files, too; warm the next query of each. No process stands ready before it is asked for: `startMilliseconds` is a
 * cold query that reads nothing, which is all of the process's start. `distinct` counts entities, as the contract has it; `byRows` is what runs
 * where the profile shows one row each. Then what stands around a use: contract, gate, counter and evidence as its record tells them in
 * milliseconds, the call that takes it, and the whole of it, from the call to the signed evidence. `bars` holds what is asked of each.
 *
 *   npm run bench -- cleanroom --json
 *
 * SHUGU_BENCH_CLEANROOM_ROWS asks for another size than ten million.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { leanSql } from '../apps/server/src/compute/rules.ts';
import { passJoint } from '../apps/server/src/compute/service/gate.ts';
import { bringHoldings, draftOf, endedUse, runOnce, signedContract } from '../apps/server/test/support/computation.ts';
import { testExchange } from '../apps/server/test/support/exchange.ts';
import { findSandbox, QueryPool, type Sandbox } from '../packages/gateway/src/index.ts';
import type { DataSet } from '../packages/private-compute/src/index.ts';
import { percentile } from './http.ts';

const rows = Number(process.env.SHUGU_BENCH_CLEANROOM_ROWS ?? '10000000');
const memoryMB = 4096;
const uses = 40;
/** Uses before those that count: a server that has just started plans each statement anew. */
const usesBefore = 20;
const turns = 5;
const entitiesMin = 5;
const limit = { timesBare: 1.1, coldMilliseconds: 150, warmMilliseconds: 20, aroundMilliseconds: 10 };

const sets: DataSet[] = [
  {
    owner: 'org_bank',
    table: 'loans',
    resource: 'res_1',
    version: '',
    entity: 'person',
    columns: [
      { name: 'person', type: 'integer', rule: 'join' },
      { name: 'city', type: 'string', rule: 'open' },
      { name: 'balance', type: 'integer', rule: 'aggregate' },
    ],
  },
  {
    owner: 'org_tax',
    table: 'arrears',
    resource: 'res_2',
    version: '',
    entity: 'taxpayer',
    columns: [
      { name: 'taxpayer', type: 'integer', rule: 'join' },
      { name: 'kind', type: 'string', rule: 'open' },
    ],
  },
];
const asked = `select t.kind, count(*) as n, sum(l.balance) as owed from loans l join arrears t on l.person = t.taxpayer
  where l.city = $city group by t.kind`;

const generated = (path: string) => ({
  loans: [
    `${path}/loans.parquet`,
    `SELECT range AS person, 'city' || (range % 7) AS city, (range * 7919) % 100000 AS balance FROM range(${rows})`,
  ],
  arrears: [
    `${path}/arrears.parquet`,
    `SELECT range * 10 AS taxpayer, 'kind' || (range % 5) AS kind FROM range(${Math.ceil(rows / 10)})`,
  ],
});

const elapsed = async <T>(work: () => Promise<T>): Promise<[number, T]> => {
  const begun = performance.now();
  const result = await work();
  return [performance.now() - begun, result];
};
const round = (value: number): number => Math.round(value * 100) / 100;

type Files = { name: string; path: string }[];

/** A cold query and a warm one. */
interface Pair {
  cold: number;
  warm: number;
  answer: string;
}

const overBare = async (files: Files, sql: string): Promise<Pair> => {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1', memory_limit: `${memoryMB}MB` });
  const connection = await instance.connect();
  for (const { name, path } of files)
    await connection.run(`CREATE VIEW ${name} AS SELECT * FROM read_parquet('${path}')`);
  const times: number[] = [];
  let answer = '';
  for (let n = 0; n < 2; n++) {
    const [ms, result] = await elapsed(async () =>
      (await connection.runAndReadAll(sql, { city: 'city3' })).getRowsJson(),
    );
    times.push(ms);
    answer = JSON.stringify(result.toSorted());
  }
  connection.closeSync();
  instance.closeSync();
  return { cold: times[0]!, warm: times[1]!, answer };
};

const overRoom = async (
  folder: string,
  files: Files,
  sql: string,
  sandbox: Sandbox,
  columns: string[],
): Promise<Pair> => {
  const times: number[] = [];
  let answer = '';
  const pool = new QueryPool({ folder, memoryMB, sandbox });
  for (let n = 0; n < 2; n++) {
    const [ms, text] = await elapsed(async () => {
      const found = await pool.run(
        { scope: 'bench', tables: files, effects: { columns, masks: {}, rowFilter: [] }, maskKey: new Uint8Array(32) },
        {
          sql,
          values: { city: { type: 'VARCHAR', value: 'city3' } },
          format: 'json',
          rowsMax: 100,
          bytesMax: 1e6,
          seconds: 600,
        },
        new AbortController().signal,
      );
      if (found.kind === 'file') throw new Error('asked for pieces');
      let all = '';
      for await (const { bytes } of found.pieces) all += Buffer.from(bytes).toString();
      return all;
    });
    times.push(ms);
    const { data } = JSON.parse(text) as { data: Record<string, unknown>[] };
    answer = JSON.stringify(data.map((row) => Object.values(row).map(String)).toSorted());
  }
  pool.close();
  return { cold: times[0]!, warm: times[1]!, answer };
};

/** Over HTTP, on a node of its own: nothing is measured that a user would not wait for. */
const throughTheDoor = async () => {
  const world = await testExchange();
  try {
    const held = await bringHoldings(world, 'mapping.trader', 'xingsha.trader');
    const {
      mapping: bank,
      xingsha: tax,
      creditagency: recipient,
    } = world.seeded.organisations as Record<string, string>;
    const draft = draftOf(held, { bank: bank!, tax: tax!, recipient: recipient! }, { uses: usesBefore + uses });
    const owners = ['mapping.trader', 'xingsha.trader'];
    const one = await signedContract(world, draft, { recipient: 'creditagency.trader', owners });
    const agency = await world.as('creditagency.trader');
    const calls: number[] = [];
    const whole: number[] = [];
    const steps: Record<string, number[]> = {};
    const around: number[] = [];
    for (let n = 0; n < usesBefore + uses; n++) {
      const begun = performance.now();
      const { id } = await runOnce(agency, one);
      const called = performance.now() - begun;
      const { use } = await endedUse(agency, one, id);
      if (use.state !== 'released') throw new Error(`a use ended as ${use.state}`);
      if (n < usesBefore) continue;
      calls.push(called);
      whole.push(performance.now() - begun);
      // Held against their digests: grows with the data, and is part of the query's time rather than of what is around it.
      const { data, ...beside } = use.timings;
      for (const [step, ms] of Object.entries({ ...beside, data })) steps[step] = [...(steps[step] ?? []), ms ?? 0];
      around.push(Object.values(beside).reduce((sum, ms) => sum + (ms ?? 0), 0));
    }
    const told = (times: number[]) => ({ p50: round(percentile(times, 0.5)), p95: round(percentile(times, 0.95)) });
    return {
      uses,
      callMilliseconds: told(calls),
      wholeUseMilliseconds: told(whole),
      aroundMilliseconds: told(around),
      stepMilliseconds: Object.fromEntries(Object.entries(steps).map(([step, times]) => [step, told(times)])),
    };
  } finally {
    await world.end();
  }
};

export const run = async (): Promise<object> => {
  const folder = await mkdtemp(join(homedir(), '.shugu-bench-cleanroom-'));
  const gate = new QueryPool({ folder, processesMax: 1 });
  try {
    const made = generated(folder);
    const instance = await DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    for (const [path, sql] of Object.values(made))
      await connection.run(`COPY (${sql}) TO '${path}' (FORMAT parquet, COMPRESSION zstd)`);
    connection.closeSync();
    instance.closeSync();
    const files = Object.entries(made).map(([name, [path]]) => ({ name, path: path! }));
    const parameters = [{ name: 'city', title: 'city', values: ['city3'] }];
    const pass = () =>
      passJoint(gate, {
        dataSets: sets,
        recipients: ['org_agency'],
        query: { sql: asked, parameters },
        release: { entitiesMin },
      });
    await pass();
    const [gateMs, passed] = await elapsed(pass);
    const sandbox = await findSandbox();
    const columns = [...new Set(Object.values(passed.reads).flat())];
    const lean = leanSql(
      {
        terms: { query: passed, release: { entitiesMin } },
        shape: { threshold: { sql: passed.unheld!, ...passed.joint }, joint: passed.joint },
      },
      // As the profiles of these tables prove.
      { single: new Set(['loans.person', 'arrears.taxpayer']), whole: new Set(['loans.balance']) },
    );
    const compared = async (sql: string) => {
      const bare: Pair[] = [];
      const room: Pair[] = [];
      for (let n = 0; n < turns; n++) {
        bare.push(await overBare(files, sql));
        room.push(await overRoom(folder, files, sql, sandbox, columns));
      }
      const { answer } = bare[0]!;
      const other = [...bare, ...room].find((one) => one.answer !== answer);
      if (other || answer === '[]') throw new Error(`the answers differ: ${answer} ${other?.answer}`);
      return { bare, room, answer };
    };
    const distinct = await compared(passed.sql);
    const byRows = await compared(lean);
    if (byRows.answer !== distinct.answer) throw new Error('counting rows decides otherwise than counting entities');
    const started: Pair[] = [];
    for (let n = 0; n < turns; n++)
      started.push(await overRoom(folder, files, 'SELECT CAST($city AS VARCHAR) AS city', sandbox, columns));
    const unwrapped = await overRoom(folder, files, passed.sql, { kind: 'none', why: 'compared' }, columns);
    const door = await throughTheDoor();
    const median = (pairs: readonly Pair[], which: 'cold' | 'warm') =>
      percentile(
        pairs.map((pair) => pair[which]),
        0.5,
      );
    const all = (pairs: readonly Pair[]) => ({
      cold: pairs.map(({ cold }) => round(cold)),
      warm: pairs.map(({ warm }) => round(warm)),
    });
    const told = ({ bare, room }: typeof distinct) => ({
      bareMilliseconds: all(bare),
      cleanRoomMilliseconds: all(room),
    });
    const atMost = (value: number, bar: number) => ({ value: round(value), atMost: round(bar), holds: value <= bar });
    const barsOf = ({ bare, room }: typeof distinct) => {
      const bar = (which: 'cold' | 'warm', more: number) =>
        atMost(median(room, which), limit.timesBare * median(bare, which) + more);
      return { cold: bar('cold', limit.coldMilliseconds), warm: bar('warm', limit.warmMilliseconds) };
    };
    return {
      bench: 'cleanroom',
      limit,
      rows,
      sandbox: sandbox.kind,
      distinct: told(distinct),
      byRows: told(byRows),
      startMilliseconds: started.map(({ cold }) => round(cold)),
      withoutSandboxMilliseconds: all([unwrapped]),
      gateMilliseconds: round(gateMs),
      door,
      bars: {
        distinct: barsOf(distinct),
        byRows: barsOf(byRows),
        around: atMost(door.aroundMilliseconds.p50, limit.aroundMilliseconds),
      },
    };
  } finally {
    gate.close();
    await rm(folder, { recursive: true, force: true });
  }
};
