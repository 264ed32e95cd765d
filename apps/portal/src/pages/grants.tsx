import { grantStates, listGrants } from '@shugu/wire/delivery';
import { Link } from '@tanstack/react-router';
import { Segmented, Tag } from 'antd';
import { listMark, useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { Empty } from '../ui/empty.tsx';
import { StateFilter } from '../ui/filter.tsx';
import { Page } from '../ui/frame.tsx';
import { useFilters } from '../ui/route.ts';
import { StateTag } from '../ui/step.tsx';
import { PagedTable } from '../ui/table.tsx';

export default function Grants() {
  const { t, w } = useWords();
  const [filters, setFilters] = useFilters();
  return (
    <Page title={t('menu.grants')} lead={t('grant.lead')}>
      <PagedTable
        endpoint={listGrants}
        label={t('menu.grants')}
        input={{ query: { side: filters.side, state: filters.state } }}
        exportName="grants"
        rowKey={(row) => row.id}
        empty={
          <Empty title={t('grant.empty')} action={<Link to={paths.contracts}>{t('menu.contracts')}</Link>}>
            {t('grant.emptyText')}
          </Empty>
        }
        tools={
          <>
            <Segmented
              value={filters.side ?? ''}
              onChange={(side) => setFilters({ side: side || undefined })}
              options={[
                { value: '', label: t('app.all') },
                { value: 'buyer', label: t('order.as.buyer') },
                { value: 'supplier', label: t('order.as.supplier') },
              ]}
            />
            <StateFilter
              list="state"
              states={grantStates}
              value={filters.state}
              onChange={(state) => setFilters({ state })}
            />
          </>
        }
        columns={[
          {
            key: 'product',
            title: t('products.name'),
            show: (row) => (
              <>
                <Link to={paths.grant(row.id)}>{row.productName}</Link>{' '}
                {row.trial ? <Tag>{t('grant.trial')}</Tag> : null}
              </>
            ),
            text: (row) => row.productName,
            sort: (row) => row.productName,
          },
          { key: 'supplier', title: t('who.supplier'), plain: (row) => row.supplier.name },
          { key: 'buyer', title: t('who.buyer'), plain: (row) => row.buyer.name },
          {
            key: 'state',
            title: t('case.state'),
            show: (row) => <StateTag state={row.state} />,
            text: (row) => w('state', row.state),
            sort: (row) => row.state,
          },
          {
            key: 'lines',
            title: t('facet.deliveryMode'),
            show: (row) => row.lines.map((line) => w('driver', line.kind)).join(listMark()),
          },
          { key: 'until', title: t('contract.until'), when: (row) => row.until },
        ]}
      />
    </Page>
  );
}
