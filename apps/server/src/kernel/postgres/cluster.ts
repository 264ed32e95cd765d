import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, openSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Binaries } from './binaries.ts';
import { PostgresProblem } from './problem.ts';
import { handOver, type RunAs } from './run-as.ts';
import type { Durability } from './settings.ts';

/** Name of the database's only role; the socket's folder is what guards it. */
export const superuser = 'shugu';

const initdbTimeoutMs = 120_000;

/** Folder of the files of one PostgreSQL major version. */
export function clusterDirectory(dataDirectory: string, major: number): string {
  return join(dataDirectory, `cluster-${major}`);
}

/** Refuses to start an empty database beside one that holds data under another engine or major version. */
export function checkEngine(dataDirectory: string, wanted: string): void {
  const others = readdirSync(dataDirectory).filter((name) => /^(cluster|pglite)-\d+$/.test(name) && name !== wanted);
  if (others.length === 0 || existsSync(join(dataDirectory, wanted))) return;
  const other = others[0]!;
  const sameEngine = other.split('-')[0] === wanted.split('-')[0];
  throw new PostgresProblem(
    sameEngine ? 'postgres_major_changed' : 'postgres_engine_changed',
    `${dataDirectory} holds data of ${other}, but this installation runs ${wanted}. ` +
      'Start the installation that wrote it, make a backup there and restore it here.',
  );
}

/**
 * Makes an empty cluster. The work is done under another name and renamed at the end, so that a kill at any moment
 * leaves either no cluster or a whole one.
 */
export async function createCluster(options: {
  binaries: Binaries;
  dataDirectory: string;
  way: RunAs;
  durability: Durability;
}): Promise<void> {
  const { binaries, dataDirectory, way } = options;
  for (const name of readdirSync(dataDirectory)) {
    if (name.startsWith('unfinished-'))
      rmSync(join(dataDirectory, name), { recursive: true, force: true, maxRetries: 5 });
  }
  handOver(dataDirectory, way);
  const unfinished = join(dataDirectory, `unfinished-${randomBytes(6).toString('hex')}`);
  const args = ['-D', unfinished, '-U', superuser, '-A', 'trust', '-E', 'UTF8', '--locale=C'];
  args.push('--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--no-instructions');
  if (options.durability === 'test') args.push('--no-sync');
  await runInitdb(join(binaries.root, 'bin', 'initdb'), args, way);
  renameSync(unfinished, clusterDirectory(dataDirectory, binaries.major));
  syncDirectory(dataDirectory);
}

function runInitdb(initdb: string, args: string[], way: RunAs): Promise<void> {
  const [command, ...rest] = [...way.prefix, initdb, ...args];
  return new Promise((resolve, reject) => {
    const child = spawn(command!, rest, {
      uid: way.uid,
      gid: way.gid,
      cwd: '/',
      env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: initdbTimeoutMs,
    });
    let said = '';
    const keep = (chunk: Buffer): void => {
      said = (said + chunk.toString('utf8')).slice(-4000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', (cause) => reject(new PostgresProblem('postgres_initdb_failed', cause.message, { cause })));
    child.on('close', (code, signal) => {
      if (code === 0) resolve();
      else reject(new PostgresProblem('postgres_initdb_failed', `initdb ended with ${signal ?? code}: ${said}`));
    });
  });
}

function syncDirectory(directory: string): void {
  const handle = openSync(directory, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
