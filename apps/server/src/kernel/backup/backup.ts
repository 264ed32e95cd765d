/**
 * A backup: one archive with the whole node as of one moment. Tables are read in a single read-only snapshot, so a running
 * node may go on writing; files are taken after the snapshot began. Each part is named in the manifest with its SHA-256.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access, readFile, rename, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';
import pg from 'pg';
import type { Config } from '../config.ts';
import type { Witness } from '../publiclog/witnesses.ts';
import { homeFiles, leftOut, secretName } from './files.ts';
import { type DumpedTable, formatVersion, type Manifest, type Part, type SecretState } from './manifest.ts';
import { BackupProblem } from './problem.ts';
import { sealSecret } from './secret.ts';
import { readPositions, readRows, readTables, setExactText, type Table } from './tables.ts';
import { type TarWriter, writeTar } from './tar.ts';

/** Rows are gathered to parts of about this size before they are packed. */
const partTextBytes = 16 * 1_048_576;

export interface BackupOptions {
  config: Config;
  /** Of the node's database. */
  connection: pg.PoolConfig;
  databaseVersion: string;
  program: string;
  /** Made here; an existing file is not overwritten. */
  out: string;
  now: Date;
  /** Without one the node's secret is left out, and the restorer must have it from elsewhere. */
  passphrase?: string;
}

export interface BackupReport {
  manifest: Manifest;
  bytes: number;
  /** Of the archive, to be kept elsewhere. */
  sha256: string;
}

interface Writing {
  tar: TarWriter;
  parts: Part[];
}

const addBytes = async ({ tar, parts }: Writing, name: string, bytes: Buffer): Promise<void> => {
  await tar.add(name, bytes.length, [bytes]);
  parts.push({ name, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') });
};

const addTable = async (writing: Writing, client: pg.ClientBase, table: Table): Promise<DumpedTable> => {
  const names: string[] = [];
  let rows = 0;
  let lines: string[] = [];
  let bytes = 0;
  const flush = async () => {
    const name = `tables/${table.name}/${String(names.length + 1).padStart(6, '0')}.ndjson.gz`;
    await addBytes(writing, name, gzipSync(`${lines.join('\n')}\n`));
    names.push(name);
    lines = [];
    bytes = 0;
  };
  for await (const batch of readRows(client, table)) {
    rows += batch.length;
    for (const line of batch) {
      lines.push(line);
      bytes += line.length;
    }
    if (bytes >= partTextBytes) await flush();
  }
  if (lines.length) await flush();
  return { ...table, rows, parts: names };
};

const addFiles = async (writing: Writing, home: string): Promise<void> => {
  for await (const { name, bytes, content } of homeFiles(home)) {
    const hash = createHash('sha256');
    const hashed = async function* () {
      for await (const chunk of content()) {
        hash.update(chunk);
        yield chunk;
      }
    };
    await writing.tar.add(`files/${name}`, bytes, hashed());
    writing.parts.push({ name: `files/${name}`, bytes, sha256: hash.digest('hex') });
  }
};

const addSecret = async (writing: Writing, { config, passphrase }: BackupOptions): Promise<SecretState> => {
  if (config.keySecret) return 'environment';
  if (passphrase === undefined) return 'absent';
  const hex = await readFile(join(config.home, secretName), 'utf8').catch(() => {
    throw new BackupProblem('backup.no_data', `${secretName} is not in ${config.home}`);
  });
  await addBytes(writing, 'secret.json', await sealSecret(Buffer.from(hex.trim(), 'hex'), passphrase));
  return 'sealed';
};

const digestOfFile = async (path: string): Promise<{ bytes: number; sha256: string }> => {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1_048_576 })) {
    hash.update(chunk as Buffer);
    bytes += (chunk as Buffer).length;
  }
  return { bytes, sha256: hash.digest('hex') };
};

const describe = async (client: pg.ClientBase) => {
  const rows = async <T extends object>(text: string) => (await client.query<T>(text)).rows;
  const suite = (await rows<{ value: 'intl' | 'sm' }>(`select value from node_state where key = 'suite'`))[0]?.value;
  if (!suite) throw new BackupProblem('backup.no_data', 'the database holds no node');
  const [where] = await rows<{ node: string; market: string }>(
    'select node, market from log_origins where closed_at is null',
  );
  if (!where) throw new BackupProblem('backup.no_data', 'the database holds no open log');
  return {
    ...where,
    suite,
    migrations: await rows<Manifest['migrations'][number]>(
      'select room, name, digest from migrations order by at, room, name',
    ),
    checkpoints: await rows<Manifest['checkpoints'][number]>(
      `select distinct on (origin) origin, c.size, note, closed_at is null as open from log_checkpoints c join log_origins using (origin) order by origin, c.size desc`,
    ),
    erased: (
      await rows<{ subject: string }>(
        'select subject from subject_keys where destroyed_at is not null order by subject',
      )
    ).map((row) => row.subject),
    witnesses:
      (await rows<{ value: Witness[] }>(`select value from node_state where key = 'witnesses'`))[0]?.value ?? [],
  };
};

const dump = async (writing: Writing, client: pg.ClientBase, options: BackupOptions): Promise<Manifest> => {
  await setExactText(client);
  await client.query('begin isolation level repeatable read read only');
  const tables: DumpedTable[] = [];
  const about = await describe(client);
  for (const table of await readTables(client)) tables.push(await addTable(writing, client, table));
  const positions = await readPositions(client);
  await client.query('commit');
  await addFiles(writing, options.config.home);
  const secret = await addSecret(writing, options);
  return {
    format: 'shugu-backup',
    version: formatVersion,
    madeAt: options.now.toISOString(),
    program: options.program,
    database: options.databaseVersion,
    secret,
    ...about,
    tables,
    positions,
    leftOut: [...leftOut],
    parts: writing.parts,
  };
};

/** Writes `out` whole or not at all. Throws `BackupProblem`. */
export const writeBackup = async (options: BackupOptions): Promise<BackupReport> => {
  const inside = relative(options.config.home, options.out);
  if (!inside.startsWith('..')) throw new BackupProblem('backup.not_empty', 'write the backup outside the data folder');
  const exists = await access(options.out).then(
    () => true,
    () => false,
  );
  if (exists) throw new BackupProblem('backup.not_empty', `${options.out} exists and is not overwritten`);
  const partial = `${options.out}.partial`;
  await rm(partial, { force: true });
  const tar = await writeTar(partial);
  const client = new pg.Client(options.connection);
  client.on('error', () => {});
  try {
    await client.connect();
    const manifest = await dump({ tar, parts: [] }, client, options);
    const bytes = Buffer.from(JSON.stringify(manifest));
    await tar.add('manifest.json', bytes.length, [bytes]);
    const digest = Buffer.from(`${createHash('sha256').update(bytes).digest('hex')}\n`);
    await tar.add('manifest.sha256', digest.length, [digest]);
    await tar.end();
    await rename(partial, options.out);
    return { manifest, ...(await digestOfFile(options.out)) };
  } catch (error) {
    await tar.abandon().catch(() => {});
    await rm(partial, { force: true });
    throw error;
  } finally {
    await client.end().catch(() => {});
  }
};
