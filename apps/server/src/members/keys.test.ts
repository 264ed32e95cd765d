import * as wire from '@shugu/wire/members';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sql } from '../kernel/db/db.ts';
import type { PermissionTable } from '../kernel/http/principal.ts';
import { refusal, startMembersServer, type TestServer } from './testing.server.ts';

// Two permissions of a later room, as its table would declare them.
const later: PermissionTable = {
  'market.order.create': { title: { zh: '下单', en: 'Order' }, roles: ['demander'], seats: ['trader', 'developer'] },
  'market.order.read': {
    title: { zh: '查看订单', en: 'See orders' },
    roles: ['demander', 'operator'],
    seats: ['trader', 'developer', 'systemAdministrator'],
  },
};

let server: TestServer;
beforeAll(async () => {
  server = await startMembersServer({ tables: [later] });
});
afterAll(() => server.close());

const keyBody = { name: '联调', permissions: ['market.order.read'], expiresInDays: 30 };

describe('API keys', () => {
  test('a key works within its scope, and is kept only as a hash', async () => {
    const developer = await server.as('bank.developer');
    const { key, apiKey } = await developer.call(wire.createKey, { body: keyBody });
    expect(key).toMatch(/^sgk_[\w-]{43}$/);
    expect(key.startsWith(apiKey.prefix)).toBe(true);
    const me = await server.client(key).call(wire.readMe, {});
    expect(me).toMatchObject({ kind: 'service', name: '联调', permissions: ['market.order.read'], login: null });
    const rows = await server.database.one<{ text: string }>(
      sql`select string_agg(api_keys::text, ' ') as text from api_keys`,
    );
    expect(rows.text).not.toContain(key);
    const listed = (await developer.call(wire.listKeys, {})).items.find((one) => one.id === apiKey.id);
    expect(listed?.lastUsedAt).not.toBeNull();
    expect(JSON.stringify(listed)).not.toContain(key);
  });

  test('the secret is shown once: a replay of the same request says so', async () => {
    const developer = await server.as('bank.developer');
    const options = { idempotencyKey: 'one-and-the-same-key' };
    await developer.call(wire.createKey, { body: keyBody }, options);
    expect(await refusal(developer.call(wire.createKey, { body: keyBody }, options))).toBe('kernel.alreadyDone');
    const kept = await server.database.one<{ sealed_reply: unknown }>(
      sql`select sealed_reply from idempotency where key = 'one-and-the-same-key'`,
    );
    expect(kept.sealed_reply).toBeNull();
  });

  test('nobody gives a key more than they hold, nor power over accounts; institutions’ keys read', async () => {
    const developer = await server.as('bank.developer');
    const create = (permissions: string[]) => developer.call(wire.createKey, { body: { ...keyBody, permissions } });
    expect(await refusal(create(['settlement.payout.confirm']))).toBe('members.keyScope');
    expect(await refusal(create(['members.key.create']))).toBe('members.keyScope');
    await create(['market.order.create']);
    const finance = await server.as('bank.finance');
    expect(await refusal(finance.call(wire.createKey, { body: keyBody }))).toBe('kernel.notPermitted');
    const system = await server.as('operator.system');
    expect(
      await refusal(system.call(wire.createKey, { body: { ...keyBody, permissions: ['members.institution.create'] } })),
    ).toBe('members.keyScope');
    await system.call(wire.createKey, { body: keyBody });
  });

  test('a key cannot make keys or change a password', async () => {
    const developer = await server.as('bank.developer');
    const { key } = await developer.call(wire.createKey, { body: keyBody });
    expect(await refusal(server.client(key).call(wire.createKey, { body: keyBody }))).toBe('kernel.notPermitted');
    expect(
      await refusal(server.client(key).call(wire.changePassword, { body: { current: 'x', next: 'Fresh-words-77' } })),
    ).toBe('kernel.notPermitted');
  });

  test('revocation acts at once; rotation overlaps for the hours given', async () => {
    const developer = await server.as('bank.developer');
    const first = await developer.call(wire.createKey, { body: keyBody });
    const second = await developer.call(wire.rotateKey, { params: { id: first.apiKey.id }, body: { overlapHours: 2 } });
    expect(second.apiKey).toMatchObject({
      rotatedFrom: first.apiKey.id,
      serviceAccount: first.apiKey.serviceAccount,
      permissions: ['market.order.read'],
    });
    await server.client(first.key).call(wire.readMe, {});
    await server.client(second.key).call(wire.readMe, {});
    await developer.call(wire.revokeKey, { params: { id: second.apiKey.id } });
    expect(await refusal(server.client(second.key).call(wire.readMe, {}))).toBe('kernel.notSignedIn');
    expect(await refusal(developer.call(wire.rotateKey, { params: { id: second.apiKey.id }, body: {} }))).toBe(
      'members.keyEnded',
    );
    server.clock.moveTo(new Date(server.clock.now().getTime() + 2.1 * 3_600_000));
    expect(await refusal(server.client(first.key).call(wire.readMe, {}))).toBe('kernel.notSignedIn');
  });

  test('another organisation’s key looks like none', async () => {
    const developer = await server.as('bank.developer');
    const { apiKey } = await developer.call(wire.createKey, { body: keyBody });
    const other = await server.as('citylogistics.developer');
    expect(await refusal(other.call(wire.revokeKey, { params: { id: apiKey.id } }))).toBe('kernel.unknown');
    expect(await refusal(other.call(wire.rotateKey, { params: { id: apiKey.id }, body: {} }))).toBe('kernel.unknown');
  });

  test('addresses: checked when made, and held when used', async () => {
    const developer = await server.as('bank.developer');
    const create = (addresses: string[]) => developer.call(wire.createKey, { body: { ...keyBody, addresses } });
    expect(await refusal(create(['not-an-address']))).toBe('members.addressInvalid');
    const { key } = await create(['203.0.113.0/24']);
    expect(await server.members.authenticate(key, 'zh', '203.0.113.9')).toBeDefined();
    expect(await server.members.authenticate(key, 'zh', '198.51.100.9')).toBeUndefined();
    expect(await server.members.authenticate(key, 'zh')).toBeUndefined();
  });

  test('an organisation has 50 living keys at most', async () => {
    const developer = await server.as('citylogistics.developer');
    for (let i = 0; i < 50; i++) await developer.call(wire.createKey, { body: keyBody });
    expect(await refusal(developer.call(wire.createKey, { body: keyBody }))).toBe('members.tooMany');
  });
});
