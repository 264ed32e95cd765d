import {
  changePassword,
  createPasskey,
  deletePasskey,
  listPasskeys,
  readMail,
  startPasskey,
  updateMail,
} from '@shugu/wire/members';
import { startRegistration } from '@simplewebauthn/browser';
import { useQueryClient } from '@tanstack/react-query';
import { Button, Tag } from 'antd';
import { useState } from 'react';
import { client, useRead } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { useMe } from '../session.ts';
import { Action } from '../ui/action.tsx';
import { field } from '../ui/fields.tsx';
import { Facts, Loaded, Page, Sheet } from '../ui/frame.tsx';
import { When } from '../ui/now.tsx';
import { ProblemNote } from '../ui/problem.tsx';
import { NewPassword } from './invitation.tsx';

const Passkeys = () => {
  const { t } = useWords();
  const cache = useQueryClient();
  const read = useRead(listPasskeys, {});
  const [error, setError] = useState<Error>();
  const add = async () => {
    try {
      setError(undefined);
      const started = await client.call(startPasskey, { body: {} });
      const credential = await startRegistration({ optionsJSON: started.options as never });
      await client.call(createPasskey, {
        body: { ceremony: started.ceremony, name: navigator.platform || 'passkey', credential: credential as never },
      });
      await cache.invalidateQueries();
    } catch (caught) {
      setError(caught as Error);
    }
  };
  return (
    <Sheet
      title={t('me.passkeys')}
      extra={
        <Button disabled={!window.PublicKeyCredential} onClick={() => void add()}>
          {t('me.addPasskey')}
        </Button>
      }
    >
      {error ? <ProblemNote error={error} /> : null}
      <Loaded of={read}>
        {({ items }) =>
          items.length ? (
            <ul className="card-list">
              {items.map((one) => (
                <li key={one.id} className="row between">
                  <span>
                    {one.name}{' '}
                    <span className="quiet small">
                      <When at={one.createdAt} />
                    </span>
                  </span>
                  <Action
                    endpoint={deletePasskey}
                    label={t('do.remove')}
                    small
                    danger
                    input={() => ({ params: { id: one.id } })}
                  />
                </li>
              ))}
            </ul>
          ) : (
            <p className="quiet">{t('me.noPasskeys')}</p>
          )
        }
      </Loaded>
    </Sheet>
  );
};

const Mail = () => {
  const { t } = useWords();
  const read = useRead(readMail, {});
  return (
    <Loaded of={read}>
      {(one) => (
        <Sheet
          title={t('me.mail')}
          extra={
            <Action
              endpoint={updateMail}
              label={t('do.change')}
              fields={[
                field('email', 'text', ['邮箱', 'Mail address'], {}),
                field('mail', 'boolean', ['送达文书时发邮件提醒', 'Tell me of notices by mail'], {}),
              ]}
              initial={one}
              input={(values: Record<string, unknown>) => ({
                body: { mail: values.mail === true, email: typeof values.email === 'string' ? values.email : null },
              })}
            />
          }
        >
          <p>
            <span className="mono">{one.email ?? t('app.none')}</span>{' '}
            <Tag color={one.mail && one.email ? 'success' : undefined}>
              {t(one.mail && one.email ? 'me.mailOn' : 'me.mailOff')}
            </Tag>
          </p>
        </Sheet>
      )}
    </Loaded>
  );
};

export default function MePage() {
  const { t, w } = useWords();
  const me = useMe();
  if (!me) return <Page title={t('menu.me')}>{t('app.signInFirst')}</Page>;
  return (
    <Page
      title={t('menu.me')}
      actions={
        <Action
          endpoint={changePassword}
          label={t('me.password')}
          fields={[
            field('current', 'text', ['当前密码', 'Current password'], { required: true, widget: NewPassword }),
            field('next', 'text', ['新密码（至少 10 个字符）', 'New password (at least 10 characters)'], {
              required: true,
              widget: NewPassword,
            }),
          ]}
          input={(values) => ({ body: values as never })}
        />
      }
    >
      <Sheet>
        <Facts
          items={[
            [t('people.name'), me.name],
            [
              t('signIn.login'),
              <span key="l" className="mono">
                {me.login}
              </span>,
            ],
            [t('menu.organisation'), me.organisation.name],
            [t('people.seats'), me.seats.map((one) => <Tag key={one}>{w('seat', one)}</Tag>)],
          ]}
        />
      </Sheet>
      <Mail />
      <Passkeys />
    </Page>
  );
}
