import * as wire from '@shugu/wire/settlement';
import readXlsx from 'read-excel-file/node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sql } from '../kernel/db/db.ts';
import { makeJobs } from '../kernel/jobs.ts';
import { dealsOn } from './testing.deals.ts';
import { type Client, refusal, startSettlementServer, type TestServer } from './testing.server.ts';

let server: TestServer;
const { openFor, contract, use, funds } = dealsOn(() => server);
let buyer: Client;
let supplier: Client;
let clerk: Client;
let approver: Client;
beforeAll(async () => {
  server = await startSettlementServer();
  buyer = await openFor('bank.finance', '50000000');
  supplier = await openFor('xingsha.finance');
  clerk = await server.as('operator.settlement');
  approver = await server.as('operator.settlementapprover');
});
afterAll(() => server?.close());

const state = async (id: string) => (await buyer.call(wire.readStatement, { params: { id } })).state;
const call = <E extends Parameters<Client['call']>[0]>(
  client: Client,
  endpoint: E,
  params: Record<string, string>,
  body: Record<string, unknown>,
) => client.call(endpoint, { params, body } as never) as Promise<Record<string, unknown>>;

describe('postpaid: bill, agreement, invoice, payment, write-off, split', () => {
  test('with a difference that both sides settle', async () => {
    const order = await contract({ way: 'postpaid', shares: true });
    expect((await funds('bank.finance')).held).toBe('0');
    const id = await use(order, 100_000n);
    expect(await state(id)).toBe('issued');
    expect(
      await refusal(call(supplier, wire.recordInvoice, { id }, { number: '26430000000000000001', day: '2026-03-31' })),
    ).toBe('settlement.stateWrong');

    await call(supplier, wire.answerBill, { id }, { amountFen: '35000' });
    expect(await refusal(call(buyer, wire.answerBill, { id }, { amountFen: '34000' }))).toBe('kernel.invalid');
    await call(buyer, wire.answerBill, { id }, { amountFen: '34000', reason: '其中 2,857 次为失败重试' });
    expect(await state(id)).toBe('differing');
    const agreed = await call(supplier, wire.answerBill, { id }, { amountFen: '34000', reason: '同意扣减' });
    expect(agreed).toMatchObject({ state: 'agreed', total: '34000', rated: '35000', tax: '1925' });
    expect(await refusal(call(buyer, wire.answerBill, { id }, { amountFen: '1', reason: 'x' }))).toBe(
      'settlement.stateWrong',
    );
    expect(await refusal(call(buyer, wire.payBill, { id }, { amountFen: '34000' }))).toBe('settlement.stateWrong');

    expect(
      await refusal(call(buyer, wire.recordInvoice, { id }, { number: '26430000000000000002', day: '2026-04-01' })),
    ).toBe('kernel.notPermitted');
    await call(supplier, wire.recordInvoice, { id }, { number: '26430000000000000002', day: '2026-04-01' });
    expect(
      await refusal(call(supplier, wire.recordInvoice, { id }, { number: '26430000000000000003', day: '2026-04-01' })),
    ).toBe('settlement.stateWrong');
    expect(await refusal(call(buyer, wire.payBill, { id }, { amountFen: '35000' }))).toBe('settlement.amountDiffers');
    expect(await refusal(call(supplier, wire.payBill, { id }, { amountFen: '34000' }))).toBe('kernel.notPermitted');
    await call(buyer, wire.payBill, { id }, { amountFen: '34000' });
    await server.settle();
    expect(await state(id)).toBe('settled');
    // 34,000 − 2 % = 33,320; 70 % and 30 % of it
    expect((await funds('xingsha.finance')).available).toBe('23324');
    expect((await funds('mapping.finance')).available).toBe('9996');
    expect(await funds('bank.finance')).toMatchObject({ available: String(50_000_000 - 34_000), held: '0', due: '0' });
    const fee = await call(clerk, wire.recordInvoice, { id }, { number: '26430000000000000004', day: '2026-04-02' });
    expect((fee.invoices as { kind: string; gross: string }[]).find((one) => one.kind === 'fee')?.gross).toBe('680');
    expect(
      await refusal(
        call(
          clerk,
          wire.recordInvoice,
          { id: await use(await contract({ way: 'postpaid' }), 1_000n) },
          { number: '26430000000000000004', day: '2026-04-02' },
        ),
      ),
    ).toBe('settlement.stateWrong');
  });
});

