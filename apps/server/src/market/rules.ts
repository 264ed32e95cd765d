/** What the market decides, without looking anything up. */
import { parsePricePlan, rate } from '@shugu/ledger';
import { inIndustries } from '@shugu/wire/node-kinds';
import type { Sensitivity } from '../catalogue/index.ts';
import type {
  Finding,
  Listing,
  ListingScope,
  Next,
  Order,
  OrderState,
  PricePlan,
  Report,
  ScenarioStatement,
  SettlementWay,
} from './model.ts';
import { isCredit, liesWithin, type Offered } from './scenario.ts';

export interface Gate {
  field: string;
  code: string;
  message: string;
}

export const freeOnly: Gate = {
  field: 'plans',
  code: 'nodeFreeOnly',
  message: '部门节点只提供免费产品 / a department’s node offers what is free',
};

/** What the kind of this node shuts: a department's lists what is free, an industry's its industries, a supplier's its supplier's own. */
export const scopeGates = (
  lists: ListingScope,
  listing: { industry: string; creditCode: string; plans: readonly Pick<PricePlan, 'kind'>[] },
): Gate[] => {
  const gates: Gate[] = [];
  if (lists.free && listing.plans.some(({ kind }) => kind !== 'free')) gates.push(freeOnly);
  if (!inIndustries(listing.industry, lists.industries))
    gates.push({
      field: 'version',
      code: 'nodeIndustry',
      message: `本节点只上架这些行业的产品：${lists.industries.join('、')} / this node lists products of these industries: ${lists.industries.join(', ')}`,
    });
  if (lists.supplier !== null && lists.supplier !== listing.creditCode)
    gates.push({
      field: 'version',
      code: 'nodeSupplier',
      message:
        lists.supplier === ''
          ? '供方节点尚未在设置中指明供方 / this supplier’s node does not say in its settings whose it is'
          : '供方节点只上架其供方自己的产品 / a supplier’s node lists that supplier’s own products',
    });
  return gates;
};

export interface ListingFacts {
  at: Date;
  sensitivities: readonly Sensitivity[];
  /** Per resource: until when the supplier may operate it by certificate; null without one. */
  rights: readonly { resource: string; until: Date | null }[];
  reports: readonly (Report & { bodyClasses: readonly string[] })[];
  basis: 'certificate' | 'opinion';
  qualityPresent: boolean;
  /** Where the policy is for members of a data space: it stands there as a provider. */
  supplierProvides: boolean;
  authorisationRequired: boolean;
  /** By the declared purposes or by the policy, which may name more or none. */
  creditPurpose: boolean;
  supplierIsCreditAgency: boolean;
}

const rank: Record<Sensitivity, number> = {
  open: 0,
  general: 1,
  personal: 2,
  sensitivePersonal: 3,
  important: 4,
  core: 5,
};
export const isPersonal = (one: Sensitivity) => one === 'personal' || one === 'sensitivePersonal';
/** A table is at least as sensitive as its most sensitive field (GB/T 43697: 就高从严). */
export const highest = (all: readonly Sensitivity[]): Sensitivity =>
  all.reduce<Sensitivity>((top, one) => (rank[one] > rank[top] ? one : top), 'open');

/** Every gate of the listing that does not stand open; empty when it may be listed. Rules: operator's listing rules, DSL 33, PIPL 23. */
export const closedGates = (facts: ListingFacts): Gate[] => {
  const gates: Gate[] = [];
  const shut = (field: string, code: string, message: string) => gates.push({ field, code, message });
  const valid = facts.reports.filter((one) => one.valid_until > facts.at && one.conclusion !== 'notCompliant');
  if (valid.length === 0)
    shut(
      'reports',
      'complianceReportMissing',
      '没有有效且结论合规的第三方评估报告 / no valid compliant third-party report',
    );
  for (const one of facts.reports)
    if (one.valid_until <= facts.at)
      shut('reports', 'reportExpired', `报告 ${one.number} 已过有效期 / report ${one.number} has expired`);
  const uncovered = facts.rights.filter((one) => one.until === null || one.until <= facts.at);
  if (facts.basis === 'certificate' && uncovered.length)
    shut(
      'version',
      'rightMissing',
      `经营权未登记或已到期：${uncovered.map((one) => one.resource).join('、')} / no certificate of the right to operate`,
    );
  if (facts.basis === 'opinion' && !valid.some((one) => one.bodyClasses.includes('lawFirm')))
    shut(
      'reports',
      'legalOpinionMissing',
      '未登记产权的，须有律师事务所出具的意见 / without a certificate a law firm’s opinion is needed',
    );
  const top = highest(facts.sensitivities);
  if (top === 'core') shut('version', 'coreData', '核心数据不得交易 / core data may not be traded');
  if (facts.sensitivities.some(isPersonal) && !facts.authorisationRequired)
    shut(
      'policy',
      'authorisationMissing',
      '含个人信息的产品，策略须要求逐次提供授权凭证号 / with personal data the policy must require an authorisation reference per call',
    );
  if (facts.creditPurpose && !facts.supplierIsCreditAgency)
    shut(
      'purposes',
      'creditAgencyMissing',
      '策略或用途允许用于征信（未限定用途即为允许），须通过持牌征信机构 / policy or purposes allow credit, as a policy without purposes does: that needs a licensed credit agency',
    );
  if (!facts.supplierProvides)
    shut(
      'policy',
      'notProvider',
      '策略面向数据空间成员，而供方不是该空间的有效提供方 / the policy is for members of a data space in which the supplier does not stand as a provider',
    );
  if (!facts.qualityPresent)
    shut('version', 'qualityReportMissing', '缺少质量自检报告 / the quality report is missing');
  return gates;
};

