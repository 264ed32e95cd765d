/** Listings through the door: gates, two people, suspension, end of their ground; as the right users and the wrong ones. */
import * as agreementsWire from '@shugu/wire/agreements';
import * as casesWire from '@shugu/wire/cases';
import * as wire from '@shugu/wire/market';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { attach } from '../../../cli/src/scenario/cases.ts';
import { applyForListing, assess } from '../../../cli/src/scenario/product.ts';
import { until } from '../../../cli/src/scenario/resource.ts';
import { type TestExchange, testExchange } from '../../test/support/exchange.ts';
import { caseState, lawFirm, listed, listingOf, move, policyOf, refusal, supplier, version } from './testing.ts';

let exchange: TestExchange;

beforeAll(async () => {
  exchange = await testExchange();
}, 120_000);
afterAll(() => exchange.end());

const apply = (versionId: string, report: string, more = {}, login = supplier) =>
  applyForListing(exchange.stage, login, listingOf(versionId, report, more));
const reportOn = (versionId: string, body = lawFirm) => assess(exchange.stage, supplier, body, versionId, '产品');
const opinion = {
  ...Object.fromEntries(
    ['identity', 'rights', 'compliance', 'classification', 'quality', 'security', 'sector'].map((gate) => [
      gate,
      'met',
    ]),
  ),
  opinion: '各项符合',
};
const verbs = { suspend: wire.suspendListing, resume: wire.resumeListing, delist: wire.delistListing };
const call = async (login: string, verb: keyof typeof verbs, id: string) =>
  (await exchange.as(login)).call(verbs[verb], { params: { id }, body: { reason: '按规则办理' } });

test('an application that meets every gate is reviewed by two people and gets a voucher', async () => {
  const made = await version(exchange);
  const report = await reportOn(made.version);
  const listing = await apply(made.version, report.id);
  expect(listing).toMatchObject({ state: 'reviewing', basis: { kind: 'opinion' }, number: null, paper: null });
  // Nobody but the supplier and the operator sees it before it is open.
  const read = (login?: string) =>
    (login ? exchange.as(login) : Promise.resolve(exchange.anyone)).then((client) =>
      client.call(wire.readListing, { params: { id: listing.id } }),
    );
  expect(await refusal(read())).toBe('kernel.unknown');
  expect(await refusal(read('citylogistics.trader'))).toBe('kernel.unknown');
  await expect(read('operator.reviewer')).resolves.toMatchObject({ state: 'reviewing' });
  expect(await refusal(apply(made.version, report.id))).toBe('market.alreadyListed');

  const reviewer = await exchange.as('operator.reviewer');
  expect(await refusal(move(await exchange.as(supplier), listing.case!, 'startReview'))).toBe('kernel.notPermitted');
  await move(reviewer, listing.case!, 'startReview');
  await move(reviewer, listing.case!, 'concludeReview', opinion);
  // Whoever reviewed does not decide.
  expect(await refusal(move(reviewer, listing.case!, 'approve'))).toBe('kernel.notPermitted');
  await move(await exchange.as('operator.approver'), listing.case!, 'approve');
  const open = await read();
  expect(open).toMatchObject({ state: 'listed', number: expect.stringMatching(/^SJ-/), paper: expect.any(String) });
  expect(open.standsUntil).toBe(report.validUntil);
});

const credit = 'market.gatesClosed creditAgencyMissing';
test('without a certificate the papers come first: a draft is handed in with title proof and legal opinion', async () => {
  const made = await version(exchange);
  const report = await reportOn(made.version);
  const client = await exchange.as(supplier);
  const draft = await client.call(wire.createListing, { body: listingOf(made.version, report.id) });
  expect(draft).toMatchObject({ state: 'draft', basis: { kind: 'opinion' } });
  expect(await refusal(client.call(wire.createListing, { body: listingOf(made.version, report.id) }))).toBe(
    'market.alreadyListed',
  );
  expect(await refusal(attach(await exchange.as('mapping.trader'), draft.case!, 'titleProof', 'x.pdf', ['x']))).toBe(
    'kernel.unknown',
  );
  const submit = () => move(client, draft.case!, 'submit');
  const bare = await submit().catch((error) => error.problem);
  expect(JSON.stringify(bare)).toContain('权属证明');
  await attach(client, draft.case!, 'titleProof', 'title.pdf', ['Proof of title']);
  expect(JSON.stringify(await submit().catch((error) => error.problem))).toContain('权属证明');
  await attach(client, draft.case!, 'legalOpinion', 'opinion.pdf', ['Legal opinion']);
  await submit();
  const state = async () => (await client.call(wire.readListing, { params: { id: draft.id } })).state;
  await until('the review', async () => (await state()) === 'reviewing');
});

