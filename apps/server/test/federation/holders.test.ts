/**
 * A member whose wallet is elsewhere asks the exchange, as issuer, for its membership: over HTTP, as the member, as strangers, and
 * as a member that is suspended. Who holds the credential is known to members here; who is a member no longer is nobody.
 */
import * as wire from '@shugu/wire/federation';
import * as holdersWire from '@shugu/wire/federation-holders';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { didsOf } from '../../src/federation/claims/dids.ts';
import type { SimulatedClock } from '../../src/kernel/clock.ts';
import { systemActor } from '../../src/kernel/http/principal.ts';
import { type TestExchange, testExchange } from '../support/exchange.ts';
import { call, messageOf } from './counterpart.ts';
import { type Holder, makeHolder } from './holder.ts';

let exchange: TestExchange;
let issuer: string;
let wallet: Holder;
let stranger: Holder;
let supplier: { did: string; address: string };

const now = () => exchange.exchange.kernel.clock.now();
const later = (seconds: number) =>
  (exchange.exchange.kernel.clock as SimulatedClock).moveTo(new Date(now().getTime() + seconds * 1000));
const admin = (key = 'citylogistics') => exchange.as(`${key}.admin`);
const view = async () => (await admin()).call(holdersWire.getHolder, {});
const register = async (token: string, key?: string) =>
  (await admin(key)).call(holdersWire.registerHolder, { body: { token } });
const problem = (code: string) => ({ problem: { code } });
/** Whether a connector here knows whoever sends this. */
const known = async (holder: Holder) =>
  (
    await call(
      `${supplier.address}/catalog/request`,
      messageOf('request', {}, { '@type': 'CatalogRequestMessage' }),
      await holder.authorize(supplier.did),
    )
  ).status;
const standing = (status: 'suspended' | 'active') => {
  const { kernel, rooms } = exchange.exchange;
  const id = exchange.seeded.organisations.citylogistics!;
  return kernel.database.tx(systemActor('test'), (tx) => rooms.members.setStanding(tx, id, status, '违规'));
};
/** What was delivered, once it is so many. */
const delivered = (count: number) => expect.poll(() => wallet.held.length, { timeout: 30_000 }).toBe(count);

beforeAll(async () => {
  exchange = await testExchange({ config: { privateConnectors: ['127.0.0.1'] } });
  issuer = didsOf(exchange.exchange.kernel.publicUrl).node();
  wallet = await makeHolder(now);
  stranger = await makeHolder(now);
  supplier = await (await exchange.as('xingsha.trader')).call(wire.openConnector, { body: {} });
}, 240_000);
afterAll(async () => {
  await wallet?.close();
  await stranger?.close();
  await exchange?.end();
});

test('an administrator registers the DID of the organisation’s own wallet, by a token under its key', async () => {
  const token = await wallet.tokenFor(issuer);
  const trader = (await exchange.as('citylogistics.trader')).call(holdersWire.registerHolder, { body: { token } });
  await expect(trader).rejects.toMatchObject(problem('kernel.notPermitted'));
  await expect(exchange.anyone.call(holdersWire.getHolder, {})).rejects.toMatchObject({ problem: { status: 401 } });
  const unproven = problem('federation.holderUnproven');
  await expect(register('no token')).rejects.toMatchObject(unproven);
  await expect(register(await wallet.tokenFor(supplier.did))).rejects.toMatchObject(unproven);
  await expect(register(`${token.slice(0, -8)}AAAAAAAA`)).rejects.toMatchObject(unproven);
  const unserved = await makeHolder(now, { served: false });
  await expect(register(await unserved.tokenFor(issuer))).rejects.toMatchObject(problem('federation.holderUnserved'));
  await unserved.close();

  expect(await register(token)).toMatchObject({ issuer: { did: issuer }, holder: { did: wallet.did, requests: [] } });
  await expect(register(token)).rejects.toMatchObject(unproven);
  // Whose key it is shows it to the node alone: nobody else can show it for another organisation.
  await expect(register(await wallet.tokenFor(issuer), 'merchant')).rejects.toMatchObject(
    problem('federation.holderTaken'),
  );
  expect((await (await admin('merchant')).call(holdersWire.getHolder, {})).holder).toBeNull();
  await expect.poll(() => wallet.offers.length, { timeout: 30_000 }).toBe(1);
  expect(wallet.offers[0]).toMatchObject({
    issuer,
    credentials: [{ id: 'membership', offerReason: 'issuance' }, { id: 'membership-vc11' }],
  });
  await expect.poll(async () => (await view()).holder?.offeredAt, { timeout: 30_000 }).not.toBeNull();
});

