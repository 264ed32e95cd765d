/**
 * What it costs the gateway to tell a collector of its calls, in requests per CPU-second of its own process, beside the same gateway
 * that tells nobody:
 *
 *   npm run bench -- traces --json
 *
 * `hundredth` is the share that is set unless the operator says otherwise; `all` sends five spans for every call. The collector takes
 * what comes and looks at none of it; spans that it is too slow for are dropped, as they would be.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { end, has, median, ratio, rounds, type Subject, startGateway, startUpstream } from './proxies.ts';

const limit = { ratioOfHundredth: 0.97, ratioOfAll: 0.5 };
const [roundsCount, seconds] = [5, 3];

export const run = async (): Promise<object> => {
  const folder = await mkdtemp(join(tmpdir(), 'shugu-bench-'));
  let bytes = 0;
  const collector = createServer((request, response) => {
    request.on('data', (piece: Buffer) => {
      bytes += piece.length;
    });
    request.on('end', () => response.setHeader('content-type', 'application/json').end('{}'));
  });
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
  const upstream = await startUpstream();
  const gateways: Subject[] = [];
  try {
    for (const [name, traces] of [
      ['off', []],
      ['hundredth', [url, '0.01']],
      ['all', [url, '1']],
    ] as const) {
      const place = join(folder, name);
      await mkdir(place);
      gateways.push(await startGateway(upstream, place, name, [...traces]));
    }
    const found = await rounds(gateways, roundsCount, seconds);
    return {
      bench: 'traces',
      limit,
      load: has('wrk') ? 'wrk' : 'own generator',
      cpuMicrosecondsEach: Object.fromEntries(
        Object.entries(found).map(([name, costs]) => [name, median(costs.map((each) => each.cpuMicrosecondsEach))]),
      ),
      collectedBytes: bytes,
      ratios: { ratioOfHundredth: ratio(found, 'hundredth', 'off'), ratioOfAll: ratio(found, 'all', 'off') },
    };
  } finally {
    for (const one of [...gateways, upstream]) await end(one);
    collector.close();
    collector.closeAllConnections();
    await rm(folder, { recursive: true, force: true });
  }
};
