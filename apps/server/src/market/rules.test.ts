/** The market's rules alone: every state with every move, every gate, every finding. */
import { orderStates } from '@shugu/wire/market';
import { demandStates, quotationStates } from '@shugu/wire/market-more';
import { expect, test } from 'vitest';
import {
  type DemandMove,
  demandMoved,
  demandMoves,
  demandNext,
  type QuotationMove,
  quotationMoved,
  quotationMoves,
  quotationNext,
} from './demand/rules.ts';
import type { PricePlan, Report } from './model.ts';
import { leadingPrice, priceOf } from './price.ts';
import {
  closedGates,
  heldFen,
  highest,
  type ListingFacts,
  mayBeOrdered,
  moved,
  nextOf,
  type OrderMove,
  reviewTrade,
  standsUntil,
  type TradeFacts,
  verdictOf,
} from './rules.ts';

const at = new Date('2026-07-01T00:00:00Z');
const later = new Date('2027-07-01T00:00:00Z');

// Written out by hand, not derived from the table that it holds.
const orderTable: Record<string, Partial<Record<OrderMove, string>>> = {
  reviewing: { pass: 'contracting', refuse: 'refused', cancel: 'cancelled' },
  refused: {},
  contracting: { contract: 'contracted', cancel: 'cancelled' },
  contracted: { open: 'delivering', deliver: 'delivered', close: 'closed' },
  delivering: { deliver: 'delivered', close: 'closed' },
  delivered: { accept: 'accepted', object: 'objected', close: 'closed' },
  accepted: { settle: 'settled' },
  objected: { deliver: 'delivered', close: 'closed' },
  settled: {},
  closed: {},
  cancelled: {},
};
const orderMoveNames: OrderMove[] = [
  'pass',
  'refuse',
  'contract',
  'open',
  'deliver',
  'accept',
  'object',
  'settle',
  'close',
  'cancel',
];

test.each(orderStates.flatMap((state) => orderMoveNames.map((move) => [state, move] as const)))(
  'an order that is %s, on %s',
  (state, move) => {
    expect(moved(state, move)).toBe(orderTable[state]![move]);
  },
);

test('whoever is said to act next can act, and nobody is named where nothing can happen', () => {
  for (const state of orderStates) {
    const ends = Object.keys(orderTable[state]!).filter((move) => move !== 'close').length === 0;
    expect([state, nextOf[state].who === 'nobody']).toEqual([state, ends]);
  }
});

const demandTable: Record<string, Partial<Record<DemandMove, string>>> = {
  draft: { publish: 'published', close: 'closed' },
  published: { quote: 'quoted', close: 'closed' },
  quoted: { quote: 'quoted', choose: 'chosen', close: 'closed' },
  chosen: {},
  closed: {},
};
test.each(
  demandStates.flatMap((state) => (Object.keys(demandMoves) as DemandMove[]).map((move) => [state, move] as const)),
)('a demand that is %s, on %s', (state, move) => {
  expect(demandMoved(state, move)).toBe(demandTable[state]![move]);
  expect(demandNext[state].zh).not.toBe('');
});

const quotationTable: Record<string, Partial<Record<QuotationMove, string>>> = {
  offered: { accept: 'accepted', decline: 'declined', withdraw: 'withdrawn', lapse: 'lapsed' },
};
test.each(
  quotationStates.flatMap((state) =>
    (Object.keys(quotationMoves) as QuotationMove[]).map((move) => [state, move] as const),
  ),
)('a quotation that is %s, on %s', (state, move) => {
  expect(quotationMoved(state, move)).toBe(quotationTable[state]?.[move]);
  expect(quotationNext[state].zh).not.toBe('');
});

const report: ListingFacts['reports'][number] = {
  number: 'HG-1',
  conclusion: 'compliant',
  valid_until: later,
  bodyClasses: ['lawFirm'],
} as unknown as Report & { bodyClasses: string[] };

const open: ListingFacts = {
  at,
  sensitivities: ['general', 'open'],
  rights: [{ resource: 'res_1', until: later }],
  reports: [report],
  basis: 'certificate',
  qualityPresent: true,
  supplierProvides: true,
  authorisationRequired: false,
  creditPurpose: false,
  supplierIsCreditAgency: false,
};

