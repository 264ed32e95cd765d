import { createTask, endTask, ledger, ledgerKinds } from '@shugu/wire/supervision-risk';
import { Link } from '@tanstack/react-router';
import { Segmented } from 'antd';
import type { Reply } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { may, useMe } from '../session.ts';
import { Action } from '../ui/action.tsx';
import { Empty } from '../ui/empty.tsx';
import { field } from '../ui/fields.tsx';
import { ListFilter } from '../ui/filter.tsx';
import { Page } from '../ui/frame.tsx';
import { Due, When } from '../ui/now.tsx';
import { useFilters } from '../ui/route.ts';
import { StateTag } from '../ui/step.tsx';
import { PagedTable } from '../ui/table.tsx';

type Entry = Reply<typeof ledger>['items'][number];
const stateLists = { task: 'taskState', directive: 'directiveState', legalHold: 'legalHoldState' } as const;
const places = { directive: paths.directives, legalHold: paths.retention } as const;

const Enter = () => {
  const { t } = useWords();
  return (
    <Action
      endpoint={createTask}
      label={t('ledger.new')}
      primary
      fields={[
        field('title', 'text', ['任务', 'Task'], { required: true, charactersMax: 200 }),
        field('text', 'longText', ['要求', 'What is asked'], { charactersMax: 2000 }),
        field('owner', 'text', ['经办人或处室', 'Who does it'], { required: true, charactersMax: 200 }),
        field('dueOn', 'date', ['期限', 'Deadline'], { required: true }),
      ]}
      input={(values) => ({ body: values as never })}
    />
  );
};

const End = ({ one }: { one: Entry }) => {
  const { t } = useWords();
  if (one.kind !== 'task') return <Link to={places[one.kind]}>{t('risk.see')}</Link>;
  return (
    <Action
      endpoint={endTask}
      label={t('ledger.end')}
      small
      blocked={one.state === 'open' ? null : t('app.notNow')}
      initial={{ state: 'done' }}
      fields={[
        field('state', 'choice', ['结果', 'Outcome'], {
          required: true,
          choices: [
            ['done', '已完成', 'Done'],
            ['cancelled', '撤销', 'Cancelled'],
          ],
        }),
        field('result', 'longText', ['办理情况', 'What came of it'], { required: true, charactersMax: 2000 }),
      ]}
      input={(values) => ({ params: { id: one.id }, body: values as never })}
    />
  );
};

const Filters = () => {
  const { t, w } = useWords();
  const [filters, setFilters] = useFilters();
  return (
    <>
      {may(useMe(), 'supervision.task.manage') ? <Enter /> : null}
      <Segmented
        aria-label={t('case.state')}
        value={filters.show ?? 'open'}
        onChange={(show) => setFilters({ show: show === 'open' ? undefined : show })}
        options={(['open', 'late', 'closed', 'all'] as const).map((one) => ({ value: one, label: t(`ledger.${one}`) }))}
      />
      <ListFilter
        label={t('ledger.kind')}
        options={ledgerKinds.map((one) => ({ value: one, label: w('ledgerKind', one) }))}
        value={filters.kind}
        onChange={(kind) => setFilters({ kind })}
      />
    </>
  );
};

const shown: Record<string, object> = {
  open: { open: 'true' },
  late: { late: 'true' },
  closed: { open: 'false' },
  all: {},
};

export default function Ledger() {
  const { t, w } = useWords();
  const [filters] = useFilters();
  return (
    <Page title={t('menu.ledger')} lead={t('ledger.lead')}>
      <PagedTable
        endpoint={ledger}
        label={t('menu.ledger')}
        input={{ query: { kind: filters.kind, ...(shown[filters.show ?? 'open'] ?? shown.open) } }}
        exportName="ledger"
        every={60_000}
        rowKey={(row) => row.id}
        empty={<Empty title={t('ledger.empty')}>{t('ledger.emptyText')}</Empty>}
        tools={<Filters />}
        columns={[
          {
            key: 'title',
            title: t('ledger.title'),
            show: (row) => (
              <>
                {row.title} {row.number ? <span className="mono small quiet">{row.number}</span> : null}
              </>
            ),
            text: (row) => row.title,
            sort: (row) => row.title,
          },
          {
            key: 'kind',
            title: t('ledger.kind'),
            show: (row) => w('ledgerKind', row.kind),
            text: (row) => w('ledgerKind', row.kind),
          },
          {
            key: 'state',
            title: t('case.state'),
            show: (row) => <StateTag list={stateLists[row.kind]} state={row.state} />,
            text: (row) => w(stateLists[row.kind], row.state),
          },
          {
            key: 'waits',
            title: t('ledger.waits'),
            show: (row) => w('waits', row.waits),
            text: (row) => w('waits', row.waits),
          },
          { key: 'owner', title: t('ledger.owner'), plain: (row) => row.owner },
          {
            key: 'due',
            title: t('ledger.dueAt'),
            show: (row) =>
              row.waits === 'nothing' ? <When at={row.dueAt} /> : <Due at={row.dueAt} overdue={row.late} />,
            text: (row) => row.dueAt,
            sort: (row) => row.dueAt ?? '9999',
          },
          { key: 'result', title: t('ledger.result'), show: (row) => row.result ?? '—', text: (row) => row.result },
          { key: 'act', title: t('jobs.act'), show: (row) => <End one={row} /> },
        ]}
      />
    </Page>
  );
}
