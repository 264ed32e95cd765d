/** The database of a data folder, for tools that look at a node from outside while it runs or while it rests. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import type { Config } from '../config.ts';
import { type PostgresLog, readConnection, startPostgres } from '../postgres/index.ts';
import { BackupProblem } from './problem.ts';

export interface HomeDatabase {
  connection: pg.PoolConfig;
  version: string;
  /** A server that was running before and runs on. */
  running: boolean;
  close(): Promise<void>;
}

const versionOf = async (connection: pg.PoolConfig): Promise<string> => {
  const client = new pg.Client({ ...connection, connectionTimeoutMillis: 5000 });
  client.on('error', () => {});
  try {
    await client.connect();
    const { rows } = await client.query<{ version: string }>(`select current_setting('server_version') as version`);
    return rows[0]!.version.split(' ')[0]!;
  } finally {
    await client.end().catch(() => {});
  }
};

/**
 * Uses the server that runs, else starts the folder's own for the while.
 * Throws `backup.no_data` where there is no database yet, a `PostgresProblem` where it does not answer.
 */
export const connectHome = async (config: Config, log: PostgresLog): Promise<HomeDatabase> => {
  const dataDirectory = join(config.home, 'postgres');
  if (!config.databaseUrl) {
    if (!existsSync(dataDirectory)) throw new BackupProblem('backup.no_data', `${config.home} holds no database`);
    const known = readConnection(dataDirectory);
    const version = known && (await versionOf(known).catch(() => undefined));
    if (known && version) return { connection: known, version, running: true, close: async () => {} };
  }
  const started = await startPostgres({ dataDirectory, url: config.databaseUrl || undefined, log });
  return {
    connection: started.connection,
    version: started.version,
    running: started.kind === 'external',
    close: () => started.stop(),
  };
};