test('a listing with everything in order meets no gate', () => {
  expect(closedGates(open)).toEqual([]);
});

test.each<[string, Partial<ListingFacts>, [field: string, code: string][]]>([
  ['no report', { reports: [] }, [['reports', 'complianceReportMissing']]],
  [
    'a report that ran out',
    { reports: [{ ...report, valid_until: at }] },
    [
      ['reports', 'complianceReportMissing'],
      ['reports', 'reportExpired'],
    ],
  ],
  [
    'a report that says no',
    { reports: [{ ...report, conclusion: 'notCompliant' }] },
    [['reports', 'complianceReportMissing']],
  ],
  ['no right', { rights: [{ resource: 'res_1', until: null }] }, [['version', 'rightMissing']]],
  ['a right that ran out', { rights: [{ resource: 'res_1', until: at }] }, [['version', 'rightMissing']]],
  ['one right of two', { rights: [...open.rights, { resource: 'res_2', until: null }] }, [['version', 'rightMissing']]],
  [
    'an opinion that no law firm gave',
    { basis: 'opinion', rights: [], reports: [{ ...report, bodyClasses: ['tester'] }] },
    [['reports', 'legalOpinionMissing']],
  ],
  ['core data', { sensitivities: ['general', 'core'] }, [['version', 'coreData']]],
  ['personal data without authorisation', { sensitivities: ['personal'] }, [['policy', 'authorisationMissing']]],
  [
    'sensitive personal data without authorisation',
    { sensitivities: ['sensitivePersonal'] },
    [['policy', 'authorisationMissing']],
  ],
  ['credit by someone without a licence', { creditPurpose: true }, [['purposes', 'creditAgencyMissing']]],
  ['no provider of its data space', { supplierProvides: false }, [['policy', 'notProvider']]],
  ['no quality report', { qualityPresent: false }, [['version', 'qualityReportMissing']]],
])('a listing is held up by %s', (_name, change, gates) => {
  expect(closedGates({ ...open, ...change }).map((gate) => [gate.field, gate.code])).toEqual(gates);
});

test('gates open for what the rules admit', () => {
  expect(closedGates({ ...open, sensitivities: ['personal'], authorisationRequired: true })).toEqual([]);
  expect(closedGates({ ...open, sensitivities: ['important'] })).toEqual([]);
  expect(closedGates({ ...open, creditPurpose: true, supplierIsCreditAgency: true })).toEqual([]);
  expect(closedGates({ ...open, basis: 'opinion', rights: [] })).toEqual([]);
});

test('a table is as sensitive as its most sensitive field', () => {
  expect(highest([])).toBe('open');
  expect(highest(['general', 'important', 'personal'])).toBe('important');
  expect(highest(['core', 'important'])).toBe('core');
});

const trade: TradeFacts = {
  scenario: {
    title: '监测',
    purposes: ['logistics'],
    endUser: '本单位',
    personalData: false,
    onwardUse: '',
    licence: '',
    region: '430000',
    from: '2026-07-01',
    until: '2026-12-31',
    authorisation: '',
  },
  offered: { purposes: ['logistics', 'credit'], regions: null },
  division: '430100',
  sensitivity: 'general',
  sidesLicensed: { supplierIsCreditAgency: false, buyerIsCreditAgency: false },
  today: '2026-07-01',
  beyondListing: false,
};
const stated = (more: Partial<TradeFacts['scenario']>) => ({ ...trade, scenario: { ...trade.scenario, ...more } });
const within = (facts: TradeFacts, regions: string[] | null): TradeFacts => ({
  ...facts,
  offered: { purposes: regions ? facts.offered.purposes : null, regions },
});

