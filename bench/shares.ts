/**
 * Queries on secret shares, files on disk to opened result, among three and between two after a dealer: every party a process of its own, over
 * encrypted channels, in a network of its own where the machine allows it (else the JSON says why not). CPU seconds and stages as the
 * processes tell them; bytes are those of frames, to which the channel adds less than a thousandth. Putting rows side by side by keys counts
 * in all, and not in what is computed on shares.
 *
 *   npm run bench -- shares --json
 *
 * Beside the same queries in plaintext by DuckDB, on one core, and beside SecretFlow SPU (ABY3 among three, Semi2k between two; 64 bits), whose
 * nodes are threads that pass messages in memory without encryption, from columns in memory. SPU has no sums by groups of its own: it multiplies a
 * secret matrix, a row for each group, as our adapter has it do, which grows with the groups; so they are compared over ten.
 * SHUGU_BENCH_SHARES_ROWS asks for another number of rows.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inPlaintext, sameRows, treeOf } from '../apps/cli/src/compute/plaintext.ts';
import { runProgram } from '../interop/check.ts';
import { pythonFor } from '../interop/python.ts';
import {
  planOf,
  queryHere,
  type SharesProtocol,
  type SharesQuery,
  sharesProtocols,
} from '../packages/private-compute/src/index.ts';
import { apartIfAllowed } from './apart.ts';
import { atLeast, atMost } from './bars.ts';
import { writeTable } from './tables.ts';

const { SHUGU_BENCH_SHARES_ROWS = '1000000' } = process.env;
const rows = Number(SHUGU_BENCH_SHARES_ROWS);
const repeats = 3;
const kinds = 10;
/** Of the stage on shares among three, for a million rows. `compared` is a goal. */
const limit = { milliseconds: { filtered: 200, compared: 500, grouped: 500 }, timesSpuByCpu: 1 };

const queries = {
  filtered: "select sum(a.amount) as s from a positional join b where b.city < 'city5'",
  compared: 'select sum(a.amount) as s from a positional join b where a.least < b.score',
  grouped: 'select b.city, sum(a.amount) as s from a positional join b group by b.city',
  fewGroups: 'select b.kind, sum(a.amount) as s from a positional join b group by b.kind',
  joined: 'select b.city, sum(a.amount) as s from a join b on a.id = b.id group by b.city',
  first:
    'select b.city, sum(a.amount) as s from a positional join b group by b.city having count(*) >= 5 order by s desc limit 10',
};

const mixed = (n: number): number => Math.imul(n, 0x9e3779b1) >>> 0;
const money = (n: number): string => ((mixed(n) % 10_000_000) / 100 - 1000).toFixed(2);

const round = (value: number): number => Math.round(value * 1000) / 1000;

const timed = async (asked: SharesQuery) => {
  const begun = performance.now();
  const { first, second, helper } = await queryHere(asked);
  const parties = [first, second, helper];
  const sum = (of: (party: typeof first) => number) => round(parties.reduce((all, party) => all + of(party), 0));
  // Of the third: what it sent to both. With a dealer these are corrections, and all that it does.
  const third = { cpuSecondsOfThird: helper.cpuSeconds.compute, bytesOfThird: helper.bytes.sent };
  return {
    ...third,
    // A dealer is there, and waits, from before the owners have read.
    milliseconds: Math.max(...[first, second].map((party) => party.milliseconds.compute)),
    millisecondsInAll: Math.round(performance.now() - begun),
    cpuSeconds: sum((party) => party.cpuSeconds.compute),
    cpuSecondsInAll: sum((party) => party.cost.cpuSeconds),
    bytes: sum((party) => party.bytes.sent),
    peakBytes: Math.max(...parties.map((party) => party.cost.peakBytes)),
    answer: first.answer!.rows,
  };
};

const measure = async (sql: string, protocol: SharesProtocol, a: string, b: string) => {
  const plan = planOf(await treeOf(sql), ['a', 'b']);
  const asked: SharesQuery = { plan, protocol, recipient: 'first', decimals: 2, rowsMax: rows, first: a, second: b };
  const { network, found: runs } = await apartIfAllowed(async (more) => {
    const all = [];
    for (let n = 0; n < repeats; n++) all.push(await timed({ ...asked, ...more }));
    return all;
  });
  const { answer, ...best } = runs.toSorted((one, other) => one.cpuSeconds - other.cpuSeconds)[0]!;
  const plaintext = await inPlaintext(sql, plan, { a, b }, 2);
  if (!sameRows(plan, answer, plaintext.rows)) throw new Error(`the result is not that of plaintext: ${sql}`);
  return { ...best, network, bytesARow: round(best.bytes / rows), plaintextMilliseconds: plaintext.milliseconds };
};

interface Spu {
  [query: string]: { milliseconds: number; cpuSeconds: number; right: boolean };
}

/** Which of SPU’s protocols is the same in kind. */
const peers = { replicated: 'aby3', dealer: 'semi2k' } as const;

const measureSpu = async (protocol: SharesProtocol): Promise<Spu | { skipped: string }> => {
  const { python, needs } = pythonFor('spu');
  const missing = await needs();
  if (missing) return { skipped: missing };
  const words = [join(import.meta.dirname, 'shares-peer.py'), String(rows), peers[protocol], String(kinds)];
  const ran = await runProgram(python, words, { seconds: 300 });
  const line = ran.stdout.split('\n').find((one) => one.startsWith('{'));
  return line
    ? (JSON.parse(line) as Spu)
    : { skipped: `SPU ended with ${ran.code}: ${ran.stderr.trim().split('\n').at(-1)}` };
};

export const run = async (): Promise<object> => {
  const folder = await mkdtemp(join(tmpdir(), 'shugu-bench-shares-'));
  try {
    const a = await writeTable(
      join(folder, 'a.csv'),
      'id,amount,least',
      rows,
      (n) => `${n * 7919},${money(n)},${money(n * 3 + 1)}`,
    );
    const b = await writeTable(
      join(folder, 'b.csv'),
      'id,city,kind,score',
      rows,
      (n) => `${n * 7919},city${n % 1000},kind${n % kinds},${money(n * 5 + 2)}`,
    );
    const found: Record<string, object> = {};
    for (const protocol of sharesProtocols) {
      const ours: Record<string, Awaited<ReturnType<typeof measure>>> = {};
      for (const [name, sql] of Object.entries(queries)) ours[name] = await measure(sql, protocol, a, b);
      const spu = await measureSpu(protocol);
      const ratio = (name: string) =>
        'skipped' in spu ? undefined : round((spu as Spu)[name]!.cpuSeconds / ours[name]!.cpuSeconds);
      const ratios = {
        timesSpuByCpuFiltered: ratio('filtered'),
        timesSpuByCpuCompared: ratio('compared'),
        timesSpuByCpuGrouped: ratio('fewGroups'),
      };
      const ahead = Object.entries(ratios).flatMap(([name, times]) =>
        times === undefined ? [] : [[name, atLeast(times, limit.timesSpuByCpu)]],
      );
      const bars = {
        ...(protocol === 'replicated'
          ? Object.fromEntries(
              Object.entries(limit.milliseconds).map(([name, bar]) => [name, atMost(ours[name]!.milliseconds, bar)]),
            )
          : {}),
        ...Object.fromEntries(ahead),
      };
      found[protocol] = { ...ours, spu: { protocol: peers[protocol], ...spu }, ratios, bars };
    }
    const { replicated, ...others } = found;
    return { bench: 'shares', rows, limit, ...replicated, ...others };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
