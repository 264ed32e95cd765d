/** Off-exchange filings and complaints through the door. */
import * as casesWire from '@shugu/wire/cases';
import * as wire from '@shugu/wire/market';
import * as more from '@shugu/wire/market-more';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { attach, fileCase } from '../../../../cli/src/scenario/cases.ts';
import { type TestExchange, testExchange } from '../../../test/support/exchange.ts';
import { buyer, caseState, move, refusal, supplier } from '../testing.ts';

let exchange: TestExchange;
beforeAll(async () => {
  exchange = await testExchange();
}, 120_000);
afterAll(() => exchange.end());

const digest = (letter: string) => `sha256:${letter.repeat(64)}`;
const file = async (login: string, over: object = {}) => {
  const client = await exchange.as(login);
  const caseId = await fileCase(client, {
    procedure: 'filing.review',
    handler: exchange.seeded.organisations.operator!,
    title: '场外交易备案',
    data: {
      counterparty: '外地样例公司',
      contractDigest: digest('a'),
      amountFen: '12345678',
      productKind: '数据集',
      concludedOn: '2026-06-20',
      ...over,
    },
  });
  await attach(client, caseId, 'contract', 'contract.pdf', ['Contract']);
  await move(client, caseId, 'submit');
  return caseId;
};
const review = async (caseId: string) => {
  const reviewer = await exchange.as('operator.reviewer');
  await move(reviewer, caseId, 'startReview');
  await move(reviewer, caseId, 'concludeReview', { opinion: '材料齐全' });
  return move(await exchange.as('operator.approver'), caseId, 'approve');
};
const filings = async (login: string) => (await (await exchange.as(login)).call(more.listFilings, { query: {} })).items;

test('a filed trade gets a receipt, counts as filed and as nothing else', async () => {
  const caseId = await file(supplier);
  expect((await review(caseId)).state).toBe('approved');
  await exchange.settle();
  const [one] = await filings(supplier);
  expect(one).toMatchObject({
    case: caseId,
    amount: '12345678',
    concludedOn: '2026-06-20',
    number: expect.stringMatching(/^BA-/),
    paper: expect.stringMatching(/^ppr_/),
  });
  expect((await filings('operator.reviewer')).map((item) => item.id)).toEqual([one!.id]);
  expect(await filings(buyer)).toEqual([]);
  const read = async (login: string) => (await exchange.as(login)).call(more.readFiling, { params: { id: one!.id } });
  expect(await refusal(read(buyer))).toBe('kernel.unknown');
  expect((await read('regulator.officer')).id).toBe(one!.id);
  const { totals, months } = await exchange.anyone.call(wire.turnover, { query: { months: 1 } });
  expect(totals).toMatchObject({ signed: '0', settled: '0', filed: '12345678' });
  expect(months).toMatchObject([{ month: '2026-07', signed: '0', filed: '12345678' }]);
});

test('one contract is filed once, whichever side files it', async () => {
  const caseId = await file(buyer, { contractDigest: digest('A') });
  expect(await refusal(review(caseId))).toBe('market.alreadyFiled');
  expect(await caseState(await exchange.as(buyer), caseId)).toBe('approving');
  expect(await filings(buyer)).toEqual([]);
});

test('an amount that could not be counted exactly gets no receipt', async () => {
  const caseId = await file(buyer, { contractDigest: digest('b'), amountFen: '9'.repeat(18) });
  expect(await refusal(review(caseId))).toMatch(/^kernel\.invalid/);
});

const grievance = { kind: 'complaint' as const, about: '某产品描述不实', facts: '样例与实际不符。' };

test('a stranger complains with a way to be reached, and follows it by a code', async () => {
  const complain = (body: object) => exchange.anyone.call(more.createComplaint, { body: body as never });
  expect(await refusal(complain(grievance))).toMatch(/^kernel\.invalid/);
  const made = await complain({ ...grievance, contact: '13900000000' });
  expect(made.code).toMatch(/^.{32}$/);
  const follow = (code: string) => exchange.anyone.call(more.followComplaint, { body: { code } });
  expect(await follow(made.code!)).toMatchObject({ case: made.case, state: 'filed', ended: false, outcome: null });
  expect(await refusal(follow('x'.repeat(32)))).toBe('kernel.unknown');
  expect(await refusal(exchange.anyone.call(casesWire.cases.get, { params: { case: made.case } }))).toBe(
    'kernel.notSignedIn',
  );
  expect(await refusal((await exchange.as(buyer)).call(casesWire.cases.get, { params: { case: made.case } }))).toBe(
    'kernel.unknown',
  );
  await move(await exchange.as('operator.service'), made.case, 'decline', { reason: '不属受理范围' });
  expect(await follow(made.code!)).toMatchObject({ state: 'notTaken', ended: true, outcome: '不属受理范围' });
  const again = async () => refusal(complain({ ...grievance, contact: '13900000000' }));
  const answers: string[] = [];
  for (let times = 0; times < more.marketMoreLimits.complaintsPerHourMax; times++)
    answers.push(await again().catch(() => 'taken'));
  expect(answers.at(-1)).toBe('kernel.tooFast');
});

test('a member’s complaint is a case of its own', async () => {
  const client = await exchange.as(buyer);
  const made = await client.call(more.createComplaint, { body: grievance });
  expect(made).toMatchObject({ code: null, dueAt: expect.any(String) });
  expect(await caseState(client, made.case)).toBe('filed');
  expect(await caseState(await exchange.as('operator.service'), made.case)).toBe('filed');
});