test('metadata are public; requests are of registered members, strangers learn nothing', async () => {
  const { address } = (await view()).issuer;
  const metadata = (await (await fetch(`${address}/metadata`)).json()) as { credentialsSupported: unknown[] };
  expect(metadata).toMatchObject({ type: 'IssuerMetadata', issuer });
  expect(metadata.credentialsSupported).toMatchObject([
    { id: 'membership', credentialType: 'MembershipCredential', profile: 'vc20-bssl/jwt' },
    { id: 'membership-vc11', credentialType: 'MembershipCredential', profile: 'vc11-sl2021/jwt' },
  ]);
  const refused = await stranger.ask(issuer, ['membership']);
  expect([refused.status, refused.location]).toEqual([401, '']);
  expect((await wallet.ask(issuer, ['membership'], await wallet.tokenFor(supplier.did))).status).toBe(401);
  expect((await wallet.ask(issuer, ['gold'])).status).toBe(400);
  expect((await fetch(`${address}/requests/none`)).status).toBe(401);
  expect((await fetch(`${address}/credentials`, { method: 'POST' })).status).toBe(401);
  const long = { method: 'POST', headers: { 'content-type': 'application/json' }, body: 'x'.repeat(300_000) };
  expect((await fetch(`${address}/credentials`, long)).status).toBe(413);
  expect((await view()).holder?.requests).toEqual([]);
});

test('what is asked for is delivered, in both data models, and makes the holder known here', async () => {
  expect(await known(wallet)).toBe(401);
  const { status, location } = await wallet.ask(issuer, ['membership', 'membership-vc11']);
  expect(status).toBe(201);
  expect((await stranger.statusOf(issuer, location)).status).toBe(404);
  await delivered(2);
  expect(wallet.held).toMatchObject([
    { profile: 'vc20-bssl/jwt', issuer, subjects: [{ id: wallet.did, memberOf: issuer }] },
    { profile: 'vc11-sl2021/jwt', issuer, subjects: [{ id: wallet.did }] },
  ]);
  const told = async () => (await wallet.statusOf(issuer, location)).body;
  await expect.poll(told, { timeout: 30_000 }).toMatchObject({ type: 'CredentialStatus', status: 'ISSUED' });
  expect(await known(wallet)).toBe(200);
  expect(await known(stranger)).toBe(401);
  // The wallet here is another, and knows nothing of it.
  const own = await (await exchange.as('citylogistics.trader')).call(wire.openConnector, { body: {} });
  const { identity } = await (await admin()).call(wire.getIdentity, {});
  expect(identity).toMatchObject({ did: own.did, credentials: [{ own: true, state: 'valid' }] });
  expect(await known(wallet)).toBe(200);
});

test('what stands is delivered again as it is, and a wallet that is away is tried again', async () => {
  const before = wallet.held.map(({ jwt }) => jwt);
  wallet.deaf = 1;
  await wallet.ask(issuer, ['membership']);
  await expect.poll(() => wallet.deaf, { timeout: 30_000 }).toBe(0);
  await expect
    .poll(
      async () => {
        later(60);
        await exchange.settle();
        return wallet.held.length;
      },
      { timeout: 30_000 },
    )
    .toBe(3);
  expect(before).toContain(wallet.held[0]!.jwt);
  await expect.poll(async () => (await view()).holder?.requests[0]?.state, { timeout: 30_000 }).toBe('ISSUED');
});