test.each<[string, string, () => object, string]>([
  ['personal data without authorisation', 'personal', () => ({}), 'market.gatesClosed authorisationMissing'],
  ['credit without a licence', 'general', () => ({ purposes: ['creditRisk'] }), credit],
  ['credit in the policy alone', 'general', () => ({ policy: policyOf([], 'logistics,creditRisk') }), credit],
  ['credit by another name', 'general', () => ({ policy: policyOf([], 'logistics,贷款审批') }), credit],
  ['every purpose, which credit is one of,', 'general', () => ({ policy: policyOf([], '') }), credit],
])('%s is not listed', async (_name, sensitivity, more, expected) => {
  const made = await version(exchange, {}, sensitivity);
  const report = await reportOn(made.version);
  expect(await refusal(apply(made.version, report.id, more()))).toBe(expected);
});

test('personal data is listed where the policy asks for an authorisation with each call', async () => {
  const asks = {
    policy: policyOf([{ leftOperand: 'shugu:authorisationReference', operator: 'eq', rightOperand: 'required' }]),
  };
  const made = await version(exchange, { deliveryModes: ['api'] }, 'personal');
  const report = await reportOn(made.version);
  const listing = await apply(made.version, report.id, {
    ...asks,
    deliveryModes: ['api'],
    personalBasis: '逐次取得个人同意',
  });
  expect(listing.state).toBe('reviewing');
});

test('core data does not even become a version', async () => {
  expect(await refusal(version(exchange, {}, 'core'))).toMatch(/^catalogue\.coreData/);
});

test('a licensed credit agency lists for credit', async () => {
  const login = 'creditagency.trader';
  const made = await version(exchange, {}, 'general', login);
  const report = await assess(exchange.stage, login, lawFirm, made.version, '产品');
  expect((await apply(made.version, report.id, { purposes: ['creditRisk'] }, login)).state).toBe('reviewing');
});

test('a report counts only for the version it is on, and an opinion only from a law firm', async () => {
  const [one, other] = [await version(exchange), await version(exchange)];
  const report = await reportOn(one.version);
  expect(await refusal(apply(other.version, report.id))).toBe(
    'market.gatesClosed complianceReportMissing,legalOpinionMissing',
  );
  const tested = await reportOn(other.version, { key: 'tester', login: 'tester.assessor' });
  expect(await refusal(apply(other.version, tested.id))).toBe('market.gatesClosed legalOpinionMissing');
});

test('plans that cannot be rated and versions of others are refused', async () => {
  const made = await version(exchange);
  const report = await reportOn(made.version);
  const tiers = [
    { upTo: 100, unitPrice: '1' },
    { upTo: 50, unitPrice: '2' },
  ];
  const plan = { kind: 'tiered', unit: 'call', mode: 'graduated', tiers };
  const plans = [{ title: '阶梯', plan, settlementWays: ['direct'], taxRate: '0.06' }];
  expect(await refusal(apply(made.version, report.id, { plans }))).toMatch(/^kernel\.invalid/);
  expect(await refusal(apply(made.version, report.id, {}, 'mapping.trader'))).toBe('kernel.unknown');
  expect(await refusal(apply(made.version, report.id, {}, 'xingsha.finance'))).toBe('kernel.notPermitted');
  expect(await refusal(apply(made.version, report.id, {}, 'citylogistics.trader'))).toBe('kernel.notPermitted');
});

test('a split or a tax that could not be settled is refused with the application', async () => {
  const made = await version(exchange);
  const report = await reportOn(made.version);
  const { xingsha, mapping } = exchange.seeded.organisations;
  const legs = (...all: [string | undefined, string][]) => ({ split: all.map(([party, share]) => ({ party, share })) });
  const plan = { title: '年度', plan: { kind: 'oneOff', price: '1' }, settlementWays: ['direct'] };
  for (const more of [
    legs([xingsha, '1'], [mapping, '0']),
    legs([xingsha, '0.5'], [mapping, '0.4']),
    legs([xingsha, '0.5'], [xingsha, '0.5']),
    { plans: [{ ...plan, taxRate: '60' }] },
    { plans: [{ ...plan, taxRate: '1' }] },
  ])
    expect(await refusal(apply(made.version, report.id, more))).toMatch(/^kernel\.invalid/);
  const good = { ...legs([xingsha, '0.9'], [mapping, '0.1']), plans: [{ ...plan, taxRate: '0.13' }] };
  expect((await apply(made.version, report.id, good)).state).toBe('reviewing');
});

