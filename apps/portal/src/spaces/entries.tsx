import { listListings } from '@shugu/wire/market';
import {
  addForeignSpaceEntry,
  addSpaceEntry,
  type getSpace,
  listSpaceEntries,
  spaceEntrySorts,
  withdrawSpaceEntry,
} from '@shugu/wire/spaces';
import { Link } from '@tanstack/react-router';
import { Select, Tag } from 'antd';
import { type Reply, useRead } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { useMe } from '../session.ts';
import { Action } from '../ui/action.tsx';
import { Empty } from '../ui/empty.tsx';
import { field, type WidgetProps } from '../ui/fields.tsx';
import { ListFilter, SearchFilter } from '../ui/filter.tsx';
import { useFilters } from '../ui/route.ts';
import { PagedTable } from '../ui/table.tsx';
import { reasonField } from './fields.ts';
import { ForeignPicker, ForeignTitle, sourceOf } from './foreign.tsx';
import { NestedCatalogues } from './nested.tsx';

type Space = Reply<typeof getSpace>;

/** Of the organisation's own that are on the market for everybody, or for this space's members. */
const ProductPicker = ({ id, value, onChange, space }: WidgetProps & { space: string }) => {
  const found = useRead(listListings, { query: { state: 'listed', limit: 100 } });
  const listed = (found.data?.items ?? []).filter((one) => one.space === null || one.space.id === space);
  return (
    <Select
      id={id}
      value={value as string}
      onChange={(picked) => onChange?.(picked)}
      loading={found.isFetching}
      showSearch={{ optionFilterProp: 'label' }}
      options={listed.map((one) => ({ value: one.product, label: one.productName }))}
    />
  );
};

/** Products by reference: each leads to where it is sold. */
export const SpaceEntries = ({ of, operates }: { of: Space; operates: boolean }) => {
  const { t, w } = useWords();
  const me = useMe();
  const [filters, setFilters] = useFilters();
  if (of.entries === null) return <Empty title={t('spaces.catalogueClosed')}>{t('spaces.catalogueClosedText')}</Empty>;
  const provides = of.yours?.standing && of.yours.roles.some((role) => role === 'provider' || role === 'operator');
  return (
    <>
      <NestedCatalogues of={of} operates={operates} />
      <p className="quiet">{t('spaces.catalogueLead')}</p>
      <PagedTable
        endpoint={listSpaceEntries}
        label={t('spaces.catalogue')}
        input={{ params: { id: of.id }, query: { q: filters.q, sort: filters.sort } }}
        rowKey={(row) => row.id}
        exportName="space-catalogue"
        empty={<Empty title={t('spaces.entryNone')}>{t('spaces.entryNoneText')}</Empty>}
        tools={
          <>
            <SearchFilter label={t('spaces.entrySearch')} value={filters.q} onChange={(q) => setFilters({ q })} />
            <ListFilter
              label={t('spaces.sort')}
              options={spaceEntrySorts.map((value) => ({ value, label: w('spaceSort', value) }))}
              value={filters.sort as (typeof spaceEntrySorts)[number] | undefined}
              onChange={(sort) => setFilters({ sort })}
            />
            {provides ? (
              <Action
                primary
                endpoint={addSpaceEntry}
                label={t('spaces.entryAdd')}
                explain={<p>{t('spaces.entryAddExplain')}</p>}
                fields={[
                  field('product', 'text', ['产品', 'Product'], {
                    required: true,
                    widget: (props) => <ProductPicker {...props} space={of.id} />,
                  }),
                ]}
                input={(values) => ({ params: { id: of.id }, body: values as never })}
              />
            ) : null}
            {operates ? (
              <Action
                endpoint={addForeignSpaceEntry}
                label={t('spaces.foreignAdd')}
                explain={<p>{t(of.demands.length ? 'spaces.foreignAsked' : 'spaces.foreignAddExplain')}</p>}
                fields={[
                  field('entry', 'text', ['条目', 'Entry'], {
                    required: true,
                    widget: (props) => <ForeignPicker {...props} />,
                  }),
                ]}
                input={({ entry }) => ({ params: { id: of.id }, body: JSON.parse(String(entry)) as never })}
              />
            ) : null}
          </>
        }
        columns={[
          {
            key: 'product',
            title: t('spaces.entryProduct'),
            show: (row) => (
              <>
                {row.foreign ? (
                  <ForeignTitle row={row} foreign={row.foreign} />
                ) : (
                  <Link to={paths.product(row.product!)}>{row.title}</Link>
                )}
                {row.membersOnly ? <Tag style={{ marginInlineStart: 8 }}>{t('spaces.membersOnly')}</Tag> : null}
                <div className="small quiet clamp">{row.summary}</div>
              </>
            ),
            text: (row) => row.title,
          },
          {
            key: 'supplier',
            title: t('spaces.entrySupplier'),
            show: sourceOf,
            text: sourceOf,
          },
          { key: 'industry', title: t('spaces.entryIndustry'), plain: (row) => row.industry },
          { key: 'at', title: t('spaces.entryAt'), when: (row) => row.addedAt },
          ...(operates || provides
            ? [
                {
                  key: 'withdraw',
                  title: t('spaces.decide'),
                  show: (row: Reply<typeof listSpaceEntries>['items'][number]) =>
                    (row.supplier && row.supplier.id === me?.organisation.id) ||
                    of.yours?.roles.includes('operator') ? (
                      <Action
                        small
                        danger
                        endpoint={withdrawSpaceEntry}
                        label={t('spaces.entryWithdraw')}
                        explain={<p>{t('spaces.entryWithdrawExplain')}</p>}
                        fields={[reasonField]}
                        input={(values) => ({ params: { id: of.id, entry: row.id }, body: values as never })}
                      />
                    ) : null,
                },
              ]
            : []),
        ]}
      />
    </>
  );
};
