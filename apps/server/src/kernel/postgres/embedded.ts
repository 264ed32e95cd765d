import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Binaries } from './binaries.ts';
import { checkEngine, clusterDirectory, createCluster, superuser } from './cluster.ts';
import { recordedPlace } from './place.ts';
import {
  isAlive,
  type PidFile,
  removeStalePidFile,
  runningServer,
  runsAsWanted,
  spawnServer,
  stopServer,
} from './postmaster.ts';
import { PostgresProblem } from './problem.ts';
import type { RunAs } from './run-as.ts';
import { serverSettings, socketPort } from './settings.ts';
import { makeSocketDirectory, socketDirectoryFor } from './socket-directory.ts';
import type { PostgresLog, RunningPostgres, StartPostgresOptions } from './start.ts';
import { supervise } from './supervise.ts';

/** Name of the database every node uses on the embedded server. */
export const databaseName = 'shugu';

const connectionFile = 'connection.json';
const firstAnswerMs = 60_000;
const recoveryMs = 15 * 60_000;
const pollMs = 10;

interface Embedded extends StartPostgresOptions {
  binaries: Binaries;
  way: RunAs;
}

/** Makes the cluster when there is none, takes over or starts its server, and keeps that running until `stop`. */
export async function startEmbedded(options: Embedded): Promise<RunningPostgres> {
  const { binaries, dataDirectory, log, way } = options;
  const durability = options.durability ?? 'full';
  const cluster = clusterDirectory(dataDirectory, binaries.major);
  checkEngine(dataDirectory, `cluster-${binaries.major}`);
  if (!existsSync(cluster)) {
    log.info({ cluster }, 'making an empty database');
    await createCluster({ binaries, dataDirectory, way, durability });
  }
  const socketDirectory = socketDirectoryFor(dataDirectory, process.getuid?.() ?? 0);
  makeSocketDirectory(socketDirectory, way);
  const settings = serverSettings({ socketDirectory, durability, sabotage: options.sabotage });
  const connection = { host: socketDirectory, port: socketPort, user: superuser, database: databaseName };
  writeFileSync(join(dataDirectory, connectionFile), JSON.stringify(connection), { mode: 0o600 });

  const logFile = join(dataDirectory, 'server.log');
  const launch = async (): Promise<number> => {
    removeStalePidFile(cluster);
    return awaitServer(
      () => spawnServer({ binaries, cluster, logFile, way, settings }).pid,
      cluster,
      connection,
      logFile,
    );
  };
  const left = await takeOver(cluster, connection, runsAsWanted(cluster, binaries, settings), log);
  const pid = left?.pid ?? (await launch());
  const version = await ensureDatabase(connection);
  const supervision = supervise(pid, launch, log);
  return {
    connection,
    kind: 'embedded',
    version,
    attached: left !== undefined,
    async stop() {
      const last = await supervision.end();
      if (isAlive(last) && runningServer(cluster)?.pid === last) await stopServer(last, cluster);
      // In the temporary folder a socket's folder would outlive the data it belongs to.
      if (dirname(socketDirectory) !== dataDirectory) rmSync(socketDirectory, { recursive: true, force: true });
    },
  };
}

/** A server left by a killed process is kept when it is sound and runs with the settings wanted now, else ended. */
async function takeOver(
  cluster: string,
  connection: pg.ClientConfig,
  asWanted: boolean,
  log: PostgresLog,
): Promise<PidFile | undefined> {
  const left = runningServer(cluster);
  if (!left) return undefined;
  if (asWanted && (await answersWithin(left.pid, connection))) {
    log.info({ pid: left.pid, cluster }, 'attached to the database server of an earlier process');
    return left;
  }
  log.info({ pid: left.pid, cluster }, 'stopping the database server of an earlier process');
  await stopServer(left.pid, cluster);
  return undefined;
}

async function answersWithin(pid: number, connection: pg.ClientConfig): Promise<boolean> {
  for (let waited = 0; waited < firstAnswerMs && isAlive(pid); waited += 100) {
    const answer = await ask(connection);
    if (answer === 'yes') return true;
    if (answer === 'absent' && waited >= 2000) return false;
    await sleep(100);
  }
  return false;
}

/**
 * Starts and waits for the first answer. Recovery after a crash may take minutes and is waited for; the memory block of
 * a killed server is freed only when its last session has noticed, so that one failure is tried again.
 */
async function awaitServer(
  launch: () => number | undefined,
  cluster: string,
  connection: pg.ClientConfig,
  logFile: string,
): Promise<number> {
  const before = logSize(logFile);
  const deadline = performance.now() + recoveryMs;
  for (let attempt = 1; ; attempt++) {
    const pid = launch();
    while (pid !== undefined && isAlive(pid) && performance.now() < deadline) {
      if ((await ask(connection)) === 'yes') return pid;
      await sleep(pollMs);
    }
    const said = readFileSync(logFile).subarray(before).toString('utf8');
    const leftovers = /shared memory block|lock file .* already exists/.test(said);
    if (!leftovers || attempt === 20 || (pid !== undefined && isAlive(pid))) {
      throw new PostgresProblem(
        'postgres_start_failed',
        `The database server in ${cluster} did not start:\n${said.slice(-2000)}`,
      );
    }
    await sleep(250);
  }
}

/** `yes`: accepts sessions; `starting`: up but recovering or stopping; `absent`: nothing listens. */
async function ask(connection: pg.ClientConfig): Promise<'yes' | 'starting' | 'absent'> {
  const client = new pg.Client({ ...connection, database: 'postgres', connectionTimeoutMillis: 5000 });
  client.on('error', () => {});
  try {
    await client.connect();
    return 'yes';
  } catch (error) {
    return (error as { code?: string }).code === '57P03' ? 'starting' : 'absent';
  } finally {
    await client.end().catch(() => {});
  }
}

async function ensureDatabase(connection: pg.ClientConfig): Promise<string> {
  const client = new pg.Client({ ...connection, database: 'postgres' });
  client.on('error', () => {});
  await client.connect();
  try {
    const found = await client.query('select 1 from pg_database where datname = $1', [databaseName]);
    if (found.rowCount === 0) await client.query(`create database ${databaseName}`);
    const { rows } = await client.query<{ version: string }>(`select current_setting('server_version') as version`);
    return rows[0]!.version.split(' ')[0]!;
  } finally {
    await client.end();
  }
}

function logSize(logFile: string): number {
  return statSync(logFile, { throwIfNoEntry: false })?.size ?? 0;
}

/** How another process, such as the command line, reaches the embedded server that was last started here. */
export function readConnection(dataDirectory: string): pg.PoolConfig | undefined {
  try {
    return JSON.parse(readFileSync(join(recordedPlace(dataDirectory) ?? dataDirectory, connectionFile), 'utf8'));
  } catch {
    return undefined;
  }
}
