/** Terms of use as a form, and the ODRL policy that they make (packages/policy/README.md lists the operands). */

import { explainPolicy } from '@shugu/wire/agreements';
import { useMutation } from '@tanstack/react-query';
import { Alert } from 'antd';
import { useEffect } from 'react';
import { client, type Input } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { type FormField, field } from '../ui/fields.tsx';
import { RegionsPicker } from '../ui/region.tsx';
import { PurposePicker } from './purpose-field.tsx';

export interface Terms {
  actions?: string[];
  prohibitDistribution?: boolean;
  purposes?: string[];
  until?: string;
  callsTotal?: number;
  callsPerDay?: number;
  rowsTotal?: number;
  ratePerSecond?: number;
  regions?: string[];
  columns?: string[];
  authorisation?: boolean;
  altered?: { column?: string; maxChange?: string }[];
  syntheticRows?: number;
  memberOf?: string;
}

export const termsForm: FormField[] = [
  field('terms.actions', 'choices', ['允许的使用方式', 'Uses allowed'], {
    required: true,
    choices: [
      ['use', '使用', 'use'],
      ['read', '读取', 'read'],
      ['derive', '加工衍生', 'derive'],
      ['aggregate', '汇总', 'aggregate'],
      ['display', '展示', 'display'],
      ['reproduce', '复制', 'reproduce'],
      ['distribute', '再分发', 'distribute'],
      ['shugu:computeOnly', '仅计算（可用不可见）', 'compute only'],
    ],
  }),
  field('terms.prohibitDistribution', 'boolean', ['禁止再分发', 'Redistribution prohibited'], {}),
  field('terms.purposes', 'list', ['限定用途', 'Purposes'], {
    widget: PurposePicker,
    help: {
      zh: '不填即不限，包含征信用途：仅持牌征信机构可以上架',
      en: 'None means any, credit too: only a licensed credit agency may list so',
    },
  }),
  field('terms.until', 'date', ['使用截止', 'Use ends'], {}),
  field('terms.callsTotal', 'number', ['总次数上限', 'Calls in all'], { min: 1 }),
  field('terms.callsPerDay', 'number', ['每日次数上限', 'Calls per day'], { min: 1 }),
  field('terms.rowsTotal', 'number', ['总行数上限', 'Rows in all'], { min: 1 }),
  field('terms.ratePerSecond', 'number', ['每秒次数上限', 'Calls per second'], { min: 1 }),
  field('terms.regions', 'list', ['使用地域', 'Regions of use'], {
    widget: RegionsPicker,
    help: { zh: '不填即不限', en: 'None means anywhere' },
  }),
  field('terms.columns', 'list', ['可用字段', 'Columns allowed'], { help: { zh: '不填为全部', en: 'None means all' } }),
  field(
    'terms.authorisation',
    'boolean',
    ['每次调用须带授权凭证号', 'Every call needs an authorisation reference'],
    {},
  ),
  field('terms.altered', 'records', ['水印：改动字段', 'Watermark: altered column'], {
    itemsMax: 50,
    fields: [
      field('column', 'text', ['字段', 'Column'], { required: true }),
      field('maxChange', 'text', ['最大改动量', 'Largest change'], {
        required: true,
        help: {
          zh: '正数：每份副本约四分之一的取值恰好增减这么多，泄露后据以溯源；时间字段以秒计。可用于数据表共享和文件下载（CSV、NDJSON、Parquet）',
          en: 'A positive number, by which about a quarter of the values of each copy move, so that a leak can be traced; seconds for times. For table shares and files (CSV, NDJSON, Parquet)',
        },
      }),
    ],
  }),
  field('terms.syntheticRows', 'number', ['水印：合成行数', 'Watermark: made-up rows'], {
    min: 1,
    max: 100,
    help: {
      zh: '取值不可改动时，在每份副本中掺入少量合成行；买方在合同中可见',
      en: 'Where values must stay as they are: a few made-up rows in each copy, of which the contract tells the buyer',
    },
  }),
];

export const policyOf = (terms: Terms): Record<string, never> => {
  const constraint: { leftOperand: string; operator: string; rightOperand: string }[] = [];
  const add = (leftOperand: string, operator: string, value: string | number | undefined) => {
    if (value !== undefined && value !== '') constraint.push({ leftOperand, operator, rightOperand: String(value) });
  };
  add('purpose', 'isAnyOf', terms.purposes?.join(','));
  add('shugu:memberOf', 'eq', terms.memberOf);
  add('dateTime', 'lt', terms.until && new Date(`${terms.until}T23:59:59+08:00`).toISOString());
  add('count', 'lteq', terms.callsTotal);
  add('shugu:callsPerDay', 'lteq', terms.callsPerDay);
  add('shugu:rows', 'lteq', terms.rowsTotal);
  add('shugu:ratePerSecond', 'lteq', terms.ratePerSecond);
  add('shugu:burst', 'lteq', terms.ratePerSecond);
  add('spatial', 'isAnyOf', terms.regions?.join(','));
  add('shugu:columns', 'isAnyOf', terms.columns?.join(','));
  const altered = (terms.altered ?? []).filter((one) => one?.column && one.maxChange);
  add('shugu:watermarkAlters', 'isAllOf', altered.map((one) => `${one.column}=${one.maxChange}`).join(','));
  add('shugu:watermarkRows', 'lteq', terms.syntheticRows);
  if (terms.authorisation) add('shugu:authorisationReference', 'eq', 'required');
  const actions = terms.actions?.length ? terms.actions : ['use'];
  const own = [...actions, ...constraint.map((one) => one.leftOperand)].some((word) => word.startsWith('shugu:'));
  return {
    '@type': 'Offer',
    ...(own ? { profile: 'urn:shugu:policy:1:' } : {}),
    permission: actions.map((action) => ({ action, ...(constraint.length ? { constraint } : {}) })),
    ...(terms.prohibitDistribution && !actions.includes('distribute')
      ? { prohibition: [{ action: 'distribute' }] }
      : {}),
  } as unknown as Record<string, never>;
};

/** The policy as sentences, and what a delivery path cannot enforce, while the form is filled in. */
export const PolicyPreview = ({ terms, names }: { terms: Terms; names: Record<string, string> }) => {
  const { t, language } = useWords();
  const { mutate, data } = useExplained();
  const policy = JSON.stringify(policyOf(terms));
  useEffect(() => {
    const timer = setTimeout(() => mutate({ body: { policy: JSON.parse(policy), names } }), 400);
    return () => clearTimeout(timer);
  }, [policy, names, mutate]);
  if (!data) return null;
  return (
    <Alert
      type={data.ok ? 'info' : 'warning'}
      title={t('policy.inWords')}
      style={{ marginBottom: 18 }}
      description={
        <>
          <ul style={{ margin: 0, paddingLeft: '1.2em' }}>
            {data[language].map((line) => (
              <li key={line}>{line}</li>
            ))}
            {data.problems.map((one) => (
              <li key={one.code + one.path} className="late">
                {one[language]}
              </li>
            ))}
          </ul>
          {data.paths
            .filter((one) => !one.enforceable)
            .map((one) => (
              <div key={one.path} className="soon small">
                {t('policy.notEnforced', { path: one.path })} {one.problems.map((each) => each[language]).join('；')}
              </div>
            ))}
        </>
      }
    />
  );
};

// Not a write: it changes nothing, so no read goes stale by it.
const useExplained = () =>
  useMutation({ mutationFn: (input: Input<typeof explainPolicy>) => client.call(explainPolicy, input) });
