/** A computation contract as a form: what stands in it, what it starts from, and the body that it makes. */
import { disclosures, type draftComputation, releaseWays, sharesProtocols, usesPeriods } from '@shugu/wire/compute';
import { type RoomStart, roomStarts } from '@shugu/wire/compute-templates';
import type { Input } from '../api.ts';
import { choicesOf } from '../registry/fields.ts';
import { type FormField, field } from '../ui/fields.tsx';
import { fenOf } from '../ui/format.ts';
import { OrganisationPicker } from '../ui/organisations.tsx';
import { engineIn } from './engine.tsx';

/** Of a clean room, and the one whose data stay with their owners. */
const roomTemplates = ['creditCheck', 'overlap', 'spending', 'regions', 'overloadedTrucks', 'own'] as const;
export type RoomTemplate = (typeof roomTemplates)[number];
export const templates = [...roomTemplates, 'module', 'psi', 'shares'] as const;
export type Template = (typeof templates)[number];
export type Draft = Input<typeof draftComputation>['body'];
export type Body = Extract<Draft, { mode: 'cleanRoom' }>;

export interface ColumnValues {
  name: string;
  type: Body['dataSets'][number]['columns'][number]['type'];
  rule: (typeof disclosures)[number];
  lower?: string;
  upper?: string;
}
export interface DataSetValues {
  owner?: string;
  table?: string;
  resource?: string;
  version?: string;
  entity?: string;
  rowsMax?: number;
  share?: number;
  columns?: ColumnValues[];
}
export interface DraftValues {
  title?: string;
  purpose?: string;
  dataSets?: DataSetValues[];
  recipients?: string[];
  query?: { sql?: string; parameters?: { name: string; title: string; values: string[] }[] };
  release?: { entitiesMin?: number; rowsMax?: number; rho?: string; how?: (typeof releaseWays)[number] };
  noise?: { groups?: { column: string; values: string[] }[]; answerSeconds?: number };
  uses?: number;
  usesPer?: { period?: (typeof usesPeriods)[number]; most?: number };
  from?: string;
  until?: string;
  priceFen?: string;
  payment?: { taxPercent?: number; untouched?: 'free' | 'charged' };
  engine?: string;
}

/** Of an owner whose data stay with it; as `shugu compute prepare` tells them. */
export interface HeldValues {
  owner?: string;
  table?: string;
  commitment?: string;
  channelKey?: string;
  signing?: string;
  share?: number;
}
export interface SharesValues extends Omit<DraftValues, 'dataSets' | 'release' | 'noise'> {
  dataSets?: (HeldValues & { columns?: Pick<ColumnValues, 'name' | 'rule'>[] })[];
  release?: { entitiesMin?: number };
  protocol?: (typeof sharesProtocols)[number];
  decimals?: number;
  rowsMax?: number;
}

const columnTypes = ['string', 'integer', 'decimal', 'boolean', 'date', 'timestamp'] as const;
const whole = '^-?\\d{1,12}$';

const nameField = field('name', 'text', ['字段名', 'Column'], { required: true });
const ruleField = (rules: readonly string[]): FormField =>
  field('rule', 'choice', ['允许做什么', 'What may be done with it'], {
    required: true,
    choices: choicesOf('disclosure', rules),
  });
const columnFields = (rules: readonly string[]): FormField[] => [
  nameField,
  field('type', 'choice', ['类型', 'Type'], { required: true, choices: choicesOf('columnType', columnTypes) }),
  ruleField(rules),
];
/** Nobody sees what a program does with a column: it reads it, or it does not. */
export const openOrHidden = columnFields(['open', 'hidden']);
const columnForm: FormField[] = [
  ...columnFields(disclosures),
  field('lower', 'text', ['下限（加噪求和时）', 'Lower bound (summed up with noise)'], { pattern: whole }),
  field('upper', 'text', ['上限（加噪求和时）', 'Upper bound (summed up with noise)'], { pattern: whole }),
];

export const organisation = (id: string, title: [string, string], single: boolean): FormField =>
  field(id, 'parties', title, {
    required: true,
    ...(single ? { widget: (props) => OrganisationPicker({ ...props, single: true }) } : {}),
  });

const ownerField = organisation('owner', ['数据持有单位', 'Owner'], true);
const tableField = field('table', 'text', ['查询中的表名（小写字母）', 'Name in the query (small letters)'], {
  required: true,
});
const shareField = field('share', 'number', ['价款分成（%，有价时）', 'Share of the price (%, where there is one)'], {
  min: 0,
  max: 100,
});

