/** For tests and benches only: a PostgreSQL database of a buyer, reached over a line that a test can break. */
import { randomBytes } from 'node:crypto';
import type { NetConnectOpts } from 'node:net';
import pg from 'pg';
import { testPostgres } from '../../kernel/postgres/testing.ts';
import { type Line, openLine } from '../../kernel/testing.ts';

export interface FarDatabase extends Omit<Line, 'port' | 'close'> {
  /** As of a destination’s draft. */
  draft: {
    kind: 'postgres';
    name: string;
    host: string;
    port: number;
    database: string;
    user: string;
    password: string;
    tls: 'off';
  };
  pool: pg.Pool;
  close(): Promise<void>;
}

export const openFarDatabase = async (): Promise<FarDatabase> => {
  const fresh = await (await testPostgres()).freshDatabase();
  const pool = new pg.Pool(fresh.connection);
  pool.on('error', () => undefined);
  // Read by the client: the server may be named by an address of one line.
  const { host, port, user = '', database = '' } = new pg.Client(fresh.connection);
  const target = host.startsWith('/') ? { path: `${host}/.s.PGSQL.${port}` } : { host, port };
  const line = await openLine(target as NetConnectOpts);
  return {
    ...line,
    draft: {
      kind: 'postgres',
      name: '数仓',
      host: '127.0.0.1',
      port: line.port,
      database,
      user,
      password: `secret-${randomBytes(8).toString('hex')}`,
      tls: 'off',
    },
    pool,
    close: async () => {
      line.close();
      await pool.end();
    },
  };
};
