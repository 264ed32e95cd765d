/**
 * Look-ups by key in a table of ten million rows, decided, metered durably and receipted, beside a bare Fastify route that
 * returns an equal row from memory:
 *
 *   npm run bench -- lookup --json            SHUGU_BENCH_ROWS=1000000 for fewer rows
 *
 * The table comes in as any upload does: Parquet is brought into the normal form, and that into a point store. Keys are drawn
 * anew for each request. `ratio` is of requests per CPU-second of each process, all its threads; `ratioPerSecond` of requests
 * per second at saturation. Fastify is plain node, as its users and ours run it, and the bar;
 * `fastifyTuned` is the same with a flag for V8's garbage. `rate` is an open loop, latency from the instant each request was due, while the
 * generator shares the machine. `floor` is node:http with the headers and body of such an answer and no work at all.
 */
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { ingestFile } from '../apps/server/src/registry/ingest/ingest.ts';
import { buildTableStore } from '../apps/server/src/registry/ingest/tablestore.ts';
import { storePath, storeTable } from '../packages/gateway/src/index.ts';
import { benchKey } from './gateway-process.ts';
import { drive, end, has, median, ratio, rounds, type Subject, startOwn, tunedFlags } from './proxies.ts';

const limit = { ratio: 0.5, perSecond: 5000, p99Ms: 10, residentMb: 1500 };
const rowCount = Number(process.env.SHUGU_BENCH_ROWS ?? 10_000_000);
const [roundsCount, seconds, rateSeconds] = [5, 4, 10];

/** Not in the order of the key, as a supplier's table would not be. */
const dataSql = `SELECT '湘A' || lpad(i::VARCHAR, ${String(rowCount - 1).length}, '0') AS plate, i % 2 = 0 AS online,
  (i * 7919) % 100000 AS trips, CAST((i % 100000) / 4 AS DECIMAL(12,2)) AS fee, 40 + (i % 61) AS score,
  TIMESTAMP '2026-01-01 08:00:00' + INTERVAL (i % 10000000) SECOND AS seen,
  ['长沙', '株洲', '湘潭', '岳阳'][1 + i % 4] AS city FROM range(${rowCount}) r(i) ORDER BY hash(i)`;

const timed = async <T>(run: () => Promise<T>): Promise<[T, number]> => {
  const begun = performance.now();
  const result = await run();
  return [result, Math.round((performance.now() - begun) / 100) / 10];
};

const makeParquet = async (path: string): Promise<void> => {
  const duck = await (await DuckDBInstance.create(':memory:', { memory_limit: '2GB', threads: '2' })).connect();
  await duck.run(`COPY (${dataSql}) TO '${path}' (FORMAT parquet, COMPRESSION zstd)`);
  duck.closeSync();
};

/** The table as the product would build it, and how long each step took. */
const build = async (folder: string) => {
  const [path, normal] = [join(folder, 'made.parquet'), join(folder, 'normal')];
  await makeParquet(path);
  await mkdir(normal);
  const [schema, secondsToImport] = await timed(() => ingestFile({ path, folder: normal, format: 'parquet' }));
  let reports = 0;
  const [built, secondsToBuild] = await timed(() =>
    buildTableStore(
      { folder: normal, path: storePath(folder, 'bench'), table: storeTable, indexes: [['plate']] },
      { onProgress: () => void reports++ },
    ),
  );
  const { size } = await stat(storePath(folder, 'bench'));
  return {
    rows: built.rows,
    parquetMb: mb(schema.normal.bytes),
    storeMb: mb(size),
    secondsToImport,
    secondsToBuild,
    progressReports: reports,
  };
};

const mb = (bytes: number): number => Math.round(bytes / 1e6);

/** Resident memory of a process now and at its highest, in MB; what it has mapped of files counts. */
const memoryOf = ({ child }: Subject) => {
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
  const of = (name: string) => mb(Number(new RegExp(`^${name}:\\s*(\\d+) kB`, 'm').exec(status)?.[1]) * 1024);
  return { residentMb: of('VmRSS'), residentMbMax: of('VmHWM') };
};

