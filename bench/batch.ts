/**
 * A push into PostgreSQL beside psql’s `\copy` of the same rows from CSV, into the same server over the same connection, in
 * turns: rows of ten columns, about 100 bytes. The push is timed from the buyer’s request to the end: fetched through the gateway,
 * counted, copied, checksums taken at both ends, put in place.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { type FarDatabase, openFarDatabase } from '../apps/server/src/delivery/push/testing.ts';
import { openShare, type SharedTable } from '../apps/server/src/delivery/share/testing.ts';
import { recordsSql } from './records.ts';

const rows = 1_000_000;
const rounds = 3;
const data = recordsSql(rows);

const median = (values: number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
const secondsSince = (begun: number): number => (performance.now() - begun) / 1000;

const writeCsv = async (path: string): Promise<number> => {
  const duck = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect();
  await duck.run(`SET TimeZone = 'UTC'`);
  await duck.run(`COPY (${data}) TO '${path}' (FORMAT csv, HEADER false)`);
  duck.closeSync();
  return statSync(path).size;
};

const copyWithPsql = async (far: FarDatabase, path: string): Promise<number> => {
  await far.pool.query(`drop table if exists peer; create table peer (id bigint, plate text, score int, fee double precision,
    price numeric(10, 2), day date, at timestamptz, ok boolean, city text, mark text)`);
  const { host, port, database, user, password } = far.draft;
  const begun = performance.now();
  // Not spawnSync: the connection leads through this process.
  await new Promise<void>((resolve, reject) => {
    const child = spawn(
      'psql',
      ['-X', '-h', host, '-p', String(port), '-U', user, '-d', database, '-c', `\\copy peer from '${path}' csv`],
      {
        env: { ...process.env, PGPASSWORD: password },
        stdio: ['ignore', 'ignore', 'inherit'],
      },
    );
    child.once('error', reject).once('close', (code) => (code === 0 ? resolve() : reject(new Error(`psql: ${code}`))));
  });
  return secondsSince(begun);
};

interface Run {
  state: string;
  fault: unknown;
  sent: { rows: number; rowsBack: number; checksum: string; checksumBack: string }[];
}

const pushOnce = async ({ rig, grant }: SharedTable, destination: string): Promise<number> => {
  const begun = performance.now();
  const made = await rig.call('buyer', 'POST', '/api/pushes', { grant, destination, rhythm: { kind: 'once' } });
  await rig.settle();
  const seconds = secondsSince(begun);
  const run = (await rig.call('buyer', 'GET', `/api/push-runs/${made.body.lastRun.id}`)).body as Run;
  const [sent] = run.sent;
  if (run.state !== 'done' || sent?.rowsBack !== rows || sent.checksum !== sent.checksumBack)
    throw new Error(`the push did not end well: ${JSON.stringify(run.fault ?? run.sent)}`);
  return seconds;
};

export const run = async (): Promise<object> => {
  if (spawnSync('psql', ['--version']).status !== 0)
    throw new Error('psql is not installed (package postgresql-client)');
  const folder = mkdtempSync(join(tmpdir(), 'shugu-batch-'));
  const far = await openFarDatabase();
  const shared = await openShare({ data, push: { folder: '', addresses: ['127.0.0.0/8'] } });
  try {
    const csv = join(folder, 'rows.csv');
    const bytes = await writeCsv(csv);
    const pushed: number[] = [];
    const copied: number[] = [];
    for (let at = 0; at < rounds; at++) {
      copied.push(await copyWithPsql(far, csv));
      // A schema for each: another push never replaces what this one brought.
      await far.pool.query(`drop schema if exists round cascade; create schema round`);
      const draft = { ...far.draft, schema: 'round' };
      const { id } = (await shared.rig.call('buyer', 'POST', '/api/destinations', draft)).body;
      pushed.push(await pushOnce(shared, id));
    }
    const [ours, theirs] = [rows / median(pushed), rows / median(copied)];
    return {
      bench: 'batch',
      rows,
      bytesPerRow: Math.round(bytes / rows),
      rowsPerSecond: Math.round(ours),
      psqlRowsPerSecond: Math.round(theirs),
      ratioToPsql: Math.round((ours / theirs) * 100) / 100,
      secondsPushed: pushed.map((one) => Math.round(one * 100) / 100),
      secondsCopied: copied.map((one) => Math.round(one * 100) / 100),
      checksums: 'equal at both ends',
    };
  } finally {
    await shared.close();
    await far.close();
    rmSync(folder, { recursive: true, force: true });
  }
};
