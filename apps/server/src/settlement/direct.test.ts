/** What the parties settle themselves: the exchange's fee on it, and what of it is taken back, as the right people and the wrong ones. */
import * as wire from '@shugu/wire/settlement';
import readXlsx from 'read-excel-file/node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dayOf } from '../kernel/calendar/calendar.ts';
import { sql } from '../kernel/db/db.ts';
import { dealsOn } from './testing.deals.ts';
import { type Client, refusal, startSettlementServer, type TestServer } from './testing.server.ts';

let server: TestServer;
const { openFor, contract, use, funds } = dealsOn(() => server);
let buyer: Client;
let supplier: Client;
let clerk: Client;
let approver: Client;
let stranger: Client;
beforeAll(async () => {
  server = await startSettlementServer();
  buyer = await openFor('bank.finance');
  supplier = await openFor('xingsha.finance');
  stranger = await openFor('citylogistics.finance');
  await openFor('operator.settlement');
  clerk = await server.as('operator.settlement');
  approver = await server.as('operator.settlementapprover');
});
afterAll(() => server?.close());

const file = { name: '回单.pdf', mediaType: 'application/pdf', content: Buffer.from('%PDF 样张').toString('base64') };
/** 100,000 calls at 0.0035 yuan: 35,000 fen, of which 2 % are the exchange's. */
const paidDirectly = async (): Promise<string> => {
  const id = await use(await contract({ way: 'direct' }), 100_000n);
  const filed = await buyer.call(wire.fileProof, {
    params: { id },
    body: { amountFen: '35000', paidOn: '2026-03-30', file },
  });
  await supplier.call(wire.answerProof, { params: { id: filed.proofs[0]!.id }, body: { received: true } });
  return id;
};
const read = (client: Client, id: string) => client.call(wire.readStatement, { params: { id } });
const pay = (client: Client, id: string, amountFen: string) =>
  client.call(wire.payFee, { params: { id }, body: { amountFen } });
const ask = (client: Client, id: string, amountFen: string, reason = '部分数据不符合约定') =>
  client.call(wire.askRefund, { params: { id }, body: { amountFen, reason } });
const agree = (client: Client, id: string) => client.call(wire.agreeRefund, { params: { id }, body: {} });
const receive = (client: Client, id: string) => client.call(wire.receiveRefund, { params: { id }, body: {} });
const deposit = (client: Client, amountFen: string) => client.call(wire.simulateDeposit, { body: { amountFen } });
const noticesTo = (key: string, subject: string) =>
  server.database.rows<{ text: { en: string } }>(
    sql`select text from notices where participant = ${server.org(key)} and subject = ${subject} order by created_at, id`,
  );
const balance = async (account: string): Promise<bigint> => {
  const row = await server.database.first<{ fen: number }>(
    sql`select fen from ledger_balances where account = ${account}`,
  );
  return BigInt(row?.fen ?? 0);
};
/** The fee's row and the ledger say the same. */
const inStep = async (id: string) => {
  const fee = (await read(supplier, id)).fee!;
  const member = server.org('xingsha');
  expect([await balance(`feeReceivable:${member}:${id}`), -(await balance(`feeReturnable:${member}:${id}`))]).toEqual([
    BigInt(fee.owed),
    BigInt(fee.returnable),
  ]);
  return fee;
};
/** Transactions of a journal whose amounts do not sum to nothing. */
const unbalanced = (journal: string): string[] =>
  journal
    .split('\n\n')
    .slice(1)
    .filter((entry) => {
      const amounts = [...entry.matchAll(/ {2}(-?[\d.]+) CNY/g)].map(([, yuan]) => BigInt(yuan!.replace('.', '')));
      return amounts.reduce((sum, fen) => sum + fen, 0n) !== 0n;
    });

