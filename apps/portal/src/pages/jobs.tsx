import { cancelJob, jobs, retryJob, retryStalledEvent, stalledEvents } from '@shugu/wire/kernel';
import { Progress } from 'antd';
import { useRead } from '../api.ts';
import { Failures } from '../delivery/failures.tsx';
import { useWords } from '../i18n/index.ts';
import { may, useMe } from '../session.ts';
import { Action } from '../ui/action.tsx';
import { Empty } from '../ui/empty.tsx';
import { StateFilter } from '../ui/filter.tsx';
import { Page } from '../ui/frame.tsx';
import { When } from '../ui/now.tsx';
import { useFilters } from '../ui/route.ts';
import { StateTag } from '../ui/step.tsx';
import { PagedTable } from '../ui/table.tsx';

const states = ['queued', 'running', 'done', 'failed', 'dead', 'cancelled'];

/** What the node itself could not do; for whoever keeps it running. */
function StalledEvents() {
  const { t } = useWords();
  return (
    <section aria-labelledby="stalled" style={{ margin: '32px 0' }}>
      <h2 id="stalled">{t('stalled.heading')}</h2>
      <p>{t('stalled.lead')}</p>
      <PagedTable
        endpoint={stalledEvents}
        label={t('stalled.heading')}
        every={4_000}
        rowKey={(row) => row.id}
        empty={<Empty title={t('stalled.empty')} />}
        columns={[
          {
            key: 'event',
            title: t('stalled.event'),
            show: (row) => (
              <>
                <div className="mono">{row.type}</div>
                <div className="mono small">{row.subject}</div>
              </>
            ),
            sort: (row) => row.event,
          },
          {
            key: 'consumer',
            title: t('stalled.consumer'),
            show: (row) => <span className="mono">{row.consumer}</span>,
            sort: (row) => row.consumer,
          },
          {
            key: 'state',
            title: t('case.state'),
            show: (row) => (
              <>
                <StateTag list="stalledState" state={row.state} />
                <div className="small">
                  {t('stalled.attempts')} {row.attempts}
                </div>
              </>
            ),
          },
          {
            key: 'reason',
            title: t('stalled.reason'),
            show: (row) => (
              <div style={{ maxWidth: 260, whiteSpace: 'normal', overflowWrap: 'anywhere' }}>{row.reason ?? '—'}</div>
            ),
          },
          {
            key: 'since',
            title: t('stalled.since'),
            show: (row) => (
              <>
                <When at={row.since} />
                {row.nextAt ? (
                  <div className="small">
                    {t('stalled.next')} <When at={row.nextAt} />
                  </div>
                ) : null}
              </>
            ),
            sort: (row) => row.since,
          },
          {
            key: 'act',
            title: t('jobs.act'),
            show: (row) => (
              <Action
                endpoint={retryStalledEvent}
                label={t('do.again')}
                small
                blocked={row.state === 'queued' ? t('stalled.behind') : null}
                input={() => ({ params: { id: row.id } })}
              />
            ),
          },
        ]}
      />
    </section>
  );
}

export default function Jobs() {
  const { t, b } = useWords();
  const me = useMe();
  const [filters, setFilters] = useFilters();
  const keeper = !!me && may(me, 'kernel.job.all');
  const maintainer = !!me && may(me, stalledEvents.permission);
  const stalled = useRead(stalledEvents, { query: { limit: 1 } }, { enabled: maintainer, every: 4_000 });
  // What waits for a person stands before what runs by itself.
  const first = !!stalled.data?.items.length;
  return (
    <Page title={t('menu.jobs')} lead={t(keeper ? 'jobs.leadAll' : 'jobs.lead')}>
      {maintainer && first ? <StalledEvents /> : null}
      {me ? <Failures me={me} /> : null}
      <PagedTable
        endpoint={jobs}
        label={t('menu.jobs')}
        input={{ query: { state: filters.state, ...(keeper ? { all: 'true' as const } : {}) } }}
        every={4_000}
        rowKey={(row) => row.id}
        empty={<Empty title={t('jobs.empty')}>{t('jobs.emptyText')}</Empty>}
        tools={
          <StateFilter
            list="jobState"
            states={states}
            value={filters.state}
            onChange={(state) => setFilters({ state })}
          />
        }
        columns={[
          {
            key: 'title',
            title: t('jobs.title'),
            show: (row) => <div className="wrapped">{b(row.title)}</div>,
            sort: (row) => b(row.title),
          },
          { key: 'state', title: t('case.state'), words: 'jobState', state: (row) => row.state },
          {
            key: 'progress',
            title: t('jobs.progress'),
            width: 120,
            show: (row) => (
              <Progress
                percent={Math.round(row.progress * 100)}
                size="small"
                status={row.state === 'dead' ? 'exception' : undefined}
                aria-label={b(row.title)}
              />
            ),
          },
          {
            key: 'note',
            title: t('jobs.note'),
            show: (row) => <div className="wrapped narrow">{row.failure ?? row.note ?? '—'}</div>,
          },
          { key: 'created', title: t('app.createdAt'), when: (row) => row.createdAt },
          {
            key: 'act',
            title: t('jobs.act'),
            show: (row) => (
              <span className="row">
                <Action
                  endpoint={retryJob}
                  label={t('do.again')}
                  small
                  blocked={['failed', 'dead'].includes(row.state) ? null : t('app.notNow')}
                  input={() => ({ params: { id: row.id } })}
                />
                <Action
                  endpoint={cancelJob}
                  label={t('do.cancel')}
                  small
                  danger
                  blocked={row.state === 'queued' ? null : t('app.notNow')}
                  input={() => ({ params: { id: row.id } })}
                />
              </span>
            ),
          },
        ]}
      />
      {maintainer && !first ? <StalledEvents /> : null}
    </Page>
  );
}
