/** Form items for the parameters of a query: each with the control and the limits of its type. */
import type { queryParameter } from '@shugu/wire/delivery';
import { Form, Input, InputNumber, Select } from 'antd';
import type { z } from 'zod';
import { useWords } from '../i18n/index.ts';

export type Parameter = z.output<typeof queryParameter>;

const Control = ({
  one,
  ...given
}: {
  one: Parameter;
  id?: string;
  value?: string;
  onChange?: (value: unknown) => void;
}) => {
  const { w } = useWords();
  switch (one.type) {
    case 'integer':
    case 'decimal':
      return (
        <InputNumber
          {...given}
          stringMode
          precision={one.type === 'decimal' ? one.scale : 0}
          min={one.min as never}
          max={one.max as never}
          style={{ width: '100%' }}
        />
      );
    case 'date':
      return <Input {...given} type="date" min={one.min} max={one.max} />;
    case 'boolean':
      return (
        <Select {...given} options={['true', 'false'].map((value) => ({ value, label: w('queryValue', value) }))} />
      );
    case 'enumeration':
      return <Select {...given} showSearch options={one.values.map((value) => ({ value, label: value }))} />;
    case 'text':
      return <Input {...given} maxLength={one.lengthMax} />;
  }
};

export const ParameterItems = ({
  parameters,
  path,
}: {
  parameters: readonly Parameter[];
  path: (string | number)[];
}) => {
  const { t } = useWords();
  return parameters.map((one) => (
    <Form.Item
      key={one.name}
      name={[...path, one.name]}
      label={one.title || one.name}
      initialValue={one.default}
      rules={[{ required: one.default === undefined, message: t('form.required', { field: one.title || one.name }) }]}
    >
      <Control one={one} />
    </Form.Item>
  ));
};

/** What was filled in, as the address wants it. */
export const givenValues = (values: Record<string, unknown> | undefined): Record<string, string> =>
  Object.fromEntries(
    Object.entries(values ?? {}).flatMap(([name, value]) =>
      value === undefined || value === null || value === '' ? [] : [[name, String(value)]],
    ),
  );
