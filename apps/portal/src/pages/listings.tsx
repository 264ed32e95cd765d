import { listingStates, listListings } from '@shugu/wire/market';
import { Link } from '@tanstack/react-router';
import { CaseQueue } from '../case/queue.tsx';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { hasRole, useMe } from '../session.ts';
import { Empty } from '../ui/empty.tsx';
import { StateFilter } from '../ui/filter.tsx';
import { Page } from '../ui/frame.tsx';
import { useFilters } from '../ui/route.ts';
import { PagedTable } from '../ui/table.tsx';
import { Tabs } from '../ui/tabs.tsx';

const All = () => {
  const { t } = useWords();
  const [filters, setFilters] = useFilters();
  return (
    <PagedTable
      endpoint={listListings}
      label={t('menu.listings')}
      input={{ query: { state: filters.state } }}
      exportName="listings"
      rowKey={(row) => row.id}
      empty={
        <Empty title={t('listing.empty')} action={<Link to={paths.ownProducts}>{t('menu.ownProducts')}</Link>}>
          {t('listing.emptyText')}
        </Empty>
      }
      tools={
        <StateFilter
          list="listingState"
          states={listingStates}
          value={filters.state}
          onChange={(state) => setFilters({ state })}
        />
      }
      columns={[
        {
          key: 'name',
          title: t('products.name'),
          show: (row) => <Link to={paths.listing(row.id)}>{row.productName}</Link>,
          text: (row) => row.productName,
          sort: (row) => row.productName,
        },
        {
          key: 'number',
          title: t('product.listingNumber'),
          show: (row) => row.number ?? '—',
          text: (row) => row.number,
        },
        { key: 'supplier', title: t('who.supplier'), plain: (row) => row.supplier.name },
        { key: 'state', title: t('case.state'), words: 'listingState', state: (row) => row.state },
        { key: 'until', title: t('product.standsUntil'), when: (row) => row.standsUntil },
        { key: 'listed', title: t('listing.listedAt'), when: (row) => row.listedAt },
      ]}
    />
  );
};

export default function Listings() {
  const { t } = useWords();
  const operator = hasRole(useMe(), 'operator');
  return (
    <Page title={operator ? t('menu.listingsAll') : t('menu.listings')} lead={t('listing.lead')}>
      <Tabs
        items={[
          ...(operator
            ? [
                {
                  key: 'review',
                  label: t('listing.review'),
                  children: (
                    <CaseQueue
                      view="handling"
                      procedure="listing.review"
                      open
                      empty={<Empty title={t('cases.waitingEmpty')} />}
                    />
                  ),
                },
              ]
            : []),
          { key: 'all', label: t('app.all'), children: <All /> },
        ]}
      />
    </Page>
  );
}