export const dataSetFields = (columns: FormField[], noisy: readonly FormField[] = []): FormField[] => [
  ownerField,
  tableField,
  field('resource', 'text', ['数据资源编号（res_…）', 'Resource (res_…)'], {
    required: true,
    help: { zh: '对方的编号与摘要由对方提供', en: 'Of another owner: as that owner tells them' },
  }),
  field('version', 'text', ['数据摘要（sha256:…）', 'Digest of the data (sha256:…)'], { required: true }),
  field('entity', 'text', ['主体字段（人或企业）', 'Column of the entity (person or firm)'], { required: true }),
  ...noisy,
  shareField,
  field('columns', 'records', ['字段', 'Columns'], { required: true, itemsMax: 200, fields: columns, inline: true }),
];
const dataSetForm = dataSetFields(columnForm, [
  field('rowsMax', 'number', ['每个主体至多计入几行（加噪时）', 'Rows of one entity that count (with noise)'], {
    min: 1,
    max: 1000,
  }),
]);

export const aboutForm: FormField[] = [
  field('title', 'text', ['合约名称', 'Title'], { required: true }),
  field('purpose', 'longText', ['用途', 'Purpose'], { required: true }),
];
export const termForm: FormField[] = [
  field('uses', 'number', ['共可运行几次', 'Uses in all'], { required: true, min: 1, max: 10_000 }),
  field('usesPer.period', 'choice', ['另按自然期限次（可不填）', 'And a limit for each period (may be empty)'], {
    choices: choicesOf('usesPeriod', usesPeriods),
  }),
  field('usesPer.most', 'number', ['每期至多几次', 'Uses in such a period at most'], { min: 1, max: 10_000 }),
  field('from', 'date', ['生效日', 'From'], { required: true }),
  field('until', 'date', ['截止日（含）', 'Until (that day included)'], { required: true }),
  field('priceFen', 'text', ['每次价格（元，含税）', 'Price of a use (CNY, tax included)'], {
    required: true,
    pattern: '^\\d+(\\.\\d{1,2})?$',
  }),
  field('payment.taxPercent', 'number', ['税率（%）', 'Tax (%)'], { min: 0, max: 100 }),
  field('payment.untouched', 'choice', ['确知没有读取数据的一次', 'A use known to have read nothing'], {
    choices: choicesOf('untouched', ['free', 'charged']),
  }),
];

const hex32 = '^[0-9a-f]{64}$';
export const heldForm: FormField[] = [
  ownerField,
  tableField,
  field('commitment', 'text', ['对文件的承诺（commitment）', 'Commitment to the file (commitment)'], {
    required: true,
    pattern: hex32,
    help: {
      zh: '由该单位在自己的机器上用 shugu compute prepare 得到，文件不外传',
      en: 'from shugu compute prepare on that owner’s own machine; the file stays there',
    },
  }),
  field('channelKey', 'text', ['通道公钥（channelKey）', 'Channel key (channelKey)'], {
    required: true,
    pattern: hex32,
  }),
  field('signing', 'text', ['签名公钥（signingKey 的 x）', 'Signing key (x of signingKey)'], {
    required: true,
    pattern: '^[A-Za-z0-9_-]{43}$',
  }),
  shareField,
];

const entitiesField = field('release.entitiesMin', 'number', ['一组至少多少个主体', 'Entities that a group needs'], {
  required: true,
  min: 3,
});

export const sharesForm: FormField[] = [
  ...aboutForm,
  field('dataSets', 'records', ['双方的数据', 'Data of both owners'], {
    required: true,
    itemsMax: 2,
    fields: [
      ...heldForm,
      field('columns', 'records', ['字段', 'Columns'], {
        required: true,
        itemsMax: 200,
        fields: [nameField, ruleField(disclosures)],
        inline: true,
      }),
    ],
  }),
  organisation('recipients', ['结果接收单位（须是双方之一或双方）', 'Recipients (one of the owners, or both)'], false),
  field('query.sql', 'longText', ['约定的查询（SQL）', 'The agreed query (SQL)'], {
    required: true,
    help: {
      zh: '一次汇总：count、sum、avg，按一对相等的标识连接，可按一方的字段筛选与分组，也可比较双方的数值',
      en: 'One aggregation: count, sum, avg over two tables joined by one pair of keys; filters and groups of either owner, and comparisons between numbers of both',
    },
  }),
  field('protocol', 'choice', ['份额在谁手里', 'Who holds shares'], {
    choices: choicesOf('sharesProtocol', sharesProtocols),
    help: {
      zh: '交易所持份额参与计算，双方发送的少；只分发随机数则不参与，按标识对齐须用 KKRT（预览）',
      en: 'With shares at the exchange the owners send less; as a dealer it takes no part in computing, and keys are matched by KKRT (preview)',
    },
  }),
  entitiesField,
  field('decimals', 'number', ['数值的小数位数', 'Places after the point of numbers'], {
    required: true,
    min: 0,
    max: 9,
  }),
  field('rowsMax', 'number', ['每方至多多少行', 'Rows of a table at most'], {
    required: true,
    min: 1,
    max: 16_777_216,
  }),
  ...termForm,
];

