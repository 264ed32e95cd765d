/**
 * Restore: an archive into an empty folder and an empty database. All of it is checked before anything is written; rows are
 * loaded in one transaction that checks every reference; then the log is held against its witnesses, and if it lies behind
 * them it is succeeded (architecture, idea 2).
 */
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { vkeyOf } from '@shugu/evidence';
import type pg from 'pg';
import type { Config } from '../config.ts';
import { type Database, openDatabase, type Tx } from '../db/db.ts';
import { type Migration, migrate } from '../db/migrate.ts';
import { systemActor } from '../http/principal.ts';
import { makeKeys } from '../keys.ts';
import { nodeSecret, readState } from '../node.ts';
import { latestCheckpoint, openOrigin, tilesOf } from '../publiclog/store.ts';
import { submit } from '../publiclog/submission.ts';
import { succeed } from '../publiclog/succession.ts';
import type { Witness } from '../publiclog/witnesses.ts';
import { checkArchive, readParts } from './archive.ts';
import { compareNote, compareWitness, type RestoredLog, type Standing, worstOf } from './continuity.ts';
import { restoreMark, writeHomeFile, writeSecret } from './files.ts';
import type { Manifest } from './manifest.ts';
import { BackupProblem } from './problem.ts';
import { openSecret } from './secret.ts';
import { loadRows, openForLoading, readTables, setExactText, setPositions } from './tables.ts';

export interface RestoreOptions {
  /** Settings of the node to be: home, database, key secret, witnesses. Node, market and suite come from the backup. */
  config: Config;
  file: string;
  migrations: readonly Migration[];
  /** Of an empty database; called once the archive is found whole. */
  connect(): Promise<{ connection: pg.PoolConfig; close(): Promise<void> }>;
  now: Date;
  passphrase?: string;
  /** Where the backup carries none: the 32 bytes of `node.secret`. */
  secret?: Buffer;
  /** Signed checkpoints that others hold. */
  checkpoints?: readonly string[];
  /** Opens a successor whatever the witnesses say, or without asking them. */
  newOrigin?: boolean;
  /** Subjects that were erased after the backup. */
  erased?: readonly string[];
}

export interface RestoreReport {
  manifest: Manifest;
  rows: number;
  files: number;
  standing: Standing;
  /** The open log. */
  origin: string;
  size: number;
  /** Name of the origin that was closed, where there was a succession. */
  succeeded?: string;
}

const requireEmptyHome = async (home: string): Promise<void> => {
  const names = await readdir(home).catch(() => []);
  if (names.length) throw new BackupProblem('backup.not_empty', `${home} is not empty; restore into an empty folder`);
};

/** A database in which no node ever started: one that an interrupted restore has migrated is still empty. */
const requireEmptyDatabase = async (client: pg.ClientBase): Promise<void> => {
  const { rows } = await client.query<{ there: boolean }>(`select to_regclass('keys') is not null as there`);
  if (rows[0]!.there && (await client.query('select 1 from keys limit 1')).rowCount)
    throw new BackupProblem('backup.not_empty', 'the database is not empty; restore into an empty one');
};

/** This program's migrations as far as the backup had them. Throws `backup.too_new` for one that it does not know so. */
export const migrationsOf = (manifest: Pick<Manifest, 'migrations'>, own: readonly Migration[]): Migration[] => {
  const theirs = new Map(manifest.migrations.map((one) => [`${one.room}/${one.name}`, one.digest]));
  const shared = own.filter((one) => theirs.get(`${one.room}/${one.name}`) === one.digest);
  if (shared.length === theirs.size) return shared;
  const known = new Set(shared.map((one) => `${one.room}/${one.name}`));
  const missing = [...theirs.keys()].filter((key) => !known.has(key));
  throw new BackupProblem(
    'backup.too_new',
    `this version of Shugu does not know the migrations ${missing.join(', ')}; restore with a newer one`,
  );
};

const requireSameTables = async (client: pg.ClientBase, manifest: Manifest): Promise<void> => {
  const shapeOf = (table: { name: string; columns: { name: string; type: string }[] }) =>
    `${table.name}(${table.columns.map((column) => `${column.name} ${column.type}`).join(', ')})`;
  const own = new Set((await readTables(client)).map(shapeOf));
  for (const table of manifest.tables)
    if (!own.has(shapeOf(table)))
      throw new BackupProblem('backup.damaged', `the table ${table.name} has another shape here`);
};