describe('direct: the parties settle themselves', () => {
  test('proofs are filed by the buyer and confirmed by the supplier; no money passes the books', async () => {
    const before = await funds('bank.finance');
    const id = await use(await contract({ way: 'direct' }), 10_000n);
    const file = {
      name: '回单.pdf',
      mediaType: 'application/pdf',
      content: Buffer.from('%PDF 样张').toString('base64'),
    };
    const proof = (amountFen: string) => call(buyer, wire.fileProof, { id }, { amountFen, paidOn: '2026-03-30', file });
    expect(await refusal(proof('3501'))).toBe('settlement.amountTooLarge');
    const large = { ...file, content: Buffer.alloc(5_000_001).toString('base64') };
    const tooLarge = call(buyer, wire.fileProof, { id }, { amountFen: '1', paidOn: '2026-03-30', file: large });
    expect(await refusal(tooLarge)).toBe('settlement.proofTooLarge');
    await proof('1500');
    const filed = await proof('2000');
    const [first, second] = (filed.proofs as { id: string }[]).map((one) => one.id);
    expect(await refusal(call(buyer, wire.answerProof, { id: first! }, { received: true }))).toBe(
      'kernel.notPermitted',
    );
    await call(supplier, wire.answerProof, { id: first! }, { received: true });
    expect(await state(id)).toBe('issued');
    await call(supplier, wire.answerProof, { id: second! }, { received: false, reason: '未到账' });
    const again = await proof('2000');
    await call(supplier, wire.answerProof, { id: (again.proofs as { id: string }[]).at(-1)!.id }, { received: true });
    expect(await state(id)).toBe('settled');
    expect(await funds('bank.finance')).toEqual(before);
    const stranger = await server.as('citylogistics.finance');
    expect(await refusal(stranger.call(wire.readProofFile, { params: { id: first! } }))).toBe('kernel.unknown');
  });
});

describe('payouts', () => {
  test('small ones go out at once, large ones need two people of the operator', async () => {
    const small = await call(supplier, wire.requestPayout, {}, { amountFen: '3000' });
    await server.settle();
    expect(small).toMatchObject({ twoPeople: false, state: 'approved' });
    expect((await funds('xingsha.finance')).available).toBe('20324');
    expect((await server.events('settlement.payout.paid')).map(({ subject }) => subject)).toContain(small.id);

    expect(await refusal(call(supplier, wire.requestPayout, {}, { amountFen: '20325' }))).toBe('settlement.fundsShort');
    const { id } = (await call(buyer, wire.requestPayout, {}, { amountFen: '20000000' })) as { id: string };
    // Promised to the payout: neither a hold nor a second payout can take it.
    expect(await refusal(call(buyer, wire.requestPayout, {}, { amountFen: '35000000' }))).toBe('settlement.fundsShort');
    expect(await refusal(call(buyer, wire.checkPayout, { id }, {}))).toBe('kernel.unknown');
    expect(await refusal(call(approver, wire.approvePayout, { id }, {}))).toBe('settlement.stateWrong');
    expect(await refusal(call(clerk, wire.approvePayout, { id }, {}))).toBe('kernel.unknown');
    await call(clerk, wire.checkPayout, { id }, {});
    await call(approver, wire.approvePayout, { id }, {});
    await server.settle();
    const { items } = await buyer.call(wire.listPayouts, { query: {} });
    expect(items).toMatchObject([
      { id, state: 'paid', twoPeople: true, accountMasked: expect.stringMatching(/^\*{4}\d{4}$/) },
    ]);
    expect((await (await server.as('citylogistics.finance')).call(wire.listPayouts, { query: {} })).items).toEqual([]);
  });
});

describe('refunds', () => {
  test('take the payment back from everyone who got it, after the red invoice', async () => {
    const id = await use(await contract({ shares: true }), 100_000n);
    const paid = {
      buyer: await funds('bank.finance'),
      supplier: await funds('xingsha.finance'),
      operator: await funds('operator.settlement'),
    };
    const view = await call(
      supplier,
      wire.recordInvoice,
      { id },
      { number: '26430000000000000010', day: '2026-04-03' },
    );
    const blue = (view.invoices as { id: string }[])[0]!.id;
    const propose = (amountFen: string) =>
      call(clerk, wire.proposeRefund, {}, { statement: id, amountFen, reason: '部分数据不符合约定' });
    expect(await refusal(call(buyer, wire.proposeRefund, {}, { statement: id, amountFen: '1', reason: 'x' }))).toBe(
      'kernel.notPermitted',
    );
    expect(await refusal(propose('7001'))).toBe('settlement.invoiceNeedsRed');
    await call(
      supplier,
      wire.recordInvoice,
      { id },
      { number: '26430000000000000011', day: '2026-04-04', redOf: blue, amountFen: '7001' },
    );
    await propose('7001');
    await server.settle();
    expect(BigInt((await funds('bank.finance')).available)).toBe(BigInt(paid.buyer.available) + 7001n);
    // 7,001 in proportion to 24,010 / 10,290 / 700 of 35,000: 4,802.7 / 2,058.3 / 140.0
    expect(BigInt((await funds('xingsha.finance')).available)).toBe(BigInt(paid.supplier.available) - 4803n);
    expect(BigInt((await funds('operator.settlement')).available)).toBe(BigInt(paid.operator.available) - 140n);
    expect(await refusal(propose('28000'))).toBe('settlement.amountTooLarge');
    expect((await buyer.call(wire.listRefunds, { query: {} })).items).toMatchObject([
      { state: 'done', amount: '7001', shares: [] },
    ]);
    expect((await supplier.call(wire.listRefunds, { query: {} })).items).toMatchObject([
      { shares: [{ amount: '4803' }] },
    ]);
    const invoices = (await buyer.call(wire.readStatement, { params: { id } })).invoices;
    expect(invoices.map(({ gross, tax }) => [gross, tax])).toEqual([
      ['35000', '1981'],
      ['-7001', '-396'],
    ]);
  });

  test('large ones need a second person, and payees that still have the money', async () => {
    const id = await use(await contract({ estimate: 2_000_000n }), 5_714_286n);
    await call(supplier, wire.requestPayout, {}, { amountFen: (await funds('xingsha.finance')).available });
    await server.settle();
    const { id: refund } = (await call(
      clerk,
      wire.proposeRefund,
      {},
      { statement: id, amountFen: '1500000', reason: '质量争议' },
    )) as { id: string };
    expect(await refusal(call(clerk, wire.approveRefund, { id: refund }, {}))).toBe('kernel.unknown');
    expect(await refusal(call(approver, wire.approveRefund, { id: refund }, {}))).toBe('settlement.payeeShort');
    await call(supplier, wire.simulateDeposit, {}, { amountFen: '1500000' });
    await call(approver, wire.approveRefund, { id: refund }, {});
    await server.settle();
    expect((await server.events('settlement.refund.done')).map(({ subject }) => subject)).toContain(refund);
  });
});

