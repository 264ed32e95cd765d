/** The portal's files, with a strict content security policy; every unknown path that is no API is the portal's own route. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import { kernelProblems, problemBody } from '../problem.ts';
import { languageOf } from './server.ts';

// antd writes style elements at run time, hence 'unsafe-inline' for styles alone; scripts come from our files only.
export const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "media-src 'self' blob:",
  "worker-src 'self' blob:",
  "manifest-src 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join('; ');

const isApi = (url: string) => /^\/(api|gateway|delta-sharing|log|metrics|\.well-known)(\/|$|\?)/.test(url);

export const servePages = async (app: FastifyInstance, folder: string): Promise<void> => {
  const index = join(folder, 'index.html');
  const built = existsSync(index);
  if (built)
    await app.register(fastifyStatic, {
      root: folder,
      wildcard: false,
      index: false,
      setHeaders: (reply, path) => {
        // Built files carry their hash in their names.
        reply.header('cache-control', path.includes('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache');
      },
    });
  const page = built
    ? readFileSync(index)
    : Buffer.from('<!doctype html><title>Shugu</title><p>The portal is not built. Run npm start.</p>');
  app.setNotFoundHandler((request, reply) => {
    if (request.method === 'GET' && !isApi(request.url))
      return reply
        .header('content-security-policy', contentSecurityPolicy)
        .header('cache-control', 'no-cache')
        .type('text/html; charset=utf-8')
        .send(page);
    const problem = kernelProblems.unknown();
    return reply
      .code(404)
      .type('application/problem+json; charset=utf-8')
      .send(JSON.stringify(problemBody(problem, languageOf(request.headers), request.id)));
  });
};