test('requests of a member have their limit', async () => {
  // Nothing is taken meanwhile: as many as may wait, and one more.
  wallet.deaf = 1000;
  const statuses: number[] = [];
  for (let asked = 0; asked < 21; asked++) statuses.push((await wallet.ask(issuer, ['membership'])).status);
  expect([statuses.filter((one) => one === 201).length, statuses.at(-1)]).toEqual([20, 429]);
});

test('a suspended member is a stranger: refused as one, revoked in both lists, rejected what it still waits for', async () => {
  expect(await known(wallet)).toBe(200);
  const { location } = await stillWaiting();
  await standing('suspended');
  await exchange.settle();
  // A status list is kept for a minute.
  later(61);
  expect(await known(wallet)).toBe(401);
  const [suspended, nobody] = [await wallet.ask(issuer, ['membership']), await stranger.ask(issuer, ['membership'])];
  expect(suspended).toEqual(nobody);
  expect((await wallet.statusOf(issuer, location)).status).toBe(404);
  wallet.deaf = 0;
  later(3600);
  await exchange.settle();
  // All of them: what still waited when it is a member again would be issued.
  const waiting = async () => {
    await exchange.settle();
    const { pool } = exchange.exchange.kernel.database;
    return (await pool.query("select from federation_credential_requests where state = 'RECEIVED'")).rowCount;
  };
  await expect.poll(waiting, { timeout: 30_000 }).toBe(0);
  expect(wallet.rejections.length).toBeGreaterThan(0);
  expect(wallet.rejections[0]).toBe('the holder is no active member');
});

/** One of those that the wallet has not taken. */
const stillWaiting = async () => {
  const { requests } = (await view()).holder!;
  const waiting = requests.find(({ state }) => state === 'RECEIVED')!;
  return { location: `${(await view()).issuer.address}/requests/${waiting.id}` };
};

test('restored, it is offered its membership anew; removed, what it holds is revoked', async () => {
  const offers = wallet.offers.length;
  await standing('active');
  await exchange.settle();
  await expect.poll(() => wallet.offers.length, { timeout: 30_000 }).toBe(offers + 1);
  expect(wallet.offers.at(-1)).toMatchObject({ credentials: [{ offerReason: 'reissuance' }, {}] });
  wallet.held.splice(0);
  await wallet.ask(issuer, ['membership']);
  await delivered(1);
  expect(await known(wallet)).toBe(200);
  const { holder } = await (await admin()).call(holdersWire.removeHolder, {});
  expect(holder).toBeNull();
  later(61);
  expect(await known(wallet)).toBe(401);
  expect((await wallet.ask(issuer, ['membership'])).status).toBe(401);
  await expect((await admin()).call(holdersWire.removeHolder, {})).rejects.toMatchObject(problem('kernel.unknown'));
});

test('before a credential ends, and after the key of the node is another, its holder is offered it anew', async () => {
  await register(await wallet.tokenFor(issuer));
  const offered = (count: number) => expect.poll(() => wallet.offers.length, { timeout: 30_000 }).toBe(count);
  const before = wallet.offers.length;
  await offered(before + 1);
  wallet.held.splice(0);
  await wallet.ask(issuer, ['membership']);
  await delivered(1);
  later(8 * 86_400);
  await exchange.settle();
  expect(wallet.offers.length).toBe(before + 1);
  await (await exchange.as('operator.system')).call(wire.rotateIssuerKey, { body: {} });
  await exchange.settle();
  await offered(before + 2);
  const first = wallet.held[0]!.jwt;
  await wallet.ask(issuer, ['membership']);
  await delivered(2);
  expect(wallet.held[0]!.jwt).not.toBe(first);
  expect(await known(wallet)).toBe(200);
  await exchange.settle();
  expect(wallet.offers.length).toBe(before + 2);
});
