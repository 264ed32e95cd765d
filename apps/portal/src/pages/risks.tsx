import { listRisks, riskRules, riskStates, severities } from '@shugu/wire/supervision-risk';
import { Link } from '@tanstack/react-router';
import { Alert, Segmented, Select } from 'antd';
import { type Reply, useRead } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { Figures, RiskTarget, SeverityTag } from '../supervision/risk-parts.tsx';
import type { Column } from '../ui/columns.tsx';
import { Empty } from '../ui/empty.tsx';
import { ListFilter } from '../ui/filter.tsx';
import { Loaded, Page, Sheet } from '../ui/frame.tsx';
import { useFilters } from '../ui/route.ts';
import { PagedTable } from '../ui/table.tsx';
import { Tabs } from '../ui/tabs.tsx';

type Risk = Reply<typeof listRisks>['items'][number];

const useColumns = (): Column<Risk>[] => {
  const { t, b, w } = useWords();
  return [
    {
      key: 'rule',
      title: t('risk.rule'),
      show: (row) => <Link to={paths.risk(row.id)}>{b(row.title)}</Link>,
      text: (row) => b(row.title),
      sort: (row) => b(row.title),
    },
    {
      key: 'severity',
      title: t('risk.severity'),
      show: (row) => <SeverityTag severity={row.severity} />,
      text: (row) => w('severity', row.severity),
      sort: (row) => severities.indexOf(row.severity),
    },
    {
      key: 'target',
      title: t('directive.target'),
      show: (row) => (
        <div className="wrapped narrow">
          <RiskTarget target={row.target} />
        </div>
      ),
      text: (row) => `${w('riskTarget', row.target.kind)} ${row.target.name}`,
    },
    {
      key: 'organisation',
      title: t('risk.organisation'),
      show: (row) => (
        <div className="wrapped narrow">
          {row.organisation ? <Link to={paths.member(row.organisation.id)}>{row.organisation.name}</Link> : '—'}
        </div>
      ),
      text: (row) => row.organisation?.name,
      sort: (row) => row.organisation?.name ?? '',
    },
    {
      key: 'cause',
      title: t('risk.cause'),
      show: (row) => <div className="wrapped narrow">{b(row.cause)}</div>,
      text: (row) => b(row.cause),
    },
    { key: 'state', title: t('case.state'), words: 'riskState', state: (row) => row.state },
    { key: 'found', title: t('risk.foundAt'), when: (row) => row.foundAt },
  ];
};

const List = () => {
  const { t, b, w } = useWords();
  const [filters, setFilters] = useFilters();
  const rules = useRead(riskRules, {});
  const columns = useColumns();
  // Whoever opens the page looks for what waits; “all” must be chosen.
  const state = filters.state ?? 'open';
  return (
    <PagedTable
      endpoint={listRisks}
      label={t('risk.list')}
      input={{
        query: {
          state: state === 'all' ? undefined : state,
          severity: filters.severity,
          rule: filters.rule,
          order: filters.order,
        },
      }}
      exportName="risks"
      every={60_000}
      rowKey={(row) => row.id}
      columns={columns}
      empty={<Empty title={t('risk.empty')}>{t('risk.emptyText')}</Empty>}
      tools={
        <>
          <Select
            style={{ minWidth: 120 }}
            aria-label={t('case.state')}
            value={state}
            onChange={(value) => setFilters({ state: value === 'open' ? undefined : value })}
            options={[
              ...riskStates.map((one) => ({ value: one as string, label: w('riskState', one) })),
              { value: 'all', label: t('ledger.all') },
            ]}
          />
          <ListFilter
            label={t('risk.severity')}
            options={[...severities].reverse().map((one) => ({ value: one, label: w('severity', one) }))}
            value={filters.severity}
            onChange={(severity) => setFilters({ severity })}
          />
          <ListFilter
            label={t('risk.rule')}
            options={rules.data?.items.map((one) => ({ value: one.rule, label: b(one.title) }))}
            value={filters.rule}
            onChange={(rule) => setFilters({ rule })}
          />
          <Segmented
            aria-label={t('risk.order')}
            value={filters.order ?? 'severity'}
            onChange={(order) => setFilters({ order: order === 'severity' ? undefined : order })}
            options={[
              { value: 'severity', label: t('risk.bySeverity') },
              { value: 'latest', label: t('risk.byTime') },
            ]}
          />
        </>
      }
    />
  );
};

const Rules = () => {
  const { t, b } = useWords();
  const read = useRead(riskRules, {});
  return (
    <Loaded of={read}>
      {(data) =>
        data.pack === null ? (
          <Alert type="info" showIcon title={t('risk.noPack')} />
        ) : (
          <>
            <p className="quiet mono small">{data.pack}</p>
            {data.items.map((one) => (
              <Sheet
                key={one.rule}
                title={b(one.title)}
                extra={
                  <>
                    <SeverityTag severity={one.severity} />
                    <span className="quiet small">
                      {t('risk.open')} {one.open}
                    </span>
                  </>
                }
              >
                <p>{b(one.meaning)}</p>
                <Figures figures={one.figures} />
              </Sheet>
            ))}
          </>
        )
      }
    </Loaded>
  );
};

export default function Risks() {
  const { t } = useWords();
  return (
    <Page title={t('menu.risks')} lead={t('risk.lead')}>
      <Tabs
        items={[
          { key: 'list', label: t('risk.list'), children: <List /> },
          { key: 'rules', label: t('risk.rules'), children: <Rules /> },
        ]}
      />
    </Page>
  );
}
