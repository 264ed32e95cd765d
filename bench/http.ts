/** The server's real door on a real socket, for benches that time single requests. */
import { randomBytes } from 'node:crypto';
import { Agent, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import pino from 'pino';
import type { Database } from '../apps/server/src/kernel/db/db.ts';
import type { Route } from '../apps/server/src/kernel/http/route.ts';
import { makeHttp } from '../apps/server/src/kernel/http/server.ts';
import { rateLimit } from '../apps/server/src/kernel/limits.ts';
import { makeSeal } from '../apps/server/src/kernel/seal.ts';

export const percentile = (times: readonly number[], part: number): number =>
  [...times].sort((a, b) => a - b)[Math.min(times.length - 1, Math.floor(times.length * part))]!;

export interface BenchHttp {
  port: number;
  /** Body of a 200; throws on anything else. */
  get(path: string): Promise<string>;
  close(): Promise<void>;
}

/** Keep-alive GETs to a port of this machine. */
export const getter = (port: number) => {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const get = (path: string) =>
    new Promise<string>((resolve, reject) => {
      const sent = request({ port, host: '127.0.0.1', path, agent }, (answer) => {
        const parts: Buffer[] = [];
        answer.on('data', (part: Buffer) => parts.push(part));
        answer.on('end', () => {
          const text = Buffer.concat(parts).toString('utf8');
          if (answer.statusCode === 200) resolve(text);
          else reject(new Error(`${path}: ${answer.statusCode} ${text.slice(0, 300)}`));
        });
      });
      sent.on('error', reject);
      sent.end();
    });
  return { get, end: () => agent.destroy() };
};

export const benchHttp = async (database: Database, routes: Route[]): Promise<BenchHttp> => {
  const app = makeHttp({
    routes,
    database,
    seal: makeSeal(randomBytes(32)),
    log: pino({ level: 'silent' }),
    authenticate: async () => undefined,
    checkReplies: false,
    perSource: rateLimit(1e9, 1e9),
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const { get, end } = getter(port);
  return {
    port,
    get,
    close: async () => {
      end();
      await app.close();
    },
  };
};
