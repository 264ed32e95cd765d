/** What was to be brought or read and failed: why, what to do about it, and the button for when that is done. */
import { listImports, listPushes, repeatImport, restartPushRun } from '@shugu/wire/delivery';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { type Reply, useRead } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { type Me, may } from '../session.ts';
import { Action } from '../ui/action.tsx';
import { Sheet } from '../ui/frame.tsx';
import { When } from '../ui/now.tsx';
import { GoOn, type Push } from './push-parts.tsx';

type Import = Reply<typeof listImports>['items'][number];

const Failed = ({ what, at, fault, act }: { what: ReactNode; at: string; fault: Import['fault']; act: ReactNode }) => {
  const { b } = useWords();
  return (
    <li className="row between">
      <span>
        {what}{' '}
        <span className="small quiet">
          <When at={at} />
        </span>
        {fault ? (
          <>
            <div className="late">{b(fault.title)}</div>
            <div>{b(fault.next)}</div>
          </>
        ) : null}
      </span>
      {act}
    </li>
  );
};

const FailedPush = ({ one, run, me }: { one: Push; run: NonNullable<Push['lastRun']>; me: Me }) => {
  const act = may(me, restartPushRun.permission) ? <GoOn push={one.id} run={run} /> : null;
  const what = (
    <Link to={paths.pushRun(run.id)}>
      <b>{one.product}</b> → {one.destination.name}
    </Link>
  );
  return <Failed what={what} at={run.finishedAt ?? run.createdAt} fault={run.fault} act={act} />;
};

const FailedImport = ({ one, me }: { one: Import; me: Me }) => {
  const { t } = useWords();
  const act = may(me, repeatImport.permission) ? (
    <Action
      endpoint={repeatImport}
      label={t('import.repeat')}
      small
      input={() => ({ params: { id: one.id }, body: {} })}
    />
  ) : null;
  const what = (
    <Link to={paths.imports}>
      <b style={{ overflowWrap: 'anywhere' }}>
        {one.schema}.{one.table}
      </b>{' '}
      → {one.resource.name}
    </Link>
  );
  return <Failed what={what} at={one.finishedAt ?? one.createdAt} fault={one.fault} act={act} />;
};

/** Of each resource the last: what was read since is no failure any more. */
const lastFailed = (imports: readonly Import[]): Import[] =>
  imports.filter(
    ({ resource, state }, at) =>
      state === 'failed' && !imports.slice(0, at).some((later) => later.resource.id === resource.id),
  );

/** Nothing where nothing failed. */
export const Failures = ({ me }: { me: Me }) => {
  const { t } = useWords();
  const every = 15_000;
  const pushes = useRead(
    listPushes,
    { query: { state: 'failed', limit: 100 } },
    { enabled: may(me, listPushes.permission), every },
  );
  const imports = useRead(listImports, { query: { limit: 100 } }, { enabled: may(me, listImports.permission), every });
  const [brought, read] = [
    (pushes.data?.items ?? []).filter(({ endedAt }) => endedAt === null),
    lastFailed(imports.data?.items ?? []),
  ];
  if (brought.length + read.length === 0) return null;
  return (
    <Sheet title={t('failures.title')}>
      <ul className="card-list">
        {brought.map((one) => (one.lastRun ? <FailedPush key={one.id} one={one} run={one.lastRun} me={me} /> : null))}
        {read.map((one) => (
          <FailedImport key={one.id} one={one} me={me} />
        ))}
      </ul>
    </Sheet>
  );
};
