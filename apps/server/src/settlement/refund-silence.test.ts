/** Refunds that the parties settle themselves and that one of them keeps silent about: notice, then the operator's rule. */
import * as wire from '@shugu/wire/settlement';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sql } from '../kernel/db/db.ts';
import { refundOnSilence } from './rules.ts';
import { dealsOn } from './testing.deals.ts';
import { type Client, refusal, startSettlementServer, type TestServer } from './testing.server.ts';

let server: TestServer;
const { openFor, contract, use } = dealsOn(() => server);
let buyer: Client;
let supplier: Client;
let clerk: Client;
let stranger: Client;
beforeAll(async () => {
  server = await startSettlementServer();
  buyer = await openFor('bank.finance');
  supplier = await openFor('xingsha.finance');
  stranger = await openFor('citylogistics.finance');
  clerk = await server.as('operator.settlement');
});
afterAll(() => server?.close());

const file = { name: '回单.pdf', mediaType: 'application/pdf', content: Buffer.from('%PDF 样张').toString('base64') };
const paidDirectly = async (): Promise<string> => {
  const id = await use(await contract({ way: 'direct' }), 100_000n);
  const { proofs } = await buyer.call(wire.fileProof, {
    params: { id },
    body: { amountFen: '35000', paidOn: '2026-03-01', file },
  });
  await supplier.call(wire.answerProof, { params: { id: proofs[0]!.id }, body: { received: true } });
  return id;
};
const ask = (client: Client, id: string) =>
  client.call(wire.askRefund, { params: { id }, body: { amountFen: '10000', reason: '部分数据不符合约定' } });
const agree = (client: Client, id: string) => client.call(wire.agreeRefund, { params: { id }, body: {} });
const repay = (client: Client, id: string, paidOn: string) =>
  client.call(wire.repayRefund, { params: { id }, body: { paidOn } });
const receive = (client: Client, id: string, body: { received?: boolean; reason?: string } = {}) =>
  client.call(wire.receiveRefund, { params: { id }, body });
const seen = async (client: Client, id: string) =>
  (await client.call(wire.listRefunds, { query: { limit: 100 } })).items.find((one) => one.id === id)!;
/** To noon in Beijing; then every clock of the room has looked twice. */
const moveTo = async (day: string): Promise<void> => {
  server.clock.moveTo(new Date(`${day}T12:00:00+08:00`));
  for (const _ of [1, 2]) for (const tick of server.settlement.ticks!) await tick.run(server.clock.now());
};
const notices = async (key: string, subject: string): Promise<string[]> =>
  (
    await server.database.rows<{ text: { zh: string; en: string } }>(
      sql`select text from notices where participant = ${server.org(key)} and subject = ${subject} order by created_at, id`,
    )
  ).map(({ text }) => `${text.zh} ${text.en}`);
const about = async (key: string, subject: string, words: string): Promise<number> =>
  (await notices(key, subject)).filter((one) => one.includes(words)).length;
/** What the supplier is owed and owes by the books, of deals that are settled but for a refund. */
const supplierBooks = async (): Promise<bigint> =>
  BigInt(
    (
      await server.database.one<{ fen: string }>(
        sql`select coalesce(sum(fen), 0)::text as fen from ledger_balances where account like ${`directOwed:${server.org('xingsha')}:%`}`,
      )
    ).fen,
  );

test('a request that the other side does not answer lapses after notice, over a holiday and a make-up Saturday', async () => {
  const id = await paidDirectly();
  // Thursday before Labour Day: 1 to 5 May are free, Saturday the 9th is worked.
  await moveTo('2026-04-30');
  const { id: refund, dueAt } = await ask(buyer, id);
  expect(dueAt).toBe('2026-05-11T16:00:00.000Z');
  expect((await seen(supplier, refund)).next).toMatchObject({
    who: 'supplier',
    zh: expect.stringContaining('2026-05-11 前'),
    en: expect.stringContaining('by 2026-05-11'),
  });
  await moveTo('2026-05-11');
  expect(await about('xingsha', id, '逾期')).toBe(0);
  await moveTo('2026-05-12');
  // Five working days from the notice on Tuesday the 12th.
  expect(await seen(buyer, refund)).toMatchObject({ state: 'proposed', closesAt: '2026-05-19T16:00:00.000Z' });
  for (const side of ['bank', 'xingsha']) expect(await about(side, id, '2026-05-19')).toBe(1);
  await moveTo('2026-05-19');
  expect((await seen(buyer, refund)).state).toBe('proposed');
  await moveTo('2026-05-20');
  expect(await seen(supplier, refund)).toMatchObject({ state: 'refused', bySilence: true, next: { who: 'nobody' } });
  for (const side of ['bank', 'xingsha']) expect(await about(side, id, '申请已失效')).toBe(1);
  expect(await refusal(agree(supplier, refund))).toBe('settlement.stateWrong');
  // Nothing was given back by silence, and it can be asked for anew.
  expect((await supplier.call(wire.readStatement, { params: { id } })).fee).toMatchObject({ reversed: '0' });
  expect(await ask(buyer, id)).toMatchObject({ state: 'proposed' });
});

