import {
  createPerson,
  disablePerson,
  enablePerson,
  grantSeat,
  listPeople,
  resetPerson,
  revokeSeat,
  seat,
} from '@shugu/wire/members';
import { Tag } from 'antd';
import { useState } from 'react';
import { OnceShown } from '../delivery/keys.tsx';
import { listMark, useWords } from '../i18n/index.ts';
import { choicesOf } from '../registry/fields.ts';
import { Action } from '../ui/action.tsx';
import { Empty } from '../ui/empty.tsx';
import { field } from '../ui/fields.tsx';
import { Page } from '../ui/frame.tsx';
import { PagedTable } from '../ui/table.tsx';

const seats = choicesOf('seat', seat.options);

export default function People() {
  const { t, w } = useWords();
  const [code, setCode] = useState<string>();
  const add = (
    <Action
      endpoint={createPerson}
      label={t('people.new')}
      primary
      fields={[
        field('login', 'text', ['登录名', 'Login'], { required: true }),
        field('displayName', 'text', ['姓名', 'Name'], { required: true }),
        field('phone', 'text', ['电话', 'Telephone'], {}),
        field('email', 'text', ['邮箱', 'E-mail'], {}),
        field('seats', 'choices', ['岗位', 'Seats'], { choices: seats }),
      ]}
      input={(values) => ({ body: values as never })}
      after={(reply) => setCode(reply.invitation.code)}
    />
  );
  return (
    <Page title={t('menu.people')} lead={t('people.lead')} actions={add}>
      <OnceShown secret={code} onClose={() => setCode(undefined)} />
      <PagedTable
        endpoint={listPeople}
        label={t('menu.people')}
        exportName="people"
        rowKey={(row) => row.id}
        empty={<Empty title={t('people.empty')} action={add} />}
        columns={[
          { key: 'name', title: t('people.name'), plain: (row) => row.displayName },
          {
            key: 'login',
            title: t('signIn.login'),
            show: (row) => <span className="mono">{row.login}</span>,
            text: (row) => row.login,
            sort: (row) => row.login,
          },
          { key: 'state', title: t('case.state'), words: 'personState', state: (row) => row.status },
          {
            key: 'seats',
            title: t('people.seats'),
            show: (row) => row.seats.map((one) => <Tag key={one}>{w('seat', one)}</Tag>),
            text: (row) => row.seats.map((one) => w('seat', one)).join(listMark()),
          },
          {
            key: 'act',
            title: t('jobs.act'),
            show: (row) =>
              row.status === 'erased' ? null : (
                <span className="row">
                  <Action
                    endpoint={grantSeat}
                    label={t('people.grant')}
                    small
                    fields={[field('seat', 'choice', ['岗位', 'Seat'], { required: true, choices: seats })]}
                    input={(values) => ({ params: { id: row.id }, body: values as never })}
                  />
                  <Action
                    endpoint={revokeSeat}
                    label={t('people.revoke')}
                    small
                    danger
                    blocked={row.seats.length ? null : t('app.notNow')}
                    fields={[
                      field('seat', 'choice', ['岗位', 'Seat'], {
                        required: true,
                        choices: choicesOf('seat', row.seats),
                      }),
                    ]}
                    input={(values) => ({
                      params: { id: row.id, seat: (values as unknown as { seat: string }).seat as never },
                    })}
                  />
                  <Action
                    endpoint={resetPerson}
                    label={t('people.reset')}
                    small
                    danger
                    explain={<p>{t('people.resetExplain')}</p>}
                    input={() => ({ params: { id: row.id }, body: {} })}
                    after={(reply) => setCode(reply.code)}
                  />
                  {row.status === 'disabled' ? (
                    <Action
                      endpoint={enablePerson}
                      label={t('people.enable')}
                      small
                      input={() => ({ params: { id: row.id }, body: {} })}
                    />
                  ) : (
                    <Action
                      endpoint={disablePerson}
                      label={t('people.disable')}
                      small
                      danger
                      explain={<p>{t('people.disableExplain')}</p>}
                      input={() => ({ params: { id: row.id }, body: {} })}
                    />
                  )}
                </span>
              ),
          },
        ]}
      />
    </Page>
  );
}
