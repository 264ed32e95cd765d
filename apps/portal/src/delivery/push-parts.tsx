/** Pieces that the list of pushes and the page of a run share. */
import { type getPushRun, type listPushes, restartPushRun, runPush } from '@shugu/wire/delivery';
import { Alert, Progress } from 'antd';
import type { Reply } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { Action } from '../ui/action.tsx';
import { count } from '../ui/format.ts';

export type Push = Reply<typeof listPushes>['items'][number];
export type PushRun = Reply<typeof getPushRun>;

export const RunProgress = ({ run }: { run: PushRun }) => {
  const { t } = useWords();
  const total = run.rowsTotal ?? 0;
  // Files have their bytes well before they are read back; of rows the bytes are not known ahead.
  const part = run.bytesTotal === null ? ratio(run.rows, total) : ratio(run.bytes, run.bytesTotal) * 0.9;
  const share = run.state === 'done' ? 1 : Math.max(ratio(run.rows, total), part);
  const failed = run.state === 'failed';
  return (
    <div>
      <Progress
        percent={Math.floor(share * 100)}
        size="small"
        status={failed ? 'exception' : run.state === 'done' ? 'success' : 'normal'}
        aria-label={t('push.progress')}
      />
      {run.rowsTotal === null ? null : (
        <span className="small quiet">{t('push.rows', { rows: count(run.rows), total: count(total) })}</span>
      )}
    </div>
  );
};

const ratio = (part: number, whole: number): number => (whole > 0 ? Math.min(1, part / whole) : 0);

/** For a run that failed: on from where it stopped; one whose terms have changed cannot go on, so another begins. */
export const GoOn = ({ push, run }: { push: string; run: PushRun }) => {
  const { t } = useWords();
  return run.fault?.code === 'termsChanged' ? (
    <Action endpoint={runPush} label={t('push.run')} small input={() => ({ params: { id: push }, body: {} })} />
  ) : (
    <Action
      endpoint={restartPushRun}
      label={t('push.restart')}
      small
      input={() => ({ params: { id: run.id }, body: {} })}
    />
  );
};

export const FaultNote = ({ fault }: { fault: PushRun['fault'] }) => {
  const { b } = useWords();
  if (!fault) return null;
  return (
    <Alert type="warning" showIcon title={b(fault.title)} description={b(fault.next)} style={{ marginBottom: 12 }} />
  );
};