const load = async (client: pg.ClientBase, options: RestoreOptions, manifest: Manifest) => {
  const counts = new Map<string, number>();
  let files = 0;
  const tables = new Map(manifest.tables.map((table) => [table.name, table]));
  await setExactText(client);
  await client.query('begin');
  const close = await openForLoading(client, manifest.tables);
  await readParts(options.file, {
    table: async (name, lines) => {
      await loadRows(client, tables.get(name)!, lines);
      counts.set(name, (counts.get(name) ?? 0) + lines.length);
    },
    file: async (name, content) => {
      await writeHomeFile(options.config.home, name, content);
      files++;
    },
  });
  for (const { name, rows } of manifest.tables)
    if ((counts.get(name) ?? 0) !== rows)
      throw new BackupProblem('backup.damaged', `${name}: ${counts.get(name) ?? 0} of ${rows} rows`);
  await close();
  await setPositions(client, manifest.positions);
  await settleRestored(client, options);
  await client.query('commit');
  return { rows: manifest.tables.reduce((sum, table) => sum + table.rows, 0), files };
};

/** What must not come back as it was: erased people, running work, and a simulated calendar behind its own records. */
const settleRestored = async (client: pg.ClientBase, { erased = [], now, config }: RestoreOptions): Promise<void> => {
  // Whoever had no key yet is marked too: the next start finishes the erasure of people.
  await client.query(
    `insert into subject_keys (subject, node, market, participant, sealed_key, created_at, destroyed_at)
     select subject, $3, $4, '', null, $2::timestamptz, $2::timestamptz from unnest($1::text[]) as subject
     on conflict (subject) do update set sealed_key = null, destroyed_at = coalesce(subject_keys.destroyed_at, excluded.destroyed_at)`,
    [[...new Set(erased)], now, config.node, config.market],
  );
  await client.query(`update jobs set state = 'queued', lease_until = null where state = 'running'`);
  await client.query(
    `update node_state set value = jsonb_set(value, '{now}', to_jsonb(to_char(greatest((value ->> 'now')::timestamptz, (select max(at) from audit))
       at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))) where key = 'clock' and (value ->> 'simulated')::boolean`,
  );
};

/**
 * The node's secret, before anything is written: without it the node could neither sign nor read what it sealed. Undefined
 * where SHUGU_KEY_SECRET stands for it. Throws `backup.secret_missing`, `backup.passphrase_wrong`.
 */
const secretFor = async (options: RestoreOptions, manifest: Manifest, sealed?: Buffer): Promise<Buffer | undefined> => {
  if (options.config.keySecret) return undefined;
  if (options.secret?.length === 32) return options.secret;
  if (sealed && options.passphrase !== undefined) return openSecret(sealed, options.passphrase);
  const what = {
    sealed: 'give the passphrase of the backup',
    absent: 'the backup carries no secret: give the file node.secret',
    environment: 'set SHUGU_KEY_SECRET as it was',
  };
  throw new BackupProblem('backup.secret_missing', what[manifest.secret]);
};

const witnessesToAsk = (manifest: Manifest, { config }: RestoreOptions): Witness[] => {
  const all = new Map(manifest.witnesses.map((one) => [one.vkey, one]));
  for (const one of config.witnesses) all.set(one.vkey, one);
  return [...all.values()];
};

/** Asked before hours of loading, and again afterwards with the whole tree. */
const requireWitnesses = async (manifest: Manifest, options: RestoreOptions): Promise<void> => {
  const open = manifest.checkpoints.find((one) => one.open);
  if (!open || options.newOrigin || options.checkpoints?.length) return;
  for (const { url } of witnessesToAsk(manifest, options))
    await submit(url, { old: open.size, proof: [], note: open.note }).catch((cause) => {
      throw new BackupProblem('backup.witness_silent', `${url} does not answer`, { cause });
    });
};

const standingOf = async (log: RestoredLog, manifest: Manifest, options: RestoreOptions): Promise<Standing> => {
  const witnesses = witnessesToAsk(manifest, options);
  const standings: Standing[] = [];
  for (const note of options.checkpoints ?? []) standings.push(await compareNote(log, note, witnesses));
  // A checkpoint in the hand stands for witnesses that do not answer.
  for (const witness of witnesses) {
    try {
      standings.push(await compareWitness(log, witness));
    } catch (error) {
      if (options.newOrigin || options.checkpoints?.length) continue;
      throw error;
    }
  }
  return worstOf(standings);
};

