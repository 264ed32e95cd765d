import { listStatements, statementStates } from '@shugu/wire/settlement';
import { Link } from '@tanstack/react-router';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { Empty } from '../ui/empty.tsx';
import { StateFilter } from '../ui/filter.tsx';
import { money } from '../ui/format.ts';
import { Page } from '../ui/frame.tsx';
import { useFilters } from '../ui/route.ts';
import { PagedTable } from '../ui/table.tsx';

export const StatementTable = () => {
  const { t, b } = useWords();
  const [filters, setFilters] = useFilters();
  return (
    <PagedTable
      endpoint={listStatements}
      label={t('menu.statements')}
      input={{ query: { state: filters.state } }}
      exportName="statements"
      rowKey={(row) => row.id}
      empty={<Empty title={t('statement.empty')}>{t('statement.emptyText')}</Empty>}
      tools={
        <StateFilter
          list="statementState"
          states={statementStates}
          value={filters.state}
          onChange={(state) => setFilters({ state })}
        />
      }
      columns={[
        {
          key: 'number',
          title: t('papers.number'),
          show: (row) => (
            <Link to={paths.statement(row.id)} className="mono">
              {row.number}
            </Link>
          ),
          text: (row) => row.number,
          sort: (row) => row.number,
        },
        { key: 'title', title: t('papers.title'), plain: (row) => row.title },
        { key: 'buyer', title: t('who.buyer'), plain: (row) => row.buyer.name },
        { key: 'supplier', title: t('who.supplier'), plain: (row) => row.supplier.name },
        { key: 'state', title: t('case.state'), words: 'statementState', state: (row) => row.state },
        {
          key: 'next',
          title: t('case.next'),
          show: (row) => (row.next.who === 'nobody' ? '—' : b(row.next)),
          text: (row) => b(row.next),
        },
        {
          key: 'total',
          title: t('statement.total'),
          right: true,
          show: (row) => money(row.total),
          text: (row) => row.total,
          sort: (row) => BigInt(row.total ?? '0'),
        },
        { key: 'own', title: t('statement.own'), money: (row) => row.own },
        { key: 'created', title: t('app.createdAt'), when: (row) => row.createdAt },
      ]}
    />
  );
};

export default function Statements() {
  const { t } = useWords();
  return (
    <Page title={t('menu.statements')} lead={t('statement.lead')}>
      <StatementTable />
    </Page>
  );
}
