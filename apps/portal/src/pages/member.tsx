import { readAdmission, restoreOrganisation, suspendOrganisation } from '@shugu/wire/members';
import { Link } from '@tanstack/react-router';
import { useRead } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { Held } from '../supervision/legal-holds.tsx';
import { Action } from '../ui/action.tsx';
import { field } from '../ui/fields.tsx';
import { Facts, Loaded, Page, Sheet } from '../ui/frame.tsx';
import { When } from '../ui/now.tsx';
import { useId } from '../ui/route.ts';
import { StateTag } from '../ui/step.tsx';

const reason = [field('reason', 'longText', ['理由', 'Reason'], { required: true, charactersMax: 1000 })];

export default function Member() {
  const { t, w } = useWords();
  const id = useId();
  const read = useRead(readAdmission, { params: { id } });
  return (
    <Loaded of={read}>
      {(one) => (
        <Page
          title={one.name}
          lead={t('members.logged')}
          actions={
            one.status === 'suspended' ? (
              <Action
                endpoint={restoreOrganisation}
                label={t('members.restore')}
                fields={reason}
                explain={<p>{t('members.second')}</p>}
                input={(values) => ({ params: { id }, body: values as never })}
              />
            ) : (
              <Action
                endpoint={suspendOrganisation}
                label={t('members.suspend')}
                danger
                fields={reason}
                explain={<p>{t('members.second')}</p>}
                blocked={one.status === 'active' ? null : t('app.notNow')}
                input={(values) => ({ params: { id }, body: values as never })}
              />
            )
          }
        >
          <Held target={id} />
          <Sheet>
            <Facts
              items={[
                [t('case.state'), <StateTag key="s" list="organisationStatus" state={one.status} />],
                [
                  t('directory.code'),
                  <span key="c" className="mono">
                    {one.creditCode}
                  </span>,
                ],
                one.attested && [
                  t('attested.title'),
                  <div key="attested" style={{ overflowWrap: 'anywhere' }}>
                    {one.attested.name} <span className="mono">{one.attested.creditCode || t('attested.none')}</span>
                    <div className="small quiet">
                      {t('attested.by', { issuer: `${one.attested.issuerName} ${one.attested.issuer}`.trim() })}
                    </div>
                  </div>,
                ],
                [t('organisation.kind'), w('organisationKind', one.kind)],
                [t('organisation.representative'), one.legalRepresentative],
                [
                  t('directory.roles'),
                  one.roles.map((role) => (
                    <div key={role.role + role.class}>
                      {w('role', role.role)} {role.class ? w('class', role.class) : ''}{' '}
                      <StateTag list="roleStatus" state={role.status} /> {role.licence}
                    </div>
                  )),
                ],
                [
                  t('organisation.administrators'),
                  one.administrators.map((person) => (
                    <div key={person.displayName}>
                      {person.displayName} {person.phone} {person.email}
                    </div>
                  )),
                ],
                [t('directory.since'), <When key="w" at={one.since} />],
                one.case && [
                  t('members.admission'),
                  <Link key="a" to={paths.case(one.case)}>
                    {t('do.open')}
                  </Link>,
                ],
              ]}
            />
          </Sheet>
        </Page>
      )}
    </Loaded>
  );
}
