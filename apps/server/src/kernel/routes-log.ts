/**
 * The public path of the log (C2SP tlog-tiles), for anyone's client: `/log/ORIGIN/checkpoint` and `/log/ORIGIN/tile/…` of every
 * origin that this node ever grew, since papers of a closed one must stay checkable; without ORIGIN the open one. Beyond C2SP,
 * `/log/ORIGIN/dated`: the log's signed word on how far it has grown by now, by which a broken promise is proven.
 */
import type { FastifyInstance } from 'fastify';
import type { Database } from './db/db.ts';
import { sql } from './db/db.ts';
import { kernelProblems } from './problem.ts';
import type { PublicLog } from './publiclog/publiclog.ts';
import { latestCheckpoint, openOrigin, origins } from './publiclog/store.ts';

/** An origin (itself with a slash), then what is asked of it. */
const pathShape = /^(?:([^/]+\/[^/]+)\/)?(checkpoint|dated|tile\/[0-9a-z/.]{1,80})$/;

export interface ServeLogOptions {
  database: Database;
  node: string;
  publicLog: Pick<PublicLog, 'dated'>;
}

export const serveLog = (app: FastifyInstance, { database, node, publicLog }: ServeLogOptions): void => {
  const originOf = async (name: string | undefined): Promise<string> => {
    const found =
      name === undefined
        ? await openOrigin(database, node)
        : (await origins(database)).find(({ origin }) => origin === name);
    if (!found) throw kernelProblems.unknown();
    return found.origin;
  };
  const tile = async (origin: string, path: string): Promise<Buffer> => {
    const row = await database.first<{ bytes: Buffer }>(
      sql`select bytes from log_tiles where origin = ${origin} and path = ${path}`,
    );
    if (!row) throw kernelProblems.unknown();
    return row.bytes;
  };
  app.get<{ Params: { '*': string } }>('/log/*', async (request, reply) => {
    const [, name, asked] = pathShape.exec(request.params['*']) ?? [];
    if (asked === undefined) throw kernelProblems.unknown();
    const origin = await originOf(name);
    if (asked === 'dated') {
      const dated = await publicLog.dated(database, origin);
      if (!dated) throw kernelProblems.unknown();
      return reply.header('cache-control', 'no-cache').type('application/json').send(Buffer.from(dated));
    }
    if (asked !== 'checkpoint')
      return reply
        .header('cache-control', 'public, max-age=31536000, immutable')
        .type('application/octet-stream')
        .send(await tile(origin, asked));
    const checkpoint = await latestCheckpoint(database, origin);
    if (!checkpoint) throw kernelProblems.unknown();
    return reply.header('cache-control', 'no-cache').type('text/plain; charset=utf-8').send(checkpoint.note);
  });
};
