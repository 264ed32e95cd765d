/** Credit notes that the supplier keeps silent about, and those that the operator does not agree to give back. */
import * as wire from '@shugu/wire/settlement';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sql } from '../kernel/db/db.ts';
import { creditOnSilence } from './credit-rules.ts';
import { dealsOn } from './testing.deals.ts';
import { type Client, refusal, startSettlementServer, type TestServer } from './testing.server.ts';

let server: TestServer;
const { openFor, contract, use, funds } = dealsOn(() => server);
let buyer: Client;
let supplier: Client;
let approver: Client;
beforeAll(async () => {
  server = await startSettlementServer();
  buyer = await openFor('bank.finance', '40000000');
  supplier = await openFor('xingsha.finance');
  approver = await server.as('operator.settlementapprover');
});
afterAll(() => server?.close());

/** A month whose fee of so many fen is paid, and a note of 30 per cent of it. */
const credited = async (calls: bigint): Promise<string> => {
  const order = await contract({ estimate: 20_000_000n });
  await use(order, calls);
  await server.tx((tx) =>
    server.settlement.proposeCredit(tx, {
      assessment: `svp_${order.slice(4)}`,
      order,
      grant: `grt_${order.slice(4)}`,
      title: '货车宝',
      period: '2026-03',
      from: new Date('2026-03-01T16:00:00Z'),
      until: new Date('2026-03-31T16:00:00Z'),
      spread: null,
      findings: [{ level: 'availability', target: 99.5, measured: 60, missedPercent: 39.7 }],
      tiers: [],
      requests: 100,
      digest: 'sha256:00',
    }),
  );
  const { items } = await supplier.call(wire.listCredits, { query: {} });
  return items.find((one) => one.order === order)!.id;
};
const seen = (id: string, client = buyer) => client.call(wire.readCredit, { params: { id } });
/** To noon in Beijing; then every clock of the room has looked twice, and the bank has done what it was asked. */
const moveTo = async (day: string): Promise<void> => {
  server.clock.moveTo(new Date(`${day}T12:00:00+08:00`));
  for (const _ of [1, 2]) for (const tick of server.settlement.ticks!) await tick.run(server.clock.now());
  await server.settle();
};
const told = async (key: string, subject: string, words: string): Promise<number> =>
  (
    await server.database.rows<{ text: { zh: string; en: string } }>(
      sql`select text from notices where participant = ${server.org(key)} and subject = ${subject}`,
    )
  ).filter(({ text }) => `${text.zh} ${text.en}`.includes(words)).length;

test('a note that the supplier does not answer counts as accepted after notice, and is given back', async () => {
  // Thursday before Labour Day: 1 to 5 May are free, Saturday the 9th is worked.
  await moveTo('2026-04-30');
  const [silent, answered] = [await credited(1_000_000n), await credited(1_000_000n)];
  expect(await seen(silent)).toMatchObject({ state: 'proposed', dueAt: '2026-05-18T16:00:00.000Z', bySilence: false });
  expect(await told('xingsha', silent, '2026-05-18')).toBe(1);
  await moveTo('2026-05-18');
  expect(await told('bank', silent, '逾期')).toBe(0);
  await moveTo('2026-05-19');
  expect(await seen(silent)).toMatchObject({ state: 'proposed', dueAt: '2026-05-26T16:00:00.000Z' });
  for (const side of ['bank', 'xingsha']) expect(await told(side, silent, '2026-05-26')).toBe(1);
  // An answer in the days after the notice still counts.
  const contest = { params: { id: answered }, body: { reason: '机房停电，属不可抗力' } };
  expect((await supplier.call(wire.contestCredit, contest)).state).toBe('contested');
  await moveTo('2026-05-26');
  expect((await seen(silent)).state).toBe('proposed');
  const before = BigInt((await funds('bank.finance'))!.available);
  await moveTo('2026-05-27');
  // A fee of 3,500 yuan.
  expect(await seen(silent, supplier)).toMatchObject({ state: 'settled', bySilence: true, amount: '105000' });
  expect(BigInt((await funds('bank.finance'))!.available) - before).toBe(105_000n);
  for (const side of ['bank', 'xingsha']) expect(await told(side, silent, '供方逾期未答复，视为接受')).toBe(1);
  expect(await seen(answered)).toMatchObject({ state: 'contested', bySilence: false });
  expect(await refusal(supplier.call(wire.acceptCredit, { params: { id: silent } }))).toBe('settlement.stateWrong');
});

test('one above what the operator gives back alone, refused by its second person, is not settled', async () => {
  const id = await credited(40_000_000n);
  const accepted = await supplier.call(wire.acceptCredit, { params: { id } });
  expect(accepted).toMatchObject({ state: 'settled', amount: '4200000' });
  const [refund] = accepted.refunds;
  const before = (await funds('bank.finance'))!.available;
  await approver.call(wire.refuseRefund, { params: { id: refund! }, body: {} });
  await server.settle();
  expect(await seen(id)).toMatchObject({ state: 'refused', refunds: [refund] });
  expect((await funds('bank.finance'))!.available).toBe(before);
  for (const side of ['bank', 'xingsha']) expect(await told(side, id, '42000.00')).toBe(1);
  expect((await server.events('settlement.credit.refused')).map(({ subject }) => subject)).toEqual([id]);
  expect((await buyer.call(wire.listCredits, { query: { state: 'refused' } })).items.map((one) => one.id)).toEqual([
    id,
  ]);
});

test('one from before this clock gets its notice first', () => {
  const at = new Date('2026-03-02T01:00:00Z');
  const old = { dueAt: null, remindedAt: null, closesAt: null, createdAt: at } as const;
  expect(creditOnSilence({ ...old, state: 'proposed' }, at)).toBe('remind');
  expect(creditOnSilence({ ...old, state: 'proposed', remindedAt: at, closesAt: null }, at)).toBe('wait');
  expect(creditOnSilence({ ...old, state: 'contested' }, at)).toBe('wait');
});