/** Laws, a space's own rules and the node's kind, not rules of the operator: shut, they stop a listing whatever its procedure asks for. */
export const lawfulGates: readonly string[] = [
  'coreData',
  'authorisationMissing',
  'creditAgencyMissing',
  'notProvider',
  'nodeFreeOnly',
  'nodeIndustry',
  'nodeSupplier',
];

export interface TradeFacts {
  scenario: ScenarioStatement;
  offered: Offered;
  /** The buyer's own, GB/T 2260. */
  division: string;
  sensitivity: Sensitivity;
  sidesLicensed: { supplierIsCreditAgency: boolean; buyerIsCreditAgency: boolean };
  today: string;
  /** Two parties agreed on use that the listing does not offer. */
  beyondListing: boolean;
}

const finding = (rule: string, outcome: Finding['outcome'], zh: string, en: string): Finding => ({
  rule,
  outcome,
  zh,
  en,
});

/** 交易审核 by rule: each rule says passes, needs a person, or is refused. One refusal refuses; else one "person" asks a person. */
export const reviewTrade = ({
  scenario,
  offered,
  division,
  sensitivity,
  sidesLicensed,
  today,
  beyondListing,
}: TradeFacts): Finding[] => {
  const findings: Finding[] = [];
  const { purposes, regions } = offered;
  const outside = purposes ? scenario.purposes.filter((one) => !purposes.includes(one)) : [];
  findings.push(
    outside.length
      ? finding(
          'purpose',
          'refuse',
          `用途超出要约：${outside.join('、')}`,
          `purpose outside the offer: ${outside.join(', ')}`,
        )
      : finding('purpose', 'pass', '用途在要约范围内', 'the purpose is within the offer'),
  );
  if (beyondListing)
    findings.push(
      finding(
        'listing',
        'person',
        '双方约定的使用超出上架时审核的策略，须人工审核',
        'the parties agreed on use beyond the policy that was reviewed with the listing: a person decides',
      ),
    );
  // Whoever asks over the Dataspace Protocol for an offer that limits no purpose has stated none.
  if (scenario.purposes.length === 0)
    findings.push(finding('stated', 'person', '未申报用途，须人工审核', 'no purpose is stated: a person decides'));
  findings.push(
    scenario.until < today
      ? finding('term', 'refuse', '申报的使用期限已过', 'the stated term has passed')
      : finding('term', 'pass', '使用期限有效', 'the term is good'),
  );
  if (regions) {
    const abroad = [scenario.region, division].filter((one) => !liesWithin(one, regions));
    findings.push(
      abroad.length
        ? finding(
            'region',
            'refuse',
            `使用地域或需方所在地（${abroad.join('、')}）不在要约地域内`,
            `the stated region or the buyer’s own (${abroad.join(', ')}) lies outside the offer`,
          )
        : finding('region', 'pass', '使用地域在要约范围内', 'the region is within the offer'),
    );
  }
  if (scenario.purposes.some(isCredit))
    findings.push(
      sidesLicensed.supplierIsCreditAgency || sidesLicensed.buyerIsCreditAgency
        ? finding(
            'credit',
            'person',
            '征信用途，经持牌征信机构办理，须人工审核',
            'credit purpose through a licensed agency: a person decides',
          )
        : finding('credit', 'refuse', '征信用途须通过持牌征信机构', 'a credit purpose needs a licensed credit agency'),
    );
  if (isPersonal(sensitivity) || scenario.personalData)
    findings.push(
      scenario.authorisation
        ? finding(
            'personal',
            'person',
            '涉及个人信息，须人工核对授权方式',
            'personal data: a person checks how people authorise',
          )
        : finding(
            'personal',
            'refuse',
            '涉及个人信息而未说明授权方式（个人信息保护法第二十三条）',
            'personal data without a stated authorisation (PIPL 23)',
          ),
    );
  if (sensitivity === 'important')
    findings.push(finding('important', 'person', '重要数据，须人工审核', 'important data: a person decides'));
  if (scenario.onwardUse)
    findings.push(finding('onward', 'person', '申报了转供使用，须人工审核', 'onward use is stated: a person decides'));
  return findings;
};

