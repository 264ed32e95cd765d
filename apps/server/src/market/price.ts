/** A price plan in words, and by what plans are compared. */
import { compareDecimal, LedgerError, parseDecimal, parsePricePlan } from '@shugu/ledger';
import type { Text } from '@shugu/wire';
import type { PricePlan } from './model.ts';

const periods = {
  month: { zh: '月', en: 'month' },
  quarter: { zh: '季', en: 'quarter' },
  year: { zh: '年', en: 'year' },
} as const;
const units = {
  call: { zh: '次', en: 'call' },
  row: { zh: '行', en: 'row' },
  gigabyte: { zh: 'GB', en: 'GB' },
} as const;

const each = (price: string, unit: Text, more: { included?: number; minimumCharge?: string }): Text => ({
  zh: `${price} 元/${unit.zh}${more.included ? `，含 ${more.included}${unit.zh === 'GB' ? ' 字节' : unit.zh}` : ''}${more.minimumCharge ? `，每期最低 ${more.minimumCharge} 元` : ''}`,
  en: `CNY ${price} per ${unit.en}${more.included ? `, ${more.included} included` : ''}${more.minimumCharge ? `, at least CNY ${more.minimumCharge}` : ''}`,
});

/** All prices carry tax (含税价). */
export const priceText = (plan: PricePlan): Text => {
  switch (plan.kind) {
    case 'free':
      return { zh: '免费', en: 'free' };
    case 'oneOff':
      return { zh: `${plan.price} 元（一次性）`, en: `CNY ${plan.price} once` };
    case 'subscription':
      return {
        zh: `${plan.price} 元/${periods[plan.period].zh}`,
        en: `CNY ${plan.price} per ${periods[plan.period].en}`,
      };
    case 'perCall':
      return each(plan.unitPrice, units.call, plan);
    case 'perRow':
      return each(plan.unitPrice, units.row, plan);
    case 'perGigabyte':
      return each(plan.unitPrice, units.gigabyte, plan);
    case 'tiered': {
      const steps = plan.tiers
        .map((tier) => `${tier.upTo === null ? '∞' : `≤${tier.upTo}`}: ${tier.unitPrice}`)
        .join('; ');
      return {
        zh: `阶梯价（元/${units[plan.unit].zh}）${steps}`,
        en: `tiered, CNY per ${units[plan.unit].en}: ${steps}`,
      };
    }
    case 'quotation':
      return plan.agreedPrice
        ? { zh: `议定价 ${plan.agreedPrice} 元`, en: `agreed price CNY ${plan.agreedPrice}` }
        : { zh: '面议', en: 'by quotation' };
  }
};

/**
 * The plan with other prices in place of its own, as a counter-offer asks for: nothing else of it changes. What was free becomes
 * a price once; undefined unless there is one for each of its tiers, up to the same quantity (one, without an end, where it has none).
 */
export const repriced = (
  plan: PricePlan,
  prices: readonly { upTo: number | null; unitPrice: string }[],
): PricePlan | undefined => {
  const bounds = plan.kind === 'tiered' ? plan.tiers.map(({ upTo }) => upTo) : [null];
  if (bounds.length !== prices.length || prices.some(({ upTo }, place) => upTo !== bounds[place])) return undefined;
  const price = prices[0]!.unitPrice;
  switch (plan.kind) {
    case 'tiered':
      return { ...plan, tiers: prices.map(({ upTo, unitPrice }) => ({ upTo, unitPrice })) };
    case 'free':
      return /^0(\.0+)?$/.test(price) ? plan : { kind: 'oneOff', price };
    case 'quotation':
      return { ...plan, agreedPrice: price };
    case 'oneOff':
    case 'subscription':
      return { ...plan, price };
    default:
      return { ...plan, unitPrice: price };
  }
};

const chargesNothing: Text = {
  zh: '部门节点只提供免费产品',
  en: 'a department’s node offers what is free',
};

/** Whether a price that parties have negotiated can be billed: `{ plan, … }` with a plan that is complete, and free where nothing else may be. */
export const unbillable = (price: unknown, free = false): string | Text | undefined => {
  try {
    const plan = parsePricePlan((price as { plan?: unknown } | null)?.plan);
    if (free && plan.kind !== 'free') return chargesNothing;
    return plan.kind === 'quotation' && plan.agreedPrice === undefined ? 'no price is agreed' : undefined;
  } catch (error) {
    if (error instanceof LedgerError) return error.message;
    throw error;
  }
};

export interface PriceSummary {
  kind: PricePlan['kind'];
  text: Text;
  /** Lowest unit price in yuan, tax included; null where a quotation is needed. */
  lowest: string | null;
}

const lower = (a: string, b: string) => (compareDecimal(parseDecimal(b), parseDecimal(a)) < 0 ? b : a);

const lowestOf = (plan: PricePlan): string | null => {
  switch (plan.kind) {
    case 'free':
      return '0';
    case 'oneOff':
    case 'subscription':
      return plan.price;
    case 'tiered':
      return plan.tiers.map((tier) => tier.unitPrice).reduce(lower);
    case 'quotation':
      return plan.agreedPrice ?? null;
    default:
      return plan.unitPrice;
  }
};

export const priceOf = (plan: PricePlan): PriceSummary => ({
  kind: plan.kind,
  text: priceText(plan),
  lowest: lowestOf(plan),
});

/** The plan shown in lists: the lowest unit price, whatever the unit; a quotation only when nothing else is offered. */
export const leadingPrice = (plans: readonly { plan: PricePlan }[]): PriceSummary => {
  const all = plans.map((one) => priceOf(one.plan));
  const priced = all.filter((one) => one.lowest !== null);
  if (priced.length === 0) return all[0] ?? priceOf({ kind: 'quotation' });
  return priced.reduce((best, one) => (lower(best.lowest!, one.lowest!) === best.lowest ? best : one));
};
