/** Runs the queries of a grant as the buyer's program would: same address, same key, counted the same. */
import type { grantTemplate } from '@shugu/wire/delivery';
import { Alert, Button, Form, Select } from 'antd';
import { useState } from 'react';
import type { z } from 'zod';
import { useWords } from '../i18n/index.ts';
import { Sheet } from '../ui/frame.tsx';
import { download } from '../ui/table.tsx';
import { CallerItems } from './caller-items.tsx';
import { type Answer, type Cell, QueryAnswer, useSeconds } from './query-answer.tsx';
import { givenValues, ParameterItems } from './query-parameters.tsx';

type Template = z.output<typeof grantTemplate>;
interface Filled {
  template: string;
  secret: string;
  purpose?: string;
  authorisation?: string;
  values?: Record<string, unknown>;
}
interface Refusal {
  code: string;
  field?: string;
  zh: string;
  en: string;
}

export const QueryConsole = ({
  line,
  secret,
  purposes,
  authorisationRequired,
}: {
  line: { address: string | null; templates: Template[] };
  secret: string | undefined;
  purposes: string[] | null;
  authorisationRequired: boolean;
}) => {
  const { t, b } = useWords();
  const [form] = Form.useForm<Filled>();
  const [answer, setAnswer] = useState<Answer>();
  const [failure, setFailure] = useState('');
  const [busy, setBusy] = useState(false);
  const seconds = useSeconds(busy);
  const first = line.templates.find(({ granted }) => granted)?.name;
  const name = Form.useWatch('template', form) ?? first;
  const template = line.templates.find((one) => one.name === name);
  // The same server answers under this page's own origin, which is all that the content security policy lets us call.
  const path = `${new URL(line.address ?? '', location.origin).pathname}/${name ?? ''}`;

  const call = async (filled: Filled, format: 'json' | 'csv') => {
    setBusy(true);
    setFailure('');
    try {
      const response = await fetch(`${path}?${new URLSearchParams({ ...givenValues(filled.values), format })}`, {
        credentials: 'omit',
        headers: {
          authorization: `Bearer ${filled.secret}`,
          ...(filled.purpose ? { 'x-purpose': filled.purpose } : {}),
          ...(filled.authorisation ? { 'x-authorisation-reference': filled.authorisation } : {}),
        },
      });
      if (!response.ok) {
        const refusal = (await response.json()) as Refusal;
        if (refusal.field) form.setFields([{ name: ['values', refusal.field] as never, errors: [b(refusal)] }]);
        setAnswer(undefined);
        setFailure(`${b(refusal)}（${refusal.code}）`);
      } else if (format === 'csv') download(`${name}.csv`, await response.blob(), 'text/csv;charset=utf-8');
      else if (template) {
        const { data } = (await response.json()) as { data: Record<string, Cell>[] };
        setAnswer({
          columns: template.answer,
          rows: data.map((row) => template.answer.map((column) => row[column.name] ?? null)),
        });
      }
    } catch (caught) {
      setFailure(String(caught));
    } finally {
      setBusy(false);
    }
  };
  const run = async (format: 'json' | 'csv') => {
    const filled = await form.validateFields().catch(() => null);
    if (filled) await call(filled, format);
  };
  const example = template?.parameters.filter((one) => one.default === undefined).map((one) => `${one.name}=…`) ?? [];

  return (
    <Sheet title={t('query.console')}>
      <p className="quiet">{t('console.lead')}</p>
      <pre className="code">{`curl -H 'Authorization: Bearer <${t('key.title')}>' '${location.origin}${path}${example.length ? `?${example.join('&')}` : ''}'`}</pre>
      <Form
        // The page has other forms with a field for the key; names keep their labels apart.
        name="query"
        form={form}
        layout="vertical"
        style={{ marginTop: 16 }}
        initialValues={{ template: first, secret, purpose: purposes?.[0] }}
        key={secret}
        onFinish={() => void run('json')}
      >
        <div className="grid" style={{ '--least': '220px' } as never}>
          <Form.Item name="template" label={t('query.choose')}>
            <Select
              onChange={() => setAnswer(undefined)}
              options={line.templates.map((one) => ({
                value: one.name,
                label: one.granted ? one.title : `${one.title}（${t('query.notGranted')}）`,
                disabled: !one.granted,
              }))}
            />
          </Form.Item>
          <CallerItems purposes={purposes} authorisationRequired={authorisationRequired} />
          <ParameterItems key={name} parameters={template?.parameters ?? []} path={['values']} />
        </div>
        <div className="row">
          <Button type="primary" htmlType="submit" loading={busy} disabled={!template}>
            {t('query.run')}
          </Button>
          <Button disabled={busy || !template} onClick={() => void run('csv')}>
            {t('query.csv')}
          </Button>
          {busy ? <span className="quiet">{t('query.running', { seconds })}</span> : null}
        </div>
      </Form>
      {failure ? <Alert type="warning" showIcon role="alert" title={failure} style={{ marginTop: 12 }} /> : null}
      {answer ? (
        <div role="status" style={{ marginTop: 14 }}>
          <QueryAnswer answer={answer} />
        </div>
      ) : null}
    </Sheet>
  );
};
