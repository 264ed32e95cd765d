/**
 * The same work at another gateway: key check, a rate limit per key, an access log.
 *
 *   npm run bench -- gateway-peers --json
 *
 * nginx (Debian package of this name) does it with auth_request, limit_req and access_log, Traefik with a route by key, a
 * rate limit by key and its access log. They know no quota of a calendar period, no contract and no receipt, and their logs
 * are lost with the machine; ours is on disk before the answer ends. So nginx is a peer to look up to, not one to be ahead
 * of. What is not installed is said by name; of Kong, APISIX and KrakenD there are no packages where this was written.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { benchKey } from './gateway-process.ts';
import { end, has, median, ratio, rounds, type Subject, startGateway, startNginx, startUpstream } from './proxies.ts';
import { startTraefik, traefikProgram } from './traefik.ts';

const [roundsCount, seconds] = [5, 3];

const nginxPeer = (folder: string) => ({
  name: 'nginx',
  http: `map $http_x_api_key $known { default 0; "${benchKey}" 1; }
    limit_req_zone $http_x_api_key zone=keys:1m rate=100000r/s;
    log_format use '$time_iso8601 $http_x_api_key $request $status $body_bytes_sent $request_time';`,
  server: `access_log ${join(folder, 'nginx-access.txt')} use;
    location = /key { internal; access_log off; if ($known = 0) { return 401; } return 204; }`,
  location: 'auth_request /key; limit_req zone=keys burst=100000 nodelay;',
});

export const run = async (): Promise<object> => {
  const folder = await mkdtemp(join(tmpdir(), 'shugu-bench-'));
  const subjects: Subject[] = [];
  const upstream = await startUpstream();
  const skipped: Record<string, string> = Object.fromEntries(
    ['kong', 'apisix', 'krakend'].map((name) => [
      name,
      has(name) ? 'installed, but this bench has no configuration for it' : 'not installed',
    ]),
  );
  try {
    if (has('nginx')) subjects.push(await startNginx(nginxPeer(folder), upstream, folder));
    else skipped.nginx = 'not installed';
    const traefik = traefikProgram();
    if (traefik) subjects.push(await startTraefik(traefik, upstream, folder));
    else skipped.traefik = 'not installed, and SHUGU_BENCH_TRAEFIK names no program';
    subjects.push(await startGateway(upstream, folder));
    const found = await rounds(subjects, roundsCount, seconds);
    return {
      bench: 'gateway-peers',
      load: has('wrk') ? 'wrk' : 'own generator',
      skipped,
      cpuMicrosecondsEach: Object.fromEntries(
        Object.entries(found).map(([name, costs]) => [name, median(costs.map((each) => each.cpuMicrosecondsEach))]),
      ),
      ratios: {
        ratioToNginx: ratio(found, 'gateway', 'nginx'),
        ratioToTraefik: ratio(found, 'gateway', 'traefik'),
      },
    };
  } finally {
    for (const subject of [...subjects, upstream]) await end(subject);
    await rm(folder, { recursive: true, force: true });
  }
};