test('an answer in the days after the notice still counts; an offer that the buyer leaves lies as a request does', async () => {
  const id = await paidDirectly();
  await moveTo('2026-06-01');
  const [first, second] = [await ask(supplier, id), await ask(supplier, id)];
  await moveTo('2026-06-09');
  await agree(buyer, first.id);
  await moveTo('2026-06-17');
  expect((await seen(buyer, first.id)).state).toBe('approved');
  expect(await seen(buyer, second.id)).toMatchObject({ state: 'refused', bySilence: true });
});

test('a refund that the supplier says it paid counts as received when the buyer says nothing after notice', async () => {
  const id = await paidDirectly();
  await moveTo('2026-07-01');
  const { id: refund } = await ask(buyer, id);
  expect(await refusal(repay(supplier, refund, '2026-07-01'))).toBe('settlement.stateWrong');
  await agree(supplier, refund);
  const before = await supplierBooks();
  expect((await seen(buyer, refund)).next.who).toBe('supplier');
  expect(await refusal(repay(buyer, refund, '2026-07-01'))).toBe('kernel.notPermitted');
  for (const client of [stranger, clerk])
    expect(await refusal(repay(client, refund, '2026-07-01'))).toBe('kernel.unknown');
  expect(await refusal(repay(supplier, refund, '2026-07-02'))).toBe('kernel.invalid');
  expect(await refusal(receive(buyer, refund, { received: false, reason: '未到账' }))).toBe('settlement.stateWrong');

  // It did not come: the supplier looks into it and pays again.
  expect(await repay(supplier, refund, '2026-07-01')).toMatchObject({ repaidOn: '2026-07-01', next: { who: 'buyer' } });
  expect(await refusal(repay(supplier, refund, '2026-07-01'))).toBe('settlement.stateWrong');
  expect(await about('bank', id, 'paid CNY 100.00 back on 2026-07-01')).toBe(1);
  expect(await refusal(receive(buyer, refund, { received: false }))).toBe('kernel.invalid');
  const back = await receive(buyer, refund, { received: false, reason: '账户未到账' });
  expect(back).toMatchObject({ state: 'approved', repaidOn: null, answer: '账户未到账', next: { who: 'supplier' } });
  expect(await about('xingsha', id, '账户未到账')).toBe(1);

  await moveTo('2026-07-06');
  expect((await repay(supplier, refund, '2026-07-06')).dueAt).toBe('2026-07-13T16:00:00.000Z');
  await moveTo('2026-07-13');
  expect(await about('bank', id, '视为已收到')).toBe(0);
  await moveTo('2026-07-14');
  expect(await about('bank', id, '2026-07-21')).toBe(1);
  await moveTo('2026-07-21');
  expect((await seen(buyer, refund)).state).toBe('approved');
  expect(await supplierBooks()).toBe(before);
  await moveTo('2026-07-22');
  expect(await seen(buyer, refund)).toMatchObject({ state: 'done', bySilence: true, next: { who: 'nobody' } });
  expect((await supplierBooks()) - before).toBe(-10_000n);
  expect((await server.events('settlement.refund.done')).map(({ subject }) => subject)).toContain(refund);
  expect(await refusal(receive(buyer, refund))).toBe('settlement.stateWrong');
});

test('a debt is not closed by silence: both and the operator are told once that it is late', async () => {
  const id = await paidDirectly();
  await moveTo('2026-08-03');
  const { id: refund } = await ask(buyer, id);
  expect(await agree(supplier, refund)).toMatchObject({ dueAt: '2026-08-17T16:00:00.000Z' });
  await moveTo('2026-08-18');
  await moveTo('2026-09-30');
  expect(await seen(buyer, refund)).toMatchObject({ state: 'approved', closesAt: null, next: { who: 'supplier' } });
  for (const one of ['bank', 'xingsha', 'operator']) expect(await about(one, id, '逾期未退还')).toBe(1);
  expect((await receive(buyer, refund)).state).toBe('done');
});

test('one from before this clock gets its notice first', () => {
  const at = new Date('2026-03-02T01:00:00Z');
  const old = {
    askedBy: 'buyer',
    repaidOn: null,
    dueAt: null,
    remindedAt: null,
    closesAt: null,
    createdAt: at,
  } as const;
  expect(refundOnSilence({ ...old, state: 'proposed' }, at)).toBe('remind');
  expect(refundOnSilence({ ...old, state: 'proposed', askedBy: 'operator' }, at)).toBe('wait');
  expect(refundOnSilence({ ...old, state: 'done' }, at)).toBe('wait');
});
