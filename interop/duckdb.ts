/**
 * The Parquet files of a table share as DuckDB reads them: by range over HTTP from their signed addresses where its httpfs
 * extension is installed, else downloaded from there first. What the contract withholds is not in them.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { openShare, type SharedTable } from '../apps/server/src/delivery/share/testing.ts';
import { stopTestPostgres } from '../apps/server/src/kernel/postgres/testing.ts';
import { inFolder, type Outcome, type Tally, tally } from './check.ts';

export const about = 'the shared Parquet by DuckDB';

// The engine is a dependency of ours; what reads here is its own reader, not our cut.
export const needs = async (): Promise<string | undefined> => undefined;

const rowCount = 400_000;
const dataSql = `SELECT i AS id, '湘A' || (i % 1000) AS plate, CAST(i % 100000 AS DECIMAL(12,2)) / 4 AS fee, i % 10 AS city
  FROM range(${rowCount}) r(i)`;
const grantedSql = `SELECT id, plate, CAST(fee AS DECIMAL(12,2)) AS fee FROM (${dataSql}) WHERE city < 9`;

const addressesOf = async ({ profile, table }: SharedTable): Promise<string[]> => {
  const [share, schema, name] = table.split('.').map(encodeURIComponent);
  const answer = await fetch(`${profile.endpoint}shares/${share}/schemas/${schema}/tables/${name}/query`, {
    method: 'POST',
    headers: { authorization: `Bearer ${profile.bearerToken}` },
    body: '{}',
  });
  const lines = (await answer.text()).trim().split('\n');
  return lines.map((line) => JSON.parse(line) as { file?: { url: string } }).flatMap(({ file }) => file?.url ?? []);
};

const downloaded = async (addresses: readonly string[], folder: string): Promise<string[]> => {
  const paths: string[] = [];
  for (const [at, address] of addresses.entries()) {
    const answer = await fetch(address);
    if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
    paths.push(join(folder, `${at}.parquet`));
    await writeFile(paths.at(-1)!, new Uint8Array(await answer.arrayBuffer()));
  }
  return paths;
};

const compare = async (duck: DuckDBConnection, files: readonly string[], { expect }: Tally): Promise<void> => {
  const source = `read_parquet([${files.map((file) => `'${file}'`).join(', ')}])`;
  const rows = async (sql: string) => (await duck.runAndReadAll(sql)).getRowsJS();
  const names = (await rows(`DESCRIBE SELECT * FROM ${source}`)).map(([name]) => name);
  expect(names.join() === 'id,plate,fee', `columns: ${names.join()}`);
  for (const [more, less] of [
    [`SELECT id, plate, fee FROM ${source}`, grantedSql],
    [grantedSql, `SELECT id, plate, fee FROM ${source}`],
  ]) {
    const [count] = (await rows(`SELECT count(*) FROM ((${more}) EXCEPT ALL (${less}))`))[0]!;
    expect(Number(count) === 0, `${count} rows are only in ${more === grantedSql ? 'the contract' : 'the files'}`);
  }
};

export const run = async (): Promise<Outcome> => {
  const count = tally();
  await inFolder(async (folder) => {
    const terms = {
      columns: ['id', 'plate', 'fee'],
      rowFilter: [{ column: 'city', operator: '<' as const, value: 9 }],
    };
    const shared = await openShare({ data: dataSql, terms });
    const duck = await (await DuckDBInstance.create(':memory:')).connect();
    try {
      const addresses = await addressesOf(shared);
      count.expect(addresses.length > 0, 'there are files');
      const overHttp = await duck.run('LOAD httpfs').then(
        () => true,
        () => false,
      );
      if (!overHttp) count.note('httpfs is not installed: the files were downloaded first');
      await compare(duck, overHttp ? addresses : await downloaded(addresses, folder), count);
      await shared.withdraw();
      const gone = await fetch(addresses[0]!);
      count.expect(gone.status === 403 || gone.status === 404, `an address after the end: ${gone.status}`);
    } finally {
      duck.closeSync();
      await shared.close();
    }
  });
  await stopTestPostgres();
  return count.outcome();
};
