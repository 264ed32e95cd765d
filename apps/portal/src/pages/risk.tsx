import { readRisk, stepRisk } from '@shugu/wire/supervision-risk';
import { Link } from '@tanstack/react-router';
import { type Reply, useRead } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { may, useMe } from '../session.ts';
import { IssueDirective } from '../supervision/directives.tsx';
import { Figures, RiskTarget, SeverityTag } from '../supervision/risk-parts.tsx';
import { Action } from '../ui/action.tsx';
import { field } from '../ui/fields.tsx';
import { Facts, Loaded, Page, Sheet } from '../ui/frame.tsx';
import { When } from '../ui/now.tsx';
import { useId } from '../ui/route.ts';
import { NextStep, StateTag } from '../ui/step.tsx';
import { History } from '../ui/timeline.tsx';

type Risk = Reply<typeof readRisk>;

const Moves = ({ one }: { one: Risk }) => {
  const { t, b } = useWords();
  const me = useMe();
  const fields = [field('text', 'longText', ['处置情况', 'What was done'], { required: true, charactersMax: 2000 })];
  const step = (kind: 'note' | 'handle' | 'reopen', blocked: string | null) => (
    <Action
      endpoint={stepRisk}
      label={t(`risk.${kind}`)}
      blocked={blocked}
      fields={fields}
      input={(values) => ({ params: { id: one.id }, body: { kind, text: values.text ?? '' } })}
    />
  );
  return (
    <>
      {one.organisation && may(me, 'supervision.directive.issue') ? (
        <IssueDirective
          initial={{
            target: { kind: 'organisation', id: one.organisation.id },
            measure: 'explain',
            reason: `${b(one.title)}：${b(one.cause)}`,
          }}
        />
      ) : null}
      {step('note', null)}
      {step('handle', one.state === 'handled' ? t('app.notNow') : null)}
      {step('reopen', one.state === 'handled' && one.present ? null : t('app.notNow'))}
    </>
  );
};

const Done = ({ one }: { one: Risk }) => {
  const { t, w } = useWords();
  if (one.steps.length === 0) return <p className="quiet">{t('risk.noSteps')}</p>;
  return (
    <History
      items={one.steps.map((step) => ({
        key: step.at + step.kind,
        at: step.at,
        colour: step.kind === 'handle' ? 'green' : step.kind === 'reopen' ? 'red' : 'blue',
        title: `${w('riskStep', step.kind)} · ${step.by}`,
        detail: <p style={{ whiteSpace: 'pre-wrap' }}>{step.text}</p>,
      }))}
    />
  );
};

export default function RiskPage() {
  const { t, b, w } = useWords();
  const id = useId();
  const read = useRead(readRisk, { params: { id } }, { every: 60_000 });
  return (
    <Loaded of={read}>
      {(one) => (
        <Page
          title={b(one.title)}
          lead={b(one.cause)}
          actions={
            <>
              <SeverityTag severity={one.severity} />
              <StateTag list="riskState" state={one.state} />
            </>
          }
        >
          <NextStep text={b(one.meaning)} mine={one.state === 'open'} done={one.state !== 'open'}>
            <Moves one={one} />
          </NextStep>
          <div className="columns">
            <div>
              <Sheet title={t('risk.cause')}>
                <Facts
                  items={[
                    [t('directive.target'), <RiskTarget key="target" target={one.target} />],
                    [
                      t('risk.organisation'),
                      one.organisation ? (
                        <Link key="organisation" to={paths.member(one.organisation.id)}>
                          {one.organisation.name}
                        </Link>
                      ) : null,
                    ],
                    [t('risk.cause'), b(one.cause)],
                    [t('case.state'), one.present ? t('risk.stillThere') : t('risk.gone')],
                    [t('risk.foundAt'), <When key="found" at={one.foundAt} />],
                    one.endedAt ? [t('risk.endedAt'), <When key="ended" at={one.endedAt} />] : null,
                    [
                      t('case.pack'),
                      <span key="pack" className="mono">
                        {one.pack}
                      </span>,
                    ],
                  ]}
                />
              </Sheet>
              <Sheet title={t('risk.figures')}>
                <Figures figures={one.figures} />
              </Sheet>
            </div>
            <div>
              <Sheet title={t('risk.steps')}>
                <Done one={one} />
              </Sheet>
              <Sheet title={t('risk.directives')}>
                {one.directives.length ? (
                  <ul>
                    {one.directives.map((directive) => (
                      <li key={directive.id}>
                        <Link to={paths.directives}>{directive.number}</Link> {w('measure', directive.measure)}{' '}
                        <StateTag list="directiveState" state={directive.state} />
                      </li>
                    ))}
                  </ul>
                ) : (
                  <p className="quiet">{t('risk.noDirectives')}</p>
                )}
              </Sheet>
            </div>
          </div>
        </Page>
      )}
    </Loaded>
  );
}
