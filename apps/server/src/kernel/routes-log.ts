/**
 * The public path of the log (C2SP tlog-tiles), for anyone's client: `/log/ORIGIN/checkpoint` and `/log/ORIGIN/tile/…` of every
 * origin that this node ever grew, since papers of a closed one must stay checkable; without ORIGIN the open one. Beyond C2SP,
 * `/log/ORIGIN/dated`: the log's signed word on how far it has grown by now, by which a broken promise is proven; and the outside time
 * stamps (RFC 3161): `/log/ORIGIN/stamps` lists them, `/log/ORIGIN/stamp/SIZE.tst` and `SIZE.checkpoint` are what `openssl ts -verify` wants.
 */
import { stampedBytes } from '@shugu/evidence';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Database } from './db/db.ts';
import { sql } from './db/db.ts';
import { kernelProblems } from './problem.ts';
import type { PublicLog } from './publiclog/publiclog.ts';
import { latestCheckpoint, openOrigin, origins, stampAt, stampsOf } from './publiclog/store.ts';

/** An origin (itself with a slash), then what is asked of it. */
const pathShape =
  /^(?:([^/]+\/[^/]+)\/)?(checkpoint|dated|stamps|stamp\/\d{1,16}\.(?:tst|checkpoint)|tile\/[0-9a-z/.]{1,80})$/;

export interface ServeLogOptions {
  database: Database;
  node: string;
  publicLog: Pick<PublicLog, 'dated'>;
}

const stampsPerPage = 100;
const immutable = 'public, max-age=31536000, immutable';

/** Newest first; `?below=SIZE` goes on. */
const sendStamps = async (database: Database, origin: string, below: unknown, reply: FastifyReply) => {
  const size = typeof below === 'string' && /^\d{1,15}$/.test(below) ? Number(below) : undefined;
  if (below !== undefined && size === undefined)
    throw kernelProblems.invalid({ field: 'query.below', detail: 'a size' });
  const rows = await stampsOf(database, origin, stampsPerPage, size);
  const items = rows.map((row) => ({
    size: row.size,
    stampedAt: row.stamped_at.toISOString(),
    authority: row.authority,
  }));
  return reply.header('cache-control', 'no-cache').send({ origin, items });
};

const sendStamp = async (database: Database, origin: string, asked: string, reply: FastifyReply) => {
  const [size, part] = asked.slice('stamp/'.length).split('.');
  const found = Number.isSafeInteger(Number(size)) ? await stampAt(database, origin, Number(size)) : undefined;
  if (!found) throw kernelProblems.unknown();
  reply.header('cache-control', immutable);
  return part === 'tst'
    ? reply.type('application/octet-stream').send(found.token)
    : reply.type('text/plain; charset=utf-8').send(Buffer.from(stampedBytes(found.note, origin)));
};

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
  app.get<{ Params: { '*': string }; Querystring: { below?: unknown } }>('/log/*', async (request, reply) => {
    const [, name, asked] = pathShape.exec(request.params['*']) ?? [];
    if (asked === undefined) throw kernelProblems.unknown();
    const origin = await originOf(name);
    if (asked === 'dated') {
      const dated = await publicLog.dated(database, origin);
      if (!dated) throw kernelProblems.unknown();
      return reply.header('cache-control', 'no-cache').type('application/json').send(Buffer.from(dated));
    }
    if (asked === 'stamps') return sendStamps(database, origin, request.query.below, reply);
    if (asked.startsWith('stamp/')) return sendStamp(database, origin, asked, reply);
    if (asked !== 'checkpoint')
      return reply
        .header('cache-control', immutable)
        .type('application/octet-stream')
        .send(await tile(origin, asked));
    const checkpoint = await latestCheckpoint(database, origin);
    if (!checkpoint) throw kernelProblems.unknown();
    return reply.header('cache-control', 'no-cache').type('text/plain; charset=utf-8').send(checkpoint.note);
  });
};
