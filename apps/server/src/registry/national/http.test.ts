/** A licensed registrar's access: the same registration, its answers from a server of its own. */
import { cases as caseWire } from '@shugu/wire/cases';
import * as kernelWire from '@shugu/wire/kernel';
import * as wire from '@shugu/wire/registry';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { settleWhole, type TestExchange, testExchange } from '../../../test/support/exchange.ts';
import { type NationalServer, serveNational } from '../testing.national.ts';
import {
  certificateFor,
  profiledResource,
  type Rig,
  startRegistryServer,
  type TestRegistry,
} from '../testing.server.ts';
import { nationalOverHttp } from './http.ts';
import { nationalSimulator } from './simulator.ts';
import type { NationalSystem } from './system.ts';

// Whose book the national system keeps is its own: another database than the exchange's.
let book: TestRegistry;
let system: NationalSystem;
let server: NationalServer;
let exchange: TestExchange;
const secret = 'between registrar and nation';

beforeAll(async () => {
  book = await startRegistryServer({ start: '2026-07-01T01:00:00Z' });
  system = nationalSimulator(book.kernel.database, { region: '98', registrarDigit: '3' });
  server = await serveNational(() => system, secret);
  exchange = await testExchange({
    config: { nationalUrl: `${server.url}/`, nationalKey: secret, registrarRegion: '98', registrarDigit: '3' },
  });
}, 180_000);
afterAll(async () => {
  await exchange?.end();
  await server?.close();
  await book?.close();
});

test('evidence and code come from the configured system, and the paper is no specimen', async () => {
  const settle = () => settleWhole(exchange);
  const rig: Rig = { as: exchange.as, cast: exchange.seeded, settle };
  const steward = await exchange.as('xingsha.steward');
  const resource = await profiledResource(rig, steward);
  const code = await certificateFor(rig, steward, resource);
  expect(code).toBe('SJ9832026070001');
  expect(new Set(server.asked.map((one) => one.path))).toEqual(new Set(['/evidence', '/codes']));
  const seen = await exchange.anyone.call(wire.getCertificate, { params: { code } });
  const paper = await exchange.anyone.call(kernelWire.paperRead, { params: { id: seen.paper! } });
  expect(paper.document).toMatchObject({ code, specimen: false });
  expect((await exchange.anyone.call(wire.getRegistrar, {})).nationalSystem.zh).not.toContain('模拟');
  const { items } = await steward.call(caseWire.queue, { query: { view: 'mine' } });
  expect(items[0]).toMatchObject({ state: 'certified' });
});

const access = (over: object = {}) =>
  nationalOverHttp({ url: server.url, key: secret, region: '98', registrarDigit: '3', request: fetch, ...over });
const asking = { case: 'cas_1', registrar: 'org_1' };

test('a repeated key gets the same answer; a stranger, another registrar’s code and a broken answer are refused', async () => {
  const [once, again] = [await access().obtainCode('k1', asking), await access().obtainCode('k1', asking)];
  expect(again).toEqual(once);
  expect((await access().obtainCode('k2', asking)).code).not.toBe(once.code);
  await expect(access({ key: 'guessed' }).obtainCode('k3', asking)).rejects.toThrow('answered 401');
  await expect(access({ registrarDigit: '4' }).obtainCode('k4', asking)).rejects.toThrow('another registrar');
  expect(() => access({ region: '' })).toThrow('SHUGU_REGISTRAR_REGION');
  expect(() => access({ key: '' })).toThrow('SHUGU_NATIONAL_KEY');
  const answering = (body: string) => access({ request: async () => new Response(body) });
  await expect(
    answering('{"number":"1","on":"tomorrow"}').depositEvidence('k', { ...asking, procedure: 'p', digest: 'd' }),
  ).rejects.toThrow();
  await expect(answering('x'.repeat(20_001)).publishNotice('k', { ...asking, fields: {} })).rejects.toThrow('too long');
});

test('a month whose codes are used up says so in the registry’s words', async () => {
  await book.kernel.database.pool.query(`update counters set value = 9999 where name like '%certificate/983/202607'`);
  await expect(access().obtainCode('k9', asking)).rejects.toMatchObject({ code: 'registry.codesExhausted' });
});