describe('disputes', () => {
  test('freeze a payee’s money and give it back', async () => {
    await call(supplier, wire.simulateDeposit, {}, { amountFen: '4000' });
    const participant = server.org('xingsha');
    const before = await funds('xingsha.finance');
    await server.tx((tx) => server.settlement.holdForDispute(tx, { dispute: 'dsp_1', participant, fen: 1000n }));
    await server.settle();
    expect(await funds('xingsha.finance')).toMatchObject({
      held: '1000',
      available: String(BigInt(before.available) - 1000n),
    });
    await server.tx((tx) => server.settlement.releaseDispute(tx, { dispute: 'dsp_1', participant }));
    await server.settle();
    expect(await funds('xingsha.finance')).toEqual(before);
  });
});

describe('papers, sheets, journals', () => {
  test('papers of the buyer and of each payee are signed and made', async () => {
    const id = await use(await contract({ shares: true }), 1_000n);
    const { papers } = await clerk.call(wire.readStatement, { params: { id } });
    expect(papers.map(({ kind }) => kind)).toEqual(['statement', 'statementShare', 'statementShare']);
    const row = await server.kernel.issue.read(server.database, papers[0]!.id);
    expect(row).toMatchObject({ disclosure: 'commitment', parties: [server.org('bank'), server.org('xingsha')] });
    expect(JSON.stringify(row!.document)).not.toContain(server.org('mapping'));
    const { kernel, database } = server;
    await kernel.publicLog.sequence();
    await makeJobs({ database, clock: kernel.clock, handlers: kernel.issue.jobs, log: kernel.log }).drain();
    expect(await database.rows(sql`select kind, failure from jobs where failure is not null`)).toEqual([]);
    for (const paper of papers) {
      const made = (await kernel.issue.read(database, paper.id))!;
      expect((await kernel.issue.file(made, 'pdf')).subarray(0, 5).toString()).toBe('%PDF-');
      expect((await kernel.issue.file(made, 'bundle')).length).toBeGreaterThan(500);
    }
  });

  test('the spreadsheet says what the statement says', async () => {
    const id = await use(await contract(), 123_457n);
    const { body } = await server.bytes('bank.finance', `/api/settlement/statements/${id}/xlsx`);
    const [sheet] = await readXlsx(body);
    const rows = sheet!.data;
    expect(rows.find(([first]) => first === '查询')).toEqual(['查询', '123457', '123457', '0.0035', '432.0995', 432.1]);
    expect(rows.find(([first]) => first === '含税合计（元）')?.at(5)).toBe(432.1);
  });

  test('a buyer sees what it paid in one sum, not how it is divided', async () => {
    await use(await contract({ shares: true }), 20_000n);
    const splitOf = async (login: string) => {
      const { items } = await (await server.as(login)).call(wire.listEntries, { query: { limit: 20 } });
      return items.find(({ kind }) => kind === 'splitPaid')!.postings.map(({ fen }) => fen);
    };
    expect(await splitOf('bank.finance')).toEqual(['7000', '-7000']);
    // 2 % of 7,000 fen to the exchange, 30 % of the rest to the right holder.
    expect(await splitOf('mapping.finance')).toEqual(['2058', '-2058']);
  });

  test('the whole journal is the desk’s; a member’s own shows nobody else', async () => {
    const whole = (await server.bytes('operator.settlement', '/api/settlement/journal')).body.toString();
    expect(whole).toContain('存管子账户');
    expect((await server.bytes('bank.finance', '/api/settlement/journal')).status).toBe(403);
    const own = (await server.bytes('mapping.finance', '/api/settlement/journal/own')).body.toString();
    expect(own).toContain('湘江测绘');
    for (const other of ['星沙物流', '银行信贷', '湘数数据交易所']) expect(own).not.toContain(other);
    const balances = [...own.matchAll(/ = (-?[\d.]+) CNY/g)].map((found) => found[1]);
    expect(balances).toContain(`${(Number((await funds('mapping.finance')).available) / 100).toFixed(2)}`);
  });
});
