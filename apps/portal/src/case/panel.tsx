/** Any case: where it stands, who acts next by when, the steps as forms of its procedure, papers, what happened, the drawing. */
import { cases } from '@shugu/wire/cases';
import { Alert } from 'antd';
import { addressOf, type Reply, useRead } from '../api.ts';
import { listMark, useWords } from '../i18n/index.ts';
import { useMe } from '../session.ts';
import { Action } from '../ui/action.tsx';
import type { FormField } from '../ui/fields.tsx';
import { Facts, Loaded, Sheet } from '../ui/frame.tsx';
import { Due, When } from '../ui/now.tsx';
import { OrganisationName } from '../ui/organisations.tsx';
import { NextStep, StateTag } from '../ui/step.tsx';
import { Tabs } from '../ui/tabs.tsx';
import { History } from '../ui/timeline.tsx';
import { DataFacts, withoutErased } from './data.tsx';
import { Drawing } from './drawing.tsx';
import { CaseNotices } from './notices.tsx';
import { CasePapers } from './papers.tsx';

export type CaseView = Reply<typeof cases.get>;
type Procedure = Reply<typeof cases.procedure>;

export const useTurn = () => {
  const { t, b } = useWords();
  return (one: { turn: string; next: { zh: string; en: string } }) => ({
    who: one.turn.startsWith('party:') ? t('turn.party') : t(`turn.${one.turn as 'applicant'}`),
    text: b(one.next),
  });
};

const destructive = /^(reject|refuse|withdraw|decline|discard|terminate|dismiss|cancel|uphold)/;

const Moves = ({ one, procedure }: { one: CaseView; procedure: Procedure }) => {
  const { t, b } = useWords();
  return one.moves.map((move) => {
    const dangerous = destructive.test(move.id);
    const formFields = move.form === 'none' ? [] : procedure.form;
    const fields = [
      ...move.input.map((input) => ({ ...input, id: `input.${input.id}` })),
      ...formFields.map((entry) => ({ ...entry, id: `form.${entry.id}` })),
    ] as FormField[];
    const named = move.papers.map((kind) => b(procedure.papers.find((paper) => paper.id === kind)?.title) || kind);
    return (
      <Action
        key={move.id}
        endpoint={cases.move}
        label={b(move.title)}
        danger={dangerous}
        primary={move.allowed && !dangerous}
        blocked={move.allowed ? null : b(move.reason) || t('app.notNow')}
        fields={fields}
        width={fields.length > 6 ? 860 : 640}
        initial={{ form: withoutErased(one.data) }}
        explain={
          named.length ? (
            <p>{t('case.papersNeeded', { papers: named.join(listMark()) })}</p>
          ) : dangerous && !fields.length ? (
            <p>{t('app.dangerous')}</p>
          ) : undefined
        }
        input={(values) => {
          const given = values as { input?: Record<string, never>; form?: Record<string, never> };
          return {
            params: { case: one.id },
            body: {
              move: move.id,
              input: given.input ?? {},
              ...(move.form === 'none' ? {} : { form: given.form ?? {} }),
              ifVersion: one.version,
            },
          };
        }}
      />
    );
  });
};

const Clocks = ({ one }: { one: CaseView }) => {
  const { t, b } = useWords();
  if (!one.clocks.length) return null;
  return (
    <Sheet title={t('case.clocks')}>
      <Facts
        items={one.clocks.map((clock) => [
          b(clock.title),
          <>
            {clock.paused ? t('case.paused') : <Due at={clock.dueAt} overdue={clock.overdue} />}
            <div className="small quiet">
              {clock.remainingWorkingDays !== null
                ? t('case.workingDaysLeft', { count: clock.remainingWorkingDays })
                : null}
              {clock.extendedBy ? ` · ${t('case.extendedBy', { count: clock.extendedBy })}` : ''}
              {clock.provisional ? ` · ${t('case.provisional')}` : ''}
            </div>
          </>,
        ])}
      />
    </Sheet>
  );
};