export const parametersField = field('query.parameters', 'records', ['参数', 'Parameters'], {
  itemsMax: 5,
  fields: [
    field('name', 'text', ['参数名（查询中写作 $参数名）', 'Name ($name in the query)'], { required: true }),
    field('title', 'text', ['含义', 'What it is'], { required: true }),
    field('values', 'list', ['可选的值', 'Values to choose from'], { required: true }),
  ],
});
export const rowsField = field('release.rowsMax', 'number', ['结果至多多少行', 'Rows of the result at most'], {
  required: true,
  min: 1,
  max: 10_000,
});

export const draftForm: FormField[] = [
  ...aboutForm,
  field('dataSets', 'records', ['数据集', 'Data sets'], { required: true, itemsMax: 4, fields: dataSetForm }),
  organisation('recipients', ['结果接收单位', 'Recipients'], false),
  field('query.sql', 'longText', ['约定的查询（SQL）', 'The agreed query (SQL)'], {
    required: true,
    help: {
      zh: '一次汇总：count、sum、avg，等值内连接，按可显示字段筛选与分组',
      en: 'One aggregation: count, sum, avg over inner joins, filtered and grouped by open columns',
    },
  }),
  parametersField,
  entitiesField,
  rowsField,
  field('release.how', 'choice', ['结果由谁先看（不填为直接发布）', 'Who looks at results first (empty: nobody)'], {
    choices: choicesOf('moduleRelease', releaseWays),
    help: {
      zh: '看过并批准后发布：数据持有单位因此得知结果；拒绝的结果不给任何人，仍然计次',
      en: 'Owners who look learn the result; one that is refused goes to nobody and counts all the same',
    },
  }),
  field(
    'release.rho',
    'text',
    ['每次使用的隐私预算 ρ（不加噪则不填）', 'Privacy budget ρ of a use (empty: no noise)'],
    {
      pattern: '^\\d+(\\.\\d{1,8})?$',
      help: {
        zh: '填写后结果加噪，人数下限不再起作用；需填写各数据集的计入行数、求和字段的上下限与下列分组的值',
        en: 'With it noise is added and the least number decides nothing; rows that count, bounds of summed columns and the groups below are needed',
      },
    },
  ),
  field('noise.groups', 'records', ['公开的分组（加噪时）', 'Public groups (with noise)'], {
    itemsMax: 5,
    fields: [
      field('column', 'text', ['分组字段（表名.字段）', 'Grouped column (table.column)'], { required: true }),
      field('values', 'list', ['全部取值', 'All its values'], { required: true }),
    ],
  }),
  field(
    'noise.answerSeconds',
    'number',
    ['结果给出的时间间隔（秒，加噪时）', 'Steps of time of an answer (seconds, with noise)'],
    {
      min: 1,
      max: 3600,
      help: {
        zh: '用时也会透露数据：每次使用的结局只在登记后的这个秒数或其整倍数时给出；不填为 10 秒',
        en: 'How long it took tells of the data, too: how a use ended is told that long after it was reserved, or a multiple of that; 10 seconds if empty',
      },
    },
  ),
  ...termForm,
];

const two = (first: DataSetValues, second: DataSetValues): DataSetValues[] =>
  [first, second].map((one) => ({ rowsMax: 1, share: 50, ...one }));
/** What each template starts from; names of tables and columns are examples to be replaced by those of the data. */
export const startOf = (template: RoomTemplate, owner: string): DraftValues => {
  const common: DraftValues = {
    release: { entitiesMin: 5, rowsMax: 100 },
    uses: 12,
    priceFen: '0',
    payment: { taxPercent: 6, untouched: 'free' },
  };
  if (template === 'own') return { ...common, dataSets: [{ rowsMax: 1, share: 100, owner }], query: { sql: '' } };
  const { dataSets, query, noise }: RoomStart = roomStarts[template];
  const [own, other] = two(...dataSets);
  return {
    ...{ ...common, dataSets: [{ ...own, owner }, other!], query },
    ...(noise && {
      release: { entitiesMin: 3, rowsMax: 1000, rho: noise.rho },
      noise: { groups: [{ column: noise.group, values: [] }] },
    }),
  };
};

