import {
  confirmStanding,
  createInstitution,
  listAdmissions,
  listStandingProposals,
  organisationKind,
  organisationStatus,
  role,
} from '@shugu/wire/members';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { CaseQueue } from '../case/queue.tsx';
import { OnceShown } from '../delivery/keys.tsx';
import { listMark, useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { choicesOf } from '../registry/fields.ts';
import { hasRole, useMe } from '../session.ts';
import { Action } from '../ui/action.tsx';
import { Empty } from '../ui/empty.tsx';
import { field } from '../ui/fields.tsx';
import { ListFilter, StateFilter } from '../ui/filter.tsx';
import { Page } from '../ui/frame.tsx';
import { When } from '../ui/now.tsx';
import { useFilters } from '../ui/route.ts';
import { PagedTable } from '../ui/table.tsx';
import { Tabs } from '../ui/tabs.tsx';

const All = () => {
  const { t, w } = useWords();
  const [filters, setFilters] = useFilters();
  const roles = (row: { roles: { role: string; class: string }[] }) =>
    row.roles.map((one) => w('role', one.role) + (one.class ? `（${w('class', one.class)}）` : '')).join(listMark());
  return (
    <PagedTable
      endpoint={listAdmissions}
      label={t('menu.members')}
      input={{ query: { status: filters.status, role: filters.role } }}
      exportName="members"
      rowKey={(row) => row.id}
      empty={<Empty title={t('members.empty')} />}
      tools={
        <>
          <StateFilter
            list="organisationStatus"
            states={organisationStatus.options}
            value={filters.status}
            onChange={(status) => setFilters({ status })}
          />
          <ListFilter
            label={t('directory.roles')}
            options={role.options.map((one) => ({ value: one, label: w('role', one) }))}
            value={filters.role}
            onChange={(one) => setFilters({ role: one })}
          />
        </>
      }
      columns={[
        {
          key: 'name',
          title: t('directory.name'),
          show: (row) => (
            <>
              <Link to={paths.member(row.id)}>{row.attested?.name ?? row.name}</Link>
              {row.attested ? (
                <div className="small quiet" style={{ overflowWrap: 'anywhere' }}>
                  {row.name}
                </div>
              ) : null}
            </>
          ),
          text: (row) => (row.attested ? `${row.attested.name} (${row.name})` : row.name),
          sort: (row) => row.name,
        },
        {
          key: 'code',
          title: t('directory.code'),
          show: (row) => <span className="mono">{row.creditCode}</span>,
          text: (row) => row.creditCode,
        },
        { key: 'roles', title: t('directory.roles'), show: roles, text: roles },
        { key: 'status', title: t('case.state'), words: 'organisationStatus', state: (row) => row.status },
        { key: 'since', title: t('directory.since'), when: (row) => row.since },
      ]}
    />
  );
};

const Standing = () => {
  const { t } = useWords();
  return (
    <PagedTable
      endpoint={listStandingProposals}
      label={t('members.standing')}
      rowKey={(row) => row.id}
      empty={<Empty title={t('members.noStanding')} />}
      columns={[
        {
          key: 'name',
          title: t('directory.name'),
          show: (row) => <Link to={paths.member(row.organisation)}>{row.organisationName}</Link>,
        },
        { key: 'status', title: t('members.proposal'), words: 'organisationStatus', state: (row) => row.status },
        { key: 'reason', title: t('members.reason'), show: (row) => row.reason },
        { key: 'at', title: t('members.proposedAt'), when: (row) => row.proposedAt },
        {
          key: 'confirmed',
          title: t('members.confirmed'),
          show: (row) =>
            row.confirmedAt ? (
              <When at={row.confirmedAt} />
            ) : (
              <Action
                endpoint={confirmStanding}
                label={t('clearing.approve')}
                small
                danger
                explain={<p>{row.reason}</p>}
                input={() => ({ params: { id: row.id }, body: {} })}
              />
            ),
        },
      ]}
    />
  );
};

/** The registrar and the regulator are entered, not admitted; their first administrator gets a one-time code. */
const NewInstitution = ({ onCode }: { onCode: (code: string) => void }) => {
  const { t } = useWords();
  return (
    <Action
      endpoint={createInstitution}
      label={t('members.institution')}
      fields={[
        field('role', 'choice', ['类别', 'Role'], {
          required: true,
          choices: choicesOf('role', ['registrar', 'regulator']),
        }),
        field('name', 'text', ['名称', 'Name'], { required: true }),
        field('creditCode', 'text', ['统一社会信用代码', 'Credit code'], { required: true }),
        field('kind', 'choice', ['单位性质', 'Kind'], {
          required: true,
          choices: choicesOf('organisationKind', organisationKind.options),
        }),
        field('legalRepresentative', 'text', ['法定代表人', 'Legal representative'], { required: true }),
        field('administrator.displayName', 'text', ['管理员姓名', 'Administrator’s name'], { required: true }),
        field('administrator.login', 'text', ['管理员登录名', 'Administrator’s login'], { required: true }),
      ]}
      input={(values) => ({ body: values as never })}
      after={(reply) => onCode(reply.invitation.code)}
    />
  );
};

export default function Members() {
  const { t } = useWords();
  const operator = hasRole(useMe(), 'operator');
  const [code, setCode] = useState<string>();
  return (
    <Page
      title={t('menu.members')}
      lead={t('members.lead')}
      actions={operator ? <NewInstitution onCode={setCode} /> : null}
    >
      <OnceShown secret={code} onClose={() => setCode(undefined)} />
      <Tabs
        items={[
          ...(operator
            ? [
                {
                  key: 'admission',
                  label: t('members.admission'),
                  children: (
                    <CaseQueue
                      view="handling"
                      procedure="member.admission"
                      open
                      empty={<Empty title={t('cases.waitingEmpty')} />}
                    />
                  ),
                },
              ]
            : []),
          { key: 'all', label: t('app.all'), children: <All /> },
          { key: 'standing', label: t('members.standing'), children: <Standing /> },
        ]}
      />
    </Page>
  );
}
