import { encodeFrame, encodeHeader, type UseRecord } from '@shugu/gateway';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sql } from '../../kernel/db/db.ts';
import { newId } from '../../kernel/ids.ts';
import { type Answer, apiDraft, openRig, planOf, type Rig } from '../testing.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await openRig({ gateways: { grace: 2, slice: 60 } });
});
afterAll(() => rig.close());

const register = async (name = '机房二') => (await rig.call('administrator', 'POST', '/api/gateways', { name })).body;

/** As a gateway would ask, with its key. */
const ask = async (key: string, method: string, path: string, body?: object | Uint8Array, headers = {}) => {
  const raw = body instanceof Uint8Array;
  const answer = await fetch(`${rig.origin}/api/gateway-link/${path}`, {
    method,
    headers: {
      authorization: `Bearer ${key}`,
      ...(body ? { 'content-type': raw ? 'application/octet-stream' : 'application/json' } : {}),
      ...headers,
    },
    ...(body ? { body: raw ? Buffer.from(body) : JSON.stringify(body) } : {}),
  });
  return { status: answer.status, body: (await answer.json()) as Answer };
};
const start = (key: string) => ask(key, 'PUT', 'start', { life: 'life-of-a-test', version: '0' });

/** A statement of it. */
const turn = (session: string, number: number, more: object = {}) => ({
  session,
  turn: number,
  life: 'life-of-a-test',
  lifeFrom: 0,
  acknowledged: 0,
  slices: [],
  wishes: [],
  recalled: [],
  ...more,
});

describe('keys of gateways', () => {
  test('are issued, changed and ended by the system administrator only, and shown once', async () => {
    for (const who of ['buyer', 'supplier', 'operator', 'officer', 'stranger'] as const) {
      expect((await rig.call(who, 'POST', '/api/gateways', { name: 'x' })).status).toBe(403);
      expect((await rig.call(who, 'GET', '/api/gateways')).status).toBe(403);
    }
    const { gateway, key } = await register();
    expect(key).toMatch(/^sgw_/);
    expect(JSON.stringify((await rig.call('administrator', 'GET', '/api/gateways')).body)).not.toContain(key);
    const rows = await rig.kernel.database.rows<object>(sql`select * from delivery_gateways where id = ${gateway.id}`);
    expect(JSON.stringify(rows)).not.toContain(key);
    expect((await start(key)).status).toBe(200);

    const changed = await rig.call('administrator', 'POST', `/api/gateways/${gateway.id}/rotate`);
    expect((await start(key)).status).toBe(401);
    expect((await start(changed.body.key)).status).toBe(200);
    expect((await rig.call('buyer', 'POST', `/api/gateways/${gateway.id}/revoke`)).status).toBe(404);
    expect((await rig.call('administrator', 'POST', `/api/gateways/${gateway.id}/revoke`)).body.state).toBe('revoked');
    expect((await start(changed.body.key)).status).toBe(401);
    expect((await rig.call('administrator', 'POST', `/api/gateways/${gateway.id}/rotate`)).body.code).toBe(
      'delivery.gatewayRevoked',
    );
  });

  test('open the link and nothing else, and nobody else opens the link', async () => {
    const { key } = await register();
    for (const path of ['/api/grants', '/api/usage', '/api/gateways']) {
      const answer = await fetch(rig.origin + path, { headers: { authorization: `Bearer ${key}` } });
      expect(answer.status, path).toBe(403);
    }
    for (const who of ['administrator', 'operator', 'buyer'] as const)
      expect((await ask(`${who}-token`, 'GET', 'records')).status).toBe(403);
    expect((await ask('sgw_nobody', 'GET', 'records')).status).toBe(401);
  });
});

describe('what a gateway says', () => {
  test('counts in its present session and in order only', async () => {
    const { key } = await register();
    const old = (await start(key)).body.session;
    expect((await ask(key, 'PUT', 'sync', turn(old, 1))).status).toBe(200);
    expect((await ask(key, 'PUT', 'sync', turn(old, 1))).body.code).toBe('delivery.linkSuperseded');
    const now = (await start(key)).body.session;
    expect((await ask(key, 'PUT', 'sync', turn(old, 2))).body.code).toBe('delivery.linkSuperseded');
    expect((await ask(key, 'PUT', 'sync', turn(now, 1))).status).toBe(200);
  });

  test('gets no more than the money held pays for, and nobody can state a slice of another', async () => {
    const bound = (limit: number) => ({ metric: 'calls' as const, limit });
    const contract = newId('con', rig.kernel.clock.now());
    const grant = await rig.grant(planOf(), [apiDraft], { contract, bound: bound(10) });
    const [one, other] = [await register('one'), await register('other')];
    const need = { calls: 8, rows: 0, bytes: 0 };
    const none = { calls: 0, rows: 0, bytes: 0 };
    const wishes = [{ grant, need, ahead: none }];
    const first = await ask(one.key, 'PUT', 'sync', turn((await start(one.key)).body.session, 1, { wishes }));
    expect(first.body.slices).toMatchObject([{ grant, amount: { calls: 8 } }]);
    const session = (await start(other.key)).body.session;
    const second = await ask(other.key, 'PUT', 'sync', turn(session, 1, { wishes }));
    expect(second.body.slices).toMatchObject([{ grant, amount: { calls: 2 } }]);
    const [[slice], [own]] = [first.body.slices, second.body.slices];
    const slices = [{ id: own.id, amount: own.amount }];
    const foreign = { id: slice.id, amount: none, final: 0 };
    await ask(other.key, 'PUT', 'sync', turn(session, 2, { slices: [...slices, foreign] }));
    // What a gateway holds that has just gone is not known to be lost yet.
    await start(one.key);
    let number = 3;
    const again = async () => (await ask(other.key, 'PUT', 'sync', turn(session, number++, { slices, wishes }))).body;
    expect(await again()).toMatchObject({ slices: [{ amount: { calls: 2 } }], exhausted: [] });
    await expect.poll(again, { timeout: 10_000 }).toMatchObject({ exhausted: [grant] });
    await rig.as('system', (tx) => rig.delivery.boundGrants(tx, contract, bound(13)));
    await rig.settle();
    expect((await again()).slices).toMatchObject([{ grant, amount: { calls: 5 } }]);
  });
});

