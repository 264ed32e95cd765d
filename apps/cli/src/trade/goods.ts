/** What is traded: the division codes as a look-up API, jointly held, priced per call. */
import { odrlFrom } from '@shugu/policy';
import { divisionsFile } from '../goods/divisions.ts';
import type { ListingDraft, ProductFields, VersionDraft } from '../scenario/product.ts';
import type { RightClaim } from '../scenario/registration.ts';
import type { DataFile, ResourceFields } from '../scenario/resource.ts';

export const unitPrice = '0.035';

export const divisionsResource = async (): Promise<{ fields: ResourceFields; file: DataFile; rows: number }> => {
  const file = await divisionsFile();
  return {
    file,
    rows: file.rows,
    fields: {
      name: '2023年全国县级以上行政区划代码与隶属关系表',
      summary:
        '由国家统计局公开的统计用区划代码整理而成：县级区划代码、名称，及其所属地级、省级区划代码与名称，用于地址规整与统计口径对齐。',
      industry: 'I65',
      source: 'derived',
      regionScope: 'national',
      region: null,
      timeFrom: '2023-01-01',
      timeUntil: '2023-12-31',
      updateFrequency: 'year',
      forms: ['table'],
      structure: 'structured',
      limits: '无',
      personal: false,
      personCount: null,
      purpose: '地址规整、统计口径对齐',
      licence: file.licence,
      synthetic: false,
    },
  };
};

export const divisionsClaims: RightClaim[] = (['xingsha', 'mapping'] as const).flatMap((holder) =>
  (['hold', 'use', 'operate'] as const).map((right) => ({ holder, right })),
);

export const divisionsProduct = (resource: string): { fields: ProductFields; version: VersionDraft } => ({
  fields: {
    kind: 'api',
    name: '全国行政区划代码查询接口',
    summary: '按县级区划代码查询名称与隶属关系，一次调用返回一条结果。',
    description:
      '输入六位县级区划代码，返回区划名称、所属地级与省级区划的代码和名称。适用于物流地址规整、统计口径对齐、系统间代码映射。',
    resources: [resource],
    industry: 'I65',
    region: '430000',
    keywords: ['行政区划', '地址', '代码表'],
    scenarios: ['地址规整', '统计'],
    deliveryModes: ['api', 'file'],
    updateCycle: 'yearly',
    coverageFrom: '2023-01-01',
    coverageUntil: '2023-12-31',
    language: 'zh',
  },
  version: {
    note: '首个版本',
    dictionary: [],
    declared: [],
    sampleRows: 5,
  },
});

export const callsMax = 40;

/** The supplier gets 60 %, the other right-holder 40 % of the income after the exchange's fee. */
export const shares = { xingsha: '0.6', mapping: '0.4' } as const;

export const divisionsListing = (
  version: string,
  report: string,
  from: Date,
  split: ListingDraft['split'],
): ListingDraft => ({
  split,
  version,
  policy: odrlFrom({
    actions: ['use', 'read', 'derive'],
    prohibited: ['distribute'],
    purposes: ['logistics', 'statistics'],
    notBefore: from.getTime(),
    notAfter: from.getTime() + 400 * 86_400_000,
    quotas: [{ metric: 'calls', period: 'total', limit: callsMax }],
    rate: { perSecond: 200, burst: 200 },
  }) as unknown as ListingDraft['policy'],
  plans: [
    {
      title: '按次计费',
      plan: { kind: 'perCall', unitPrice },
      settlementWays: ['custody', 'postpaid'],
      taxRate: '0.06',
    },
  ],
  deliveryModes: ['api'],
  acceptanceDays: 5,
  trial: { calls: 5, days: 7 },
  purposes: ['logistics', 'statistics'],
  reports: [report],
  securityStatement: '接口经网关鉴权，逐次计量；不含个人信息。',
  sourceStatement: '据国家统计局公开的统计用区划代码（MIT 许可的整理版本）加工。',
});
