/** The form of a data resource. */

import { dataForms, regionScopes, sources, structures, updateFrequencies } from '@shugu/wire/registry';
import { lists } from '../i18n/words/lists.ts';
import { type FormField, field } from '../ui/fields.tsx';
import { RegionPicker } from '../ui/region.tsx';

/** Choices of a named list, in the words of that list. */
export const choicesOf = (list: string, ids: readonly string[]): (readonly [string, string, string])[] =>
  ids.map((id) => {
    const pair = (lists as Record<string, readonly [string, string]>)[`${list}.${id}`];
    return [id, pair?.[0] ?? id, pair?.[1] ?? id] as const;
  });

export const resourceForm: FormField[] = [
  field('name', 'text', ['资源名称', 'Name'], {
    required: true,
    charactersMax: 300,
    help: {
      zh: '时间＋地域＋行业＋内容＋类型，一般不宜超过 40 字。',
      en: 'Time, region, industry, content, type; as a rule not more than 40 characters.',
    },
  }),
  field('summary', 'longText', ['数据概述', 'Summary'], {
    required: true,
    help: { zh: '一般不宜超过 400 字。', en: 'As a rule not more than 400 characters.' },
  }),
  field('industry', 'text', ['所属行业（GB/T 4754 门类与大类）', 'Industry (GB/T 4754 section and division)'], {
    required: true,
    help: { zh: '如 G54 道路运输业', en: 'e.g. G54' },
  }),
  field('source', 'choice', ['数据来源', 'Source'], { required: true, choices: choicesOf('source', sources) }),
  field('regionScope', 'choice', ['地域范围', 'Regional scope'], {
    required: true,
    choices: choicesOf('regionScope', regionScopes),
  }),
  field('region', 'text', ['行政区划', 'Region'], {
    widget: RegionPicker,
    help: { zh: '全国、国际不填', en: 'Leave empty for national and international' },
  }),
  field('timeFrom', 'date', ['时域起', 'Covers from'], { required: true }),
  field('timeUntil', 'date', ['时域止', 'Covers until'], {}),
  field('updateFrequency', 'choice', ['更新频率', 'Updated'], {
    required: true,
    choices: choicesOf('updateFrequency', updateFrequencies),
  }),
  field('forms', 'choices', ['数据形态', 'Forms'], { required: true, choices: choicesOf('dataForm', dataForms) }),
  field('structure', 'choice', ['结构', 'Structure'], { required: true, choices: choicesOf('structure', structures) }),
  field('limits', 'longText', ['限制范围', 'Limits of use'], {
    required: true,
    help: { zh: '没有限制请填“无”', en: 'Write 无 if there are none' },
  }),
  field('personal', 'boolean', ['含个人信息', 'Holds personal information'], {}),
  field('personCount', 'number', ['涉及自然人数量', 'Natural persons concerned'], { min: 0 }),
  field('purpose', 'longText', ['用途', 'Purpose'], {}),
  field('licence', 'longText', ['来源许可条款', 'Licence text of the source'], {}),
  field('synthetic', 'boolean', ['合成数据（演示或测试用）', 'Synthetic (for demonstration or tests)'], {}),
];

/** Absent values as the schema wants them. */
export const resourceBody = (values: Record<string, unknown>) => ({
  purpose: '',
  licence: '',
  personal: false,
  synthetic: false,
  region: null,
  timeUntil: null,
  personCount: null,
  ...values,
});
