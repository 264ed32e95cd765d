/** The supplier writes query templates, tries each on the data, and saves them after the gate's check. */
import { type listEndpoints, putEndpoints, queryLimits, tryQuery } from '@shugu/wire/delivery';
import { App, Button, Form, Input, InputNumber, Modal, Select, Tabs } from 'antd';
import { useState } from 'react';
import { type Reply, useWrite } from '../api.ts';
import { listMark, useWords } from '../i18n/index.ts';
import { filled } from '../ui/fields.tsx';
import { faultsOf, ProblemNote } from '../ui/problem.tsx';
import { QueryAnswer, useSeconds } from './query-answer.tsx';
import { givenValues, type Parameter, ParameterItems } from './query-parameters.tsx';

type QueryView = NonNullable<Reply<typeof listEndpoints>['items'][number]['query']>;
type Draft = Omit<QueryView['templates'][number], 'reads' | 'answer'>;
interface Tables {
  name: string;
  columns: { name: string }[];
}
interface Filled {
  templates: Draft[];
  rowsMax: number;
  secondsMax: number;
  values?: Record<string, unknown>[];
}

const group = { border: '1px solid var(--line)', borderRadius: 6, padding: '4px 12px 12px', marginBottom: 16 };
const types = ['text', 'integer', 'decimal', 'date', 'boolean', 'enumeration'] as const;
const fresh = (tables: Tables[]) => ({
  name: '',
  title: '',
  sql: `select * from "${tables[0]?.name ?? ''}" limit 100`,
  parameters: [],
});

/** Only what belongs to the type: a length left over from a text is nothing to a date. */
const parameterOf = ({
  name,
  title,
  type,
  default: standard,
  ...more
}: Parameter & Record<string, unknown>): Parameter => {
  const own = {
    integer: ['min', 'max'],
    decimal: ['scale', 'min', 'max'],
    text: ['lengthMax'],
    date: ['min', 'max'],
    boolean: [],
    enumeration: ['values'],
  }[type];
  const numeric = (key: string, value: unknown) => (type === 'decimal' && key !== 'scale' ? String(value) : value);
  const kept = own.flatMap((key) =>
    more[key] === undefined || more[key] === null || more[key] === '' ? [] : [[key, numeric(key, more[key])]],
  );
  return { name, title, type, ...(standard ? { default: standard } : {}), ...Object.fromEntries(kept) } as Parameter;
};
const templateOf = ({ name, title, sql, parameters }: Draft): Draft => ({
  name,
  title,
  sql,
  parameters: (parameters ?? []).map(parameterOf),
});

const Limits = ({ type, path }: { type: Parameter['type'] | undefined; path: number }) => {
  const { t } = useWords();
  const bounds = (
    <>
      <Form.Item name={[path, 'min']} label={t('query.least')}>
        {type === 'date' ? (
          <Input type="date" />
        ) : (
          <InputNumber style={{ width: '100%' }} stringMode={type === 'decimal'} />
        )}
      </Form.Item>
      <Form.Item name={[path, 'max']} label={t('query.most')}>
        {type === 'date' ? (
          <Input type="date" />
        ) : (
          <InputNumber style={{ width: '100%' }} stringMode={type === 'decimal'} />
        )}
      </Form.Item>
    </>
  );
  switch (type) {
    case 'text':
      return (
        <Form.Item name={[path, 'lengthMax']} label={t('query.lengthMax')} initialValue={40}>
          <InputNumber min={1} max={queryLimits.textLengthMax} style={{ width: '100%' }} />
        </Form.Item>
      );
    case 'decimal':
      return (
        <>
          <Form.Item name={[path, 'scale']} label={t('query.scale')} initialValue={2}>
            <InputNumber min={0} max={10} style={{ width: '100%' }} />
          </Form.Item>
          {bounds}
        </>
      );
    case 'enumeration':
      return (
        <Form.Item name={[path, 'values']} label={t('query.values')}>
          <Select mode="tags" tokenSeparators={[',', '，', '、']} />
        </Form.Item>
      );
    case 'boolean':
    case undefined:
      return null;
    default:
      return bounds;
  }
};

