/**
 * Traefik as a peer: one that knows no nginx and no Lua, and can be built where Go modules are to be had. Looked for as
 * SHUGU_BENCH_TRAEFIK or `traefik` on PATH. Of its sources in a module of one's own (what stands in `replace (…)` of its
 * go.mod must be repeated there):
 *
 *   go mod init peers
 *   go mod edit -replace github.com/abbot/go-http-auth=github.com/containous/go-http-auth@v0.4.1-0.20200324110947-a37a7636d23e \
 *     -replace github.com/gorilla/mux=github.com/containous/mux@v0.0.0-20250523120546-41b6ec3aed59 \
 *     -replace github.com/mailgun/minheap=github.com/containous/minheap@v0.0.0-20190809180810-6e71eb837595
 *   go get -tool github.com/traefik/traefik/v3/cmd/traefik@v3.6.12
 *   go build -trimpath -ldflags='-s -w' -o traefik github.com/traefik/traefik/v3/cmd/traefik
 */
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { benchKey, upstreamConnections } from './gateway-process.ts';
import { freePort, has, type Subject, startForeign } from './proxies.ts';

export const traefikProgram = (): string | undefined => {
  const { SHUGU_BENCH_TRAEFIK: set } = process.env;
  if (set) return existsSync(set) ? set : undefined;
  return has('traefik') ? 'traefik' : undefined;
};

/** The key is part of the route, the limit counts by key, and every call stands in the access log. */
const dynamicConfig = (upstream: Subject) => ({
  http: {
    routers: {
      trucks: {
        entryPoints: ['web'],
        rule: `Header(\`X-Api-Key\`, \`${benchKey}\`)`,
        middlewares: ['limit'],
        service: 'supplier',
      },
    },
    middlewares: {
      limit: {
        rateLimit: { average: 100_000, burst: 100_000, sourceCriterion: { requestHeaderName: 'X-Api-Key' } },
      },
    },
    services: {
      supplier: {
        loadBalancer: { servers: [{ url: `http://127.0.0.1:${upstream.port}` }], serversTransport: 'kept' },
      },
    },
    serversTransports: { kept: { maxIdleConnsPerHost: upstreamConnections } },
  },
});

/** On one core, like nginx with its one worker: with more it spends a part on keeping them in step. */
export const startTraefik = async (program: string, upstream: Subject, folder: string): Promise<Subject> => {
  const place = join(folder, 'traefik');
  await mkdir(place);
  const port = await freePort();
  const config = join(place, 'dynamic.yml');
  // JSON is YAML.
  await writeFile(config, JSON.stringify(dynamicConfig(upstream)));
  const words = [
    '--global.checknewversion=false',
    '--global.sendanonymoususage=false',
    '--log.level=ERROR',
    `--entrypoints.web.address=127.0.0.1:${port}`,
    `--providers.file.filename=${config}`,
    '--providers.file.watch=false',
    '--accesslog=true',
    `--accesslog.filepath=${join(place, 'access.txt')}`,
  ];
  return startForeign('traefik', port, program, words, { GOMAXPROCS: '1' });
};
