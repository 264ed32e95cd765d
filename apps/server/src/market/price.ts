/** A price plan in words. */
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