const CaseTimeline = ({ one, procedure }: { one: CaseView; procedure: Procedure }) => {
  const { t, b } = useWords();
  const read = useRead(cases.timeline, { params: { case: one.id } });
  const byWord = (by: string) => (by.startsWith('party:') ? t('turn.party') : t(`turn.${by as 'applicant'}`));
  return (
    <Loaded of={read}>
      {(data) => (
        <History
          items={data.items.map((entry) => ({
            key: String(entry.sequence),
            at: entry.at,
            title: (
              <>
                <b>{b(entry.title)}</b> → {b(entry.toTitle)}{' '}
                <span className="quiet">
                  {byWord(entry.by)}
                  {entry.participant ? (
                    <>
                      {' · '}
                      <OrganisationName id={entry.participant} />
                    </>
                  ) : null}
                  {entry.log ? (
                    <>
                      {' · '}
                      <a href={addressOf(cases.stepProof.path, { case: one.id, sequence: String(entry.sequence) })}>
                        {t('case.stepProof')}
                      </a>
                    </>
                  ) : null}
                </span>
              </>
            ),
            detail:
              entry.input && Object.keys(entry.input).length ? (
                <DataFacts
                  fields={procedure.moves.find((move) => move.id === entry.move)?.input ?? []}
                  data={entry.input}
                />
              ) : undefined,
          }))}
        />
      )}
    </Loaded>
  );
};

export const CasePanel = ({ id }: { id: string }) => {
  const { t, b } = useWords();
  const me = useMe();
  const turn = useTurn();
  const read = useRead(cases.get, { params: { case: id } }, { every: 15_000 });
  const procedure = useRead(
    cases.procedure,
    { params: { procedure: read.data?.procedure ?? '' } },
    { enabled: !!read.data },
  );
  return (
    <Loaded of={read}>
      {(one) => {
        const next = turn(one);
        const organisation = me?.organisation.id;
        const mine =
          !one.endedAt &&
          ((one.turn === 'applicant' && one.participant === organisation) ||
            (one.turn === 'handler' && one.handler === organisation) ||
            (one.turn.startsWith('party:') &&
              !!organisation &&
              (one.parties[one.turn.slice(6)] ?? []).includes(organisation)));
        return (
          <Loaded of={procedure}>
            {(table) => (
              <>
                <NextStep who={next.who} text={next.text} mine={mine} done={!!one.endedAt}>
                  <Moves one={one} procedure={table} />
                </NextStep>
                {one.clocks.some((clock) => clock.overdue) ? (
                  <Alert type="error" showIcon title={t('case.overdue')} style={{ marginBottom: 16 }} />
                ) : null}
                <div className="columns">
                  <Sheet>
                    <Tabs
                      items={[
                        {
                          key: 'form',
                          label: t('case.form'),
                          children: <DataFacts fields={table.form} data={one.data} />,
                        },
                        {
                          key: 'papers',
                          label: `${t('case.papers')} ${one.papers.length || ''}`,
                          children: <CasePapers one={one} procedure={table} />,
                        },
                        {
                          key: 'history',
                          label: t('case.history'),
                          children: <CaseTimeline one={one} procedure={table} />,
                        },
                        { key: 'notices', label: t('case.notices'), children: <CaseNotices id={one.id} /> },
                        { key: 'drawing', label: t('case.drawing'), children: <Drawing procedure={one.procedure} /> },
                        ...(Object.keys(one.outcome).length
                          ? [
                              {
                                key: 'outcome',
                                label: t('case.outcome'),
                                children: <DataFacts fields={[]} data={one.outcome} />,
                              },
                            ]
                          : []),
                      ]}
                    />
                  </Sheet>
                  <div>
                    <Clocks one={one} />
                    <Sheet title={t('case.about')}>
                      <Facts
                        items={[
                          [t('case.state'), <StateTag key="s" state={one.state} text={b(one.stateTitle)} />],
                          [t('case.procedure'), b(one.procedureTitle)],
                          [t('turn.applicant'), <OrganisationName key="p" id={one.participant} />],
                          [t('turn.handler'), <OrganisationName key="h" id={one.handler} />],
                          [t('case.filedAt'), <When key="f" at={one.filedAt} />],
                          one.endedAt && [t('case.endedAt'), <When key="e" at={one.endedAt} />],
                          [
                            t('case.pack'),
                            <span key="k" className="mono">
                              {one.pack}
                            </span>,
                          ],
                          [
                            t('app.id'),
                            <span key="i" className="mono">
                              {one.id}
                            </span>,
                          ],
                        ]}
                      />
                    </Sheet>
                  </div>
                </div>
              </>
            )}
          </Loaded>
        );
      }}
    </Loaded>
  );
};
