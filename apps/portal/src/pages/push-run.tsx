import { getPush, getPushRun, listPushRuns, restartPushRun, stopPushRun } from '@shugu/wire/delivery';
import { Link } from '@tanstack/react-router';
import { useRead } from '../api.ts';
import { FaultNote, type PushRun, RunProgress } from '../delivery/push-parts.tsx';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { Action } from '../ui/action.tsx';
import { Empty } from '../ui/empty.tsx';
import { bytes, count } from '../ui/format.ts';
import { Facts, Loaded, Page, Sheet } from '../ui/frame.tsx';
import { When } from '../ui/now.tsx';
import { useId } from '../ui/route.ts';
import { NextStep, StateTag } from '../ui/step.tsx';
import { PagedTable } from '../ui/table.tsx';

const Compared = ({ one }: { one: PushRun['sent'][number] }) => {
  const { t } = useWords();
  const equal = one.rows === one.rowsBack && one.checksum === one.checksumBack;
  const verdict = one.checksumBack === null ? t('push.notYet') : equal ? t('push.same') : t('push.differs');
  return (
    <Sheet title={`${t('push.compared')} · ${one.table}`}>
      <p className={equal || one.checksumBack === null ? '' : 'late'}>
        <b>{verdict}</b>
      </p>
      <Facts
        items={[
          [t('push.sent'), <Checksum key="sent" rows={one.rows} checksum={one.checksum} />],
          one.checksumBack !== null && [
            t('push.back'),
            <Checksum key="back" rows={one.rowsBack} checksum={one.checksumBack} />,
          ],
          one.gone !== undefined && [t('push.gone'), count(one.gone)],
        ]}
      />
      <details>
        <summary>{t('push.how')}</summary>
        <pre className="mono small" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
          {one.how}
        </pre>
      </details>
    </Sheet>
  );
};

const Checksum = ({ rows, checksum }: { rows: number | null; checksum: string }) => (
  <>
    {count(rows)}
    <div className="mono small" style={{ overflowWrap: 'anywhere' }}>
      {checksum}
    </div>
  </>
);

const Runs = ({ push }: { push: string }) => {
  const { t, w } = useWords();
  return (
    <Sheet title={t('push.runs')}>
      <PagedTable
        endpoint={listPushRuns}
        label={t('push.runs')}
        input={{ query: { push } }}
        rowKey={(row) => row.id}
        empty={<Empty title={t('push.noRuns')} />}
        columns={[
          {
            key: 'at',
            title: t('app.createdAt'),
            show: (row) => (
              <Link to={paths.pushRun(row.id)}>
                <When at={row.createdAt} />
              </Link>
            ),
          },
          { key: 'cause', title: t('push.cause'), show: (row) => w('pushCause', row.cause) },
          { key: 'state', title: t('case.state'), words: 'pushState', state: (row) => row.state },
          { key: 'version', title: t('push.version'), show: (row) => row.version ?? '—' },
        ]}
      />
    </Sheet>
  );
};

const Title = ({ run }: { run: PushRun }) => {
  const { t, w } = useWords();
  const read = useRead(getPush, { params: { id: run.push } });
  const input = () => ({ params: { id: run.id }, body: {} as Record<string, never> });
  const open = run.state === 'waiting' || run.state === 'running';
  return (
    <Loaded of={read}>
      {({ product, destination }) => (
        <Page
          title={t('push.runTitle', { product })}
          lead={t('push.runLead', { place: `${destination.name} · ${destination.place}` })}
          actions={
            <span className="row">
              <StateTag list="pushState" state={run.state} />
              {open ? <Action endpoint={stopPushRun} label={t('push.stop')} danger input={input} /> : null}
              {run.state === 'failed' || run.state === 'stopped' ? (
                <Action endpoint={restartPushRun} label={t('push.restart')} primary input={input} />
              ) : null}
            </span>
          }
        >
          <NextStep text={t(`push.nextStep.${run.state}`)} mine={run.state === 'failed'} done={run.state === 'done'} />
          <FaultNote fault={run.fault} />
          <Sheet title={t('push.progress')}>
            <RunProgress run={run} />
            <Facts
              items={[
                [t('push.cause'), w('pushCause', run.cause)],
                run.version !== null && [t('push.version'), run.version],
                [t('push.bytes'), bytes(run.bytes)],
                run.startedAt && [t('push.startedAt'), <When key="from" at={run.startedAt} />],
                run.finishedAt && [t('push.finishedAt'), <When key="to" at={run.finishedAt} />],
              ]}
            />
          </Sheet>
          {run.sent.map((one) => (
            <Compared key={one.table} one={one} />
          ))}
          <Runs push={run.push} />
        </Page>
      )}
    </Loaded>
  );
};

export default function PushRunPage() {
  const id = useId();
  const read = useRead(getPushRun, { params: { id } }, { every: 2_000 });
  return <Loaded of={read}>{(run) => <Title run={run} />}</Loaded>;
}
