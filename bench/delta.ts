/**
 * A table share of ten million rows: the first listing, a query's answer, and a whole table of a million rows in pandas beside
 * pandas reading the same Parquet over plain HTTP from a bare server, in the same run.
 *
 * The client asks thirteen times for what pandas fetches once: metadata, query, and for each file three GETs of all of it that it
 * breaks off after the head, four HEADs, three reads of the file's tail and one of its data; then it converts on one thread and
 * copies the columns. So `floorMs` is the same client at a server of canned answers and bare files, and `floorRatioToPlain` what no
 * server can go below; `ratioToFloor` is what the gateway adds. `pandas` are the records of the bench `batch`; `pandasNarrow` are
 * five columns that come to 1.5 MB in all, so that little but the client's questions is measured.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openShare, type SharedTable } from '../apps/server/src/delivery/share/testing.ts';
import { inFolder, runProgram } from '../interop/check.ts';
import { needs, python } from '../interop/delta.ts';
import { bareFile, cannedShare } from './delta-floor.ts';
import { recordsSql } from './records.ts';

const rows = 10_000_000;
const rowsInPandas = 1_000_000;
const rounds = 9;
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

type Times = Record<'shareMs' | 'floorMs' | 'plainMs', number[]>;

const inPandas = (data: string) =>
  inFolder(async (folder) => {
    const shared = await openShare({ data });
    const servers: { close(): Promise<unknown> }[] = [];
    try {
      const ask = asker(shared);
      const [share, schema, table] = shared.table.split('.').map(encodeURIComponent);
      const address = `shares/${share}/schemas/${schema}/tables/${table}`;
      let query = await ask(`${address}/query`, {});
      const bare: string[] = [];
      for (const [, address] of query.matchAll(/"url":"([^"]+)"/g)) {
        const part = join(folder, `data-${bare.length}.parquet`);
        await writeFile(part, Buffer.from(await (await fetch(address!)).arrayBuffer()));
        const server = await bareFile(part);
        servers.push(server);
        bare.push(server.url);
        query = query.replace(address!, server.url);
      }
      const canned = await cannedShare({ metadata: await ask(`${address}/metadata`), query });
      servers.push(canned);
      const profileOf = async (name: string, endpoint: string): Promise<string> => {
        const path = join(folder, `${name}.share`);
        await writeFile(path, JSON.stringify({ ...shared.profile, endpoint }));
        return `${path}#${shared.table}`;
      };
      const tables = [await profileOf('ours', shared.profile.endpoint), await profileOf('canned', canned.url)];
      const args = [join(import.meta.dirname, '../interop/delta/load.py'), ...tables, String(rounds), ...bare];
      const ran = await runProgram(python, args, { seconds: 400 });
      if (ran.code !== 0) throw new Error(`pandas: ${ran.stderr.slice(-500)}`);
      return figures(JSON.parse(ran.stdout.trim().split('\n').at(-1)!) as Times & { rows: number });
    } finally {
      for (const one of servers) await one.close();
      await shared.close();
    }
  });

/** The three are timed in turn, so that a slow moment of the machine hits them alike: ratios are of the same turn. */
const figures = ({ rows, shareMs, floorMs, plainMs }: Times & { rows: number }) => {
  const ratio = (ours: number[], theirs: number[]): number =>
    Math.round(median(ours.map((one, at) => one / theirs[at]!)) * 100) / 100;
  return {
    rows,
    shareMs: round(median(shareMs)),
    floorMs: round(median(floorMs)),
    plainMs: round(median(plainMs)),
    ratioToPlain: ratio(shareMs, plainMs),
    floorRatioToPlain: ratio(floorMs, plainMs),
    ratioToFloor: ratio(shareMs, floorMs),
  };
};

export const run = async (): Promise<object> => {
  const missing = await needs();
  const skipped = { skipped: missing };
  return {
    bench: 'delta',
    rows,
    ...(await answers()),
    pandas: missing ? skipped : await inPandas(recordsSql(rowsInPandas)),
    pandasNarrow: missing ? skipped : await inPandas(dataSql(rowsInPandas)),
  };
};
