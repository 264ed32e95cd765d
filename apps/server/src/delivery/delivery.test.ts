import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { apiDraft, openRig, planOf, type Rig } from './testing.ts';

describe('a grant from contract to receipt', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await openRig();
  }, 120_000);
  afterAll(() => rig?.close());

  it('opens once its store is built, answers by key, and counts', async () => {
    const plan = planOf({ quotas: [{ metric: 'calls', period: 'total', limit: 3 }] });
    const grant = await rig.grant(plan, [{ kind: 'api' }]);
    expect((await rig.call('buyer', 'GET', `/api/grants/${grant}`)).body).toMatchObject({ state: 'opening' });
    const put = await rig.call('supplier', 'PUT', `/api/versions/${rig.version.id}/endpoints`, {
      endpoints: [apiDraft],
    });
    expect(put).toMatchObject({ status: 200, body: { items: [{ kind: 'api', state: 'building' }] } });
    await rig.settle();
    const view = (await rig.call('buyer', 'GET', `/api/grants/${grant}`)).body;
    expect(view).toMatchObject({ state: 'active', lines: [{ kind: 'api', ready: true, keyColumns: ['plate'] }] });
    const key = await rig.key(grant);
    expect(key).toMatch(/^sgd_/);
    const answer = await rig.use(`/gateway/api/${grant}/${encodeURIComponent('湘A10003')}`, key);
    expect([answer.status, await answer.json()]).toEqual([
      200,
      { data: [{ plate: '湘A10003', city: '长沙', score: 63 }], meta: { rows: 1, truncated: false } },
    ]);
    expect(answer.headers.get('x-quota-remaining')).toBe('calls-total=2');
    expect((await rig.call('buyer', 'GET', `/api/grants/${grant}/balance`)).body).toMatchObject({
      used: { calls: 1, incompleteCalls: 0, rows: 1 },
      limits: [{ metric: 'calls', period: 'total', limit: 3, used: 1, left: 2, end: null }],
    });
    const balance = await rig.use(`/gateway/balance/${grant}`, key);
    expect([balance.status, await balance.json()]).toEqual([
      200,
      expect.objectContaining({
        grant,
        status: 'active',
        limits: [{ metric: 'calls', period: 'total', limit: 3, used: 1, left: 2, end: null }],
        rate: null,
      }),
    ]);
    expect(balance.headers.get('x-receipt'), 'no use').toBeNull();
    const other = await rig.use(`/gateway/balance/grt_${'0'.repeat(26)}`, key);
    const foreign = await rig.use(`/gateway/balance/${grant}`, 'sgd_of_nobody');
    expect(await foreign.text(), 'unknown and forbidden look the same').toBe(await other.text());
    expect([other.status, foreign.status, (await fetch(`${rig.origin}/gateway/balance/${grant}`)).status]).toEqual([
      404, 404, 401,
    ]);
    const receipt = answer.headers.get('x-receipt')!;
    await rig.metering.flush();
    await rig.settle();
    const proof = (await rig.call('buyer', 'GET', `/api/receipts/${receipt}`)).body;
    expect(proof).toMatchObject({ sealed: true, grant, record: { use: receipt, status: 'complete' } });
    expect(proof.log).not.toBeNull();
  });
});
