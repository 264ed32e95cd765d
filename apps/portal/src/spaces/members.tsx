import {
  admitToSpace,
  expelFromSpace,
  type getSpace,
  getSpaceSignature,
  inviteToSpace,
  listSpaceMembers,
  refuseInSpace,
  spaceMemberStates,
} from '@shugu/wire/spaces';
import { addressOf, type Reply } from '../api.ts';
import { listMark, useWords } from '../i18n/index.ts';
import { useMe } from '../session.ts';
import { Action } from '../ui/action.tsx';
import { Empty } from '../ui/empty.tsx';
import { field } from '../ui/fields.tsx';
import { StateFilter } from '../ui/filter.tsx';
import { When } from '../ui/now.tsx';
import { OrganisationPicker } from '../ui/organisations.tsx';
import { useFilters } from '../ui/route.ts';
import { StateTag } from '../ui/step.tsx';
import { PagedTable } from '../ui/table.tsx';
import { joiningField, noteField, reasonField } from './fields.ts';

type Space = Reply<typeof getSpace>;
type Member = Reply<typeof listSpaceMembers>['items'][number];

const Decisions = ({ space, member }: { space: string; member: Member }) => {
  const { t } = useWords();
  const params = { id: space, member: member.id };
  if (member.roles.includes('operator')) return null;
  const withReason = (values: object) => ({ params, body: values as never });
  if (member.state === 'applied')
    return (
      <div className="row">
        <Action
          small
          primary
          endpoint={admitToSpace}
          label={t('spaces.admit')}
          explain={<p>{t('spaces.admitExplain')}</p>}
          input={() => ({ params })}
        />
        <Action
          small
          danger
          endpoint={refuseInSpace}
          label={t('spaces.refuse')}
          explain={<p>{t('spaces.refuseExplain')}</p>}
          fields={[reasonField]}
          input={withReason}
        />
      </div>
    );
  return ['invited', 'active', 'resting'].includes(member.state) ? (
    <Action
      small
      danger
      endpoint={expelFromSpace}
      label={t('spaces.expel')}
      explain={<p>{t('spaces.expelExplain')}</p>}
      fields={[reasonField]}
      input={withReason}
    />
  ) : null;
};

const Invite = ({ space }: { space: string }) => {
  const { t } = useWords();
  return (
    <Action
      primary
      endpoint={inviteToSpace}
      label={t('spaces.invite')}
      explain={<p>{t('spaces.inviteExplain')}</p>}
      fields={[
        field('organisation', 'text', ['单位', 'Organisation'], {
          required: true,
          widget: (props) => <OrganisationPicker {...props} single />,
        }),
        joiningField,
        noteField,
      ]}
      input={(values) => ({ params: { id: space }, body: values as never })}
    />
  );
};

/** Who is in, who asks to be, and, for whoever operates the space, who is gone and why. */
export const SpaceMembers = ({ of, operates, decides }: { of: Space; operates: boolean; decides: boolean }) => {
  const { t, w } = useWords();
  const me = useMe();
  const [filters, setFilters] = useFilters();
  if (!operates && !of.yours?.standing)
    return <Empty title={t('spaces.membersClosed')}>{t('spaces.membersClosedText')}</Empty>;
  return (
    <PagedTable
      endpoint={listSpaceMembers}
      label={t('spaces.members')}
      input={{ params: { id: of.id }, query: { state: filters.state } }}
      rowKey={(row) => row.id}
      exportName="space-members"
      empty={<Empty title={t('spaces.memberNone')}>{t('spaces.memberNoneText')}</Empty>}
      tools={
        <>
          {operates ? (
            <StateFilter
              list="spaceMember"
              states={spaceMemberStates}
              value={filters.state as (typeof spaceMemberStates)[number] | undefined}
              onChange={(state) => setFilters({ state })}
            />
          ) : null}
          {decides ? <Invite space={of.id} /> : null}
        </>
      }
      columns={[
        { key: 'organisation', title: t('spaces.members'), plain: (row) => row.organisation.name },
        {
          key: 'roles',
          title: t('spaces.memberRoles'),
          show: (row) => row.roles.map((role) => w('spaceRole', role)).join(listMark()),
          text: (row) => row.roles.map((role) => w('spaceRole', role)).join(listMark()),
        },
        {
          key: 'state',
          title: t('spaces.memberState'),
          show: (row) => (
            <>
              <StateTag list="spaceMember" state={row.state} />
              {row.reason || row.note ? <div className="small quiet">{row.reason || row.note}</div> : null}
            </>
          ),
          text: (row) => w('spaceMember', row.state),
          sort: (row) => row.state,
        },
        {
          key: 'signed',
          title: t('spaces.memberSigned'),
          show: (row) => (
            <>
              {row.signed === null ? '—' : t('spaces.rulesVersion', { number: row.signed })}
              {row.signedAt ? (
                <div className="small quiet">
                  <When at={row.signedAt} />
                </div>
              ) : null}
              {row.signBy ? (
                <div className="small quiet">
                  {t('spaces.memberSignBy')} <When at={row.signBy} />
                </div>
              ) : null}
            </>
          ),
          text: (row) => row.signed,
        },
        {
          key: 'evidence',
          title: t('spaces.evidence'),
          show: (row) =>
            row.signed !== null && (operates || row.organisation.id === me?.organisation.id) ? (
              <a href={addressOf(getSpaceSignature.path, { id: of.id, member: row.id })} download>
                {t('spaces.evidence')}
              </a>
            ) : (
              '—'
            ),
        },
        ...(decides
          ? [
              {
                key: 'decide',
                title: t('spaces.decide'),
                show: (row: Member) => <Decisions space={of.id} member={row} />,
              },
            ]
          : []),
      ]}
    />
  );
};