const ask = async ({ port, path }: Subject, key: number): Promise<Response> => {
  const digits = String(rowCount - 1).length;
  const address = `http://127.0.0.1:${port}${path.replace('{}', String(key).padStart(digits, '0'))}`;
  const answer = await fetch(address, { headers: { 'x-api-key': benchKey } });
  if (!answer.ok) throw new Error(`${address}: ${answer.status} ${await answer.text()}`);
  return answer;
};
const answerOf = async (subject: Subject, key: number): Promise<string> => (await ask(subject, key)).text();

/** The headers that a look-up's answer has beside those that any answer of node:http has. */
const headersOf = async (subject: Subject): Promise<Record<string, string>> => {
  const answer = await ask(subject, 1);
  await answer.body?.cancel();
  const headers = Object.fromEntries(answer.headers);
  for (const name of ['date', 'connection', 'keep-alive', 'content-length']) delete headers[name];
  return headers;
};

export const run = async (): Promise<object> => {
  const folder = await mkdtemp(join(tmpdir(), 'shugu-bench-'));
  const subjects: Subject[] = [];
  try {
    const table = await build(folder);
    const start = async (name: string, path: string, role = name, flags: readonly string[] = []) => {
      const subject = { ...(await startOwn(name, path, [role, folder], 'lookup-process.ts', flags)), keys: rowCount };
      subjects.push(subject);
      return subject;
    };
    const gateway = await start('gateway', `/data/product/${encodeURIComponent('湘A')}{}`);
    const samples = Array.from({ length: 200 }, (_, at) => answerOf(gateway, at * Math.floor(rowCount / 200)));
    const answers = (await Promise.all(samples)).map((text) => JSON.parse(text) as { data: object[] });
    await writeFile(join(folder, 'rows.json'), JSON.stringify(answers.map(({ data }) => data[0])));
    await writeFile(join(folder, 'headers.json'), JSON.stringify(await headersOf(gateway)));
    const fastify = await start('fastify', '/v1/{}');
    const fastifyTuned = await start('fastifyTuned', '/v1/{}', 'fastify', tunedFlags);
    const floor = await start('floor', '/v1/{}');
    const [ours, theirs] = [await answerOf(gateway, 1), await answerOf(fastify, 1)];
    if (Math.abs(ours.length - theirs.length) > 8) throw new Error(`not equal answers: ${ours} and ${theirs}`);
    const found = await rounds([gateway, fastify, fastifyTuned, floor], roundsCount, seconds);
    const pace = { seconds: rateSeconds, perSecond: limit.perSecond };
    const rate = await drive(gateway, pace);
    const rateOfFastify = await drive(fastify, pace);
    const memory = memoryOf(gateway);
    const of = (member: 'cpuMicrosecondsEach' | 'perSecond') =>
      Object.fromEntries(Object.entries(found).map(([name, costs]) => [name, median(costs.map((one) => one[member]))]));
    const perSecond = of('perSecond');
    return {
      bench: 'lookup',
      limit,
      load: has('wrk') ? 'wrk' : 'own generator',
      table,
      answerBytes: Buffer.byteLength(ours),
      cpuMicrosecondsEach: of('cpuMicrosecondsEach'),
      perSecond,
      rate: { wantedPerSecond: limit.perSecond, ...rate, perSecond: Math.round(rate.answered / rate.seconds) },
      rateOfFastify,
      memory,
      ratios: {
        ratio: ratio(found, 'gateway', 'fastify'),
        ratioToTuned: ratio(found, 'gateway', 'fastifyTuned'),
        ratioToFloor: ratio(found, 'gateway', 'floor'),
        ratioOfFloor: ratio(found, 'floor', 'fastify'),
        ratioPerSecond: Math.round((perSecond.gateway! / perSecond.fastify!) * 1000) / 1000,
        p99ToLimit: Math.round((rate.p99Ms / limit.p99Ms) * 1000) / 1000,
        residentToLimit: Math.round((memory.residentMbMax / limit.residentMb) * 1000) / 1000,
      },
    };
  } finally {
    for (const subject of subjects) await end(subject);
    await rm(folder, { recursive: true, force: true });
  }
};
