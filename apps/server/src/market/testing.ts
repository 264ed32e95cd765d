/** For tests only: goods that are quickly put on the market — a declared table, so no upload and no registration is needed. */
import { type CallInput, type Client, ProblemError } from '@shugu/wire';
import * as casesWire from '@shugu/wire/cases';
import { move } from '../../../cli/src/scenario/cases.ts';
import {
  applyForListing,
  assess,
  draftProduct,
  type Listing,
  type ListingDraft,
  type ProductFields,
  reviewListing,
} from '../../../cli/src/scenario/product.ts';
import type { TestExchange, World } from '../../test/support/exchange.ts';

export const supplier = 'xingsha.trader';
export const buyer = 'citylogistics.trader';

const fields: ProductFields = {
  kind: 'dataset',
  name: '道路货运价格指数',
  summary: '全省道路货运的月度价格指数',
  description: '按线路与车型统计的运价指数，适用于运力匹配与价格监测。',
  resources: [],
  industry: 'G54',
  region: '430100',
  keywords: ['货运', '运价'],
  scenarios: ['价格监测'],
  deliveryModes: ['file', 'api'],
  updateCycle: 'monthly',
  coverageFrom: null,
  coverageUntil: null,
  language: 'zh',
};

export const columnOf = (sensitivity: string) => ({
  name: 'value',
  title: '指数值',
  type: 'decimal',
  description: '',
  sensitivity,
  unit: '',
  nullable: false,
});

/** Without resources a version has no right of its own: it is listed on a law firm's opinion. */
export const version = (
  exchange: TestExchange,
  about: Partial<ProductFields> = {},
  sensitivity = 'general',
  login = supplier,
) =>
  draftProduct(exchange.stage, login, { ...fields, ...about }, {
    note: '',
    dictionary: [],
    declared: [{ name: 'main', columns: [columnOf(sensitivity)] }],
    sampleRows: 0,
  } as never);

/** Empty `purposes`: none is named, so every one is allowed. */
export const policyOf = (more: object[] = [], purposes = 'logistics,statistics') => {
  const named = { leftOperand: 'purpose', operator: 'isAnyOf', rightOperand: purposes };
  const constraint = [...(purposes ? [named] : []), ...more];
  return {
    '@type': 'Offer',
    permission: [{ action: 'use', ...(constraint.length ? { constraint } : {}) }],
    prohibition: [{ action: 'distribute' }],
  };
};

export const listingOf = (versionId: string, report: string, more: Partial<ListingDraft> = {}): ListingDraft =>
  ({
    version: versionId,
    policy: policyOf(),
    plans: [
      {
        title: '年度',
        plan: { kind: 'oneOff', price: '120.00' },
        settlementWays: ['direct', 'postpaid'],
        taxRate: '0.06',
      },
    ],
    deliveryModes: ['file'],
    acceptanceDays: 5,
    trial: { calls: 5, days: 7 },
    purposes: ['logistics', 'statistics'],
    reports: [report],
    securityStatement: '经网关鉴权',
    sourceStatement: '自有业务系统',
    ...more,
  }) as ListingDraft;

export const lawFirm = { key: 'lawfirm', login: 'lawfirm.assessor' };

/** A product on the market, from draft to voucher. */
export const listed = async (
  exchange: TestExchange,
  about: Partial<ProductFields> = {},
  more: Partial<ListingDraft> = {},
  sensitivity = 'general',
  login = supplier,
): Promise<Listing> => {
  const made = await version(exchange, about, sensitivity, login);
  const report = await assess(exchange.stage, login, lawFirm, made.version, about.name ?? fields.name);
  const listing = await applyForListing(exchange.stage, login, listingOf(made.version, report.id, more));
  const open = await reviewListing(exchange.stage, listing);
  await exchange.settle();
  return open;
};

/** The index of freight prices is for sale. */
export const freightListed: World<Listing> = { name: 'freight_listed', play: (exchange) => listed(exchange) };

export type ScenarioDraft = CallInput<typeof import('@shugu/wire/market').createScenario>['body'];
export const scenarioOf = (more: Partial<ScenarioDraft> = {}): ScenarioDraft => ({
  title: '干线运价监测',
  purposes: ['logistics'],
  endUser: '城配通达物流有限公司（样例）',
  personalData: false,
  onwardUse: '',
  licence: '',
  region: '430100',
  from: '2026-07-01',
  until: '2027-06-30',
  authorisation: '',
  ...more,
});

/** Code of the refusal, with the fields at fault; fails when the call succeeds. */
export const refusal = async (call: Promise<unknown>): Promise<string> => {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    const at = error.problem.errors?.map((one) => one.code).join(',');
    return at ? `${error.problem.code} ${at}` : error.problem.code;
  }
  throw new Error('the call was not refused');
};

export const caseState = async (client: Client, id: string): Promise<string> =>
  (await client.call(casesWire.cases.get, { params: { case: id } })).state;
export { move };