const Parameters = ({ at }: { at: number }) => {
  const { t, w } = useWords();
  const form = Form.useFormInstance<Filled>();
  return (
    <Form.List name={[at, 'parameters']}>
      {(items, { add, remove }) => (
        <fieldset style={group}>
          <legend>{t('query.parameters')}</legend>
          {items.map((item) => (
            <div key={item.key} className="grid" style={{ '--least': '130px', alignItems: 'end' } as never}>
              <Form.Item
                name={[item.name, 'name']}
                label={t('query.parameterName')}
                rules={[{ required: true, message: t('form.required', { field: t('query.parameterName') }) }]}
              >
                <Input className="mono" />
              </Form.Item>
              <Form.Item
                name={[item.name, 'title']}
                label={t('query.parameterTitle')}
                rules={[{ required: true, message: t('form.required', { field: t('query.parameterTitle') }) }]}
              >
                <Input />
              </Form.Item>
              <Form.Item name={[item.name, 'type']} label={t('query.type')} initialValue="text">
                <Select options={types.map((type) => ({ value: type, label: w('queryType', type) }))} />
              </Form.Item>
              <Form.Item noStyle shouldUpdate>
                {() => (
                  <Limits
                    type={form.getFieldValue(['templates', at, 'parameters', item.name, 'type'])}
                    path={item.name}
                  />
                )}
              </Form.Item>
              <Form.Item name={[item.name, 'default']} label={t('query.default')}>
                <Input />
              </Form.Item>
              <Form.Item>
                <Button onClick={() => remove(item.name)}>{t('query.removeParameter')}</Button>
              </Form.Item>
            </div>
          ))}
          <Button onClick={() => add({ type: 'text', lengthMax: 40 })}>{t('query.addParameter')}</Button>
        </fieldset>
      )}
    </Form.List>
  );
};

const TryOut = ({ version, at }: { version: string; at: number }) => {
  const { t } = useWords();
  const form = Form.useFormInstance<Filled>();
  const attempt = useWrite(tryQuery);
  const seconds = useSeconds(attempt.isPending);
  const parameters = (Form.useWatch(['templates', at, 'parameters'], form) ?? []) as Parameter[];
  const usable = parameters.filter(
    (one) => one?.name && one.type && (one.type !== 'enumeration' || one.values?.length),
  );
  const run = () => {
    const values = form.getFieldsValue(true) as Filled;
    attempt.mutate({
      params: { id: version },
      body: { template: templateOf(values.templates[at]!), values: givenValues(values.values?.[at]) },
    } as never);
  };
  const { data } = attempt;
  return (
    <fieldset style={group}>
      <legend>{t('query.try')}</legend>
      {usable.length ? (
        <div className="grid" style={{ '--least': '160px' } as never}>
          <ParameterItems
            parameters={usable.map((one) => ({ ...one, default: one.default ?? '' }))}
            path={['values', at]}
          />
        </div>
      ) : null}
      <div className="row">
        <Button onClick={run} loading={attempt.isPending}>
          {t('query.try')}
        </Button>
        {attempt.isPending ? (
          <span role="status" className="quiet">
            {t('query.trying', { seconds })}
          </span>
        ) : null}
      </div>
      {attempt.error ? <ProblemNote error={attempt.error} /> : null}
      {data && !attempt.isPending ? (
        <div role="status">
          <p className="quiet">
            {t('query.reads')}{' '}
            {data.reads.map(({ table, columns }) => `${table}（${columns.join(listMark())}）`).join(listMark())} ·{' '}
            {data.more
              ? t('query.more', { rows: data.rows.length })
              : t('query.tried', { rows: data.rows.length, milliseconds: data.milliseconds })}
          </p>
          <QueryAnswer answer={{ columns: data.answer, rows: data.rows }} />
        </div>
      ) : null}
    </fieldset>
  );
};

