import { cases } from '@shugu/wire/cases';
import { applyToSpace, getSpace, leaveSpace, signSpaceRules } from '@shugu/wire/spaces';
import { Link } from '@tanstack/react-router';
import { type Reply, useRead } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { may, useMe } from '../session.ts';
import { SpaceEntries } from '../spaces/entries.tsx';
import { joiningField, noteField, reasonField } from '../spaces/fields.ts';
import { SpaceMembers } from '../spaces/members.tsx';
import { SpaceRules } from '../spaces/rules.tsx';
import { Action } from '../ui/action.tsx';
import { moment } from '../ui/format.ts';
import { Facts, Loaded, Page, Sheet } from '../ui/frame.tsx';
import { When } from '../ui/now.tsx';
import { useFilters, useId } from '../ui/route.ts';
import { NextStep, StateTag } from '../ui/step.tsx';
import { Tabs } from '../ui/tabs.tsx';

type Space = Reply<typeof getSpace>;
const open = new Set(['applied', 'invited', 'active', 'resting']);

const isIn = ({ yours }: Space): boolean => yours !== null && open.has(yours.state);
const mustSign = ({ yours, rules }: Space): boolean =>
  yours?.state === 'invited' ||
  ((yours?.state === 'active' || yours?.state === 'resting') && yours.signed !== rules.number);

const useNext = (of: Space): string => {
  const { t } = useWords();
  const { yours, state, reason, rules } = of;
  if (state !== 'active') return t(`spaces.next.${state}`, { reason });
  if (!isIn(of)) return t('spaces.next.stranger');
  if (yours!.roles.includes('operator')) return t('spaces.next.operate', { count: of.waiting ?? 0 });
  if (yours!.state === 'active' && mustSign(of))
    return yours!.standing
      ? t('spaces.next.unsigned', { number: rules.number, by: moment(yours!.signBy!) })
      : t('spaces.next.resting');
  return t(`spaces.next.${yours!.state === 'active' ? 'member' : (yours!.state as 'applied')}`);
};

const Founder = ({ of }: { of: Space }) => {
  const { t } = useWords();
  if (!of.case || !['reviewing', 'active'].includes(of.state)) return null;
  const closes = of.state === 'active';
  return (
    <Action
      endpoint={cases.move}
      danger
      label={t(closes ? 'spaces.close' : 'spaces.withdraw')}
      explain={<p>{t(closes ? 'spaces.closeExplain' : 'spaces.confirmPlain')}</p>}
      fields={closes ? [reasonField] : []}
      prefix="body.input"
      input={(values) => ({
        params: { case: of.case! },
        body: { move: closes ? 'close' : 'withdraw', input: values as never },
      })}
    />
  );
};

const leaving = { applied: 'spaces.withdrawApplication', invited: 'spaces.decline' } as const;

const Membership = ({ of }: { of: Space }) => {
  const { t } = useWords();
  const me = useMe();
  const { yours } = of;
  const params = { id: of.id };
  if (yours?.roles.includes('operator') && open.has(yours.state)) return <Founder of={of} />;
  if (of.state !== 'active') return null;
  if (!isIn(of))
    return me && !may(me, 'spaces.space.supervise') ? (
      <Action
        endpoint={applyToSpace}
        label={t('spaces.apply')}
        primary
        explain={<p>{t('spaces.applyExplain')}</p>}
        fields={[joiningField, noteField]}
        input={(values) => ({ params, body: values as never })}
      />
    ) : null;
  return (
    <>
      {mustSign(of) ? (
        <Action
          endpoint={signSpaceRules}
          label={t('spaces.sign')}
          primary
          explain={
            <>
              <p>{t('spaces.signExplain', { organisation: me?.organisation.name ?? '', number: of.rules.number })}</p>
              <p className="mono small" style={{ overflowWrap: 'anywhere' }}>
                {of.rules.digest}
              </p>
            </>
          }
          input={() => ({ params, body: { digest: of.rules.digest } })}
        />
      ) : null}
      <Action
        endpoint={leaveSpace}
        danger
        label={t(leaving[yours!.state as keyof typeof leaving] ?? 'spaces.leave')}
        explain={<p>{t(yours!.state in leaving ? 'spaces.confirmPlain' : 'spaces.leaveExplain')}</p>}
        input={() => ({ params, body: {} })}
      />
    </>
  );
};

const About = ({ of }: { of: Space }) => {
  const { t, b, w } = useWords();
  return (
    <Sheet title={t('spaces.about')}>
      <Facts
        items={[
          [t('spaces.kind'), w('spaceKind', of.kind)],
          [t('spaces.operator'), of.operator.name],
          [t('spaces.members'), of.members],
          [t('spaces.audience'), w('spaceAudience', of.catalogue)],
          [t('spaces.founded'), <When key="at" at={of.createdAt} />],
          of.case && [
            t('spaces.case'),
            <Link key="case" to={paths.case(of.case)}>
              {t('spaces.openCase')}
            </Link>,
          ],
        ]}
      />
      {of.conditions.length ? (
        <>
          <h3 style={{ margin: '20px 0 8px' }}>{t('spaces.conditions')}</h3>
          <ul>
            {of.conditions.map(({ id, text, given }) => (
              <li key={id}>
                {b(text)}
                <div className="quiet">{given || t('spaces.notGiven')}</div>
              </li>
            ))}
          </ul>
        </>
      ) : null}
    </Sheet>
  );
};

/** One space: what it is for, its rules, who is in it, and what its members offer there. */
export default function SpacePage() {
  const { t, b } = useWords();
  const me = useMe();
  const [filters, setFilters] = useFilters();
  const read = useRead(getSpace, { params: { id: useId() } });
  return (
    <Loaded of={read}>
      {(of) => {
        const decides = of.waiting !== null && of.state === 'active';
        const operates = of.waiting !== null || may(me, 'spaces.space.supervise');
        return (
          <Page title={b(of.name)} lead={b(of.purpose)} actions={<StateTag list="spaceState" state={of.state} />}>
            <Next of={of} />
            <Tabs
              activeKey={filters.tab}
              onChange={(tab) => setFilters({ tab, q: undefined, state: undefined, sort: undefined })}
              items={[
                {
                  key: 'catalogue',
                  label: t('spaces.catalogue'),
                  children: <SpaceEntries of={of} operates={decides} />,
                },
                { key: 'rules', label: t('spaces.rules'), children: <SpaceRules of={of} operates={decides} /> },
                {
                  key: 'members',
                  label: t('spaces.members'),
                  children: <SpaceMembers of={of} operates={operates} decides={decides} />,
                },
                { key: 'about', label: t('spaces.about'), children: <About of={of} /> },
              ]}
            />
          </Page>
        );
      }}
    </Loaded>
  );
}

const Next = ({ of }: { of: Space }) => {
  const ended = !['reviewing', 'active'].includes(of.state);
  return (
    <NextStep text={useNext(of)} mine={mustSign(of) || (of.waiting ?? 0) > 0} done={ended}>
      <Membership of={of} />
    </NextStep>
  );
};
