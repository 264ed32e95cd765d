/** Proof of service: who may fetch it, what it says, and that somebody who trusts nobody here can check it. */
import { parseTrust, verifyBundle } from '@shugu/evidence';
import { cases } from '@shugu/wire/cases';
import * as kernelWire from '@shugu/wire/kernel';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemActor } from '../../src/kernel/http/principal.ts';
import { type TestExchange, testExchange } from '../support/exchange.ts';
import { complain, letters, refusalOf, until } from './rig.ts';

let world: TestExchange;

beforeAll(async () => {
  world = await testExchange();
  await world.settle();
});
afterAll(() => world?.end());

const bytes = (text: string) => new Uint8Array(Buffer.from(text, 'utf8'));
const trust = async () => parseTrust(bytes(JSON.stringify(await world.anyone.call(kernelWire.trust, {}))));

const fetchedOnce = async (login: string, notice: string, how: 'inbox' | 'read'): Promise<Uint8Array> => {
  const answer = await (await world.as(login)).raw(cases.noticeProof, { params: { notice }, query: { how } });
  return new Uint8Array(await answer.arrayBuffer());
};
/** Waits until the log holds it. */
const fetched = (login: string, notice: string, how: 'inbox' | 'read'): Promise<Uint8Array> =>
  until(world, () =>
    fetchedOnce(login, notice, how).catch((error) => {
      if (error.problem?.code !== 'papers.notReady') throw error;
      return undefined;
    }),
  );
const documentIn = (bundle: Uint8Array) => JSON.parse(Buffer.from(bundle).toString('utf8')).document;

const readIt = async (login: string, notice: string): Promise<void> => {
  await (await world.as(login)).call(cases.readNotice, { params: { notice } });
  await world.settle();
};

test('both sides can prove service and reading offline; strangers get nothing', async () => {
  const made = await complain(world, '送达须能证明');
  await world.settle();
  expect(await refusalOf(fetched('operator.service', made.notice, 'read'))).toBe('kernel.unknown');
  await readIt('operator.service', made.notice);
  for (const login of ['operator.service', 'citylogistics.trader'])
    for (const how of ['inbox', 'read'] as const) {
      const bundle = await fetched(login, made.notice, how);
      const report = await verifyBundle(bundle, await trust());
      expect(report).toMatchObject({ ok: true, title: { zh: '送达回证' } });
      expect(documentIn(bundle)).toMatchObject({
        notice: made.notice,
        case: made.case,
        receiver: world.seeded.organisations.operator,
        how,
        serves: how === 'inbox',
        text: { zh: expect.stringContaining('送达须能证明') },
        ...(how === 'read' ? { by: world.seeded.people['operator.service'] } : {}),
      });
    }
  for (const login of ['merchant.admin', 'registrar.clerk'])
    expect(await refusalOf(fetched(login, made.notice, 'inbox'))).toBe('kernel.unknown');
});

test('a party that sees the public part of a case sees its own notices, and those of nobody else', async () => {
  const made = await complain(world, '被投诉方看什么');
  const service = await world.as('operator.service');
  const respondents = [world.seeded.organisations.merchant!];
  const body = { move: 'take', input: { respondents } };
  await service.call(cases.move, { params: { case: made.case }, body });
  await world.settle();
  const seen = async (login: string) =>
    (await (await world.as(login)).call(cases.caseNotices, { params: { case: made.case } })).items;
  const own = await seen('merchant.trader');
  expect(own.map((one) => one.participant)).toEqual(respondents);
  expect((await seen('operator.service')).length).toBe(3);
  expect(documentIn(await fetched('merchant.trader', own[0]!.id, 'inbox'))).toMatchObject({ receiver: respondents[0] });
  expect(await refusalOf(fetched('merchant.trader', made.notice, 'inbox'))).toBe('kernel.unknown');
  expect(await refusalOf(letters(world, 'merchant.trader', made.notice))).toBe('kernel.unknown');
});

test('one word changed, or another log, and it proves nothing', async () => {
  const made = await complain(world, '不得改动');
  await world.settle();
  const bundle = Buffer.from(await fetched('operator.service', made.notice, 'inbox')).toString('utf8');
  expect((await verifyBundle(bytes(bundle), await trust())).ok).toBe(true);
  expect((await verifyBundle(bytes(bundle.replace('不得改动', '可以改动')), await trust())).ok).toBe(false);
  const other = await testExchange({ seeded: false });
  try {
    const theirs = JSON.stringify(await other.anyone.call(kernelWire.trust, {}));
    expect((await verifyBundle(bytes(bundle), parseTrust(bytes(theirs)))).ok).toBe(false);
  } finally {
    await other.end();
  }
});

test('the public log shows that something was served, not what or on whom', async () => {
  const made = await complain(world, '日志里看不出');
  await world.settle();
  const { rows } = await world.exchange.kernel.database.pool.query<{ entry: Buffer; title: unknown }>(
    `select entry, title from log_entries where kind = 'serviceProof'`,
  );
  expect(rows.length).toBeGreaterThan(0);
  for (const { entry, title } of rows) {
    expect(title).toBeNull();
    expect(Object.keys(JSON.parse(entry.toString('utf8'))).sort()).toEqual(['commitment', 'form', 'kind', 'v']);
    expect(entry.toString('utf8')).not.toMatch(new RegExp(`${made.notice}|serviceProof`));
  }
});

test('where service counts from reading, the proof of reading says so', async () => {
  const receiver = world.seeded.organisations.citylogistics!;
  const notice = await world.exchange.kernel.database.tx(systemActor('test'), (tx) =>
    world.exchange.cases.serve(tx, {
      to: receiver,
      caseId: null,
      subject: 'x',
      title: '自签收之日起算',
      dueAt: null,
      // A compatibility ideograph: served as written, signed in NFC.
      text: { zh: '请签收 \uf9d8', en: 'please receive' },
      deemedServed: 'onRead',
      startsClocks: [],
      at: tx.now,
    }),
  );
  await world.settle();
  expect(documentIn(await fetched('citylogistics.trader', notice, 'inbox'))).toMatchObject({ serves: false });
  await readIt('citylogistics.trader', notice);
  expect(documentIn(await fetched('citylogistics.trader', notice, 'read'))).toMatchObject({
    serves: true,
    how: 'read',
  });
});
