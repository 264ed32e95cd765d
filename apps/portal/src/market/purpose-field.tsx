/** Purposes of use by their words; codes that a product or demand needs beyond these may be typed. */
import { Select } from 'antd';
import { useWords } from '../i18n/index.ts';
import type { WidgetProps } from '../ui/fields.tsx';

const purposes = [
  'logistics',
  'safety',
  'statistics',
  'research',
  'riskControl',
  'marketing',
  'urbanManagement',
  'credit',
  'insurance',
  'training',
] as const;

export const PurposePicker = ({ id, value, onChange, disabled }: WidgetProps) => {
  const { t, w } = useWords();
  return (
    <Select
      id={id}
      mode="tags"
      disabled={disabled}
      value={value as string[]}
      onChange={onChange}
      placeholder={t('form.purposesHint')}
      showSearch={{ optionFilterProp: 'label' }}
      options={purposes.map((purpose) => ({ value: purpose, label: w('purpose', purpose) }))}
    />
  );
};
