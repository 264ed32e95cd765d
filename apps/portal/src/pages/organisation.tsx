import { applyForRoles, memberRole, readOwnOrganisation, roleClass, updateBankAccount } from '@shugu/wire/members';
import { Link } from '@tanstack/react-router';
import { Tag } from 'antd';
import { useRead } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { Webhooks } from '../organisation/webhooks.tsx';
import { paths } from '../paths.ts';
import { choicesOf } from '../registry/fields.ts';
import { Held } from '../supervision/legal-holds.tsx';
import { Action } from '../ui/action.tsx';
import { field } from '../ui/fields.tsx';
import { Facts, Loaded, Page, Sheet } from '../ui/frame.tsx';
import { When } from '../ui/now.tsx';
import { StateTag } from '../ui/step.tsx';

export default function Organisation() {
  const { t, w } = useWords();
  const read = useRead(readOwnOrganisation, {});
  return (
    <Page
      title={t('menu.organisation')}
      actions={
        <>
          <Action
            endpoint={applyForRoles}
            label={t('organisation.moreRoles')}
            fields={[
              field('role', 'choice', ['类别', 'Role'], {
                required: true,
                choices: choicesOf('role', memberRole.options),
              }),
              field('class', 'choice', ['专业类别', 'Class'], {
                choices: choicesOf('class', roleClass.options.filter(Boolean)),
              }),
              field('licence', 'text', ['许可证号', 'Licence'], {}),
            ]}
            input={(values) => ({ body: values as never })}
          />
          <Action
            endpoint={updateBankAccount}
            label={t('organisation.bank')}
            fields={[
              field('bankName', 'text', ['开户行', 'Bank'], { required: true }),
              field('holder', 'text', ['户名', 'Holder'], { required: true }),
              field('account', 'text', ['账号', 'Account'], { required: true }),
            ]}
            explain={<p>{t('organisation.bankExplain')}</p>}
            input={(values) => ({ body: values as never })}
          />
        </>
      }
    >
      {read.data ? <Held target={read.data.id} /> : null}
      <Loaded of={read}>
        {(one) => (
          <Sheet>
            <Facts
              items={[
                [t('directory.name'), one.name],
                [
                  t('directory.code'),
                  <span key="c" className="mono">
                    {one.creditCode}
                  </span>,
                ],
                [t('organisation.kind'), w('organisationKind', one.kind)],
                [t('organisation.representative'), one.legalRepresentative],
                [t('case.state'), <StateTag key="s" list="organisationStatus" state={one.status} />],
                [
                  t('directory.roles'),
                  one.roles.map((role) => (
                    <div key={role.role + role.class}>
                      {w('role', role.role)} {role.class ? `（${w('class', role.class)}）` : ''}{' '}
                      <StateTag list="roleStatus" state={role.status} /> {role.licence}
                    </div>
                  )),
                ],
                [t('directory.since'), <When key="w" at={one.since} />],
                [
                  t('organisation.bankAccount'),
                  one.bankAccount ? `${one.bankName} ${one.bankAccount}（${one.bankAccountHolder}）` : t('app.none'),
                ],
                [
                  t('menu.rules'),
                  one.rulesAccepted ? (
                    <Tag key="r" color="success">
                      {t('organisation.accepted')}
                    </Tag>
                  ) : (
                    <Link key="r" to={paths.rules}>
                      {t('organisation.notAccepted')}
                    </Link>
                  ),
                ],
              ]}
            />
          </Sheet>
        )}
      </Loaded>
      <Webhooks />
    </Page>
  );
}
