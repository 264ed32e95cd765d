/**
 * What a decided, metered and receipted call costs beside proxies that do nothing else, in requests per CPU-second of the
 * proxy's own process:
 *
 *   npm run bench -- gateway --json
 *
 * `undici` is plain node, as its users and ours run it, and the bar; `undiciTuned` is the same with a flag for V8's garbage, for whoever
 * tunes.
 *
 * Every use is on disk (fsync) before the last byte of its answer. nginx and wrk are used where installed (Debian packages
 * of these names); without nginx the undici proxy alone is the measure. `rate` is an open loop: 3,500 requests/s, latency
 * from the instant each was due, while generator and upstream share the machine; `rateOfUndici` tells what of it is the machine's.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  drive,
  end,
  has,
  median,
  ratio,
  rounds,
  type Subject,
  startGateway,
  startNginx,
  startUndici,
  startUpstream,
  tunedFlags,
} from './proxies.ts';

const limit = { ratioToNginx: 0.34, ratioToUndici: 0.75, perSecond: 3500, p99Ms: 20 };
const [roundsCount, seconds, rateSeconds] = [5, 3, 8];

export const run = async (): Promise<object> => {
  const folder = await mkdtemp(join(tmpdir(), 'shugu-bench-'));
  const proxies: Subject[] = [];
  const upstream = await startUpstream();
  try {
    if (has('nginx')) proxies.push(await startNginx({ name: 'nginx' }, upstream, folder));
    proxies.push(await startUndici(upstream, 'undici'), await startUndici(upstream, 'undiciTuned', tunedFlags));
    const gateway = await startGateway(upstream, folder);
    proxies.push(gateway);
    const found = await rounds(proxies, roundsCount, seconds);
    const pace = { seconds: rateSeconds, perSecond: limit.perSecond };
    const rate = await drive(gateway, pace);
    const { undici } = Object.fromEntries(proxies.map((each) => [each.name, each]));
    const rateOfUndici = await drive(undici!, pace);
    return {
      bench: 'gateway',
      limit,
      load: has('wrk') ? 'wrk' : 'own generator',
      skipped: has('nginx') ? {} : { nginx: 'not installed' },
      cpuMicrosecondsEach: Object.fromEntries(
        Object.entries(found).map(([name, costs]) => [name, median(costs.map((each) => each.cpuMicrosecondsEach))]),
      ),
      perSecond: Object.fromEntries(
        Object.entries(found).map(([name, costs]) => [name, median(costs.map((each) => each.perSecond))]),
      ),
      rate: { wantedPerSecond: limit.perSecond, ...rate, perSecond: Math.round(rate.answered / rate.seconds) },
      rateOfUndici,
      ratios: {
        ratioToNginx: ratio(found, 'gateway', 'nginx'),
        ratioToUndici: ratio(found, 'gateway', 'undici'),
        ratioToUndiciTuned: ratio(found, 'gateway', 'undiciTuned'),
        p99ToLimit: Math.round((rate.p99Ms / limit.p99Ms) * 1000) / 1000,
      },
    };
  } finally {
    for (const proxy of [...proxies, upstream]) await end(proxy);
    await rm(folder, { recursive: true, force: true });
  }
};