test.each<[string, TradeFacts, string, string]>([
  ['an ordinary use', trade, 'pass', ''],
  ['a purpose outside the offer', stated({ purposes: ['logistics', 'resale'] }), 'refuse', 'purpose'],
  ['any purpose where the policy limits none', within(stated({ purposes: ['any'] }), null), 'pass', ''],
  ['a region within the offer', within(trade, ['43']), 'pass', ''],
  ['a region outside the offer', within(trade, ['44']), 'refuse', 'region'],
  ['a stated region wider than the offer', within(trade, ['4301']), 'refuse', 'region'],
  ['a buyer from elsewhere', { ...within(trade, ['43']), division: '440300' }, 'refuse', 'region'],
  ['a buyer registered with the nation', { ...within(trade, ['43']), division: '100000' }, 'refuse', 'region'],
  ['a term that is over', stated({ until: '2026-06-30' }), 'refuse', 'term'],
  ['a term that ends today', stated({ until: '2026-07-01' }), 'pass', ''],
  ['credit without a licensed agency', stated({ purposes: ['credit'] }), 'refuse', 'credit'],
  [
    'credit through a licensed agency',
    {
      ...stated({ purposes: ['credit'] }),
      sidesLicensed: { supplierIsCreditAgency: false, buyerIsCreditAgency: true },
    },
    'person',
    'credit',
  ],
  ['personal data without authorisation', { ...trade, sensitivity: 'personal' }, 'refuse', 'personal'],
  [
    'personal data with authorisation',
    { ...stated({ authorisation: '逐次授权' }), sensitivity: 'sensitivePersonal' },
    'person',
    'personal',
  ],
  ['a scenario that says personal data', stated({ personalData: true }), 'refuse', 'personal'],
  ['important data', { ...trade, sensitivity: 'important' }, 'person', 'important'],
  ['onward use', stated({ onwardUse: '提供给子公司' }), 'person', 'onward'],
  ['a refusal beside a doubt', stated({ onwardUse: '转供', until: '2026-01-01' }), 'refuse', 'term'],
])('trade review of %s', (_name, facts, verdict, rule) => {
  const findings = reviewTrade(facts);
  expect(verdictOf(findings)).toBe(verdict);
  expect(findings.filter((one) => one.outcome === verdict && verdict !== 'pass').map((one) => one.rule)).toEqual(
    rule ? [rule] : [],
  );
});

test('a listing stands no longer than the first of what it stands on', () => {
  const early = new Date('2026-09-01T00:00:00Z');
  expect(standsUntil([{ until: later }, { until: null }], [{ valid_until: early }])).toEqual(early);
  expect(standsUntil([{ until: early }], [{ valid_until: later }])).toEqual(early);
  expect(standsUntil([], [])).toBeNull();
  expect(mayBeOrdered({ state: 'listed', stands_until: at }, at)).toBe(false);
  expect(mayBeOrdered({ state: 'listed', stands_until: later }, at)).toBe(true);
  expect(mayBeOrdered({ state: 'listed', stands_until: null }, at)).toBe(true);
  expect(mayBeOrdered({ state: 'suspended', stands_until: null }, at)).toBe(false);
});

test('only custody holds money', () => {
  expect(heldFen({ settlement_way: 'custody', estimate_fen: 500 })).toBe(500);
  expect(heldFen({ settlement_way: 'direct', estimate_fen: 500 })).toBe(0);
  expect(heldFen({ settlement_way: 'postpaid', estimate_fen: 500 })).toBe(0);
});

test('the price shown is the lowest; a quotation only where nothing else is offered', () => {
  const plans: PricePlan[] = [
    { kind: 'quotation' },
    { kind: 'perCall', unitPrice: '0.5' },
    {
      kind: 'tiered',
      unit: 'call',
      mode: 'graduated',
      tiers: [
        { upTo: 100, unitPrice: '0.60' },
        { upTo: null, unitPrice: '0.10' },
      ],
    },
  ];
  expect(leadingPrice(plans.map((plan) => ({ plan })))).toMatchObject({ kind: 'tiered', lowest: '0.10' });
  expect(leadingPrice([{ plan: plans[0]! }])).toMatchObject({ kind: 'quotation', lowest: null });
  expect(priceOf({ kind: 'free' })).toMatchObject({ lowest: '0', text: { zh: '免费' } });
  // 9 is less than 10, though not as text.
  expect(
    leadingPrice([{ plan: { kind: 'oneOff', price: '10' } }, { plan: { kind: 'oneOff', price: '9' } }]).lowest,
  ).toBe('9');
});
