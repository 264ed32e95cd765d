import { listOrders, orderStates } from '@shugu/wire/market';
import { Link } from '@tanstack/react-router';
import { Segmented } from 'antd';
import { CaseQueue } from '../case/queue.tsx';
import { useWords } from '../i18n/index.ts';
import { ForeignPurchases } from '../market/foreign-purchases.tsx';
import { PurchasesAbroad } from '../nodes/purchases.tsx';
import { paths } from '../paths.ts';
import { hasRole, isSupplier, may, useMe } from '../session.ts';
import { Empty } from '../ui/empty.tsx';
import { StateFilter } from '../ui/filter.tsx';
import { Page } from '../ui/frame.tsx';
import { useFilters } from '../ui/route.ts';
import { PagedTable } from '../ui/table.tsx';
import { Tabs } from '../ui/tabs.tsx';

const OrderList = () => {
  const { t, b } = useWords();
  const me = useMe();
  const [filters, setFilters] = useFilters();
  const sides = hasRole(me, 'operator', 'regulator') ? null : isSupplier(me) ? ['', 'buyer', 'supplier'] : null;
  return (
    <PagedTable
      endpoint={listOrders}
      label={t('menu.orders')}
      input={{ query: { state: filters.state, side: filters.side } }}
      exportName="orders"
      every={30_000}
      rowKey={(row) => row.id}
      empty={
        <Empty title={t('order.empty')} action={<Link to={paths.products}>{t('desk.choose')}</Link>}>
          {t('order.emptyText')}
        </Empty>
      }
      tools={
        <>
          {sides ? (
            <Segmented
              value={filters.side ?? ''}
              onChange={(side) => setFilters({ side: side || undefined })}
              options={sides.map((side) => ({
                value: side,
                label: side ? t(`order.as.${side as 'buyer'}`) : t('app.all'),
              }))}
            />
          ) : null}
          <StateFilter
            list="orderState"
            states={orderStates}
            value={filters.state}
            onChange={(state) => setFilters({ state })}
          />
        </>
      }
      columns={[
        {
          key: 'product',
          title: t('products.name'),
          show: (row) => <Link to={paths.order(row.id)}>{row.productName}</Link>,
          text: (row) => row.productName,
          sort: (row) => row.productName,
        },
        {
          key: 'number',
          title: t('order.number'),
          show: (row) => <span className="mono">{row.number}</span>,
          text: (row) => row.number,
          sort: (row) => row.number,
        },
        { key: 'buyer', title: t('who.buyer'), plain: (row) => row.buyer.name },
        { key: 'supplier', title: t('who.supplier'), plain: (row) => row.supplier.name },
        { key: 'state', title: t('case.state'), words: 'orderState', state: (row) => row.state },
        {
          key: 'next',
          title: t('case.next'),
          show: (row) => (row.next.who === 'nobody' ? '—' : `${t(`who.${row.next.who}`)}：${b(row.next)}`),
          text: (row) => b(row.next),
        },
        { key: 'estimate', title: t('order.estimate'), money: (row) => row.estimate },
        { key: 'created', title: t('order.placedAt'), when: (row) => row.createdAt },
      ]}
    />
  );
};

export default function Orders() {
  const { t } = useWords();
  const me = useMe();
  const operator = hasRole(me, 'operator');
  return (
    <Page title={operator ? t('menu.ordersAll') : t('menu.orders')} lead={t('order.lead')}>
      {operator ? (
        <Tabs
          items={[
            {
              key: 'review',
              label: t('order.reviews'),
              children: (
                <CaseQueue
                  view="handling"
                  procedure="trade.review"
                  open
                  empty={<Empty title={t('order.noReviews')}>{t('order.noReviewsText')}</Empty>}
                />
              ),
            },
            { key: 'all', label: t('app.all'), children: <OrderList /> },
          ]}
        />
      ) : may(me, 'federation.read') ? (
        <Tabs
          items={[
            { key: 'here', label: t('order.here'), children: <OrderList /> },
            { key: 'abroad', label: t('abroad.tab'), children: <PurchasesAbroad /> },
            { key: 'foreign', label: t('order.foreign'), children: <ForeignPurchases /> },
          ]}
        />
      ) : (
        <OrderList />
      )}
    </Page>
  );
}
