/** The public path of the log (C2SP tlog-tiles): checkpoint and tiles by origin, for anyone's client. */
import type { FastifyInstance } from 'fastify';
import type { Database } from './db/db.ts';
import { sql } from './db/db.ts';
import { kernelProblems } from './problem.ts';
import { latestCheckpoint, openOrigin } from './publiclog/store.ts';

export const serveLog = (app: FastifyInstance, database: Database, node: string): void => {
  const current = async () => {
    const open = await openOrigin(database, node);
    if (!open) throw kernelProblems.unknown();
    return open.origin;
  };
  app.get('/log/checkpoint', async (_request, reply) => {
    const checkpoint = await latestCheckpoint(database, await current());
    if (!checkpoint) throw kernelProblems.unknown();
    return reply.header('cache-control', 'no-cache').type('text/plain; charset=utf-8').send(checkpoint.note);
  });
  app.get<{ Params: { '*': string } }>('/log/tile/*', async (request, reply) => {
    const path = `tile/${request.params['*']}`;
    if (!/^tile\/[0-9a-z/.]{1,80}$/.test(path)) throw kernelProblems.unknown();
    const row = await database.first<{ bytes: Buffer }>(
      sql`select bytes from log_tiles where origin = ${await current()} and path = ${path}`,
    );
    if (!row) throw kernelProblems.unknown();
    return reply
      .header('cache-control', 'public, max-age=31536000, immutable')
      .type('application/octet-stream')
      .send(row.bytes);
  });
};
