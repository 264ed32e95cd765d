/**
 * A contract that names SCQL, through the door: not offered unless the operator says so, told as untested wherever it is named, refused where it
 * cannot keep what was agreed, and computed by both owners' own brokers. Those are the test's own, as SCQL's published API describes them.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { engines, scqlSettings } from '@shugu/private-compute';
import type { Client } from '@shugu/wire';
import * as wire from '@shugu/wire/compute';
import * as enginesWire from '@shugu/wire/compute-engines';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TestBrokers } from '../../../../packages/private-compute/src/engines/testing.ts';
import { openFolder, type PartyFolder } from '../../../cli/src/compute/folder.ts';
import { type PartAsked, playPart } from '../../../cli/src/compute/part.ts';
import {
  type Computation,
  readComputation,
  refusal,
  type SharesDraft,
  sharesDraftOf,
  signedContract,
  whyNot,
} from '../support/computation.ts';
import { settleWhole, type TestExchange, testExchange } from '../support/exchange.ts';

const place = mkdtempSync(join(tmpdir(), 'shugu-scql-door-'));
const file = (name: string, text: string): string => {
  writeFileSync(join(place, name), text);
  return join(place, name);
};
const input = {
  bank: file('bank.csv', 'id,amount\n1,10.50\n2,-3\n3,4\n7,1\n'),
  shop: file('shop.csv', 'id,city\n2,south\n1,north\n3,north\n7,north\n9,south\n'),
};
const query = 'SELECT s.city, sum(b.amount) AS amount, count(*) AS n FROM b JOIN s ON b.id = s.id GROUP BY s.city';
const logins = { bank: 'mapping.trader', shop: 'xingsha.trader' } as const;
const brokers = new TestBrokers();
const version = '1.0.0b1';

type Side = 'bank' | 'shop';
let world: TestExchange;
let clients: Record<Side, Client>;
let folders: Record<Side, PartyFolder>;
let urls: Record<Side, string>;

const shares = (change: Partial<SharesDraft> = {}): Promise<SharesDraft> => {
  const heldBy = (side: Side) => ({ folder: folders[side], input: input[side] });
  return sharesDraftOf(
    world,
    { bank: heldBy('bank'), shop: heldBy('shop'), query },
    {
      ...{ title: '共同客户存款合计（样例）', purpose: '只统计共同客户的存款合计' },
      engine: { name: 'scql', version },
      release: { entitiesMin: 3 },
      ...change,
    },
  );
};
const settingsOf = (side: Side, change: object = {}) =>
  scqlSettings(
    JSON.stringify({
      ...{ url: urls[side], version, party: side, peer: side === 'bank' ? 'shop' : 'bank', table: 'csv.shugu' },
      file: join(place, `${side}-for-scql.csv`),
      ...change,
    }),
  );
const part = (side: Side, one: Computation, change: Partial<PartAsked> = {}) =>
  playPart({
    ...{ client: clients[side], folder: folders[side], contract: one.id, input: input[side] },
    ...{ listen: { host: '127.0.0.1', port: 0, address: '127.0.0.1' }, waitSeconds: 60, lookMilliseconds: 20 },
    scql: settingsOf(side),
    ...change,
  });

beforeAll(async () => {
  world = await testExchange({ config: { computeScql: [version] } });
  clients = { bank: await world.as(logins.bank), shop: await world.as(logins.shop) };
  folders = { bank: await openFolder(join(place, 'b')), shop: await openFolder(join(place, 's')) };
  urls = {
    bank: await brokers.start('bank', join(place, 'bank-for-scql.csv')),
    shop: await brokers.start('shop', join(place, 'shop-for-scql.csv')),
  };
}, 600_000);
afterAll(async () => {
  brokers.end();
  await world?.end();
  rmSync(place, { recursive: true, force: true });
});

test('is offered as untested, in the versions that the operator names, and for what it can keep', async () => {
  const { items } = await clients.bank.call(enginesWire.listEngines, {});
  expect(items.find(({ name }) => name === 'scql')).toMatchObject({
    ...{ versions: [version], checked: [], untested: true, modes: ['shares'], trust: engines.scql.trust },
  });
  expect(items.filter(({ untested }) => untested).map(({ name }) => name)).toEqual(['scql']);
  const draft = async (change: Partial<SharesDraft>) =>
    refusal(clients.bank.call(wire.draftComputation, { body: await shares(change) }));
  expect(await draft({})).toBe('done');
  expect(await draft({ engine: { name: 'scql', version: '2.0.0' } })).toBe('422 compute.engineUnknown');
  const { mapping, xingsha } = world.seeded.organisations;
  expect(await draft({ recipients: [mapping!, xingsha!] })).toBe('422 compute.queryRefused');
  expect(await draft({ protocol: 'dealer' })).toBe('422 compute.contractInvalid');
});

test('computes by the two brokers what was agreed; the contract, its evidence and its words say which engine, and that it is untested', async () => {
  const one = await signedContract(world, await shares(), { recipient: logins.bank, owners: Object.values(logins) });
  expect(one).toMatchObject({ engine: { name: 'scql', version, checked: false }, shares: { helper: null } });
  expect(one.trust?.zh).toMatch(/^未经实测/);
  expect(one.trust?.en).toMatch(/^Untested/);
  expect(one.explained.map(({ zh }) => zh).join()).toContain('从未与真实的 SCQL 一起运行过');
  expect(one.explained.map(({ en }) => en).join()).toContain('never run against a real SCQL');
  // What is not there, or another version, takes no use.
  expect(await whyNot(part('bank', one, { take: true, scql: undefined as never }))).toBe('engineMissing');
  expect(await whyNot(part('bank', one, { take: true, scql: settingsOf('bank', { version: '2.0.0' }) }))).toBe(
    'engineDiffers',
  );
  expect((await readComputation(clients.bank, one)).uses.taken).toBe(0);

  const [mine, theirs] = await Promise.all([part('bank', one, { take: true }), part('shop', one)]);
  expect([mine.ended.state, mine.fault, theirs.fault]).toEqual(['released', undefined, undefined]);
  expect(mine.opened.answer).toMatchObject({ columns: ['city', 'amount', 'n'], rows: [['north', '15.5', '3']] });
  expect(theirs.opened.answer).toBeNull();
  expect(brokers.faults).toEqual([]);
  expect(brokers.projects).toEqual([{ archived: true, tables: expect.any(Number) }]);
  await settleWhole(world);
  const bundle = await (await clients.shop.raw(wire.getComputationEvidence, { params: { id: mine.use } })).text();
  expect(JSON.parse(bundle).document).toMatchObject({ engine: { name: 'scql', version }, third: null });
  expect((await readComputation(clients.bank, one)).uses.taken).toBe(1);

  // A broker that refuses midway opens nothing; the use counts, and both sign how it ended.
  brokers.otherwise = (_party, path, _body, response) => {
    if (path !== '/intra/query/submit') return false;
    response.end(JSON.stringify({ status: { code: 300, message: 'no engine' } }));
    return true;
  };
  const [failed, other] = await Promise.all([part('bank', one, { take: true }), part('shop', one)]);
  expect([failed.statement.outcome, failed.ended.state, other.ended.state]).toEqual([
    'compute.engineFailed',
    'failed',
    'failed',
  ]);
  expect(failed.fault?.message).toContain('no engine');
  expect((await readComputation(clients.bank, one)).uses.taken).toBe(2);

  // No broker there: nothing is touched, and the use is given back.
  brokers.end();
  const gone = await Promise.all([part('bank', one, { take: true }), part('shop', one)]);
  expect(gone.map(({ statement, ended }) => [statement.outcome, ended.state])).toEqual(
    Array(2).fill(['untouched', 'returned']),
  );
  expect((await readComputation(clients.bank, one)).uses.taken).toBe(2);
}, 120_000);
