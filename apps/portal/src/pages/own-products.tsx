import { ownProducts } from '@shugu/wire/catalogue';
import { Link } from '@tanstack/react-router';
import { Button } from 'antd';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { Empty } from '../ui/empty.tsx';
import { Page } from '../ui/frame.tsx';
import { When } from '../ui/now.tsx';
import { PagedTable } from '../ui/table.tsx';

export default function OwnProducts() {
  const { t, w } = useWords();
  const add = (
    <Link to={paths.newProduct}>
      <Button type="primary" tabIndex={-1}>
        {t('desk.newProduct')}
      </Button>
    </Link>
  );
  return (
    <Page title={t('menu.ownProducts')} lead={t('products.lead')} actions={add}>
      <PagedTable
        endpoint={ownProducts}
        label={t('menu.ownProducts')}
        exportName="products"
        rowKey={(row) => row.id}
        empty={
          <Empty title={t('products.empty')} action={add}>
            {t('products.emptyText')}
          </Empty>
        }
        columns={[
          {
            key: 'name',
            title: t('products.name'),
            show: (row) => <Link to={paths.ownProduct(row.id)}>{row.name}</Link>,
            text: (row) => row.name,
            sort: (row) => row.name,
          },
          {
            key: 'kind',
            title: t('facet.kind'),
            show: (row) => w('kind', row.kind),
            text: (row) => w('kind', row.kind),
            sort: (row) => row.kind,
          },
          { key: 'state', title: t('case.state'), words: 'productState', state: (row) => row.state },
          {
            key: 'published',
            title: t('products.published'),
            show: (row) => (row.published ? <When at={row.publishedAt} /> : t('products.notPublished')),
            text: (row) => row.publishedAt,
          },
          { key: 'updated', title: t('app.updatedAt'), when: (row) => row.updatedAt },
        ]}
      />
    </Page>
  );
}
