/**
 * A table share as the official Python client reads it: whole, limited, with hints, by version and time, the changes between
 * two versions, each in both formats of the protocol, compared with what DuckDB makes of the same data by its own SQL.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { openShare, type SharedTable } from '../apps/server/src/delivery/share/testing.ts';
import { stopTestPostgres } from '../apps/server/src/kernel/postgres/testing.ts';
import { inFolder, type Outcome, runProgram, type Tally, tally } from './check.ts';
import { pythonFor, seenIn } from './python.ts';

export const about = 'a table share by the Python client of Delta Sharing';

const here = join(import.meta.dirname, 'delta');
const environment = pythonFor('delta');
export const { python } = environment;
export const needs = environment.needs;

// Past the rows of one file, so that hints have files to leave out.
const rowCount = 1_400_000;
const dataSql = (
  rows: number,
) => `SELECT i AS id, '湘A' || (i % 100000) AS plate, CASE WHEN i % 7 = 0 THEN NULL ELSE '车主𠮷' || (i % 50) END AS owner,
  CAST(i % 100000 AS DECIMAL(12,2)) / 4 AS fee, (i % 1000) / 8.0::DOUBLE AS score, i % 2 = 0 AS online, DATE '2026-01-01' + CAST(i % 300 AS INT) AS day,
  TIMESTAMP '2026-01-01 08:00:00.123456' + INTERVAL (i % 100000) SECOND AS seen, i % 10 AS city FROM range(${rows}) r(i)`;
/** As SQL would say what the contract says. */
const grantedSql = (source: string) =>
  `SELECT id, plate, left(owner, 3) AS owner, CAST(fee AS DECIMAL(12,2)) AS fee, score, online, day, seen AT TIME ZONE 'UTC' AS seen FROM (${source}) WHERE city < 9`;
const changedSql = `SELECT * REPLACE (CASE WHEN id = ${rowCount - 5} THEN '湘A变' ELSE plate END AS plate) FROM (${dataSql(rowCount + 20)}) WHERE id <> ${rowCount - 4}`;

const truthOf = async (folder: string, shared: SharedTable): Promise<object> => {
  const duck = await (await DuckDBInstance.create(':memory:')).connect();
  await duck.run("SET TimeZone='UTC'");
  const write = async (name: string, sql: string): Promise<string> => {
    const path = join(folder, `${name}.parquet`);
    await duck.run(`COPY (${sql}) TO '${path}' (FORMAT parquet)`);
    return path;
  };
  const count = async (sql: string) =>
    Number((await duck.runAndReadAll(`SELECT count(*) FROM (${sql})`)).getRowsJS()[0]![0]);
  const [before, now] = [grantedSql(dataSql(rowCount)), grantedSql(changedSql)];
  const changes = `SELECT *, id::VARCHAR || _change_type AS "order" FROM (
    SELECT *, 'insert' AS _change_type FROM ((${now}) EXCEPT ALL (${before})) UNION ALL
    SELECT *, 'delete' AS _change_type FROM ((${before}) EXCEPT ALL (${now})))`;
  const truth = {
    before: await write('before', before),
    now: await write('now', now),
    changes: await write('changes', changes),
    changesFromBeginning: (await count(before)) + (await count(changes)),
    rows: await count(now),
    files: shared.files,
    last: rowCount - 100,
    between: shared.between,
  };
  duck.closeSync();
  return truth;
};

const read = async (folder: string, shared: SharedTable, { expect, note }: Tally): Promise<void> => {
  const [profile, truth] = [join(folder, 'profile.share'), join(folder, 'truth.json')];
  await writeFile(profile, JSON.stringify(shared.profile));
  await writeFile(truth, JSON.stringify(await truthOf(folder, shared)));
  const ran = await runProgram(python, [join(here, 'read.py'), profile, shared.table, truth], { seconds: 500 });
  const seen = seenIn(ran.stdout);
  for (const one of seen) expect(one.holds, `${one.what}: ${one.seen}`);
  expect(ran.code === 0 && seen.length >= 20, `the client's script ended (${ran.code}): ${ran.stderr.slice(-600)}`);
  note(`${rowCount} rows in ${shared.files} files; ${seen.length} ways of reading`);
};

export const run = async (): Promise<Outcome> => {
  const count = tally();
  await inFolder(async (folder) => {
    const shared = await openShare({
      data: dataSql(rowCount),
      changed: changedSql,
      terms: {
        columns: ['id', 'plate', 'owner', 'fee', 'score', 'online', 'day', 'seen'],
        masks: { owner: { kind: 'truncate', length: 3 } },
        rowFilter: [{ column: 'city', operator: '<', value: 9 }],
      },
    });
    try {
      await read(folder, shared, count);
      await shared.withdraw();
      const gone = await fetch(`${shared.profile.endpoint}shares/${shared.table.split('.')[0]}`, {
        headers: { authorization: `Bearer ${shared.profile.bearerToken}` },
      });
      count.expect(gone.status === 404, `a withdrawn share answers 404, not ${gone.status}`);
    } finally {
      await shared.close();
      await stopTestPostgres();
    }
  });
  return count.outcome();
};