export const verdictOf = (findings: readonly Finding[]): Finding['outcome'] =>
  findings.some((one) => one.outcome === 'refuse')
    ? 'refuse'
    : findings.some((one) => one.outcome === 'person')
      ? 'person'
      : 'pass';

/** What an order of this plan and quantity is estimated at, in fen: the amount held at the bank. @throws LedgerError */
export const estimateFen = (plan: PricePlan, quantity: number): bigint =>
  rate(parsePricePlan(plan), BigInt(quantity)).amountFen;

export type OrderMove =
  | 'pass'
  | 'refuse'
  | 'contract'
  | 'open'
  | 'deliver'
  | 'accept'
  | 'object'
  | 'settle'
  | 'close'
  | 'cancel';

/** Who may move an order where; drawings and "next" sentences follow this table. */
export const orderMoves: Record<OrderMove, { from: readonly OrderState[]; to: OrderState }> = {
  pass: { from: ['reviewing'], to: 'contracting' },
  refuse: { from: ['reviewing'], to: 'refused' },
  contract: { from: ['contracting'], to: 'contracted' },
  open: { from: ['contracted'], to: 'delivering' },
  deliver: { from: ['contracted', 'delivering', 'objected'], to: 'delivered' },
  accept: { from: ['delivered'], to: 'accepted' },
  object: { from: ['delivered'], to: 'objected' },
  settle: { from: ['accepted'], to: 'settled' },
  // Without a voucher. What was accepted is settled instead, however the contract ends.
  close: { from: ['contracted', 'delivering', 'delivered', 'objected'], to: 'closed' },
  cancel: { from: ['reviewing', 'contracting'], to: 'cancelled' },
};

/** Undefined when the move is not open in this state. */
export const moved = (state: OrderState, move: OrderMove): OrderState | undefined =>
  orderMoves[move].from.includes(state) ? orderMoves[move].to : undefined;

export const next = (who: Next['who'], zh: string, en: string): Next => ({ who, zh, en });

export const nextOf: Record<OrderState, Next> = {
  reviewing: next('operator', '等待交易审核', 'The trade is under review'),
  refused: next('nobody', '交易审核未通过；可修改使用场景后重新下单', 'Refused; order again with another scenario'),
  contracting: next('buyer', '双方签署合同', 'Both sides sign the contract'),
  contracted: next(
    'system',
    '合同已生效，等待存管银行冻结款项、开通授权',
    'The contract is in force; the bank holds the money and access opens',
  ),
  delivering: next(
    'supplier',
    '需方可开始使用；交付完成后由供方提交交付',
    'The buyer may use the data; the supplier reports when delivery is complete',
  ),
  delivered: next('buyer', '请验收，或提出异议', 'Accept, or object'),
  accepted: next('system', '已验收，正在结算', 'Accepted; settlement is under way'),
  objected: next('supplier', '需方提出异议，请整改后重新交付', 'The buyer objects; deliver again after rework'),
  settled: next('nobody', '已结算，交易凭证已出具', 'Settled; the trade voucher is issued'),
  closed: next('nobody', '订单已结束', 'The order is closed'),
  cancelled: next('nobody', '订单已取消', 'The order was cancelled'),
};

/** Ends of what a listing stands on; it may not stand longer. */
export const standsUntil = (
  rights: readonly { until: Date | null }[],
  reports: readonly Pick<Report, 'valid_until'>[],
): Date | null => {
  const ends = [
    ...rights.flatMap((one) => (one.until ? [one.until.getTime()] : [])),
    ...reports.map((one) => one.valid_until.getTime()),
  ];
  return ends.length ? new Date(Math.min(...ends)) : null;
};

export const mayBeOrdered = (listing: Pick<Listing, 'state' | 'stands_until'>, at: Date): boolean =>
  listing.state === 'listed' && (listing.stands_until === null || listing.stands_until > at);

export const wayAllowed = (ways: readonly SettlementWay[], way: SettlementWay): boolean => ways.includes(way);

/** Money that custody must hold; the other ways hold nothing. */
export const heldFen = (order: Pick<Order, 'settlement_way' | 'estimate_fen'>): number =>
  order.settlement_way === 'custody' ? order.estimate_fen : 0;