describe('the fee', () => {
  test('is owed by the supplier once it has confirmed the money, and by nobody before', async () => {
    const id = await use(await contract({ way: 'direct' }), 100_000n);
    expect((await read(supplier, id)).fee).toBeNull();
    expect(await refusal(pay(supplier, id, '700'))).toBe('settlement.stateWrong');
    const invoice = (number: string) =>
      clerk.call(wire.recordInvoice, { params: { id }, body: { number, day: '2026-04-01' } });
    expect(await refusal(invoice('26430000000000000101'))).toBe('settlement.stateWrong');
    const half = async (amountFen: string) => {
      const { proofs } = await buyer.call(wire.fileProof, {
        params: { id },
        body: { amountFen, paidOn: '2026-03-30', file },
      });
      await supplier.call(wire.answerProof, { params: { id: proofs.at(-1)!.id }, body: { received: true } });
    };
    await half('20000');
    expect((await read(supplier, id)).fee).toBeNull();
    await half('15000');

    // The second of March 2026 is a Monday: ten working days later it is the sixteenth.
    expect(await inStep(id)).toMatchObject({
      charged: '700',
      owed: '700',
      returnable: '0',
      dueOn: '2026-03-16',
      overdue: false,
      state: 'owed',
      member: { id: server.org('xingsha') },
    });
    expect(await server.events('settlement.fee.owed')).toContainEqual(expect.objectContaining({ subject: id }));
    expect((await noticesTo('xingsha', id)).at(-1)?.text.en).toContain('CNY 7.00 is due by 2026-03-16');
    expect((await invoice('26430000000000000102')).invoices).toMatchObject([
      { kind: 'fee', gross: '700', tax: '40', buyer: { id: server.org('xingsha') } },
    ]);

    expect((await read(supplier, id)).next).toMatchObject({
      who: 'supplier',
      en: expect.stringContaining('2026-03-16'),
    });
    expect((await read(buyer, id)).next.who).toBe('nobody');

    // The buyer has no part in it, a stranger does not know it, the desk sees it among all.
    expect((await read(buyer, id)).fee).toBeNull();
    expect((await read(clerk, id)).fee).toMatchObject({ owed: '700' });
    const listed = async (client: Client) =>
      (await client.call(wire.listFees, { query: {} })).items.map(({ statement }) => statement);
    expect(await listed(supplier)).toContain(id);
    expect(await listed(clerk)).toContain(id);
    expect(await listed(buyer)).toEqual([]);
    expect(await listed(stranger)).toEqual([]);
    expect(await refusal(pay(buyer, id, '700'))).toBe('kernel.notPermitted');
    expect(await refusal(pay(stranger, id, '700'))).toBe('kernel.unknown');
    expect(await refusal(pay(clerk, id, '700'))).toBe('kernel.unknown');
    expect(await refusal(pay(await server.as('xingsha.trader'), id, '700'))).toBe('kernel.unknown');
    expect((await clerk.call(wire.readOverview, {})).counts).toMatchObject({ feesOpen: 1, feesOverdue: 0 });

    expect(await refusal(pay(supplier, id, '699'))).toBe('settlement.amountDiffers');
    expect(await refusal(pay(supplier, id, '700'))).toBe('settlement.fundsShort');
    await deposit(supplier, '1000');
    const before = await funds('operator.settlement');
    expect((await pay(supplier, id, '700')).fee?.state).toBe('paying');
    expect(await refusal(pay(supplier, id, '700'))).toBe('settlement.stateWrong');
    await server.settle();
    expect(await inStep(id)).toMatchObject({ paid: '700', owed: '0', state: 'paid', finishedAt: expect.any(String) });
    expect((await funds('xingsha.finance')).available).toBe('300');
    expect(BigInt((await funds('operator.settlement')).available)).toBe(BigInt(before.available) + 700n);
    const overview = await clerk.call(wire.readOverview, {});
    expect(overview).toMatchObject({ feeIncome: '700', feesOwed: '0', counts: { feesOpen: 0 } });
    expect(await refusal(pay(supplier, id, '700'))).toBe('settlement.stateWrong');
  });

  test('that the bank will not move is owed as before, and paid once when it does', async () => {
    const id = await paidDirectly();
    await deposit(supplier, '700');
    const before = BigInt((await funds('xingsha.finance')).available);
    await server.bank().simulate.faults({ refusalRatio: 1 });
    await pay(supplier, id, '700');
    await server.settle();
    await server.bank().simulate.faults({ refusalRatio: 0 });
    expect(await inStep(id)).toMatchObject({ owed: '700', paid: '0', state: 'owed' });
    const { items } = await clerk.call(wire.listInstructions, { query: { state: 'refused', limit: 100 } });
    const last = items.find(({ effect }) => effect === 'feePaid')!;
    const retry = clerk.call(wire.retryInstruction, { params: { id: last.id }, body: {} });
    expect(await refusal(retry)).toBe('settlement.stateWrong');
    await pay(supplier, id, '700');
    await server.settle();
    expect(await inStep(id)).toMatchObject({ owed: '0', paid: '700', state: 'paid' });
    expect(BigInt((await funds('xingsha.finance')).available)).toBe(before - 700n);
  });

  test('of a price that the bank divides is taken there, and never owed beside it', async () => {
    await openFor('bank.finance', '100000');
    const id = await use(await contract({ way: 'custody' }), 10_000n);
    expect((await read(supplier, id)).fee).toBeNull();
    expect(await refusal(pay(supplier, id, '70'))).toBe('settlement.wayWrong');
  });

  test('that is late is told to supplier and operator, once, and stands on the desk’s list', async () => {
    const id = await paidDirectly();
    const { dueOn } = (await read(supplier, id)).fee!;
    const late = async () =>
      (await clerk.call(wire.listFees, { query: { overdue: 'true' } })).items.map(({ statement }) => statement);
    while (dayOf(server.clock.now()) < dueOn) await server.nextDay();
    expect(await late()).not.toContain(id);
    const told = async () => [(await noticesTo('xingsha', id)).length, (await noticesTo('operator', id)).length];
    const before = await told();
    await server.nextDay();
    await server.nextDay();
    expect(await late()).toContain(id);
    expect(await told()).toEqual([before[0]! + 1, before[1]! + 1]);
    expect((await clerk.call(wire.readOverview, {})).counts.feesOverdue).toBe(1);
    expect((await supplier.call(wire.listFees, { query: { overdue: 'true' } })).items).toMatchObject([
      { statement: id, overdue: true },
    ]);
    await deposit(supplier, '700');
    await pay(supplier, id, '700');
    await server.settle();
    expect(await late()).toEqual([]);
  });
});