test('the template of the contracts is the supplier’s choice, else the operator’s for the kind of product', async () => {
  const kinds = async (about: object, more: object) => {
    const made = await version(exchange, about);
    return (await apply(made.version, (await reportOn(made.version)).id, more)).contractKind;
  };
  expect(await kinds({}, {})).toBe('provision');
  expect(await kinds({ kind: 'service' }, {})).toBe('processing');
  expect(await kinds({}, { contractKind: 'development' })).toBe('development');
  // Nobody lists on a template that the operator has taken back.
  const operator = await exchange.as('operator.approver');
  const { items } = await operator.call(agreementsWire.listTemplates, { query: {} });
  const one = items.find(({ code, state }) => code === 'intermediary' && state === 'enabled')!;
  await operator.call(agreementsWire.retireTemplate, { params: { id: one.id }, body: {} });
  const made = await version(exchange);
  const { id } = await reportOn(made.version);
  expect(await refusal(apply(made.version, id, { contractKind: 'intermediary' }))).toMatch(/^kernel\.invalid/);
});

test('a review that ends without approval refuses the listing, and the product may apply again', async () => {
  const made = await version(exchange);
  const report = await reportOn(made.version);
  const first = await apply(made.version, report.id);
  await move(await exchange.as(supplier), first.case!, 'withdraw');
  await exchange.settle();
  const client = await exchange.as(supplier);
  expect(await client.call(wire.readListing, { params: { id: first.id } })).toMatchObject({
    state: 'refused',
    reason: 'withdrawn',
  });
  const second = await apply(made.version, report.id);
  expect(second.id).not.toBe(first.id);
  expect(await caseState(client, second.case!)).toBe('submitted');
});

test('the operator suspends and resumes, the supplier takes down; nobody else does either', async () => {
  const listing = await listed(exchange);
  expect(await refusal(call(supplier, 'suspend', listing.id))).toBe('kernel.unknown');
  expect(await refusal(call('citylogistics.trader', 'delist', listing.id))).toBe('kernel.unknown');
  expect(await refusal(call('mapping.trader', 'delist', listing.id))).toBe('kernel.unknown');
  expect(await refusal(call('operator.reviewer', 'resume', listing.id))).toBe('market.wrongState');
  const suspended = await call('operator.reviewer', 'suspend', listing.id);
  expect(suspended).toMatchObject({ state: 'suspended', reason: '按规则办理' });
  expect(await refusal(call('operator.reviewer', 'suspend', listing.id))).toBe('market.wrongState');
  expect(await call('operator.approver', 'resume', listing.id)).toMatchObject({ state: 'listed', reason: null });
  expect(await call(supplier, 'delist', listing.id)).toMatchObject({ state: 'delisted' });
  expect(await refusal(call('operator.reviewer', 'resume', listing.id))).toBe('market.wrongState');
  expect(await refusal(call(supplier, 'delist', listing.id))).toBe('market.wrongState');
  // Who had the address still learns what became of it.
  expect((await exchange.anyone.call(wire.readListing, { params: { id: listing.id } })).state).toBe('delisted');
});

test('cases of others are none to a stranger', async () => {
  const made = await version(exchange);
  const listing = await apply(made.version, (await reportOn(made.version)).id);
  const stranger = await exchange.as('citylogistics.trader');
  expect(await refusal(stranger.call(casesWire.cases.get, { params: { case: listing.case! } }))).toBe('kernel.unknown');
});

// Last: the calendar moves a year on.
test('a listing is suspended when its report runs out, and cannot be resumed on it', async () => {
  const listing = await listed(exchange);
  await exchange.stage.moveClock(new Date(new Date(listing.standsUntil!).getTime() + 60_000));
  await exchange.settle();
  const seen = await exchange.anyone.call(wire.readListing, { params: { id: listing.id } });
  expect(seen).toMatchObject({ state: 'suspended', reason: expect.stringContaining('到期') });
  expect(await refusal(call('operator.reviewer', 'resume', listing.id))).toMatch(
    /^market\.gatesClosed .*reportExpired/,
  );
});
