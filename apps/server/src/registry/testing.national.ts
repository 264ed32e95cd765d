/** For tests only: a national system behind the interface of national/http.ts, as a server of its own. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Problem } from '../kernel/problem.ts';
import type { NationalSystem } from './national/system.ts';

export interface NationalServer {
  url: string;
  /** What was asked, in order: path and key. */
  asked: { path: string; key: string }[];
  close(): Promise<void>;
}

export const serveNational = async (system: () => NationalSystem, secret: string): Promise<NationalServer> => {
  const asked: NationalServer['asked'] = [];
  const answer = (path: string, key: string, payload: never): Promise<object> | undefined => {
    if (path === '/notices') return system().publishNotice(key, payload);
    if (path === '/evidence') return system().depositEvidence(key, payload);
    return path === '/codes' ? system().obtainCode(key, payload) : undefined;
  };
  const server = createServer(async (request, response) => {
    const end = (status: number, body: object) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const [path, key] = [request.url ?? '', String(request.headers['idempotency-key'])];
    asked.push({ path, key });
    if (request.headers.authorization !== `Bearer ${secret}`) return end(401, { fault: 'no such key' });
    try {
      const made = await answer(path, key, JSON.parse(Buffer.concat(chunks).toString()) as never);
      return made ? end(200, made) : end(404, {});
    } catch (error) {
      return end(error instanceof Problem ? error.definition.status : 500, { fault: String(error) });
    }
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    close: () => new Promise((done) => server.close(() => done())),
  };
};
