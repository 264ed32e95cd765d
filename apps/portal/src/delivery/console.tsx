/** Tries a look-up as the buyer's program would: same address, same key, counted the same. */
import { Alert, Button, Form, Input } from 'antd';
import { useState } from 'react';
import { useWords } from '../i18n/index.ts';
import { Sheet } from '../ui/frame.tsx';
import { CallerItems } from './caller-items.tsx';
import { type Answer, AnswerShown, callGateway } from './console-answer.tsx';

interface Line {
  kind: string;
  address: string | null;
  ready: boolean;
  keyColumns: string[];
  filterColumns: string[];
}
export const Console = ({
  line,
  secret,
  purposes,
  authorisationRequired,
}: {
  line: Line;
  secret: string | undefined;
  purposes: string[] | null;
  authorisationRequired: boolean;
}) => {
  const { t } = useWords();
  const [answer, setAnswer] = useState<Answer>();
  const [error, setError] = useState('');
  const [busy, setBusy] = useState(false);
  const [form] = Form.useForm();
  const call = async (values: Record<string, string>) => {
    setBusy(true);
    setError('');
    const keys = line.keyColumns.map((name) => encodeURIComponent(values[`key.${name}`] ?? '')).join('/');
    const filters = new URLSearchParams(
      line.filterColumns.flatMap((name) => (values[`filter.${name}`] ? [[name, values[`filter.${name}`]!]] : [])),
    );
    // The same server answers under this page's own origin, which is all that the content security policy lets us call.
    const path = new URL(line.address ?? '', location.origin).pathname;
    const address = `${path}${keys ? `/${keys}` : ''}${filters.size ? `?${filters}` : ''}`;
    try {
      setAnswer(await callGateway(address, values));
    } catch (caught) {
      setError(String(caught));
    } finally {
      setBusy(false);
    }
  };
  const example = `curl -H 'Authorization: Bearer <${t('key.title')}>' ${new URL(line.address ?? '', location.origin)}${line.keyColumns.map((name) => `/{${name}}`).join('')}`;
  return (
    <Sheet title={t('console.title')}>
      <p className="quiet">{t('console.lead')}</p>
      <pre className="code">{example}</pre>
      {line.ready ? (
        <Form
          form={form}
          layout="vertical"
          onFinish={call}
          style={{ marginTop: 16 }}
          initialValues={{ purpose: purposes?.[0], secret }}
          key={secret}
        >
          <div className="grid" style={{ '--least': '220px' } as never}>
            <CallerItems purposes={purposes} authorisationRequired={authorisationRequired} />
            {line.keyColumns.map((name) => (
              <Form.Item
                key={name}
                name={`key.${name}`}
                label={name}
                rules={[{ required: true, message: t('form.required', { field: name }) }]}
              >
                <Input />
              </Form.Item>
            ))}
            {line.filterColumns.map((name) => (
              <Form.Item key={name} name={`filter.${name}`} label={`${name}（${t('case.paperOptional')}）`}>
                <Input />
              </Form.Item>
            ))}
          </div>
          <Button type="primary" htmlType="submit" loading={busy}>
            {t('console.send')}
          </Button>
        </Form>
      ) : (
        <Alert type="info" showIcon title={t('grant.building')} style={{ marginTop: 12 }} />
      )}
      {error ? <Alert type="error" title={error} style={{ marginTop: 12 }} /> : null}
      {answer ? <AnswerShown answer={answer} /> : null}
    </Sheet>
  );
};
