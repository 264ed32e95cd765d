/**
 * How long a withdrawn contract is still answered by three connected gateways of their own process, running answers included, and
 * how far beyond its grace a gateway serves whose line is cut.
 *
 *   npm run bench -- revocation --json
 *
 * Measured from the end of the transaction that withdraws. Each gateway is asked again as soon as it has answered, and streams
 * an endless answer at the same time, so the figures hold the callers' own time too.
 */
import {
  endGateways,
  openGateway,
  openLine,
  openUpstream,
  proxyDraft,
  untilKnown,
} from '../apps/server/src/delivery/link/testing.ts';
import { apiDraft, openRig, planOf } from '../apps/server/src/delivery/testing.ts';
import { percentile } from './http.ts';

const rounds = 40;
const cutRounds = 5;
const grace = 2;
const barMs = 1000;

/** When an endless answer was seen to end. */
const endOf = (answer: Response): Promise<number> =>
  answer.text().then(
    () => performance.now(),
    () => performance.now(),
  );

export const run = async (): Promise<object> => {
  const rig = await openRig({ gateways: { grace, slice: 5 } });
  const upstream = await openUpstream();
  const line = await openLine(() => rig.origin);
  const gateways = await Promise.all([1, 2, 3].map(() => openGateway(rig)));
  const far = await openGateway(rig, { server: line.origin });
  const open = async () => {
    const grant = await rig.grant(planOf(), [apiDraft, proxyDraft(upstream.origin)]);
    const key = await rig.key(grant);
    await untilKnown([...gateways, far], grant, key);
    return { grant, headers: { authorization: `Bearer ${key}` } };
  };
  const withdraw = async (grant: string): Promise<number> => {
    await rig.as('system', (tx) => rig.delivery.withdrawGrants(tx, { grant }, 'bench'));
    return performance.now();
  };
  const refusedAt = async (url: string, grant: string, headers: Record<string, string>): Promise<number> => {
    const path = `${url}/gateway/api/${grant}/${encodeURIComponent('湘A10001')}`;
    for (;;) {
      const { status } = await fetch(path, { headers });
      if (status !== 200) return performance.now();
    }
  };
  try {
    const refused: number[] = [];
    const cut: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const { grant, headers } = await open();
      const streams = await Promise.all(
        gateways.map(({ url }) => fetch(`${url}/gateway/proxy/${grant}/x`, { headers })),
      );
      const ends = streams.map((answer) => endOf(answer));
      const asked = gateways.map(({ url }) => refusedAt(url, grant, headers));
      await new Promise((resolve) => setTimeout(resolve, 20));
      const at = await withdraw(grant);
      refused.push(...(await Promise.all(asked)).map((end) => Math.max(0, end - at)));
      cut.push(...(await Promise.all(ends)).map((end) => Math.max(0, end - at)));
    }
    const beyond: number[] = [];
    for (let round = 0; round < cutRounds; round++) {
      const { grant, headers } = await open();
      const at = performance.now();
      line.cut();
      await withdraw(grant);
      beyond.push((await refusedAt(far.url, grant, headers)) - at - grace * 1000);
      line.mend();
      while (!(await fetch(`${far.url}/health`)).ok) await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const figures = (all: readonly number[]) => ({
      median: Math.round(percentile(all, 0.5) * 10) / 10,
      p95: Math.round(percentile(all, 0.95) * 10) / 10,
      max: Math.round(Math.max(...all) * 10) / 10,
    });
    return {
      bench: 'revocation',
      gateways: gateways.length,
      rounds,
      refusedMs: figures(refused),
      runningCutMs: figures(cut),
      barMs,
      holds: Math.max(...refused, ...cut) <= barMs,
      cutOff: { rounds: cutRounds, graceMs: grace * 1000, beyondGraceMs: figures(beyond) },
    };
  } finally {
    await endGateways([...gateways, far]);
    await line.close();
    upstream.close();
    await rig.close();
  }
};
