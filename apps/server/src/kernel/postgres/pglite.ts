import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type pg from 'pg';
import { checkEngine } from './cluster.ts';

/** Folder of the in-process engine's files; 18 is the major version PGlite 0.5 is built from. */
export const pgliteFolder = 'pglite-18';

/**
 * PostgreSQL in this process, for machines without a server binary. One session at a time, and never synced to disk:
 * a power cut may lose acknowledged work, so it is fit for looking around only.
 * The caller holds the directory's lock; PGlite itself would let two processes ruin the files.
 */
export async function startPglite(dataDirectory: string): Promise<{
  connection: pg.PoolConfig;
  version: string;
  stop(): Promise<void>;
}> {
  checkEngine(dataDirectory, pgliteFolder);
  const [{ PGlite }, { createPgConfig }] = await Promise.all([
    import('@electric-sql/pglite'),
    import('@electric-sql/pglite/node-postgres'),
  ]);
  const directory = join(dataDirectory, pgliteFolder);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const engine = new PGlite(directory);
  await engine.waitReady;
  const { rows } = await engine.query<{ version: string }>(`select current_setting('server_version') as version`);
  // The adapter is one connection: the pool must neither grow nor throw it away when idle.
  const connection = { ...createPgConfig(engine), max: 1, idleTimeoutMillis: 0 } as unknown as pg.PoolConfig;
  return { connection, version: rows[0]!.version.split(' ')[0]!, stop: () => engine.close() };
}