describe('a refund of what was paid directly', () => {
  test('is asked for by one side and agreed to by the other; the fee goes down with it', async () => {
    const id = await paidDirectly();
    expect(await refusal(ask(stranger, id, '1'))).toBe('kernel.unknown');
    expect(await refusal(ask(clerk, id, '1'))).toBe('kernel.unknown');
    expect(await refusal(ask(buyer, id, '35001'))).toBe('settlement.amountTooLarge');
    const asked = await ask(buyer, id, '10000');
    expect(asked).toMatchObject({
      state: 'proposed',
      askedBy: 'buyer',
      way: 'direct',
      next: { who: 'supplier' },
      fee: null,
    });
    expect((await noticesTo('xingsha', id)).at(-1)?.text.en).toContain('refund of CNY 100.00');
    expect(await refusal(ask(supplier, id, '25001'))).toBe('settlement.amountTooLarge');
    // Nothing has changed yet, and only the other side can change it.
    expect(await inStep(id)).toMatchObject({ owed: '700', reversed: '0' });
    expect(await refusal(agree(buyer, asked.id))).toBe('kernel.notPermitted');
    expect(await refusal(agree(stranger, asked.id))).toBe('kernel.unknown');
    expect(await refusal(approver.call(wire.approveRefund, { params: { id: asked.id }, body: {} }))).toBe(
      'settlement.stateWrong',
    );
    expect(await refusal(receive(buyer, asked.id))).toBe('settlement.stateWrong');

    const invoice = (body: { number: string; redOf?: string; amountFen?: string }) =>
      supplier.call(wire.recordInvoice, { params: { id }, body: { day: '2026-04-20', ...body } });
    const { invoices } = await invoice({ number: '26430000000000000110' });
    expect(await refusal(agree(supplier, asked.id))).toBe('settlement.invoiceNeedsRed');
    await invoice({ number: '26430000000000000111', redOf: invoices[0]!.id, amountFen: '10000' });
    const agreed = await agree(supplier, asked.id);
    expect(agreed).toMatchObject({ state: 'approved', fee: '200', next: { who: 'supplier' } });
    expect(await inStep(id)).toMatchObject({ charged: '700', reversed: '200', owed: '500', state: 'owed' });
    expect(await refusal(agree(supplier, asked.id))).toBe('settlement.stateWrong');

    const seen = await read(buyer, id);
    // The statement stays as it was issued; the reversal is a paper of its own.
    expect(seen).toMatchObject({ total: '35000', state: 'settled', refunds: [{ id: asked.id, amount: '10000' }] });
    expect(seen.papers).toContainEqual(expect.objectContaining({ kind: 'refundNote', number: `${seen.number}-T1` }));
    const note = seen.papers.find(({ kind }) => kind === 'refundNote')!;
    expect((await server.kernel.issue.read(server.database, note.id))?.document).toMatchObject({
      document: { refundFen: '10000', leftFen: '25000', reason: '部分数据不符合约定' },
    });
    const { body } = await server.bytes('xingsha.finance', `/api/settlement/statements/${id}/xlsx`);
    const [sheet] = await readXlsx(body);
    expect(sheet!.data).toContainEqual([expect.any(String), '部分数据不符合约定', -100, null, null, null]);
    expect(sheet!.data).toContainEqual([7, 2, 0, 0, 5, expect.any(String)]);

    expect(await refusal(receive(supplier, asked.id))).toBe('kernel.notPermitted');
    expect(await refusal(receive(stranger, asked.id))).toBe('kernel.unknown');
    expect((await receive(buyer, asked.id)).state).toBe('done');
    expect(await refusal(receive(buyer, asked.id))).toBe('settlement.stateWrong');
    expect((await server.events('settlement.refund.done')).map(({ subject }) => subject)).toContain(asked.id);

    await deposit(supplier, '500');
    await pay(supplier, id, '500');
    await server.settle();
    expect(await inStep(id)).toMatchObject({ paid: '500', owed: '0', state: 'paid' });
  });

  test('can be declined, or taken back, with a reason, and asked for again', async () => {
    const id = await paidDirectly();
    const decline = (client: Client, refund: string) =>
      client.call(wire.declineRefund, { params: { id: refund }, body: { reason: '数据符合约定' } });
    const first = await ask(buyer, id, '35000');
    expect(await refusal(decline(stranger, first.id))).toBe('kernel.unknown');
    expect(await decline(supplier, first.id)).toMatchObject({ state: 'refused', answer: '数据符合约定' });
    expect(await refusal(agree(supplier, first.id))).toBe('settlement.stateWrong');
    const second = await ask(supplier, id, '5000', '主动退款');
    expect(await decline(supplier, second.id)).toMatchObject({ state: 'refused', askedBy: 'supplier' });
    expect(await inStep(id)).toMatchObject({ owed: '700', reversed: '0' });
    const third = await ask(supplier, id, '35000', '主动退款');
    expect(await refusal(agree(supplier, third.id))).toBe('kernel.notPermitted');
    await agree(buyer, third.id);
    expect(await inStep(id)).toMatchObject({ owed: '0', reversed: '700', paid: '0', state: 'reversed' });
    expect(await refusal(pay(supplier, id, '700'))).toBe('settlement.stateWrong');
    expect(await refusal(ask(buyer, id, '1'))).toBe('settlement.amountTooLarge');
  });

  test('gives the fee back that was paid, as soon as the operator’s account has it', async () => {
    const id = await paidDirectly();
    await deposit(supplier, '700');
    await pay(supplier, id, '700');
    await server.settle();
    // The operator has taken its money out of the bank.
    const { available } = await funds('operator.settlement');
    await clerk.call(wire.requestPayout, { body: { amountFen: available } });
    await server.settle();
    const before = await funds('xingsha.finance');
    const { id: refund } = await ask(buyer, id, '17500');
    await agree(supplier, refund);
    await server.settle();
    expect(await inStep(id)).toMatchObject({ paid: '700', reversed: '350', returnable: '350', returned: '0' });
    await deposit(clerk, '400');
    await server.nextDay();
    await server.settle();
    expect(await inStep(id)).toMatchObject({ returnable: '0', returned: '350', owed: '0', state: 'paid' });
    expect(BigInt((await funds('xingsha.finance')).available)).toBe(BigInt(before.available) + 350n);
    expect((await funds('operator.settlement')).available).toBe('50');
  });

  test('that comes between a payment and the bank’s word on it loses nothing', async () => {
    const id = await paidDirectly();
    await deposit(supplier, '700');
    const before = BigInt((await funds('xingsha.finance')).available);
    // The bank takes the payment, and says nothing of it before it is told to go on.
    const hour = 3_600_000;
    await server.bank().simulate.faults({ delayMsMin: hour, delayMsMax: hour });
    await pay(supplier, id, '700');
    const { id: refund } = await ask(buyer, id, '7000');
    await agree(supplier, refund);
    expect(await inStep(id)).toMatchObject({ state: 'paying', reversed: '140' });
    await server.bank().simulate.faults({ delayMsMin: 0, delayMsMax: 0 });
    await server.bank().simulate.flush();
    await server.settle();
    expect(await inStep(id)).toMatchObject({ paid: '700', returned: '140', owed: '0', returnable: '0', state: 'paid' });
    expect(BigInt((await funds('xingsha.finance')).available)).toBe(before - 560n);
  });

  test('is between buyer and supplier: a right holder of the price sees none of it', async () => {
    const id = await use(await contract({ way: 'direct', shares: true }), 100_000n);
    const { proofs } = await buyer.call(wire.fileProof, {
      params: { id },
      body: { amountFen: '35000', paidOn: '2026-03-30', file },
    });
    await supplier.call(wire.answerProof, { params: { id: proofs[0]!.id }, body: { received: true } });
    const { id: refund } = await ask(buyer, id, '100');
    const holder = await server.as('mapping.finance');
    expect(await read(holder, id)).toMatchObject({ total: null, refunds: [], fee: null });
    expect(await refusal(agree(holder, refund))).toBe('kernel.unknown');
    const listed = async (client: Client) =>
      (await client.call(wire.listRefunds, { query: { limit: 100 } })).items.map((one) => one.id);
    expect(await listed(holder)).toEqual([]);
    expect(await listed(stranger)).toEqual([]);
    for (const client of [buyer, supplier, clerk]) expect(await listed(client)).toContain(refund);
    await agree(supplier, refund);
    expect((await read(holder, id)).papers.map(({ kind }) => kind)).toEqual(['statementShare']);
  });

  test('is decided by two people of the operator where the sides do not agree', async () => {
    const id = await paidDirectly();
    const refund = await clerk.call(wire.proposeRefund, {
      body: { statement: id, amountFen: '500', reason: '投诉处理决定' },
    });
    expect(refund).toMatchObject({
      state: 'proposed',
      twoPeople: true,
      askedBy: 'operator',
      next: { who: 'operator' },
    });
    expect(await refusal(agree(supplier, refund.id))).toBe('kernel.notPermitted');
    const decline = supplier.call(wire.declineRefund, { params: { id: refund.id }, body: { reason: '不同意' } });
    expect(await refusal(decline)).toBe('kernel.notPermitted');
    const decided = await approver.call(wire.approveRefund, { params: { id: refund.id }, body: {} });
    expect(decided).toMatchObject({ state: 'approved', shares: [], fee: '10' });
    expect(await inStep(id)).toMatchObject({ reversed: '10', owed: '690' });
    expect((await receive(buyer, refund.id)).state).toBe('done');
  });
});

test('the books balance for everyone who reads them, and the bank says the same', async () => {
  for (const [login, path] of [
    ['operator.settlement', '/api/settlement/journal'],
    ['operator.settlement', '/api/settlement/journal/own'],
    ['xingsha.finance', '/api/settlement/journal/own'],
    ['bank.finance', '/api/settlement/journal/own'],
  ] as const) {
    const journal = (await server.bytes(login, path)).body.toString();
    expect(unbalanced(journal), `${login} ${path}`).toEqual([]);
    expect(journal.includes('应收服务费')).toBe(login !== 'bank.finance');
  }
  const day = dayOf(server.clock.now());
  const compared = await clerk.call(wire.runReconciliation, { body: { day } });
  expect([compared.differences, compared.ours]).toEqual([0, compared.theirs]);
  const { items } = await clerk.call(wire.listReconciliations, { query: { limit: 100 } });
  expect(items.filter(({ differences }) => differences > 0)).toEqual([]);
});
