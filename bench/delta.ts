/**
 * A table share of ten million rows: the first listing, a query's answer, and a whole table of a million rows in pandas beside
 * pandas reading the same Parquet over plain HTTP from a bare server, in the same run.
 */
import { createReadStream, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { openShare, type SharedTable } from '../apps/server/src/delivery/share/testing.ts';
import { inFolder, runProgram } from '../interop/check.ts';
import { needs, python } from '../interop/delta.ts';

const rows = 10_000_000;
const rowsInPandas = 1_000_000;
const rounds = 5;
const dataSql = (
  count: number,
) => `SELECT i AS id, '湘A' || (i % 100000) AS plate, i % 100 AS score, (i % 1000) / 8.0::DOUBLE AS fee,
  DATE '2026-01-01' + CAST(i % 300 AS INT) AS day FROM range(${count}) r(i)`;

const median = (values: number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
const round = (value: number): number => Math.round(value * 10) / 10;

const timed = async (run: () => Promise<unknown>): Promise<number> => {
  const begun = performance.now();
  await run();
  return performance.now() - begun;
};

/** As the client asks: a fresh request, the whole answer read. */
const asker =
  ({ profile }: SharedTable) =>
  async (path: string, body?: object): Promise<string> => {
    const response = await fetch(profile.endpoint + path, {
      method: body ? 'POST' : 'GET',
      headers: { authorization: `Bearer ${profile.bearerToken}` },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.text();
  };

const answers = async () => {
  const begun = performance.now();
  const shared = await openShare({ data: dataSql(rows) });
  const secondsToCut = (performance.now() - begun) / 1000;
  try {
    const ask = asker(shared);
    const [share, schema, table] = shared.table.split('.').map(encodeURIComponent);
    const address = `shares/${share}/schemas/${schema}/tables/${table}`;
    const first = await timed(() => ask(`shares/${share}/all-tables`));
    const lists: number[] = [];
    const queries: number[] = [];
    await ask(`${address}/query`, {});
    for (let at = 0; at < 50; at++) {
      lists.push(await timed(() => ask('shares')));
      queries.push(await timed(() => ask(`${address}/query`, { predicateHints: [`id > ${at * 100_000}`] })));
    }
    return {
      files: shared.files,
      secondsToOpenAndCut: round(secondsToCut),
      firstListingMs: round(first),
      listingMs: round(median(lists)),
      queryMs: round(median(queries)),
      queryMsMax: round(Math.max(...queries)),
    };
  } finally {
    await shared.close();
  }
};

/** The same file from a server that does nothing but ranges. */
const bareServer = async (path: string) => {
  const size = statSync(path).size;
  const server = createServer((request, response) => {
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
    const [start, end] = range
      ? [Number(range[1]), range[2] ? Math.min(Number(range[2]), size - 1) : size - 1]
      : [0, size - 1];
    response.writeHead(range ? 206 : 200, {
      'accept-ranges': 'bytes',
      'content-length': end - start + 1,
      ...(range ? { 'content-range': `bytes ${start}-${end}/${size}` } : {}),
    });
    if (request.method === 'HEAD') response.end();
    else createReadStream(path, { start, end, highWaterMark: 1_048_576 }).pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/data.parquet`;
  return { url, close: () => new Promise((resolve) => server.close(resolve)) };
};

const inPandas = () =>
  inFolder(async (folder) => {
    const shared = await openShare({ data: dataSql(rowsInPandas) });
    try {
      const [profile, path] = [join(folder, 'profile.share'), join(folder, 'data.parquet')];
      await writeFile(profile, JSON.stringify(shared.profile));
      const [share, schema, table] = shared.table.split('.').map(encodeURIComponent);
      const answer = await asker(shared)(`shares/${share}/schemas/${schema}/tables/${table}/query`, {});
      const lines = answer
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { file?: { url: string } });
      const urls = lines.flatMap(({ file }) => file?.url ?? []);
      const bare = [];
      for (const [at, url] of urls.entries()) {
        const part = `${path}-${at}`;
        await writeFile(part, Buffer.from(await (await fetch(url)).arrayBuffer()));
        bare.push(await bareServer(part));
      }
      const script = join(import.meta.dirname, '../interop/delta/load.py');
      const args = [script, `${profile}#${shared.table}`, String(rounds), ...bare.map(({ url }) => url)];
      const ran = await runProgram(python, args, { seconds: 400 });
      for (const one of bare) await one.close();
      if (ran.code !== 0) throw new Error(`pandas: ${ran.stderr.slice(-500)}`);
      const { shareMs, plainMs, rows } = JSON.parse(ran.stdout.trim().split('\n').at(-1)!) as Record<
        'shareMs' | 'plainMs',
        number[]
      > & { rows: number };
      return {
        rows,
        shareMs: round(median(shareMs)),
        plainMs: round(median(plainMs)),
        ratioToPlain: Math.round((median(shareMs) / median(plainMs)) * 100) / 100,
      };
    } finally {
      await shared.close();
    }
  });

export const run = async (): Promise<object> => {
  const missing = await needs();
  return { bench: 'delta', rows, ...(await answers()), pandas: missing ? { skipped: missing } : await inPandas() };
};
