/** The form of a product and of its version. */

import { deliveryModes, latencyBoundsMs, productKinds, updateCycles } from '@shugu/wire/catalogue';
import { listResources } from '@shugu/wire/registry';
import { Select } from 'antd';
import { useRead } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { choicesOf } from '../registry/fields.ts';
import { type FormField, field, type WidgetProps } from '../ui/fields.tsx';
import { RegionPicker } from '../ui/region.tsx';

const ResourcePicker = ({ id, value, onChange }: WidgetProps) => {
  const { t } = useWords();
  const read = useRead(listResources, { query: { state: 'profiled', limit: 100 } });
  return (
    <Select
      id={id}
      mode="multiple"
      value={value as string[]}
      onChange={onChange as (value: string[]) => void}
      loading={read.isPending}
      placeholder={t('products.pickResources')}
      showSearch={{ optionFilterProp: 'label' }}
      options={read.data?.items.map((one) => ({ value: one.id, label: one.name }))}
    />
  );
};

const kind = field('kind', 'choice', ['产品类型', 'Kind'], {
  required: true,
  choices: choicesOf('kind', productKinds),
});

export const productForm: FormField[] = [
  field('name', 'text', ['产品名称', 'Name'], { required: true, charactersMax: 200 }),
  field('summary', 'longText', ['一句话说明', 'In one sentence'], { required: true, charactersMax: 500 }),
  field('description', 'longText', ['详细介绍', 'Description'], { required: true }),
  field('resources', 'choices', ['来自哪些数据资源', 'From which resources'], {
    widget: ResourcePicker,
    help: { zh: '只列出已画像的资源；外部接口类产品可不选', en: 'Profiled resources only; none for an upstream API' },
  }),
  field('industry', 'text', ['行业（GB/T 4754）', 'Industry (GB/T 4754)'], {
    required: true,
    help: { zh: '门类字母，可带大类、中类数字，如 G54', en: 'Section letter, with digits if known, e.g. G54' },
  }),
  field('region', 'text', ['地域', 'Region'], { required: true, widget: RegionPicker }),
  field('keywords', 'list', ['关键词', 'Keywords'], {}),
  field('scenarios', 'list', ['适用场景', 'Scenarios'], {}),
  field('deliveryModes', 'choices', ['交付方式', 'Delivery'], {
    required: true,
    choices: choicesOf('deliveryMode', deliveryModes),
  }),
  field('updateCycle', 'choice', ['更新周期', 'Updated'], {
    required: true,
    choices: choicesOf('updateCycle', updateCycles),
  }),
  field('coverageFrom', 'date', ['数据覆盖起', 'Covers from'], {}),
  field('coverageUntil', 'date', ['数据覆盖止', 'Covers until'], {}),
  field('language', 'choice', ['语言', 'Language'], {
    required: true,
    choices: [
      ['zh', '中文', 'Chinese'],
      ['en', '英文', 'English'],
      ['other', '其他', 'Other'],
    ],
  }),
];
export const newProductForm: FormField[] = [kind, ...productForm];

export const productBody = (values: Record<string, unknown>) => ({
  keywords: [],
  scenarios: [],
  resources: [],
  coverageFrom: null,
  coverageUntil: null,
  ...values,
});

