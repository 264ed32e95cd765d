/**
 * The processes of the look-up bench: `node bench/lookup-process.ts gateway|fastify|floor FOLDER`. Each listens on loopback,
 * prints `{ port }` and lives until its standard input ends.
 */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import fastify from 'fastify';
import { lookupDriver, openStores } from '../packages/gateway/src/index.ts';
import { gatewayWith, serveParent } from './gateway-process.ts';

/** Rows of the table, kept in memory; an answer has the shape and the size of a look-up's. */
const bare = async (folder: string) => {
  const rows = JSON.parse(await readFile(join(folder, 'rows.json'), 'utf8')) as Record<string, unknown>[];
  const app = fastify();
  app.get<{ Params: { key: string } }>('/v1/:key', ({ params: { key } }) => {
    const row = rows[Number(key.slice(-3)) % rows.length];
    return { data: [row], meta: { rows: 1, truncated: false } };
  });
  await app.ready();
  return app.server;
};

/** node:http that does nothing but send such rows with the headers of a look-up: what those cost by themselves. */
const floor = async (folder: string) => {
  const [rows, headers] = await Promise.all(
    ['rows.json', 'headers.json'].map(async (name) => JSON.parse(await readFile(join(folder, name), 'utf8'))),
  );
  return createServer({ optimizeEmptyRequests: true }, (request, response) => {
    const row = rows[Number(request.url!.slice(-3)) % rows.length];
    const body = `{"data":[${JSON.stringify(row)}],"meta":{"rows":1,"truncated":false}}`;
    response.writeHead(200, { ...headers, 'content-length': Buffer.byteLength(body) }).end(body);
  });
};

if (import.meta.main) {
  const [role, folder = ''] = process.argv.slice(2);
  const gateway = () =>
    gatewayWith(lookupDriver(openStores(folder)), { kind: 'api', table: 'bench', keyColumns: ['plate'] }, folder);
  serveParent(role === 'fastify' ? await bare(folder) : role === 'floor' ? await floor(folder) : await gateway());
}
