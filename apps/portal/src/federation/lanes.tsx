/** A negotiation or transfer as two lanes, one of each node: what one side says reaches the other's, step by step. */
import { getMessage } from '@shugu/wire/federation';
import { Tag } from 'antd';
import { useState } from 'react';
import { useRead } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { useMe } from '../session.ts';
import { Loaded } from '../ui/frame.tsx';
import { Exactly } from '../ui/now.tsx';
import { StateTag } from '../ui/step.tsx';
import { homeOf, type Message, otherSide, type Process, type Side, saidBy, type Told } from './process.ts';

const sides: readonly Side[] = ['consumer', 'provider'];

const Heads = ({ process }: { process: Process }) => {
  const { t } = useWords();
  const me = useMe();
  return (
    <div className="lane-heads">
      {sides.map((side) => {
        const ours = side === process.side;
        return (
          <div key={side} className={`lane-head ${side}`}>
            <b>{t(`process.${side}Node`)}</b>
            <div>
              {ours ? me?.organisation.name : homeOf(process.counterparty)}{' '}
              <Tag>{t(ours ? 'process.us' : 'process.them')}</Tag>
            </div>
            <div className="small mono quiet">{ours ? location.host : process.counterparty}</div>
          </div>
        );
      })}
    </div>
  );
};

/** The message's own bytes are read when somebody unfolds it. */
const Body = ({ process, message }: { process: string; message: string }) => {
  const { t } = useWords();
  const read = useRead(getMessage, { params: { id: process, message } });
  return (
    <Loaded of={read}>
      {({ body, keyless }) => (
        <>
          {keyless ? <p className="small quiet">{t('process.keyless')}</p> : null}
          <pre className="code">{JSON.stringify(body, null, 2)}</pre>
        </>
      )}
    </Loaded>
  );
};

const Folded = ({ process, message }: { process: string; message: string }) => {
  const { t } = useWords();
  const [open, setOpen] = useState(false);
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{t('process.message')}</summary>
      {open ? <Body process={process} message={message} /> : null}
    </details>
  );
};

const Tries = ({ one }: { one: Message }) => {
  const { t } = useWords();
  const { state, attempts, fault } = one;
  const again = attempts > 1 ? <div className="small">{t('process.tries', { count: attempts })}</div> : null;
  if (!fault || state === 'sent') return again;
  return (
    <>
      {again}
      <div className="small">
        {fault === 'overtaken' ? (
          t('process.overtaken')
        ) : (
          <>
            {t('process.fault')} <span className="mono">{fault}</span>
          </>
        )}
      </div>
    </>
  );
};

/** How it went on the other side: there the state moves. */
const Arrival = ({ process, one }: { process: Process; one: Message }) => {
  const { t, w } = useWords();
  const word = (state: Message['before']) => (state ? w('processState', state) : t('process.beginning'));
  const said = saidBy(process, one);
  const heard = t(`process.${otherSide(said)}`).toLowerCase();
  const refused = one.state === 'dropped' && one.fault !== 'overtaken';
  return (
    <div className="lane-arrival">
      {one.state === 'waiting' ? (
        <Tag color="warning">{t('process.waiting')}</Tag>
      ) : refused ? (
        <Tag color="error">{t(one.attempts > 0 ? 'process.refused' : 'process.withheld')}</Tag>
      ) : one.state === 'dropped' ? (
        <Tag>{t('process.withheld')}</Tag>
      ) : (
        <span>{t('process.takenBy', { side: heard })}</span>
      )}
      <Tries one={one} />
      {one.after ? (
        <>
          <div className="visually-hidden">
            {t('process.moved', { before: word(one.before), after: word(one.after) })}
          </div>
          <div className="lane-move" aria-hidden="true">
            {one.before ? <StateTag list="processState" state={one.before} /> : <Tag>{word(null)}</Tag>}
            <span>→</span>
            <StateTag list="processState" state={one.after} />
          </div>
        </>
      ) : one.state === 'sent' || one.state === 'taken' ? (
        <div className="small quiet">{t('process.unmoved')}</div>
      ) : null}
    </div>
  );
};

const Step = ({ process, one, number }: { process: Process; one: Message; number: number }) => {
  const { t, w } = useWords();
  const said = saidBy(process, one);
  const ours = one.direction === 'out';
  return (
    <li className={`lane-step ${said} ${one.state}`}>
      <div className="lane-card">
        <h3>
          <span className="lane-number">{number}</span> {w('processStep', `${process.kind}.${one.act}`)}
        </h3>
        <div className="small quiet">
          {t('process.saidBy', {
            side: t(`process.${said}`).toLowerCase(),
            who: t(ours ? 'process.us' : 'process.them'),
          })}{' '}
          · <Exactly at={one.createdAt} />
        </div>
        <p>{w('processMeaning', `${process.kind}.${one.act}`)}</p>
        {one.reason ? (
          <p className="late">
            {t('process.reason')}: {one.reason}
          </p>
        ) : null}
        <Folded process={process.id} message={one.id} />
      </div>
      <Arrival process={process} one={one} />
    </li>
  );
};

export const Lanes = ({ of: { process, messages } }: { of: Pick<Told, 'process' | 'messages'> }) => {
  const { t, w } = useWords();
  if (messages.length === 0) return <p className="quiet">{t('process.noSteps')}</p>;
  return (
    <div className="lanes">
      <Heads process={process} />
      <ol aria-label={t('process.steps', { kind: w('processKind', process.kind) })}>
        {messages.map((one, place) => (
          <Step key={one.id} process={process} one={one} number={place + 1} />
        ))}
      </ol>
    </div>
  );
};
