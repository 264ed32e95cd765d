import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { apiDraft, openRig, planOf, type Rig } from '../testing.ts';
import { callAll, endGateways, openGateway, openLine, type RunningGateway, untilKnown } from './testing.ts';

const graceMs = 2000;
let rig: Rig;
const gateways: RunningGateway[] = [];
const others: RunningGateway[] = [];
beforeAll(async () => {
  rig = await openRig({ grace: graceMs / 1000, slice: 5 });
  gateways.push(...(await Promise.all([1, 2, 3].map(() => openGateway(rig)))));
});
afterAll(async () => {
  await endGateways([...gateways, ...others]);
  await rig.close();
});

const limited = (calls: number) => planOf({ quotas: [{ metric: 'calls', period: 'total', limit: calls }] });
const pathOf = (grant: string) => `/gateway/api/${grant}/${encodeURIComponent('湘A10001')}`;
const usedOf = async (grant: string) =>
  (await rig.call('buyer', 'GET', `/api/grants/${grant}/balance`)).body.used.calls;
const open = async (plan = limited(300), kinds: Parameters<Rig['grant']>[1] = [apiDraft], among = gateways) => {
  const grant = await rig.grant(plan, kinds);
  const key = await rig.key(grant);
  if (kinds[0] === apiDraft) await untilKnown(among, grant, key);
  return { grant, key, path: pathOf(grant) };
};
const withdraw = (grant: string) => rig.as('system', (tx) => rig.delivery.withdrawGrants(tx, { grant }, '测试'));
const statusAt = async (url: string, path: string, key: string): Promise<number> =>
  (await fetch(url + path, { headers: { authorization: `Bearer ${key}` } })).status;

describe('limits across gateways', () => {
  test('a quota of 300 over 3 gateways answers exactly 300 of 500 calls, and their records are all imported', async () => {
    const { grant, key, path } = await open();
    const { statuses } = await callAll(gateways, { path, key, calls: 500, callers: 60 });
    expect(statuses).toEqual({ '200': 300, '403 countExhausted': 200 });
    await expect.poll(() => usedOf(grant), { timeout: 10_000 }).toBe(300);
  });

  test('the gateway inside the exchange is one among them', async () => {
    const { grant, key, path } = await open(limited(120));
    const all = [...gateways, { url: rig.origin }];
    const { statuses } = await callAll(all, { path, key, calls: 200, callers: 24 });
    expect(statuses).toEqual({ '200': 120, '403 countExhausted': 80 });
    await expect
      .poll(
        async () => {
          await rig.metering.flush();
          return usedOf(grant);
        },
        { timeout: 10_000 },
      )
      .toBe(120);
  });

  test('one gateway that is asked alone gets what the others do not use', async () => {
    const { key, path } = await open(limited(60));
    await callAll(gateways, { path, key, calls: 9, callers: 9 });
    const { statuses } = await callAll([gateways[0]!], { path, key, calls: 60, callers: 5 });
    expect(statuses).toEqual({ '200': 51, '403 countExhausted': 9 });
  });
});

describe('a withdrawn contract', () => {
  test('is refused by every gateway within a second, and running answers end', async () => {
    const { grant, key, path } = await open(planOf(), [
      apiDraft,
      { kind: 'file', files: [{ table: 'large', form: 'original' }] },
    ]);
    for (const { url } of gateways) expect(await statusAt(url, path, key)).toBe(200);
    const running = await Promise.all(
      gateways.map(({ url }) =>
        fetch(`${url}/gateway/file/${grant}/large.bin`, { headers: { authorization: `Bearer ${key}` } }),
      ),
    );
    const readers = running.map((answer) => answer.body!.getReader());
    for (const reader of readers) expect((await reader.read()).done).toBe(false);
    const at = performance.now();
    await withdraw(grant);
    const refusedAfter = await Promise.all(
      gateways.map(async ({ url }) => {
        while ((await statusAt(url, path, key)) === 200);
        return performance.now() - at;
      }),
    );
    const ends = await Promise.all(
      readers.map(async (reader) => {
        try {
          for (let next = await reader.read(); !next.done; next = await reader.read());
          return 'whole';
        } catch {
          return 'cut';
        }
      }),
    );
    expect(ends).toEqual(['cut', 'cut', 'cut']);
    expect(Math.max(...refusedAfter)).toBeLessThan(1000);
  });
});

describe('a gateway that is cut off', () => {
  test('serves until its grace ends and not longer, and goes on once it is back', async () => {
    const line = await openLine(() => rig.origin);
    const gateway = await openGateway(rig, { server: line.origin });
    others.push(gateway);
    const { grant, key, path } = await open(planOf(), [apiDraft], [gateway]);
    line.cut();
    const at = performance.now();
    await withdraw(grant);
    expect(await statusAt(gateway.url, path, key)).toBe(200);
    while ((await statusAt(gateway.url, path, key)) === 200);
    expect(performance.now() - at).toBeLessThan(graceMs + 500);
    expect(await statusAt(gateway.url, path, key)).toBe(503);
    line.mend();
    await expect.poll(() => statusAt(gateway.url, path, key), { timeout: 10_000 }).toBe(403);
    await line.close();
  });
});

describe('kill -9 of a gateway under load', () => {
  test('every answered use is recorded once, and what it had not used is there again once it is back', async () => {
    const gateway = gateways[0]!;
    const { grant, key, path } = await open(limited(400));
    const loaded = callAll([gateway], { path, key, calls: 150, callers: 10 });
    await new Promise((resolve) => setTimeout(resolve, 150));
    await gateway.kill();
    const before = await loaded;
    await gateway.start();
    const after = await callAll(gateways, { path, key, calls: 500, callers: 30 });
    const answered = [...before.receipts, ...after.receipts];
    expect(new Set(answered).size).toBe(answered.length);
    await rig.metering.flush();
    expect(await usedOf(grant)).toBe(400);
    // A use that was recorded and then lost its answer with the process counts; an answer without a record does not exist.
    expect(answered.length).toBeLessThanOrEqual(400);
    expect(answered.length).toBeGreaterThan(380);
  });
});