const noiseOf = ({ dataSets = [], noise }: DraftValues): Body['noise'] => ({
  rows: dataSets.map(({ table, rowsMax }) => ({ table: table ?? '', rowsMax: rowsMax ?? 1 })),
  bounds: dataSets.flatMap(({ table, columns = [] }) =>
    columns.flatMap(({ name, lower, upper }) =>
      lower !== undefined && upper !== undefined ? [{ column: `${table}.${name}`, lower, upper }] : [],
    ),
  ),
  groups: noise?.groups ?? [],
  ...(noise?.answerSeconds && { answerSeconds: noise.answerSeconds }),
});

/** Of each owner once, as a share of 1. */
const sharesOf = (dataSets: readonly { owner?: string; share?: number }[]) => {
  const shares = new Map<string, number>();
  for (const { owner = '', share = 0 } of dataSets) shares.set(owner, (shares.get(owner) ?? 0) + share);
  return [...shares].map(([owner, percent]) => ({ owner, share: String(Number((percent / 100).toFixed(8))) }));
};

/** What contracts of every mode say. */
export const agreedOf = (
  values: Omit<DraftValues, 'dataSets'> & { dataSets?: { owner?: string; share?: number }[] },
) => {
  const priceFen = fenOf(values.priceFen ?? '') ?? values.priceFen ?? '';
  const { payment, usesPer } = values;
  return {
    title: values.title ?? '',
    purpose: values.purpose ?? '',
    recipients: values.recipients ?? [],
    ...engineIn(values.engine),
    uses: values.uses ?? 1,
    ...(usesPer?.period && usesPer.most
      ? { usesPer: { period: usesPer.period, most: usesPer.most, timeZone: 'Asia/Shanghai' } }
      : {}),
    from: `${values.from}T00:00:00+08:00`,
    until: `${values.until}T23:59:59+08:00`,
    priceFen,
    ...(priceFen === '0'
      ? {}
      : {
          payment: {
            taxRate: String((payment?.taxPercent ?? 0) / 100),
            shares: sharesOf(values.dataSets ?? []),
            untouched: payment?.untouched ?? ('free' as const),
          },
        }),
  };
};

export const setOf = ({ rowsMax: _, share: __, columns = [], ...set }: DataSetValues): Body['dataSets'][number] => ({
  ...(set as Required<Pick<DataSetValues, 'owner' | 'table' | 'resource' | 'version' | 'entity'>>),
  columns: columns.map(({ name, type, rule }) => ({ name, type, rule })),
});

/** Of an owner whose data stay with it. */
export const heldOf = ({ owner = '', table = '', commitment = '', channelKey = '', signing = '' }: HeldValues) => ({
  ...{ owner, table, commitment, channelKey },
  signingKey: { kty: 'OKP' as const, crv: 'Ed25519' as const, x: signing },
});

/** What was filled in, as the exchange takes it; what is missing or wrong it says at the field. */
export const bodyOf = (values: DraftValues): Body => {
  const { dataSets = [], release } = values;
  const rho = release?.rho ?? null;
  return {
    ...agreedOf(values),
    mode: 'cleanRoom',
    dataSets: dataSets.map(setOf),
    query: { sql: values.query?.sql ?? '', parameters: values.query?.parameters ?? [] },
    release: {
      ...{ entitiesMin: release?.entitiesMin ?? 3, rowsMax: release?.rowsMax ?? 100, rho },
      ...(release?.how && { how: release.how }),
    },
    ...(rho === null ? {} : { noise: noiseOf(values) }),
  };
};

export const sharesBodyOf = (values: SharesValues): Draft => ({
  ...agreedOf(values),
  mode: 'shares',
  dataSets: (values.dataSets ?? []).map(({ columns = [], ...set }) => ({ ...heldOf(set), columns })),
  query: { sql: values.query?.sql ?? '' },
  protocol: values.protocol ?? 'replicated',
  release: { entitiesMin: values.release?.entitiesMin ?? 3 },
  decimals: values.decimals ?? 2,
  rowsMax: values.rowsMax ?? 1,
});

export const sharesStart = (owner: string): SharesValues => ({
  dataSets: [
    {
      ...{ owner, table: 'ours', share: 50 },
      columns: [
        { name: 'customer', rule: 'join' },
        { name: 'amount', rule: 'aggregate' },
      ],
    },
    {
      ...{ table: 'theirs', share: 50 },
      columns: [
        { name: 'customer', rule: 'join' },
        { name: 'region', rule: 'open' },
      ],
    },
  ],
  recipients: [owner],
  release: { entitiesMin: 5 },
  query: {
    sql: 'select t.region, sum(o.amount) as amount, count(*) as n\nfrom ours o join theirs t on o.customer = t.customer group by t.region',
  },
  protocol: 'replicated',
  decimals: 2,
  rowsMax: 1_000_000,
  uses: 12,
  priceFen: '0',
  payment: { taxPercent: 6, untouched: 'free' },
});
