/** Price plans in words, and by what they are compared. */
import { compareDecimal, parseDecimal } from '@shugu/ledger';
import type { PricePlan } from './model.ts';

export interface PriceSummary {
  kind: PricePlan['kind'];
  text: { zh: string; en: string };
  /** Lowest unit price in yuan, tax included; null where a quotation is needed. */
  lowest: string | null;
}

const units = {
  call: { zh: '次', en: 'call' },
  row: { zh: '行', en: 'row' },
  gigabyte: { zh: 'GB', en: 'GB' },
  month: { zh: '月', en: 'month' },
  quarter: { zh: '季', en: 'quarter' },
  year: { zh: '年', en: 'year' },
  copy: { zh: '份', en: 'copy' },
} as const;

const lower = (a: string, b: string) => (compareDecimal(parseDecimal(b), parseDecimal(a)) < 0 ? b : a);

const per = (kind: PricePlan['kind'], price: string, unit: keyof typeof units, from = false): PriceSummary => ({
  kind,
  text: {
    zh: `${price} 元/${units[unit].zh}${from ? '起' : ''}`,
    en: `${from ? 'from ' : ''}CNY ${price} per ${units[unit].en}`,
  },
  lowest: price,
});

export const priceOf = (plan: PricePlan): PriceSummary => {
  switch (plan.kind) {
    case 'free':
      return { kind: plan.kind, text: { zh: '免费', en: 'Free' }, lowest: '0' };
    case 'oneOff':
      return per(plan.kind, plan.price, 'copy');
    case 'subscription':
      return per(plan.kind, plan.price, plan.period);
    case 'perCall':
      return per(plan.kind, plan.unitPrice, 'call');
    case 'perRow':
      return per(plan.kind, plan.unitPrice, 'row');
    case 'perGigabyte':
      return per(plan.kind, plan.unitPrice, 'gigabyte');
    case 'tiered':
      return per(plan.kind, plan.tiers.map((tier) => tier.unitPrice).reduce(lower), plan.unit, true);
    case 'quotation':
      return { kind: plan.kind, text: { zh: '面议', en: 'By quotation' }, lowest: null };
  }
};

/** The plan shown in lists: the lowest unit price, whatever the unit; a quotation only when nothing else is offered. */
export const leadingPrice = (plans: readonly { plan: PricePlan }[]): PriceSummary => {
  const all = plans.map((one) => priceOf(one.plan));
  const priced = all.filter((one) => one.lowest !== null);
  if (priced.length === 0) return all[0] ?? priceOf({ kind: 'quotation' });
  return priced.reduce((best, one) => (lower(best.lowest!, one.lowest!) === best.lowest ? best : one));
};
