import { clock, wallClock } from './build.ts';
import { type Action, type Duty, isComputationOnly, type Mask, type Metric, type Policy, type Terms } from './model.ts';
import type { Period } from './period.ts';
import { rowFilterText } from './rowfilter.ts';

export type Language = 'zh' | 'en';
/** Names of purposes, regions and participants by code; a code without a name is printed as it is. */
export type Names = Readonly<Record<string, string>>;

const ACTION_NAMES: Readonly<Record<Action, readonly [zh: string, en: string]>> = {
  use: ['内部使用', 'internal use'],
  read: ['查阅', 'reading'],
  aggregate: ['汇总统计', 'aggregation'],
  derive: ['加工形成衍生数据', 'derivation'],
  display: ['展示', 'display'],
  distribute: ['转让或再分发', 'redistribution'],
  reproduce: ['复制留存', 'keeping copies'],
  modify: ['修改', 'modification'],
  'shugu:computeOnly': ['参与计算', 'computation'],
};
const DUTY_NAMES: Readonly<Record<Duty, readonly [string, string]>> = {
  attribute: ['注明数据来源', 'name the source of the data'],
  delete: ['期满后删除所得数据', 'delete the data at the end of the period'],
  inform: ['向供方告知使用情况', 'inform the supplier of the use made'],
  compensate: ['按约支付费用', 'pay as agreed'],
};
/** 用途, as listings and use scenarios name them; a market may use further codes. */
const PURPOSE_NAMES: Readonly<Record<string, readonly [string, string]>> = {
  logistics: ['物流', 'logistics'],
  safety: ['安全管理', 'safety'],
  statistics: ['统计', 'statistics'],
  research: ['科研', 'research'],
  riskControl: ['风险管理', 'risk control'],
  marketing: ['营销', 'marketing'],
  urbanManagement: ['城市治理', 'urban management'],
  credit: ['信贷（征信）', 'credit'],
  insurance: ['保险', 'insurance'],
  training: ['模型训练', 'model training'],
};
const PERIOD_NAMES: Readonly<Record<Period, readonly [string, string]>> = {
  total: ['累计', 'in total'],
  day: ['每自然日', 'per calendar day'],
  month: ['每自然月', 'per calendar month'],
  year: ['每自然年', 'per calendar year'],
};

/** A purpose in words; a code without a name is printed as it is. */
export const purposeName = (code: string, language: Language): string =>
  PURPOSE_NAMES[code]?.[language === 'zh' ? 0 : 1] ?? code;

/** The policy as plain sentences, one a limit, in the order 用法、用时、用次用量、范围. For listings, contracts and orders. */
export function explain(policy: Policy, language: Language, names: Names = {}): string[] {
  const say = sayer(policy.terms, language, names);
  return [
    ...say.parties(),
    ...say.actions(),
    ...say.time(),
    ...say.amounts(),
    ...say.scope(),
    ...say.watermark(),
    ...say.duties(),
    ...policy.notUnderstood.map((found) =>
      language === 'zh' ? `本平台无法执行：${found.zh}。` : `Cannot be enforced here: ${found.en}.`,
    ),
  ];
}

