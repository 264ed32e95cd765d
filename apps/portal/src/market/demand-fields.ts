/** A demand and a quotation as forms. */

import { deliveryModes } from '@shugu/wire/catalogue';
import { choicesOf } from '../registry/fields.ts';
import { MoneyInput } from '../settlement/money-field.tsx';
import { type FormField, field } from '../ui/fields.tsx';
import { RegionPicker } from '../ui/region.tsx';
import { planForm } from './plan-fields.ts';
import { PurposePicker } from './purpose-field.tsx';

export const demandForm: FormField[] = [
  field('title', 'text', ['标题', 'Title'], { required: true }),
  field('description', 'longText', ['需要什么数据', 'What is needed'], { required: true }),
  field('industry', 'text', ['行业（GB/T 4754）', 'Industry (GB/T 4754)'], {
    required: true,
    help: { zh: '如 G54', en: 'e.g. G54' },
  }),
  field('region', 'text', ['地域', 'Region'], { required: true, widget: RegionPicker }),
  field('deliveryModes', 'choices', ['希望的交付方式', 'Delivery wanted'], {
    required: true,
    choices: choicesOf('deliveryMode', deliveryModes),
  }),
  field('purposes', 'list', ['用途', 'Purposes'], { required: true, widget: PurposePicker }),
  field('budgetMax', 'text', ['预算上限（元）', 'Budget, at most (CNY)'], { widget: MoneyInput }),
  field('openUntil', 'date', ['征集截止', 'Open until'], { required: true }),
];

export const quotationForm: FormField[] = [
  ...planForm.filter((one) => one.id !== 'title'),
  field('note', 'longText', ['说明', 'Note'], { required: true }),
  field('validDays', 'number', ['报价有效天数', 'Valid for (days)'], { min: 1, max: 90 }),
];
