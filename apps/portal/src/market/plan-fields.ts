/** Price plans as a form, and the plan that they make. */
import { choicesOf } from '../registry/fields.ts';
import { type FormField, field } from '../ui/fields.tsx';
import type { Plan } from './price.ts';

export interface PlanValues {
  title: string;
  kind: Plan['kind'];
  price?: string;
  period?: 'month' | 'quarter' | 'year';
  included?: number;
  minimumCharge?: string;
  unit?: 'call' | 'row' | 'gigabyte';
  tiers?: { upTo?: number; unitPrice: string }[];
  settlementWays: ('custody' | 'direct' | 'postpaid')[];
  taxPercent: number;
}

export const planForm: FormField[] = [
  field('title', 'text', ['方案名称', 'Name of the plan'], { required: true }),
  field('kind', 'choice', ['计价方式', 'Pricing'], {
    required: true,
    choices: choicesOf('priceKind', [
      'free',
      'oneOff',
      'subscription',
      'perCall',
      'perRow',
      'perGigabyte',
      'tiered',
      'quotation',
    ]),
  }),
  field('price', 'text', ['含税价或单价（元）', 'Price or unit price (CNY, tax included)'], {
    pattern: '^\\d+(\\.\\d{1,8})?$',
  }),
  field('period', 'choice', ['订阅周期', 'Period of a subscription'], {
    choices: choicesOf('period', ['month', 'quarter', 'year']),
  }),
  field('included', 'number', ['包含用量', 'Included'], { min: 0 }),
  field('minimumCharge', 'text', ['最低收费（元）', 'Minimum charge (CNY)'], {}),
  field('unit', 'choice', ['阶梯单位', 'Unit of tiers'], {
    choices: [
      ['call', '次', 'call'],
      ['row', '行', 'row'],
      ['gigabyte', 'GB', 'GB'],
    ],
  }),
  field('tiers', 'records', ['阶梯', 'Tiers'], {
    fields: [
      field('upTo', 'number', ['至（最后一档留空）', 'Up to (empty for the last)'], { min: 1 }),
      field('unitPrice', 'text', ['单价（元）', 'Unit price (CNY)'], { required: true }),
    ],
  }),
  field('settlementWays', 'choices', ['结算方式', 'Settlement'], {
    required: true,
    choices: choicesOf('way', ['custody', 'direct', 'postpaid']),
  }),
  field('taxPercent', 'number', ['税率（%）', 'Tax rate (%)'], { required: true, min: 0, max: 100 }),
];

export const planOf = (values: PlanValues): Plan => {
  const price = values.price ?? '0';
  const extras = {
    ...(values.included ? { included: values.included } : {}),
    ...(values.minimumCharge ? { minimumCharge: values.minimumCharge } : {}),
  };
  switch (values.kind) {
    case 'oneOff':
      return { kind: 'oneOff', price };
    case 'subscription':
      return { kind: 'subscription', period: values.period ?? 'month', price };
    case 'perCall':
    case 'perRow':
    case 'perGigabyte':
      return { kind: values.kind, unitPrice: price, ...extras };
    case 'tiered':
      return {
        kind: 'tiered',
        unit: values.unit ?? 'call',
        mode: 'graduated',
        tiers: (values.tiers ?? []).map((tier) => ({ upTo: tier.upTo ?? null, unitPrice: tier.unitPrice })),
        ...extras,
      };
    case 'quotation':
      return { kind: 'quotation' };
    default:
      return { kind: 'free' };
  }
};

/** 6 → '0.06', without floating point in between. */
export const rateOf = (percent: number): string => {
  const digits = String(Math.round(percent * 100)).padStart(5, '0');
  return `${Number(digits.slice(0, -4))}.${digits.slice(-4)}`.replace(/\.?0+$/, '') || '0';
};
