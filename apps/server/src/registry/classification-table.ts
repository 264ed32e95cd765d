import type { ClassificationRule, DataLevel, HarmDegree, ImpactObject } from './classification.ts';

const standard = 'GB/T 43697-2024';
const objectNames: Record<ImpactObject, [zh: string, en: string]> = {
  nationalSecurity: ['国家安全', 'national security'],
  economy: ['经济运行', 'the economy'],
  order: ['社会秩序', 'social order'],
  publicInterest: ['公共利益', 'the public interest'],
  organisation: ['组织权益', 'an organisation'],
  individual: ['个人权益', 'individuals'],
};
const degreeNames: Record<HarmDegree, [zh: string, en: string]> = {
  general: ['一般危害', 'general harm'],
  serious: ['严重危害', 'serious harm'],
  verySerious: ['特别严重危害', 'very serious harm'],
};
const levelNames: Record<DataLevel, string> = { core: '核心数据', important: '重要数据', general: '一般数据' };

const publicMatrix: Record<HarmDegree, DataLevel> = { general: 'general', serious: 'important', verySerious: 'core' };
const matrix: Record<ImpactObject, Record<HarmDegree, DataLevel>> = {
  nationalSecurity: { general: 'important', serious: 'core', verySerious: 'core' },
  economy: publicMatrix,
  order: publicMatrix,
  publicInterest: publicMatrix,
  organisation: { general: 'general', serious: 'general', verySerious: 'general' },
  individual: { general: 'general', serious: 'general', verySerious: 'general' },
};

const impactRules: ClassificationRule[] = (Object.keys(matrix) as ImpactObject[]).flatMap((object) =>
  (Object.keys(matrix[object]) as HarmDegree[]).map((degree) => {
    const level = matrix[object][degree];
    const [zh, en] = objectNames[object];
    return {
      id: `impact.${object}.${degree}`,
      when: { impact: { object, degree } },
      atLeast: { level },
      zh: `一旦泄露、篡改、损毁，对${zh}造成${degreeNames[degree][0]}：${levelNames[level]}`,
      en: `Leak, change or loss would do ${degreeNames[degree][1]} to ${en}: ${level} data`,
      source: standard,
      unconfirmed: true,
    };
  }),
);

/**
 * The table a node starts with; a rule pack may replace it. The impact matrix and the general levels were taken from summaries
 * of the standard, not from its text, and say so.
 */
export const classificationTable: ClassificationRule[] = [
  ...impactRules,
  {
    id: 'catalogue.core',
    when: { catalogued: 'core' },
    atLeast: { level: 'core' },
    zh: '已列入核心数据目录',
    en: 'Listed in a catalogue of core data',
    source: '数据安全法 第21条',
    unconfirmed: false,
  },
  {
    id: 'catalogue.important',
    when: { catalogued: 'important' },
    atLeast: { level: 'important' },
    zh: '已列入重要数据目录或被告知为重要数据',
    en: 'Listed in a catalogue of important data, or notified as such',
    source: '网络数据安全管理条例 第37条',
    unconfirmed: false,
  },
  {
    id: 'general.sensitive',
    when: { sensitive: true },
    atLeast: { generalLevel: 4 },
    zh: '含敏感个人信息，一般数据不低于 4 级',
    en: 'Holds sensitive personal information: general level 4 at least',
    source: `${standard} 附录 H`,
    unconfirmed: true,
  },
  {
    id: 'general.personal',
    when: { personal: true },
    atLeast: { generalLevel: 2 },
    zh: '含个人信息，一般数据不低于 2 级',
    en: 'Holds personal information: general level 2 at least',
    source: `${standard} 附录 H`,
    unconfirmed: true,
  },
  {
    id: 'general.conditional',
    when: { sharing: 'conditional' },
    atLeast: { generalLevel: 2 },
    zh: '有条件共享的公共数据，不低于 2 级',
    en: 'Public data shared on conditions: general level 2 at least',
    source: `${standard} 附录 H`,
    unconfirmed: true,
  },
  {
    id: 'general.notShared',
    when: { sharing: 'notShared' },
    atLeast: { generalLevel: 4 },
    zh: '不予共享的公共数据，不低于 4 级',
    en: 'Public data that is not shared: general level 4 at least',
    source: `${standard} 附录 H`,
    unconfirmed: true,
  },
  {
    id: 'persons.tenMillion',
    when: { personal: true, personCountOver: 10_000_000 },
    atLeast: { generalLevel: 4 },
    zh: '个人信息超过 1000 万人：处理者须履行重要数据处理者的部分义务（级别仍由目录确定）',
    en: 'Over ten million persons: the handler bears duties of handlers of important data (the level itself is for the catalogue to say)',
    source: '网络数据安全管理条例 第28条',
    // The duties are law; that they mean general level 4 is our reading.
    unconfirmed: true,
  },
];
