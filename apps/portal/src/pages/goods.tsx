import { browseGoods, buyAbroad, readGoods } from '@shugu/wire/nodes-trade';
import { Link } from '@tanstack/react-router';
import { Button, Input, Modal } from 'antd';
import { type Reply, useRead } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { Action } from '../ui/action.tsx';
import { DataTable } from '../ui/data-table.tsx';
import { Empty } from '../ui/empty.tsx';
import { field } from '../ui/fields.tsx';
import { Loaded, Page } from '../ui/frame.tsx';
import { useFilters } from '../ui/route.ts';
import { PagedTable } from '../ui/table.tsx';

type Entry = Reply<typeof browseGoods>['items'][number];
type Offer = Reply<typeof readGoods>['offers'][number];
type Formats = Reply<typeof readGoods>['formats'];

interface Asked {
  node: string;
  subject: string;
  title: string;
}

/** The types that somebody here can receive; another may be chosen when the data are asked for. */
const formatField = (formats: Formats, w: (list: 'formatWay', of: string) => string) =>
  field('format', 'choice', ['传输类型', 'Type of transfer'], {
    choices: formats
      .filter(({ way }) => way !== 'none')
      .map(({ format, way }) => [format, `${format} · ${w('formatWay', way)}`, `${format} · ${w('formatWay', way)}`]),
  });

const Offers = ({ of: { node, subject } }: { of: Asked }) => {
  const { t, b, w } = useWords();
  const params = { node, subject };
  const read = useRead(readGoods, { params });
  return (
    <Loaded of={read}>
      {({ offers, formats }) => (
        <DataTable<Offer>
          label={t('goods.offers')}
          dataSource={offers}
          rowKey="offer"
          pagination={false}
          locale={{ emptyText: t('goods.offersNone') }}
          columns={[
            { key: 'title', title: t('goods.plan'), render: (_, row) => row.title },
            { key: 'price', title: t('nodes.price'), render: (_, row) => b(row.price) },
            {
              key: 'buy',
              title: '',
              render: (_, row) => (
                <Action
                  primary
                  endpoint={buyAbroad}
                  label={t('goods.buy')}
                  explain={
                    <p>
                      {t('goods.buyExplain')} <Link to={paths.connector}>{t('goods.connector')}</Link>
                    </p>
                  }
                  fields={[
                    ...(row.metered ? [field('quantity', 'number', ['数量', 'Quantity'], { required: true })] : []),
                    formatField(formats, w),
                  ]}
                  initial={{ quantity: 1 }}
                  input={(values) => ({ body: { ...params, offer: row.offer, quantity: 1, ...values } })}
                />
              ),
            },
          ]}
        />
      )}
    </Loaded>
  );
};

/** Listings of the other nodes of the hub, and buying one of them. */
export default function Goods() {
  const { t, b } = useWords();
  const [filters, setFilters] = useFilters();
  // A link from elsewhere names one.
  const { node, subject, title } = filters;
  const open: Asked | undefined = node && subject ? { node, subject, title: title ?? subject } : undefined;
  const setOpen = (of?: Entry) => setFilters({ node: of?.node.id, subject: of?.subject, title: of?.title });
  return (
    <Page title={t('menu.goods')} lead={t('goods.lead')}>
      <PagedTable
        endpoint={browseGoods}
        label={t('menu.goods')}
        input={{ query: { q: filters.q } }}
        rowKey={(row) => row.node.id + row.subject}
        empty={<Empty title={t('goods.none')}>{t('goods.noneText')}</Empty>}
        tools={
          <Input.Search
            key={filters.q}
            allowClear
            style={{ maxWidth: 320 }}
            defaultValue={filters.q}
            placeholder={t('nodes.search')}
            aria-label={t('nodes.search')}
            onSearch={(q) => setFilters({ q: q || undefined })}
          />
        }
        columns={[
          {
            key: 'title',
            title: t('nodes.title'),
            show: (row) => (
              <>
                <a href={row.url} target="_blank" rel="noopener noreferrer">
                  {row.title} ↗
                </a>
                <div className="small quiet clamp">{row.summary}</div>
              </>
            ),
            sort: (row) => row.title,
          },
          { key: 'node', title: t('nodes.name'), show: (row) => row.node.name, sort: (row) => row.node.name },
          { key: 'by', title: t('nodes.by'), show: (row) => row.by || '—' },
          { key: 'price', title: t('nodes.price'), show: (row) => b(row.price) },
          {
            key: 'offers',
            title: t('case.next'),
            show: (row) =>
              row.connector ? (
                <Button size="small" onClick={() => setOpen(row)}>
                  {t('goods.see')}
                </Button>
              ) : (
                t('goods.there')
              ),
          },
          { key: 'at', title: t('nodes.at'), when: (row) => row.at },
        ]}
      />
      <Modal open={!!open} title={open?.title} footer={null} width={720} destroyOnHidden onCancel={() => setOpen()}>
        {open ? <Offers of={open} /> : null}
      </Modal>
    </Page>
  );
}
