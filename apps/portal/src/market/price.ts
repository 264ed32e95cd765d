/** Price plans in words; amounts are yuan, tax included, and stay exact decimals. */
import type { listing } from '@shugu/wire/market';
import type { z } from 'zod';
import type { Language } from '../i18n/index.ts';
import { bytes, count, yuan } from '../ui/format.ts';

export type Plan = z.output<typeof listing>['plans'][number]['plan'];

const units = {
  perCall: ['次', 'call'],
  perRow: ['行', 'row'],
  perGigabyte: ['GB', 'GB'],
  call: ['次', 'call'],
  row: ['行', 'row'],
  gigabyte: ['GB', 'GB'],
  month: ['月', 'month'],
  quarter: ['季', 'quarter'],
  year: ['年', 'year'],
} as const;

export const planText = (plan: Plan, language: Language): string => {
  const zh = language === 'zh';
  const unit = (key: keyof typeof units) => units[key][zh ? 0 : 1];
  // What is measured by the gigabyte is counted in bytes.
  const quantity = (of: keyof typeof units, value: number) =>
    unit(of) === 'GB' ? bytes(value) : `${count(value)} ${zh || value === 1 ? unit(of) : `${unit(of)}s`}`;
  const extras = (of: keyof typeof units, included?: number, minimum?: string) =>
    [
      included ? (zh ? `含 ${quantity(of, included)}` : `${quantity(of, included)} included`) : '',
      minimum ? (zh ? `最低 ${yuan(minimum)}` : `at least ${yuan(minimum)}`) : '',
    ]
      .filter(Boolean)
      .map((text) => (zh ? `，${text}` : `, ${text}`))
      .join('');
  switch (plan.kind) {
    case 'free':
      return zh ? '免费' : 'Free';
    case 'oneOff':
      return zh ? `${yuan(plan.price)}／份` : `${yuan(plan.price)} each`;
    case 'subscription':
      return zh ? `${yuan(plan.price)}／${unit(plan.period)}` : `${yuan(plan.price)} per ${unit(plan.period)}`;
    case 'perCall':
    case 'perRow':
    case 'perGigabyte':
      return `${yuan(plan.unitPrice)}${zh ? '／' : ' per '}${unit(plan.kind)}${extras(plan.kind, plan.included, plan.minimumCharge)}`;
    case 'tiered': {
      const steps = plan.tiers.map(
        (tier) =>
          `${tier.upTo === null ? (zh ? '以上' : 'beyond') : `≤ ${quantity(plan.unit, tier.upTo)}`} ${yuan(tier.unitPrice)}`,
      );
      return `${zh ? '阶梯价' : 'Tiers'}（${unit(plan.unit)}）${steps.join('；')}${extras(plan.unit, plan.included, plan.minimumCharge)}`;
    }
    default:
      return plan.agreedPrice ? yuan(plan.agreedPrice) : zh ? '询价' : 'By quotation';
  }
};

/** What a quantity means under a plan: copies, periods, calls, rows or bytes. */
export const quantityUnit = (plan: Plan): 'copy' | 'period' | 'call' | 'row' | 'byte' => {
  if (plan.kind === 'subscription') return 'period';
  if (plan.kind === 'perCall') return 'call';
  if (plan.kind === 'perRow') return 'row';
  if (plan.kind === 'perGigabyte') return 'byte';
  if (plan.kind === 'tiered') return plan.unit === 'gigabyte' ? 'byte' : plan.unit;
  return 'copy';
};
