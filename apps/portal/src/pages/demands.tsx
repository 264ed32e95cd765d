import { createDemand, demandStates, listDemands } from '@shugu/wire/market-more';
import { Link } from '@tanstack/react-router';
import { Segmented } from 'antd';
import { useWords } from '../i18n/index.ts';
import { demandForm } from '../market/demand-fields.ts';
import { Elsewhere, ForeignDemands } from '../nodes/entries.tsx';
import { paths } from '../paths.ts';
import { useMe } from '../session.ts';
import { Action } from '../ui/action.tsx';
import { Empty } from '../ui/empty.tsx';
import { StateFilter } from '../ui/filter.tsx';
import { money } from '../ui/format.ts';
import { Page } from '../ui/frame.tsx';
import { useFilters } from '../ui/route.ts';
import { PagedTable } from '../ui/table.tsx';

export default function Demands() {
  const { t, w } = useWords();
  const me = useMe();
  const [filters, setFilters] = useFilters();
  const add = (
    <Action
      endpoint={createDemand}
      label={t('demand.new')}
      primary
      fields={demandForm}
      initial={{ region: '430000' }}
      width={760}
      input={(values) => ({ body: { budgetMax: null, ...values } as never })}
    />
  );
  return (
    <Page title={t('menu.demands')} lead={t('demand.lead')} actions={add}>
      <PagedTable
        endpoint={listDemands}
        label={t('menu.demands')}
        input={{ query: { mine: filters.mine, state: filters.state } }}
        exportName="demands"
        rowKey={(row) => row.id}
        empty={
          <Empty title={t('demand.empty')} action={add}>
            {t('demand.emptyText')}
          </Empty>
        }
        tools={
          <>
            {me ? (
              <Segmented
                value={filters.mine ?? ''}
                onChange={(mine) => setFilters({ mine: mine || undefined })}
                options={[
                  { value: '', label: t('demand.open') },
                  { value: 'true', label: t('demand.mine') },
                ]}
              />
            ) : null}
            <StateFilter
              list="demandState"
              states={demandStates}
              value={filters.state}
              onChange={(state) => setFilters({ state })}
            />
          </>
        }
        columns={[
          {
            key: 'title',
            title: t('demand.title'),
            show: (row) => <Link to={paths.demand(row.id)}>{row.title}</Link>,
            text: (row) => row.title,
            sort: (row) => row.title,
          },
          { key: 'buyer', title: t('who.buyer'), plain: (row) => row.buyer.name },
          {
            key: 'industry',
            title: t('facet.industry'),
            show: (row) => w('industry', row.industry.charAt(0)),
            text: (row) => row.industry,
          },
          {
            key: 'budget',
            title: t('demand.budget'),
            right: true,
            show: (row) => (row.budgetMax ? money(row.budgetMax) : t('demand.noBudget')),
            text: (row) => row.budgetMax,
            sort: (row) => BigInt(row.budgetMax ?? '0'),
          },
          {
            key: 'quotations',
            title: t('demand.quotations'),
            right: true,
            show: (row) => row.quotations,
            text: (row) => row.quotations,
            sort: (row) => row.quotations,
          },
          { key: 'until', title: t('demand.openUntil'), plain: (row) => row.openUntil },
          { key: 'state', title: t('case.state'), words: 'demandState', state: (row) => row.state },
        ]}
      />
      <ForeignDemands />
      <Elsewhere kind="demand" />
    </Page>
  );
}
