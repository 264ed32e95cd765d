/** Calls a supplier's interface through the gateway as the buyer's program would: same address, same key, counted the same. */
import { describeGrant } from '@shugu/wire/delivery';
import { Alert, AutoComplete, Button, Form, Input, Select } from 'antd';
import { useState } from 'react';
import { useRead } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { Sheet } from '../ui/frame.tsx';
import { CallerItems } from './caller-items.tsx';
import { type Answer, AnswerShown, type Caller, callGateway } from './console-answer.tsx';

/** What the gateway lets through to a supplier of what a caller may say. */
const passedHeaders = ['accept', 'accept-language', 'content-type', 'if-none-match', 'if-modified-since'];
const linesMax = 20;

type Filled = Caller & {
  method: string;
  path?: string;
  query?: string;
  headers?: string;
  body?: string;
};

/** Of lines `name: value`; the first that the gateway would not let through is told instead. */
const headersIn = (text: string): { headers: Record<string, string> } | { refused: string } => {
  const headers: Record<string, string> = {};
  for (const line of text.split('\n').slice(0, linesMax)) {
    if (line.trim() === '') continue;
    const at = line.indexOf(':');
    const name = line.slice(0, Math.max(at, 0)).trim().toLowerCase();
    if (!passedHeaders.includes(name)) return { refused: line.trim().slice(0, 60) };
    headers[name] = line.slice(at + 1).trim();
  }
  return { headers };
};

/** Paths of the grant's own document below this line, as templates; none where the supplier says nothing of its interface. */
const pathsBelow = (document: { paths?: unknown } | undefined, base: string): string[] =>
  Object.keys((document?.paths ?? {}) as object).flatMap((path) =>
    path.startsWith(`${base}/`) && path !== `${base}/{path}` ? [path.slice(base.length)] : [],
  );

export const ProxyConsole = ({
  grant,
  line,
  secret,
  purposes,
  authorisationRequired,
}: {
  grant: string;
  line: { address: string | null; methods: string[] };
  secret: string | undefined;
  purposes: string[] | null;
  authorisationRequired: boolean;
}) => {
  const { t } = useWords();
  const [form] = Form.useForm<Filled>();
  const [answer, setAnswer] = useState<Answer>();
  const [error, setError] = useState('');
  const [busy, setBusy] = useState(false);
  const document = useRead(describeGrant, { params: { id: grant } }).data;
  const method = Form.useWatch('method', form) ?? line.methods[0];
  const base = new URL(line.address ?? '', location.origin).pathname;
  const known = pathsBelow(document, base);

  const call = async ({ method: asked, path = '', query = '', headers = '', body, ...caller }: Filled) => {
    setBusy(true);
    setError('');
    const told = headersIn(headers);
    const rest = path.trim().replace(/^\/+/, '');
    const asks = query.trim().replace(/^\?/, '');
    try {
      if ('refused' in told) throw new Error(t('console.headerRefused', { line: told.refused }));
      setAnswer(
        await callGateway(`${base}${rest ? `/${rest}` : ''}${asks ? `?${asks}` : ''}`, caller, {
          method: asked,
          headers: told.headers,
          ...(asked === 'GET' ? {} : { body: body ?? '' }),
        }),
      );
    } catch (caught) {
      setError(caught instanceof Error ? caught.message : String(caught));
    } finally {
      setBusy(false);
    }
  };

  return (
    <Sheet title={t('console.proxy')}>
      <p className="quiet">{t('console.lead')}</p>
      <pre className="code">{`curl -H 'Authorization: Bearer <${t('key.title')}>' ${location.origin}${base}/…`}</pre>
      <Form<Filled>
        name="proxy"
        form={form}
        layout="vertical"
        style={{ marginTop: 16 }}
        initialValues={{ method: line.methods[0], secret, purpose: purposes?.[0] }}
        key={secret}
        onFinish={call}
      >
        <div className="grid" style={{ '--least': '220px' } as never}>
          <CallerItems purposes={purposes} authorisationRequired={authorisationRequired} />
          <Form.Item name="method" label={t('console.method')}>
            <Select options={line.methods.map((value) => ({ value, label: value }))} />
          </Form.Item>
          <Form.Item name="path" label={t('console.path')} extra={known.length ? t('console.pathKnown') : null}>
            <AutoComplete options={known.map((value) => ({ value }))} maxLength={2000} />
          </Form.Item>
          <Form.Item name="query" label={t('console.query')}>
            <Input className="mono" placeholder="name=value&…" maxLength={4000} />
          </Form.Item>
        </div>
        <Form.Item name="headers" label={t('console.headers')} extra={passedHeaders.join(' · ')}>
          <Input.TextArea
            className="mono"
            autoSize={{ minRows: 1, maxRows: 6 }}
            maxLength={4000}
            placeholder="accept: application/json"
          />
        </Form.Item>
        {method === 'GET' ? null : (
          <Form.Item name="body" label={t('console.body')}>
            <Input.TextArea className="mono" autoSize={{ minRows: 3, maxRows: 16 }} maxLength={1_000_000} />
          </Form.Item>
        )}
        <Button type="primary" htmlType="submit" loading={busy}>
          {t('console.send')}
        </Button>
      </Form>
      {error ? <Alert type="error" role="alert" title={error} style={{ marginTop: 12 }} /> : null}
      {answer ? <AnswerShown answer={answer} /> : null}
    </Sheet>
  );
};
