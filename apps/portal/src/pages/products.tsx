import { facetNames, search, sortOrders } from '@shugu/wire/market-find';
import { Button, Input, Segmented } from 'antd';
import { useState } from 'react';
import { type Reply, useRead } from '../api.ts';
import { ForeignBeside } from '../catalogue/foreign.tsx';
import { useWords } from '../i18n/index.ts';
import { ProductTile } from '../market/tiles.tsx';
import { Elsewhere } from '../nodes/entries.tsx';
import { Empty } from '../ui/empty.tsx';
import { Loaded, Page } from '../ui/frame.tsx';
import { type Filters, useFilters } from '../ui/route.ts';

type Facets = NonNullable<Reply<typeof search>['facets']>;
const shownValuesMax = 8;

const Facet = ({
  name,
  values,
  picked,
  pick,
}: {
  name: (typeof facetNames)[number];
  values: Facets[typeof name];
  picked?: string;
  pick: (value?: string) => void;
}) => {
  const { t, w } = useWords();
  const [all, setAll] = useState(false);
  if (!values.length) return null;
  const shown = all ? values : values.slice(0, shownValuesMax);
  return (
    <fieldset className="facet">
      <legend>{t(`facet.${name}`)}</legend>
      {shown.map((one) => (
        <button
          key={one.value}
          type="button"
          aria-pressed={picked === one.value}
          onClick={() => pick(picked === one.value ? undefined : one.value)}
        >
          <span>{one.name ?? w(name, name === 'industry' ? one.value.charAt(0) : one.value)}</span>
          <span className="quiet">{one.count}</span>
        </button>
      ))}
      {values.length > shownValuesMax ? (
        <Button type="link" size="small" onClick={() => setAll(!all)}>
          {all ? t('shop.fewer') : t('app.more')}
        </Button>
      ) : null}
    </fieldset>
  );
};

export default function Products() {
  const { t } = useWords();
  const [filters, setFilters] = useFilters();
  const [cursors, setCursors] = useState<string[]>([]);
  const { sort, ...rest } = filters;
  const query = { ...rest, ...(sort ? { sort: sort as 'newest' } : {}), limit: 18 } as never;
  const first = useRead(search, { query }, { keep: true });
  const read = useRead(search, { query: { ...(query as object), after: cursors.at(-1) } as never }, { keep: true });
  const set = (change: Filters) => {
    setCursors([]);
    setFilters(change);
  };
  const facets = first.data?.facets;
  const any = facetNames.some((name) => filters[name]);
  return (
    <Page title={t('menu.products')} lead={t('shop.lead')}>
      <search>
        <Input.Search
          key={filters.q}
          size="large"
          style={{ maxWidth: 640, marginBottom: 20 }}
          allowClear
          defaultValue={filters.q}
          placeholder={t('shop.placeholder')}
          aria-label={t('shop.placeholder')}
          enterButton={t('do.search')}
          onSearch={(q) => set({ q: q || undefined })}
        />
      </search>
      <div className="shop">
        <div>
          <div className="facets">
            {facets
              ? facetNames.map((name) => (
                  <Facet
                    key={name}
                    name={name}
                    values={facets[name] ?? []}
                    picked={filters[name]}
                    pick={(value) => set({ [name]: value })}
                  />
                ))
              : null}
            {any ? (
              <Button onClick={() => set(Object.fromEntries(facetNames.map((name) => [name, undefined])))}>
                {t('shop.clear')}
              </Button>
            ) : null}
          </div>
        </div>
        <div>
          <div className="row between" style={{ marginBottom: 12 }}>
            <span className="quiet" role="status">
              {first.data ? t(first.data.more ? 'shop.totalMore' : 'shop.total', { count: first.data.total }) : ''}
            </span>
            <Segmented
              aria-label={t('shop.sort')}
              value={sort ?? (filters.q ? 'relevance' : 'newest')}
              onChange={(value) => set({ sort: value })}
              options={sortOrders.map((value) => ({ value, label: t(`sort.${value}`) }))}
            />
          </div>
          <Loaded of={read}>
            {(data) =>
              data.items.length ? (
                <>
                  <div className="grid fill">
                    {data.items.map((one) => (
                      <ProductTile key={one.listing} one={one} />
                    ))}
                  </div>
                  {cursors.length || data.next ? (
                    <nav
                      className="row"
                      style={{ justifyContent: 'flex-end', marginTop: 16 }}
                      aria-label={t('table.pages')}
                    >
                      <Button disabled={!cursors.length} onClick={() => setCursors(cursors.slice(0, -1))}>
                        {t('table.previous')}
                      </Button>
                      <Button disabled={!data.next} onClick={() => data.next && setCursors([...cursors, data.next])}>
                        {t('table.next')}
                      </Button>
                    </nav>
                  ) : null}
                </>
              ) : (
                <Empty title={filters.q || any ? t('shop.nothing') : t('shop.empty')}>
                  {filters.q || any ? t('shop.nothingText') : t('shop.emptyText')}
                </Empty>
              )
            }
          </Loaded>
          {filters.q ? <ForeignBeside words={filters.q} /> : null}
          <Elsewhere q={filters.q} kind="listing" />
        </div>
      </div>
    </Page>
  );
}