export const versionForm: FormField[] = [
  field('note', 'longText', ['版本说明', 'Note'], { charactersMax: 1000 }),
  field('sampleRows', 'number', ['公开样例行数', 'Sample rows shown'], {
    min: 0,
    max: 20,
    help: { zh: '敏感列自动遮盖', en: 'Sensitive columns are masked' },
  }),
  field('dictionary', 'records', ['字段说明', 'Notes on columns'], {
    fields: [
      field('table', 'text', ['表名', 'Table'], { required: true }),
      field('name', 'text', ['字段', 'Column'], { required: true }),
      field('title', 'text', ['中文名', 'Title'], {}),
      field('description', 'text', ['含义', 'Meaning'], {}),
      field('unit', 'text', ['单位', 'Unit'], {}),
    ],
  }),
  field('availability', 'number', ['承诺可用率（每月，%）', 'Availability promised (a month, %)'], {
    max: 100,
    help: {
      zh: '服务水平写入数据契约并随合同生效，按网关计量逐月评定；不填即不承诺',
      en: 'Service levels enter the data contract and are judged by the month as metered; empty: no promise',
    },
  }),
  field('latencyMs', 'choice', ['承诺时延（毫秒内开始应答）', 'Latency promised (answers begin within, ms)'], {
    choices: latencyBoundsMs.map((ms) => [String(ms), `${ms} 毫秒`, `${ms} ms`] as const),
  }),
  field('latencyPercent', 'number', ['时延达标比例（%）', 'For so many of the answers (%)'], { max: 100 }),
  field('freshness', 'number', ['承诺数据最大时龄（小时）', 'Data never older than (hours)'], {}),
  field('completeness', 'number', ['承诺完整性（%）', 'Completeness promised (%)'], { max: 100 }),
  field(
    'credits',
    'records',
    ['未达标抵扣档位（不填按交易所规则）', 'Credits where missed (empty: the exchange’s table)'],
    {
      fields: [
        field('missedPercent', 'number', ['未达幅度至多（%）', 'Missed by up to (%)'], { required: true, max: 100 }),
        field('creditPercent', 'number', ['抵扣当期费用（%）', 'Credit of the month’s fee (%)'], {
          required: true,
          max: 100,
        }),
      ],
    },
  ),
  field('declared', 'records', ['未由资源描述的表或接口', 'Tables or answers that no resource describes'], {
    fields: [
      field('name', 'text', ['名称', 'Name'], { required: true }),
      field('columns', 'records', ['字段', 'Columns'], {
        required: true,
        fields: [
          field('name', 'text', ['字段', 'Column'], { required: true }),
          field('title', 'text', ['中文名', 'Title'], { required: true }),
          field('type', 'choice', ['类型', 'Type'], {
            required: true,
            choices: choicesOf('columnType', [
              'text',
              'integer',
              'decimal',
              'boolean',
              'date',
              'time',
              'bytes',
              'json',
            ]),
          }),
          field('sensitivity', 'choice', ['敏感程度', 'Sensitivity'], {
            required: true,
            choices: choicesOf('sensitivity', [
              'open',
              'general',
              'personal',
              'sensitivePersonal',
              'important',
              'core',
            ]),
          }),
        ],
      }),
    ],
  }),
];

const levelsOf = ({
  availability,
  latencyMs,
  latencyPercent,
  freshness,
  completeness,
  credits,
}: Record<string, unknown>) => {
  const latency = latencyMs && latencyPercent ? { withinMs: Number(latencyMs), percent: latencyPercent } : null;
  const levels = {
    ...{ availabilityPercent: availability ?? null, latency, freshnessHours: freshness ?? null },
    ...{ completenessPercent: completeness ?? null, credits: credits ?? [] },
  };
  const promised = availability ?? latency ?? freshness ?? completeness;
  return promised === undefined || promised === null ? {} : { serviceLevels: levels };
};

/** Declared columns as the schema wants them, with what the form leaves out; service levels where one is promised. */
export const versionBody = ({
  availability,
  latencyMs,
  latencyPercent,
  freshness,
  completeness,
  credits,
  ...rest
}: Record<string, unknown>) => ({
  ...rest,
  ...levelsOf({ availability, latencyMs, latencyPercent, freshness, completeness, credits }),
  declared: ((rest.declared as { name: string; columns?: Record<string, unknown>[] }[] | undefined) ?? []).map(
    (one) => ({
      name: one.name,
      columns: (one.columns ?? []).map((column) => ({ description: '', unit: '', nullable: true, ...column })),
    }),
  ),
});
