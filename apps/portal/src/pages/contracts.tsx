import { contractStates, listContracts } from '@shugu/wire/agreements';
import { Link } from '@tanstack/react-router';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { Empty } from '../ui/empty.tsx';
import { StateFilter } from '../ui/filter.tsx';
import { Page } from '../ui/frame.tsx';
import { useFilters } from '../ui/route.ts';
import { PagedTable } from '../ui/table.tsx';

export default function Contracts() {
  const { t } = useWords();
  const [filters, setFilters] = useFilters();
  return (
    <Page title={t('menu.contracts')} lead={t('contract.lead')}>
      <PagedTable
        endpoint={listContracts}
        label={t('menu.contracts')}
        input={{ query: { state: filters.state } }}
        exportName="contracts"
        rowKey={(row) => row.id}
        empty={<Empty title={t('contract.empty')}>{t('contract.emptyText')}</Empty>}
        tools={
          <StateFilter
            list="contractState"
            states={contractStates}
            value={filters.state}
            onChange={(state) => setFilters({ state })}
          />
        }
        columns={[
          {
            key: 'product',
            title: t('products.name'),
            show: (row) => <Link to={paths.contract(row.id)}>{row.productName}</Link>,
            text: (row) => row.productName,
            sort: (row) => row.productName,
          },
          { key: 'number', title: t('papers.number'), show: (row) => row.number ?? '—', text: (row) => row.number },
          { key: 'supplier', title: t('who.supplier'), plain: (row) => row.supplier.name },
          { key: 'buyer', title: t('who.buyer'), plain: (row) => row.buyer.name },
          { key: 'state', title: t('case.state'), words: 'contractState', state: (row) => row.state },
          { key: 'effective', title: t('contract.effectiveAt'), when: (row) => row.effectiveAt },
          { key: 'until', title: t('contract.until'), when: (row) => row.until },
        ]}
      />
    </Page>
  );
}