export const QueryEditor = ({
  version,
  tables,
  kept,
}: {
  version: string;
  tables: Tables[];
  kept: QueryView | null;
}) => {
  const { t } = useWords();
  const { notification } = App.useApp();
  const [open, setOpen] = useState(false);
  const [active, setActive] = useState('0');
  const [form] = Form.useForm<Filled>();
  const write = useWrite(putEndpoints, () => {
    setOpen(false);
    notification.success({ title: t('query.saved'), duration: 4 });
  });
  const save = () => {
    const { templates, rowsMax, secondsMax } = form.getFieldsValue(true) as Filled;
    const draft = filled({ kind: 'query', rowsMax, secondsMax, templates: templates.map(templateOf) });
    write.mutate({ params: { id: version }, body: { endpoints: [draft] } } as never, {
      onError: (error) => {
        const faults = faultsOf(error, 'body.endpoints');
        form.setFields(faults as never);
        const where = faults[0]?.name[1];
        if (typeof where === 'number') setActive(String(where));
      },
    });
  };
  return (
    <>
      <Button onClick={() => setOpen(true)}>{t('endpoints.query')}</Button>
      <Modal
        open={open}
        title={t('endpoints.query')}
        width={960}
        onCancel={() => setOpen(false)}
        onOk={() => form.submit()}
        okText={t('query.save')}
        cancelText={t('do.cancel')}
        okButtonProps={{ loading: write.isPending }}
        destroyOnHidden
      >
        <p className="quiet">{t('query.lead')}</p>
        <p className="small">
          {t('query.tables')}{' '}
          {tables.map((one) => (
            <span key={one.name} className="mono" style={{ display: 'block' }}>
              "{one.name}" ({one.columns.map(({ name }) => name).join(', ')})
            </span>
          ))}
        </p>
        <Form
          name="templates"
          form={form}
          layout="vertical"
          onFinish={save}
          scrollToFirstError
          initialValues={{
            templates: kept?.templates ?? [fresh(tables)],
            rowsMax: kept?.rowsMax ?? 10_000,
            secondsMax: kept?.secondsMax ?? 10,
          }}
        >
          <Form.List name="templates">
            {(items, { add, remove }) => (
              <>
                <Tabs
                  activeKey={active}
                  onChange={setActive}
                  items={items.map((item, number) => ({
                    key: String(item.name),
                    label: t('query.template', { number: number + 1 }),
                    forceRender: true,
                    children: (
                      <>
                        <div className="grid" style={{ '--least': '240px' } as never}>
                          <Form.Item
                            name={[item.name, 'name']}
                            label={t('query.name')}
                            extra={t('query.nameHint')}
                            rules={[
                              { required: true, pattern: /^[a-z][a-z0-9_]{0,39}$/, message: t('query.nameHint') },
                            ]}
                          >
                            <Input className="mono" />
                          </Form.Item>
                          <Form.Item
                            name={[item.name, 'title']}
                            label={t('query.title')}
                            rules={[{ required: true, message: t('form.required', { field: t('query.title') }) }]}
                          >
                            <Input />
                          </Form.Item>
                        </div>
                        <Form.Item
                          name={[item.name, 'sql']}
                          label={t('query.sql')}
                          rules={[{ required: true, message: t('form.required', { field: 'SQL' }) }]}
                        >
                          <Input.TextArea
                            className="mono"
                            autoSize={{ minRows: 4, maxRows: 16 }}
                            spellCheck={false}
                            maxLength={queryLimits.sqlCharactersMax}
                          />
                        </Form.Item>
                        <Parameters at={item.name} />
                        <TryOut version={version} at={item.name} />
                        {items.length > 1 ? (
                          <Button
                            danger
                            onClick={() => {
                              remove(item.name);
                              setActive('0');
                            }}
                          >
                            {t('query.remove')}
                          </Button>
                        ) : null}
                      </>
                    ),
                  }))}
                />
                <Button
                  disabled={items.length >= queryLimits.templatesMax}
                  onClick={() => {
                    add(fresh(tables));
                    setActive(String(items.length));
                  }}
                >
                  {t('query.add')}
                </Button>
              </>
            )}
          </Form.List>
          <div className="grid" style={{ '--least': '220px', marginTop: 16 } as never}>
            <Form.Item name="rowsMax" label={t('query.rowsMax')}>
              <InputNumber min={1} max={queryLimits.rowsMax} style={{ width: '100%' }} />
            </Form.Item>
            <Form.Item name="secondsMax" label={t('query.secondsMax')}>
              <InputNumber min={1} max={queryLimits.secondsMax} style={{ width: '100%' }} />
            </Form.Item>
          </div>
        </Form>
        {write.error ? <ProblemNote error={write.error} /> : null}
      </Modal>
    </>
  );
};
