/** For tests and benches only: a PostgreSQL database of a buyer, reached over TCP, whose connections a test can cut. */
import { randomBytes } from 'node:crypto';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import pg from 'pg';
import { testPostgres } from '../../kernel/postgres/testing.ts';

export interface FarDatabase {
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
  /** Breaks every connection once so many bytes more have come from the exchange. */
  cutAfter(bytes: number): void;
  /** Lets nothing more through after so many bytes, and acts. */
  stallAfter(bytes: number, act: () => void): void;
  /** Connections that were broken. */
  cuts(): number;
  close(): Promise<void>;
}

export const openFarDatabase = async (): Promise<FarDatabase> => {
  const fresh = await (await testPostgres()).freshDatabase();
  const pool = new pg.Pool(fresh.connection);
  pool.on('error', () => undefined);
  // Read by the client: the server may be named by an address of one line.
  const { host, port, user = '', database = '' } = new pg.Client(fresh.connection);
  const target = host.startsWith('/') ? { path: `${host}/.s.PGSQL.${port}` } : { host, port };
  let left = Number.POSITIVE_INFINITY;
  let cuts = 0;
  let reached = (_socket: Socket): void => undefined;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    const far = connect(target as { host: string; port: number });
    for (const [one, other] of [
      [socket, far],
      [far, socket],
    ] as const) {
      sockets.add(one);
      one.on('error', () => other.destroy()).on('close', () => other.destroy() && sockets.delete(one));
    }
    socket.on('data', (piece) => {
      left -= piece.length;
      if (left > 0) return;
      left = Number.POSITIVE_INFINITY;
      reached(socket);
    });
    socket.pipe(far).pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    draft: {
      kind: 'postgres',
      name: '数仓',
      host: '127.0.0.1',
      port: (server.address() as AddressInfo).port,
      database,
      user,
      password: `secret-${randomBytes(8).toString('hex')}`,
      tls: 'off',
    },
    pool,
    cutAfter: (bytes) => {
      left = bytes;
      reached = () => {
        cuts += 1;
        for (const one of sockets) one.destroy();
      };
    },
    stallAfter: (bytes, act) => {
      left = bytes;
      reached = (socket) => {
        socket.unpipe();
        act();
      };
    },
    cuts: () => cuts,
    close: async () => {
      for (const one of sockets) one.destroy();
      server.close();
      await pool.end();
      await fresh.drop();
    },
  };
};
