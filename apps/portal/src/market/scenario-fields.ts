/** 使用场景申报: what the data is for, who uses it, whom it concerns. */

import { type FormField, field } from '../ui/fields.tsx';
import { RegionPicker } from '../ui/region.tsx';
import { PurposePicker } from './purpose-field.tsx';

export const scenarioForm: FormField[] = [
  field('title', 'text', ['场景名称', 'Title'], { required: true }),
  field('purposes', 'list', ['用途', 'Purposes'], {
    required: true,
    widget: PurposePicker,
    help: { zh: '须在产品允许的用途之内', en: 'Within what the product allows' },
  }),
  field('endUser', 'text', ['最终使用者', 'End user'], { required: true }),
  field('personalData', 'boolean', ['涉及个人信息', 'Personal data is used'], {}),
  field('onwardUse', 'longText', ['是否向第三方提供、如何提供', 'Onward use: to whom and how'], {
    // Whatever stands here is onward use to the trade review, "none" too: then a person has to decide.
    help: {
      zh: '不向第三方提供请留空；填写后须人工审核',
      en: 'Leave it empty if there is none; what is stated is reviewed by a person',
    },
  }),
  field('licence', 'text', ['所需行业许可', 'Sector licence'], {}),
  field('region', 'text', ['使用地域', 'Region of use'], { required: true, widget: RegionPicker }),
  field('from', 'date', ['使用起', 'From'], { required: true }),
  field('until', 'date', ['使用止', 'Until'], { required: true }),
  field('authorisation', 'longText', ['个人如何授权', 'How data subjects authorise'], {
    help: { zh: '涉及个人信息时必填', en: 'Needed where personal data is used' },
  }),
];

export const scenarioBody = (values: Record<string, unknown>) => ({
  personalData: false,
  onwardUse: '',
  licence: '',
  authorisation: '',
  ...values,
});