const reasons = {
  behind: {
    zh: '节点由备份恢复，备份早于已被见证的检查点',
    en: 'the node was restored from a backup older than a witnessed checkpoint',
  },
  forked: {
    zh: '节点由备份恢复，备份与已被见证的检查点不一致',
    en: 'the node was restored from a backup that disagrees with a witnessed checkpoint',
  },
  asked: {
    zh: '节点由备份恢复，运营者要求启用新的日志',
    en: 'the node was restored from a backup, and its operator asked for a new log',
  },
};

const restoredLog = async (tx: Tx, config: Config, secret: Buffer): Promise<RestoredLog> => {
  const open = await openOrigin(tx, config.node);
  const checkpoint = open && (await latestCheckpoint(tx, open.origin));
  if (!open || !checkpoint) throw new BackupProblem('backup.damaged', 'the backup holds no open log with a checkpoint');
  const signer = await makeKeys(secret, config.suite).signerById(tx, open.key);
  return {
    origin: open.origin,
    suite: open.suite,
    vkey: vkeyOf(open.origin, signer.publicKey),
    store: tilesOf(tx, open.origin),
    size: checkpoint.size,
    root: new Uint8Array(checkpoint.root),
    note: checkpoint.note,
  };
};

/** Compares and, where need be, succeeds: one transaction, so that no origin is closed without its successor. */
const continueLog = (database: Database, config: Config, secret: Buffer, manifest: Manifest, options: RestoreOptions) =>
  database.tx(systemActor('restore'), async (tx) => {
    const log = await restoredLog(tx, config, secret);
    const own = await compareNote(log, log.note, []);
    if (own.kind !== 'continues')
      throw new BackupProblem('backup.damaged', 'the tiles of the log do not give its checkpoint');
    const standing = await standingOf(log, manifest, options);
    const behind = 'last' in standing;
    if (!behind && !options.newOrigin) return { standing, origin: log.origin, size: log.size };
    const origin = await succeed(tx, {
      node: config.node,
      suite: config.suite,
      keys: makeKeys(secret, config.suite),
      reason: behind ? reasons[standing.kind] : reasons.asked,
      lastKnown: behind ? standing.last : { origin: log.origin, size: log.size, checkpoint: log.note },
    });
    const { size } = (await latestCheckpoint(tx, origin))!;
    return { standing, origin, size, succeeded: log.origin };
  });

/** Throws `BackupProblem`; then the folder and the database are not to be used (a mark in the folder says so to the server). */
export const restoreBackup = async (options: RestoreOptions): Promise<RestoreReport> => {
  const { home } = options.config;
  await requireEmptyHome(home);
  const { manifest, sealedSecret } = await checkArchive(options.file);
  const migrations = migrationsOf(manifest, options.migrations);
  const carried = await secretFor(options, manifest, sealedSecret);
  await requireWitnesses(manifest, options);
  const { node, market, suite } = manifest;
  const config: Config = { ...options.config, node, market, suite };
  await mkdir(home, { recursive: true, mode: 0o700 });
  await writeFile(join(home, restoreMark), '');
  const { connection, close } = await options.connect();
  let now = options.now;
  const database = openDatabase({ connection, tenancy: { node, market }, region: config.region, now: () => now });
  try {
    await onOwnSession(database, requireEmptyDatabase);
    await migrate(database, migrations);
    const loaded = await onOwnSession(database, async (client) => {
      await requireSameTables(client, manifest);
      return load(client, { ...options, config }, manifest);
    });
    if (carried) await writeSecret(home, carried);
    const secret = await nodeSecret(home, config.keySecret);
    const clock = await readState<{ now: string; simulated: boolean }>(database, 'clock');
    if (clock?.simulated) now = new Date(clock.now);
    const log = await continueLog(database, config, secret, manifest, options);
    await rm(join(home, restoreMark));
    return { manifest, rows: loaded.rows, files: loaded.files, ...log };
  } finally {
    await database.close();
    await close();
  }
};

/** A session that ends afterwards: it has settings of its own, and perhaps a transaction that failed. */
const onOwnSession = async <T>(database: Database, run: (client: pg.ClientBase) => Promise<T>): Promise<T> => {
  const client = await database.pool.connect();
  try {
    return await run(client);
  } finally {
    client.release(true);
  }
};
