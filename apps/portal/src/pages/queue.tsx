import { listProcesses } from '@shugu/wire/federation';
import { Link } from '@tanstack/react-router';
import { useRead } from '../api.ts';
import { Acts } from '../federation/acts.tsx';
import type { ListedProcess } from '../federation/process.ts';
import { ProcessState } from '../federation/state.tsx';
import { TermsBeside } from '../federation/terms.tsx';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { Empty } from '../ui/empty.tsx';
import { Loaded, Page, Sheet } from '../ui/frame.tsx';
import { Long } from '../ui/long.tsx';
import { When } from '../ui/now.tsx';

const every = 5_000;

const Waiting = ({ process }: { process: ListedProcess }) => {
  const { t, w } = useWords();
  const { id, title, dataset, subject, counterparty, held, kind, changedAt } = process;
  return (
    <Sheet title={title ?? dataset ?? subject} extra={<ProcessState of={process} />}>
      <p>
        {w('processKind', kind)} · {t('process.counterparty')} <Long text={counterparty} /> · <When at={changedAt} />
      </p>
      <p>
        {held?.fault ? t('process.fault') : held ? w('processStep', `${kind}.${held.act}`) : null}
        {held?.fault ? <span className="mono"> {held.fault}</span> : null}
      </p>
      <TermsBeside process={process} />
      <div className="row" style={{ marginTop: 12 }}>
        <Acts process={process} unused />
        <Link to={paths.process(id)}>{t('queue.open')}</Link>
      </div>
    </Sheet>
  );
};

/** What waits for a person of ours, with what the other side says and our answers to it. */
export default function QueuePage() {
  const { t } = useWords();
  const read = useRead(listProcesses, { query: { held: 'true', limit: 100 } }, { every });
  return (
    <Page title={t('queue.title')} lead={t('queue.lead')}>
      <p>
        <Link to={paths.connector}>{t('menu.connector')}</Link> › {t('queue.title')}
      </p>
      <Loaded of={read}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title={t('queue.none')}>{t('queue.noneText')}</Empty>
          ) : (
            items.map((one) => <Waiting key={one.id} process={one} />)
          )
        }
      </Loaded>
    </Page>
  );
}
