/**
 * A contract that names Kuscia, through the door: not offered unless the operator says so, told as untested wherever it is named, refused for
 * what it is not asked, and run by both owners' own nodes. Those are the test's own, as KusciaAPI is published.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { engines, type KusciaSettings } from '@shugu/private-compute';
import type { Client } from '@shugu/wire';
import * as wire from '@shugu/wire/compute';
import * as enginesWire from '@shugu/wire/compute-engines';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TestKuscia, testImage, testToken } from '../../../../packages/private-compute/src/engines/kuscia-testing.ts';
import { openFolder, type PartyFolder } from '../../../cli/src/compute/folder.ts';
import { type PartAsked, playPart } from '../../../cli/src/compute/part.ts';
import {
  type Computation,
  type PsiDraft,
  psiDraftOf,
  readComputation,
  refusal,
  sharesDraftOf,
  signedContract,
  whyNot,
} from '../support/computation.ts';
import { settleWhole, type TestExchange, testExchange } from '../support/exchange.ts';

const place = mkdtempSync(join(tmpdir(), 'shugu-kuscia-door-'));
const file = (name: string, text: string): string => {
  writeFileSync(join(place, name), text);
  return join(place, name);
};
const input = {
  bank: file('bank.csv', 'id,amount\n1,10.50\n2,-3\n3,4\n7,1\n'),
  shop: file('shop.csv', 'id,city\n2,south\n1,north\n9,south\n'),
};
const query = 'SELECT count(*) AS n FROM b JOIN s ON b.id = s.id';
const logins = { bank: 'mapping.trader', shop: 'xingsha.trader' } as const;
const kuscia = new TestKuscia();
const version = testImage.tag;

type Side = 'bank' | 'shop';
const folderOf = (side: Side) => join(place, `storage-${side}`);
let world: TestExchange;
let clients: Record<Side, Client>;
let folders: Record<Side, PartyFolder>;
let urls: Record<Side, string>;

const psi = async (change: Partial<PsiDraft> = {}): Promise<PsiDraft> => {
  const heldBy = (side: Side) => ({ folder: folders[side], input: input[side] });
  const asked = { bank: heldBy('bank'), shop: heldBy('shop'), query };
  const words = { title: '共同客户（样例）', purpose: '只找出共同客户' };
  return psiDraftOf(await sharesDraftOf(world, asked, words), {
    ...{ protocol: 'kkrt', engine: { name: 'kuscia', version } },
    ...change,
  });
};
const settingsOf = (side: Side, change: Partial<KusciaSettings> = {}): KusciaSettings => ({
  ...{ url: urls[side], node: side, peer: side === 'bank' ? 'shop' : 'bank', image: testImage.name },
  ...{ folder: folderOf(side), credentials: undefined, token: testToken },
  ...change,
});
const part = (side: Side, one: Computation, change: Partial<PartAsked> = {}) =>
  playPart({
    ...{ client: clients[side], folder: folders[side], contract: one.id, input: input[side] },
    ...{ listen: { host: '127.0.0.1', port: 0, address: '127.0.0.1' }, waitSeconds: 60, lookMilliseconds: 20 },
    kuscia: settingsOf(side),
    ...change,
  });

beforeAll(async () => {
  world = await testExchange({ config: { computeKuscia: [version] } });
  clients = { bank: await world.as(logins.bank), shop: await world.as(logins.shop) };
  folders = { bank: await openFolder(join(place, 'b')), shop: await openFolder(join(place, 's')) };
  for (const side of ['bank', 'shop'] as const) mkdirSync(folderOf(side));
  urls = { bank: await kuscia.start('bank', folderOf('bank')), shop: await kuscia.start('shop', folderOf('shop')) };
}, 600_000);
afterAll(async () => {
  kuscia.end();
  await world?.end();
  rmSync(place, { recursive: true, force: true });
});

test('is offered as untested, in the versions that the operator names, and for what it can keep', async () => {
  const { items } = await clients.bank.call(enginesWire.listEngines, {});
  expect(items.find(({ name }) => name === 'kuscia')).toMatchObject({
    ...{ versions: [version], checked: [], untested: true, modes: ['psi'] },
    intersectionTrust: engines.kuscia.intersectionTrust,
  });
  const draft = async (change: Partial<PsiDraft>) =>
    refusal(clients.bank.call(wire.draftComputation, { body: await psi(change) }));
  expect(await draft({})).toBe('done');
  expect(await draft({ engine: { name: 'kuscia', version: '0.5.0' } })).toBe('422 compute.engineUnknown');
  expect(await draft({ protocol: 'ecdh' })).toBe('422 compute.contractInvalid');
  const { mapping, xingsha } = world.seeded.organisations;
  expect(await draft({ opens: 'count', recipients: [mapping!, xingsha!] })).toBe('422 compute.contractInvalid');
});

test('runs by the two nodes what was agreed; contract, evidence and words say which engine, which job, and that it is untested', async () => {
  const one = await signedContract(world, await psi(), { recipient: logins.bank, owners: Object.values(logins) });
  expect(one).toMatchObject({ engine: { name: 'kuscia', version, checked: false } });
  expect(one.trust?.zh).toMatch(/^未经实测/);
  expect(one.trust?.en).toMatch(/^Untested/);
  expect(one.explained.map(({ zh }) => zh).join()).toContain('从未与真实的 Kuscia');
  expect(one.explained.map(({ en }) => en).join()).toContain('never run against a real Kuscia');
  // What is not there, or another version, takes no use.
  expect(await whyNot(part('bank', one, { take: true, kuscia: undefined as never }))).toBe('engineMissing');
  expect(await whyNot(part('bank', one, { take: true, kuscia: settingsOf('bank', { token: 'other' }) }))).toBe(
    'engineMissing',
  );
  testImage.tag = '0.7.0';
  expect(await whyNot(part('bank', one, { take: true }))).toBe('engineDiffers');
  testImage.tag = version;
  expect((await readComputation(clients.bank, one)).uses.taken).toBe(0);

  const [mine, theirs] = await Promise.all([part('bank', one, { take: true }), part('shop', one)]);
  expect([mine.ended.state, mine.fault, theirs.fault]).toEqual(['released', undefined, undefined]);
  expect(readFileSync(mine.opened.rows!, 'utf8')).toBe('id,amount\n1,10.50\n2,-3\n');
  expect([theirs.opened.rows, theirs.opened.answer]).toEqual([null, null]);
  expect(kuscia.faults).toEqual([]);
  expect([kuscia.dataLeft, readdirSync(folderOf('bank')), readdirSync(folderOf('shop'))]).toEqual([0, [], []]);
  await settleWhole(world);
  const bundle = await (await clients.shop.raw(wire.getComputationEvidence, { params: { id: mine.use } })).text();
  const { document } = JSON.parse(bundle);
  expect(document).toMatchObject({ engine: { name: 'kuscia', version }, third: null });
  const [job] = kuscia.jobs.values();
  const stated = document.parts.map(({ statement }: { statement: string }) => JSON.parse(statement).job);
  expect(stated).toEqual(Array(2).fill({ id: job!.described.job_id, digest: expect.stringMatching(/^sha256:/) }));
  expect((await readComputation(clients.bank, one)).uses.taken).toBe(1);

  // A job that is another than the contract's is not approved: nothing opens, and the use counts.
  kuscia.otherwise = (_node, path, body) => {
    if (path === '/api/v1/job/create') (body.tasks as { app_image: string }[])[0]!.app_image = 'mine';
    return false;
  };
  const [failed, other] = await Promise.all([part('bank', one, { take: true }), part('shop', one)]);
  expect([failed.ended.state, other.ended.state]).toEqual(['failed', 'failed']);
  // Whichever looks first says so; the other one may have heard by then that it is over.
  expect([failed.statement.outcome, other.statement.outcome]).toContain('compute.termsDiffer');
  expect(failed.opened.rows).toBeNull();
  expect((await readComputation(clients.bank, one)).uses.taken).toBe(2);

  // Nodes that answer for their version and then no more: nothing is touched, and the use is given back.
  kuscia.otherwise = (_node, path, _body, response) => {
    if (path === '/api/v1/appimage/query') return false;
    response.destroy();
    return true;
  };
  const gone = await Promise.all([part('bank', one, { take: true }), part('shop', one)]);
  expect(gone.map(({ statement, ended }) => [statement.outcome, ended.state])).toEqual(
    Array(2).fill(['untouched', 'returned']),
  );
  expect((await readComputation(clients.bank, one)).uses.taken).toBe(2);
}, 120_000);