describe('what is leased and lost on the way', () => {
  const calls = (count: number) => ({ calls: count, rows: 0, bytes: 0 });
  const open = async () => {
    const grant = await rig.grant(planOf({ quotas: [{ metric: 'calls', period: 'total', limit: 10 }] }), [apiDraft]);
    const { key } = await register();
    const session = (await start(key)).body.session;
    const wish = (count: number) => ({ wishes: [{ grant, need: calls(count), ahead: calls(0) }] });
    return { key, say: (number: number, more = {}) => ask(key, 'PUT', 'sync', turn(session, number, more)), wish };
  };

  test('is free again when the gateway does not know of it', async () => {
    const { say, wish } = await open();
    expect((await say(1, wish(8))).body.slices).toMatchObject([{ amount: calls(8) }]);
    expect((await say(2, wish(10))).body).toMatchObject({ slices: [{ amount: calls(10) }], exhausted: [] });
  });

  test('is free again when the database did not keep it', async () => {
    const { say, wish } = await open();
    const { pool } = rig.kernel.database;
    await pool.query(`create function lose() returns trigger language plpgsql as $$ begin raise using errcode = '57P01'; end $$;
      create constraint trigger lose after insert on quota_slices deferrable initially deferred for each row execute function lose()`);
    expect((await say(1, wish(8))).status).toBeGreaterThanOrEqual(500);
    await pool.query('drop function lose cascade');
    expect((await say(2, wish(10))).body).toMatchObject({ slices: [{ amount: calls(10) }], exhausted: [] });
  });
});

describe('records of a gateway', () => {
  test('that come twice, late, out of order, cut or foreign are counted once or not at all', async () => {
    const grant = await rig.grant(planOf(), [apiDraft]);
    const { gateway, key } = await register();
    const record = (sequence: number, source = gateway.source): UseRecord => ({
      version: 1,
      source,
      sequence,
      use: `use_${String(sequence).padStart(26, '0')}`,
      grant: `${grant}.api`,
      contract: 'con',
      product: rig.version.product,
      tenancy: { node: 'hn', market: 'main', participant: 'org_supplier' },
      at: rig.kernel.clock.now().getTime(),
      driver: 'api',
      action: 'use',
      policy: 'hash',
      status: 'complete',
      units: { calls: 1, rows: 1, bytes: 10 },
      latencyMs: 1,
    });
    const file = (from: number, until: number, source = gateway.source): Buffer =>
      Buffer.concat([
        encodeHeader({ source, segment: 0, firstSequence: from }),
        ...Array.from({ length: until - from + 1 }, (_, at) => encodeFrame(record(from + at, source))),
      ]);
    const send = async (bytes: Buffer) => (await ask(key, 'PUT', 'records', bytes)).body;
    expect(await send(file(3, 4))).toMatchObject({ sequence: 0 });
    expect(await send(file(1, 2))).toMatchObject({ sequence: 2 });
    expect(await send(file(1, 2))).toMatchObject({ sequence: 2 });
    const cut = file(2, 6);
    expect(await send(cut.subarray(0, cut.length - 7))).toMatchObject({ sequence: 5 });
    expect(await send(file(1, 6))).toMatchObject({ sequence: 6 });
    expect(await send(Buffer.from('no segment'))).toMatchObject({ code: 'metering.segmentRefused' });
    expect(await send(file(7, 8, 'hn-gateway-1'))).toMatchObject({ code: 'metering.segmentRefused' });
    const balance = await rig.call('buyer', 'GET', `/api/grants/${grant}/balance`);
    expect(balance.body.used).toMatchObject({ calls: 6, rows: 6, bytes: 60 });
  });

  test('are taken as a sealed segment only when the manifest holds', async () => {
    const { key } = await register();
    expect((await ask(key, 'PUT', 'segments', Buffer.from('x'))).body.code).toBe('kernel.invalid');
    const manifest = { segment: 1, keyId: 'intl:00', signature: '', source: 'hn-gateway-1' };
    const head = { 'x-segment-manifest': Buffer.from(JSON.stringify(manifest)).toString('base64url') };
    expect((await ask(key, 'PUT', 'segments', Buffer.from('x'), head)).body.code).toBe('metering.segmentRefused');
  });
});