function sayer(terms: Terms, language: Language, names: Names) {
  const pick = (zh: string, en: string) => (language === 'zh' ? zh : en);
  const named = (codes: readonly string[]) => codes.map((code) => names[code] ?? code).join(pick('、', ', '));
  const label = (pair: readonly [string, string]) => pick(pair[0], pair[1]);
  const when = (given: unknown, zh: string, en: string) =>
    given === undefined || given === false ? [] : [pick(zh, en)];
  const list = (items: readonly string[]) => items.join(pick('、', ', '));
  return {
    parties: () => [
      ...when(
        terms.assignee,
        `仅限 ${named([terms.assignee ?? ''])} 使用。`,
        `For ${named([terms.assignee ?? ''])} only.`,
      ),
      ...when(
        terms.memberOf,
        `仅由数据空间 ${named([terms.memberOf ?? ''])} 的成员订立。`,
        `Concluded with members of the data space ${named([terms.memberOf ?? ''])} only.`,
      ),
    ],
    actions() {
      const allowed = terms.actions
        .filter((action) => action !== 'shugu:computeOnly')
        .map((action) => label(ACTION_NAMES[action]));
      const purposes = list((terms.purposes ?? []).map((code) => names[code] ?? purposeName(code, language)));
      const prohibited = terms.prohibited.map((action) => label(ACTION_NAMES[action]));
      return [
        ...(isComputationOnly(terms)
          ? [
              pick(
                '数据可用不可见：仅可参与计算，原始数据不得取出。',
                'Computation only: the data itself is not handed out.',
              ),
            ]
          : []),
        ...(allowed.length > 0
          ? [
              pick(
                `许可的用法：${list(allowed)}；未列明的用法一律不许可。`,
                `Permitted: ${list(allowed)}; nothing else is.`,
              ),
            ]
          : []),
        ...(prohibited.length > 0 ? [pick(`禁止${list(prohibited)}。`, `Prohibited: ${list(prohibited)}.`)] : []),
        ...when(terms.purposes, `仅限用于：${purposes}。`, `Only for: ${purposes}.`),
        ...when(
          terms.authorisationRequired,
          '每次调用须提供授权凭证号。',
          'Each call needs an authorisation reference.',
        ),
      ];
    },
    time() {
      const zone = terms.timeZone;
      const from = terms.notBefore === undefined ? '' : wallClock(terms.notBefore, zone);
      const to = terms.notAfter === undefined ? '' : wallClock(terms.notAfter, zone);
      const where = pick(`（${zone} 时间）`, ` (${zone})`);
      const hours = terms.hoursOfDay;
      return [
        ...(from && to
          ? [pick(`使用期限自 ${from} 起，至 ${to} 止${where}。`, `Valid from ${from} until ${to}${where}.`)]
          : []),
        ...(from && !to ? [pick(`自 ${from} 起可以使用${where}。`, `Valid from ${from}${where}.`)] : []),
        ...(!from && to ? [pick(`使用至 ${to} 止${where}。`, `Valid until ${to}${where}.`)] : []),
        ...(hours
          ? [
              pick(
                `每天仅限 ${clock(hours.from)} 至 ${clock(hours.to)} 使用${where}。`,
                `Daily from ${clock(hours.from)} to ${clock(hours.to)}${where}.`,
              ),
            ]
          : []),
      ];
    },
    amounts: () => [
      ...terms.quotas.map(({ metric, period, limit }) => {
        const per = label(PERIOD_NAMES[period]);
        return pick(
          `${per}${verb(metric)}不超过 ${amount(metric, limit, 'zh')}。`,
          `At most ${amount(metric, limit, 'en')} ${per}.`,
        );
      }),
      ...(terms.rate
        ? [
            pick(
              `调用速率不超过每秒 ${terms.rate.perSecond} 次，瞬时突发不超过 ${terms.rate.burst} 次。`,
              `At most ${terms.rate.perSecond} calls per second, bursts of ${terms.rate.burst}.`,
            ),
          ]
        : []),
    ],
    scope() {
      const masks = Object.entries(terms.masks).map(
        ([column, mask]) => `${names[column] ?? column}${pick('', ' ')}${maskName(mask, language)}`,
      );
      return [
        ...when(
          terms.regions,
          `仅限下列行政区划的主体使用：${named(terms.regions ?? [])}。`,
          `Only for parties in the regions: ${named(terms.regions ?? [])}.`,
        ),
        ...when(
          terms.columns,
          `仅提供下列字段：${named(terms.columns ?? [])}。`,
          `Only the columns: ${named(terms.columns ?? [])}.`,
        ),
        ...(masks.length > 0 ? [pick(`脱敏：${masks.join('，')}。`, `Masked: ${masks.join(', ')}.`)] : []),
        ...(terms.rowFilter.length > 0
          ? [
              pick(
                `仅提供满足条件的数据行：${rowFilterText(terms.rowFilter)}。`,
                `Only rows where ${rowFilterText(terms.rowFilter)}.`,
              ),
            ]
          : []),
      ];
    },
    watermark() {
      const { altered = {}, syntheticRows = 0 } = terms.watermark ?? {};
      const changes = Object.entries(altered).map(([column, change]) => `${names[column] ?? column} ±${change}`);
      return [
        ...when(
          terms.watermark,
          '本份数据带有专为需方加注的水印，泄露后可据以查明来源。',
          'This copy is marked for its buyer: where it leaks from can be found out.',
        ),
        ...(changes.length > 0
          ? [
              pick(
                `为加注水印，下列字段的部分取值有改动，改动量至多为：${list(changes)}（时间以秒计）。`,
                `For the mark, some values of these columns are altered, by at most: ${list(changes)} (times in seconds).`,
              ),
            ]
          : []),
        ...(syntheticRows > 0
          ? [
              pick(
                `为加注水印，至多掺入 ${syntheticRows} 行合成数据，不对应任何真实对象。`,
                `For the mark, at most ${syntheticRows} synthetic ${syntheticRows === 1 ? 'row is added; it stands' : 'rows are added; they stand'} for nothing real.`,
              ),
            ]
          : []),
      ];
    },
    duties: () =>
      terms.duties.length > 0
        ? [
            pick(
              `需方应当${list(terms.duties.map((duty) => label(DUTY_NAMES[duty])))}。`,
              `The buyer shall ${list(terms.duties.map((duty) => label(DUTY_NAMES[duty])))}.`,
            ),
          ]
        : [],
  };
}

function verb(metric: Metric): string {
  return { calls: '调用', rows: '取得数据', bytes: '流量' }[metric];
}

function amount(metric: Metric, limit: number, language: Language): string {
  if (metric === 'bytes') return bytesText(limit);
  const number = limit.toLocaleString('en-US');
  if (language === 'zh') return metric === 'calls' ? `${number} 次` : `${number} 行`;
  return `${number} ${limit === 1 ? metric.slice(0, -1) : metric}`;
}

/** Whole binary units only: a limit that is no round figure is printed in bytes, since a rounded limit would be wrong. */
function bytesText(bytes: number): string {
  for (const [unit, size] of [
    ['TiB', 2 ** 40],
    ['GiB', 2 ** 30],
    ['MiB', 2 ** 20],
    ['KiB', 2 ** 10],
  ] as const) {
    if (bytes % size === 0) return `${bytes / size} ${unit}`;
  }
  return `${bytes.toLocaleString('en-US')} B`;
}

function maskName(mask: Mask, language: Language): string {
  const names = { hide: ['隐去', 'hidden'], hash: ['以哈希值代替', 'hashed'], truncate: ['', ''] }[mask.kind];
  if (mask.kind === 'truncate')
    return language === 'zh' ? `只保留前 ${mask.length} 个字符` : `cut to ${mask.length} characters`;
  return language === 'zh' ? (names[0] ?? '') : (names[1] ?? '');
}
