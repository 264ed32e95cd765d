/**
 * The same work at another gateway: key check, a rate limit per key, an access log.
 *
 *   npm run bench -- gateway-peers --json
 *
 * nginx (Debian package of this name) does it with auth_request, limit_req and access_log. It knows no quota of a calendar
 * period, no contract and no receipt, and its log is lost with the machine; ours is on disk before the answer ends. So it
 * is a peer to look up to, not one to be ahead of. No other of Kong, APISIX, KrakenD and Traefik is a package that can be
 * installed everywhere: where one is not, it is said by name.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { benchKey } from './gateway-process.ts';
import { end, has, median, ratio, rounds, type Subject, startGateway, startNginx, startUpstream } from './proxies.ts';

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
    ['kong', 'apisix', 'krakend', 'traefik'].map((name) => [
      name,
      has(name) ? 'installed, but this bench has no configuration for it' : 'not installed',
    ]),
  );
  try {
    if (has('nginx')) subjects.push(await startNginx(nginxPeer(folder), upstream, folder));
    else skipped.nginx = 'not installed';
    subjects.push(await startGateway(upstream, folder));
    const found = await rounds(subjects, roundsCount, seconds);
    return {
      bench: 'gateway-peers',
      load: has('wrk') ? 'wrk' : 'own generator',
      skipped,
      cpuMicrosecondsEach: Object.fromEntries(
        Object.entries(found).map(([name, costs]) => [name, median(costs.map((each) => each.cpuMicrosecondsEach))]),
      ),
      ratios: { ratioToNginx: ratio(found, 'gateway', 'nginx') },
    };
  } finally {
    for (const subject of [...subjects, upstream]) await end(subject);
    await rm(folder, { recursive: true, force: true });
  }
};
