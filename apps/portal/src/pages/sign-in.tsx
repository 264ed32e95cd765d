import { passkeySignIn, readSetup, signIn, startPasskeySignIn } from '@shugu/wire/members';
import { startAuthentication } from '@simplewebauthn/browser';
import { useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { Alert, Button, Form, Input } from 'antd';
import { useState } from 'react';
import { client, useRead } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { Page, Sheet } from '../ui/frame.tsx';
import { ProblemNote } from '../ui/problem.tsx';
import { useFilters } from '../ui/route.ts';

export default function SignIn() {
  const { t } = useWords();
  const cache = useQueryClient();
  const navigate = useNavigate();
  const [filters] = useFilters();
  const [error, setError] = useState<Error>();
  const [busy, setBusy] = useState(false);
  const setup = useRead(readSetup, {});
  const run = async (act: () => Promise<unknown>) => {
    setBusy(true);
    setError(undefined);
    try {
      await act();
      await cache.resetQueries();
      // Only a path of our own: an address from outside must not send people elsewhere.
      const next = filters.next?.startsWith('/') && !filters.next.startsWith('//') ? filters.next : paths.desk;
      await navigate({ to: next });
    } catch (caught) {
      setError(caught as Error);
    } finally {
      setBusy(false);
    }
  };
  const byPasskey = async () => {
    const started = await client.call(startPasskeySignIn, { body: {} });
    const credential = await startAuthentication({ optionsJSON: started.options as never });
    await client.call(passkeySignIn, { body: { ceremony: started.ceremony, credential: credential as never } });
  };
  return (
    <Page title={t('signIn.title')} lead={t('signIn.lead')}>
      {setup.data?.needed ? (
        <Alert
          type="info"
          showIcon
          style={{ marginBottom: 16 }}
          title={t('setup.needed')}
          action={<Link to={paths.setup}>{t('setup.title')}</Link>}
        />
      ) : null}
      <div style={{ maxWidth: 460 }}>
        <Sheet>
          <Form
            layout="vertical"
            requiredMark={false}
            onFinish={(body: { login: string; password: string }) => run(() => client.call(signIn, { body }))}
          >
            <Form.Item
              name="login"
              label={t('signIn.login')}
              rules={[{ required: true, message: t('form.required', { field: t('signIn.login') }) }]}
            >
              <Input autoComplete="username" size="large" autoCapitalize="none" />
            </Form.Item>
            <Form.Item
              name="password"
              label={t('signIn.password')}
              rules={[{ required: true, message: t('form.required', { field: t('signIn.password') }) }]}
            >
              <Input.Password autoComplete="current-password" size="large" />
            </Form.Item>
            {error ? (
              <div style={{ marginBottom: 16 }}>
                <ProblemNote error={error} />
              </div>
            ) : null}
            <div className="row">
              <Button type="primary" htmlType="submit" size="large" loading={busy}>
                {t('frame.signIn')}
              </Button>
              <Button size="large" disabled={busy || !window.PublicKeyCredential} onClick={() => run(byPasskey)}>
                {t('signIn.passkey')}
              </Button>
            </div>
          </Form>
        </Sheet>
        <p className="row">
          <Link to={paths.join}>{t('home.join')}</Link>
          <Link to={paths.invitation}>{t('signIn.invitation')}</Link>
        </p>
      </div>
    </Page>
  );
}
