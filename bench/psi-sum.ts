/**
 * Count and sum over common keys that nobody learns, by groups and as a whole, files on disk to result on disk: two owners and a helper,
 * every party a process of its own, its start included, in a network of its own where the machine allows it (else the JSON says why not).
 * CPU seconds and peak memory as the processes tell them; bytes on the wire counted by proxies outside, in a run of their own on loopback.
 *
 *   npm run bench -- psi-sum --json
 *
 * Beside the same sums in plaintext by DuckDB on one core. SHUGU_BENCH_PSI_SUM_ROWS asks for another number of rows.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inPlaintext, sameRows } from '../apps/cli/src/compute/plaintext.ts';
import { type Answer, queryHere, type SharesQuery, sumPlan } from '../packages/private-compute/src/index.ts';
import { apartIfAllowed } from './apart.ts';
import { atMost } from './bars.ts';
import { writeTable } from './tables.ts';
import { Counter } from './wire.ts';

const { SHUGU_BENCH_PSI_SUM_ROWS = '1000000' } = process.env;
const rows = Number(SHUGU_BENCH_PSI_SUM_ROWS);
const repeats = 3;
const atLeast = 5;
/** For a million rows a side. */
const limit = { milliseconds: 2000, peakBytes: 1e9 };

const id = (n: number): string => `110101${100_000_000_000 + n * 7919}`;
const mixed = (n: number): number => Math.imul(n, 0x9e3779b1) >>> 0;
const round = (value: number): number => Math.round(value * 100) / 100;

const timed = async (asked: SharesQuery, out: string) => {
  const begun = performance.now();
  const { first, second, helper } = await queryHere(asked);
  const { columns, rows: lines } = first.answer as Answer;
  await writeFile(out, [columns, ...lines].map((line) => `${line.join(',')}\n`).join(''));
  const milliseconds = Math.round(performance.now() - begun);
  const parties = [first, second, helper];
  return {
    milliseconds,
    cpuSeconds: round(parties.reduce((all, { cost }) => all + cost.cpuSeconds, 0)),
    peakBytes: Math.max(...parties.map(({ cost }) => cost.peakBytes)),
    stages: Object.fromEntries(
      parties.map(({ milliseconds: wall, cpuSeconds: cpu }, at) => [['first', 'second', 'helper'][at]!, { wall, cpu }]),
    ),
    answer: lines,
  };
};

const measure = async (folder: string, a: string, b: string, group: string | undefined) => {
  const plan = sumPlan({ first: 'id', second: 'id', payload: 'second', sum: 'paid', group, atLeast });
  const asked: SharesQuery = { plan, recipient: 'first', decimals: 2, rowsMax: rows, first: a, second: b };
  const { network, found: runs } = await apartIfAllowed(async (more) => {
    const all = [];
    for (let n = 0; n < repeats; n++) all.push(await timed({ ...asked, ...more }, join(folder, 'out.csv')));
    return all;
  });
  const counter = new Counter();
  await timed({ ...asked, between: (owner, port) => counter.between(owner, port) }, join(folder, 'out.csv'));
  counter.close();
  const sql = `select ${group ? `b.${group}, ` : ''}count(*), sum(b.paid) from a join b on a.id = b.id
    ${group ? `group by b.${group}` : ''} having count(*) >= ${atLeast}`;
  const plaintext = await inPlaintext(sql, plan, { a, b }, 2);
  const { answer, ...best } = runs.toSorted((one, other) => one.cpuSeconds - other.cpuSeconds)[0]!;
  if (!sameRows(plan, answer, plaintext.rows)) throw new Error(`the result is not that of plaintext: ${sql}`);
  return {
    ...best,
    network,
    allMilliseconds: runs.map((one) => one.milliseconds),
    open: answer.length,
    wire: counter.wire,
    wireBytesARow: round(counter.bytes / rows),
    plaintextMilliseconds: plaintext.milliseconds,
  };
};

export const run = async (): Promise<object> => {
  const folder = await mkdtemp(join(tmpdir(), 'shugu-bench-psi-sum-'));
  try {
    const a = await writeTable(join(folder, 'a.csv'), 'id,name', rows, (n) => `${id(n)},user ${n}`);
    const b = await writeTable(
      join(folder, 'b.csv'),
      'id,paid,city',
      rows,
      (n) => `${id(n + rows / 2)},${((mixed(n) % 10_000_000) / 100 - 1000).toFixed(2)},city${mixed(n) % 1000}`,
    );
    const whole = await measure(folder, a, b, undefined);
    return {
      bench: 'psi-sum',
      rows,
      limit,
      whole,
      grouped: await measure(folder, a, b, 'city'),
      bars: {
        milliseconds: atMost(whole.milliseconds, limit.milliseconds),
        peakBytes: atMost(whole.peakBytes, limit.peakBytes),
      },
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
