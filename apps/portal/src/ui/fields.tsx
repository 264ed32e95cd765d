/** Form items drawn from field descriptors: the same that procedures (rule packs) carry, and our own forms use. */
import type { Field } from '@shugu/wire/cases';
import { Button, Checkbox, DatePicker, Form, Input, InputNumber, Select } from 'antd';
import dayjs from 'dayjs';
import type { ReactNode } from 'react';
import { useWords } from '../i18n/index.ts';
import { OrganisationPicker } from './organisations.tsx';

/** A field of one of our own forms; `widget` replaces the control that its type would give. */
export interface FormField extends Field {
  widget?: (props: WidgetProps) => ReactNode;
  /** Records whose fields stand beside each other where there is room. */
  inline?: boolean;
}
/** What a form item hands to its control. */
export interface WidgetProps {
  id?: string;
  value?: unknown;
  onChange?: (value: unknown) => void;
  disabled?: boolean;
}

type Extra = Partial<Omit<FormField, 'id' | 'title' | 'type' | 'choices'>> & {
  choices?: readonly (readonly [id: string, zh: string, en: string])[];
};
/** Short way to describe a field: `field('name', 'text', ['名称', 'Name'], { required: true })`. */
export const field = (
  id: string,
  type: Field['type'],
  title: readonly [string, string],
  extra: Extra = {},
): FormField => {
  const { choices, ...rest } = extra;
  return {
    id,
    type,
    title: { zh: title[0], en: title[1] },
    ...rest,
    ...(choices ? { choices: choices.map(([one, zh, en]) => ({ id: one, title: { zh, en } })) } : {}),
  };
};

const DayInput = ({ id, value, onChange, disabled }: WidgetProps) => (
  <DatePicker
    id={id}
    disabled={disabled}
    style={{ width: '100%', maxWidth: 240 }}
    value={typeof value === 'string' && value ? dayjs(value) : null}
    // Enter takes the day that was typed, and does not send the form.
    onKeyDown={(event) => {
      if (event.key === 'Enter') event.preventDefault();
    }}
    onChange={(picked) => onChange?.(picked ? dayjs(picked as dayjs.Dayjs).format('YYYY-MM-DD') : undefined)}
  />
);

const useControl = () => {
  const { t, b } = useWords();
  return (one: FormField): ReactNode => {
    if (one.widget) {
      const Widget = one.widget;
      return <Widget />;
    }
    const options = one.choices?.map((choice) => ({ value: choice.id, label: b(choice.title) }));
    switch (one.type) {
      case 'longText':
        return <Input.TextArea autoSize={{ minRows: 3, maxRows: 12 }} />;
      case 'number':
        return (
          <InputNumber
            style={{ width: '100%', maxWidth: 240 }}
            min={one.min}
            max={typeof one.max === 'number' ? one.max : undefined}
            suffix={one.unit}
          />
        );
      case 'date':
        return <DayInput />;
      case 'boolean':
        return <Checkbox>{b(one.title)}</Checkbox>;
      case 'choice':
        return <Select options={options} allowClear={!one.required} showSearch={{ optionFilterProp: 'label' }} />;
      case 'choices':
        return <Select mode="multiple" options={options} showSearch={{ optionFilterProp: 'label' }} />;
      case 'list':
        return (
          <Select
            mode="tags"
            open={false}
            suffixIcon={null}
            placeholder={t('form.listHint')}
            tokenSeparators={['\n', ';', '；']}
          />
        );
      case 'parties':
        return <OrganisationPicker />;
      default:
        return <Input />;
    }
  };
};

const Records = ({ one, path }: { one: FormField; path: (string | number)[] }) => {
  const { t, b } = useWords();
  return (
    <fieldset
      style={{ border: '1px solid var(--line)', borderRadius: 5, margin: '0 0 20px', padding: '8px 16px', minWidth: 0 }}
    >
      <legend>
        {one.required ? <span className="late">* </span> : null}
        {b(one.title)}
      </legend>
      <Form.List name={path}>
        {(rows, { add, remove }) => (
          <>
            {rows.map((row, index) => (
              <div key={row.key} style={{ borderBottom: '1px dashed var(--line)', marginBottom: 10 }}>
                <div className="row between">
                  <b>
                    {b(one.title)} {index + 1}
                  </b>
                  <Button size="small" onClick={() => remove(row.name)}>
                    {t('do.remove')}
                  </Button>
                </div>
                <div className={one.inline ? 'grid' : undefined} style={{ '--least': '170px' } as never}>
                  <FieldItems fields={(one.fields ?? []) as FormField[]} path={[row.name]} />
                </div>
              </div>
            ))}
            <Button
              block
              type="dashed"
              onClick={() => add({})}
              style={{ marginBottom: 8 }}
              disabled={rows.length >= (one.itemsMax ?? 100)}
            >
              {t('do.add')} · {b(one.title)}
            </Button>
          </>
        )}
      </Form.List>
    </fieldset>
  );
};

export const FieldItems = ({ fields, path = [] }: { fields: FormField[]; path?: (string | number)[] }) => {
  const { t, b } = useWords();
  const control = useControl();
  return fields.map((one) => {
    const at = [...path, ...one.id.split('.')];
    if (one.type === 'records') return <Records key={one.id} one={one} path={at} />;
    const characters = typeof one.charactersMax === 'number' ? one.charactersMax : undefined;
    const note = [one.help ? b(one.help) : '', characters ? t('form.charactersMax', { count: characters }) : '']
      .filter(Boolean)
      .join(' ');
    return (
      <Form.Item
        key={one.id}
        name={at}
        label={one.type === 'boolean' && !one.widget ? null : b(one.title)}
        valuePropName={one.type === 'boolean' && !one.widget ? 'checked' : 'value'}
        extra={note || undefined}
        rules={
          one.required && one.type !== 'boolean'
            ? [{ required: true, message: t('form.required', { field: b(one.title) }) }]
            : []
        }
      >
        {control(one)}
      </Form.Item>
    );
  });
};

/** Leaves out what was not filled in: absent and empty are the same to the server, and absent is shorter. */
export const filled = (values: unknown): Record<string, never> => {
  const clean = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(clean);
    if (value && typeof value === 'object')
      return Object.fromEntries(
        Object.entries(value)
          .filter(([, one]) => one !== undefined && one !== null && one !== '')
          .map(([key, one]) => [key, clean(one)]),
      );
    return value;
  };
  return clean(values ?? {}) as Record<string, never>;
};

/** A small file as the JSON body carries it. */
export const asBase64 = async (file: Blob): Promise<string> =>
  new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).replace(/^data:[^,]*,/, ''));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
