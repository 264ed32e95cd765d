import { cancelJob, jobs, retryJob } from '@shugu/wire/kernel';
import { Progress, Select } from 'antd';
import { useWords } from '../i18n/index.ts';
import { Action } from '../ui/action.tsx';
import { Empty } from '../ui/empty.tsx';
import { Page } from '../ui/frame.tsx';
import { When } from '../ui/now.tsx';
import { useFilters } from '../ui/route.ts';
import { StateTag } from '../ui/step.tsx';
import { PagedTable } from '../ui/table.tsx';

const states = ['queued', 'running', 'done', 'failed', 'dead', 'cancelled'];

export default function Jobs() {
  const { t, b, w } = useWords();
  const [filters, setFilters] = useFilters();
  return (
    <Page title={t('menu.jobs')} lead={t('jobs.lead')}>
      <PagedTable
        endpoint={jobs}
        label={t('menu.jobs')}
        input={{ query: { state: filters.state } }}
        every={4_000}
        rowKey={(row) => row.id}
        empty={<Empty title={t('jobs.empty')}>{t('jobs.emptyText')}</Empty>}
        tools={
          <Select
            allowClear
            style={{ minWidth: 150 }}
            aria-label={t('case.state')}
            placeholder={t('case.state')}
            value={filters.state}
            onChange={(state) => setFilters({ state })}
            options={states.map((state) => ({ value: state, label: w('jobState', state) }))}
          />
        }
        columns={[
          { key: 'title', title: t('jobs.title'), show: (row) => b(row.title), sort: (row) => b(row.title) },
          { key: 'state', title: t('case.state'), show: (row) => <StateTag list="jobState" state={row.state} /> },
          {
            key: 'progress',
            title: t('jobs.progress'),
            width: 200,
            show: (row) => (
              <Progress
                percent={Math.round(row.progress * 100)}
                size="small"
                status={row.state === 'dead' ? 'exception' : undefined}
                aria-label={b(row.title)}
              />
            ),
          },
          { key: 'note', title: t('jobs.note'), show: (row) => row.failure ?? row.note ?? '—' },
          {
            key: 'created',
            title: t('app.createdAt'),
            show: (row) => <When at={row.createdAt} />,
            sort: (row) => row.createdAt,
          },
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
    </Page>
  );
}
