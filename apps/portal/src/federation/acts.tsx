/** What comes next in a negotiation or transfer, whose move it is, and what our own people can say now. */
import { abandonProcess, actOnProcess } from '@shugu/wire/federation';
import { useWords } from '../i18n/index.ts';
import { Action } from '../ui/action.tsx';
import { field } from '../ui/fields.tsx';
import { NextStep } from '../ui/step.tsx';
import { Fetch } from './fetch.tsx';
import { nextOf, type Process, type Told } from './process.ts';
import { type Changes, changedIn, changeFieldsOf, changesFrom, TermsBeside } from './terms.tsx';

const reason = [
  field('reason', 'longText', ['理由（告知对方）', 'Reason, told to the other side'], { charactersMax: 500 }),
];

const agreementOf = ({ agreement }: Process): string | undefined => (agreement as { '@id'?: string } | null)?.['@id'];

/** The address of what is not traded here is for the API: a button cannot carry it. */
const sayable = ({ acts, order, state }: Process) =>
  acts.filter((act) => act !== 'start' || order !== null || state === 'SUSPENDED');

const isCounter = (act: Process['acts'][number]): boolean => act === 'offer' || act === 'request';

/** Terms in fields, filled with what we said last; only what is changed is sent. */
const Counter = ({ process, act }: { process: Process; act: Process['acts'][number] }) => {
  const { t, w } = useWords();
  const { id, ours, proposed } = process;
  const base = ours ?? proposed;
  return (
    <Action
      endpoint={actOnProcess}
      label={w('processAct', act)}
      explain={
        <>
          <p>{t('terms.counterExplain')}</p>
          <TermsBeside process={process} />
        </>
      }
      fields={changeFieldsOf(base)}
      initial={changesFrom(base)}
      input={(values) => ({
        params: { id },
        body: { act, changes: changedIn(base, (values as { changes?: Changes }).changes) },
      })}
      width={760}
    />
  );
};

/** Our answers now; `unused`: nothing has been fetched by the agreement. */
export const Acts = ({ process, unused }: { process: Process; unused: boolean }) => {
  const { t, w } = useWords();
  const { id, kind, side, state } = process;
  const agreed =
    kind === 'negotiation' && side === 'consumer' && state === 'FINALIZED' ? agreementOf(process) : undefined;
  return (
    <>
      {agreed ? <Fetch of={process} agreement={agreed} unused={unused} /> : null}
      {sayable(process)
        .filter(isCounter)
        .map((act) => (
          <Counter key={act} process={process} act={act} />
        ))}
      {state === null && process.held ? (
        <Action
          endpoint={abandonProcess}
          label={t('process.abandon')}
          danger
          explain={<p>{t('process.abandonExplain')}</p>}
          input={() => ({ params: { id }, body: {} })}
        />
      ) : null}
      {sayable(process)
        .filter((act) => !isCounter(act))
        .map((act) => (
          <Action
            key={act}
            endpoint={actOnProcess}
            label={w('processAct', act)}
            danger={act === 'terminate'}
            explain={<p>{t('process.actExplain')}</p>}
            fields={act === 'terminate' || act === 'suspend' ? reason : undefined}
            input={(values) => ({ params: { id }, body: { act, ...(values as { reason?: string }) } })}
          />
        ))}
    </>
  );
};

/** What comes next, and our answers to it. */
export const Next = ({ of }: { of: Told }) => {
  const { t, w } = useWords();
  const { process } = of;
  const { who, key } = nextOf(of);
  const done = process.state === 'TERMINATED' || process.state === 'COMPLETED';
  return (
    <NextStep
      who={who === 'nobody' ? undefined : t(`process.${who}`)}
      text={w('processNext', key)}
      mine={who === process.side}
      done={done}
    >
      {done ? null : <Acts process={process} unused={of.transfers.length === 0} />}
    </NextStep>
  );
};
