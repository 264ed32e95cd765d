/** What nodes publish, each with its node: never to be taken for a listing of this exchange. */
import { entryKinds, listEntries, listForeignDemands } from '@shugu/wire/nodes';
import { Link } from '@tanstack/react-router';
import { Button, Tag } from 'antd';
import { type Reply, useRead } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { Empty } from '../ui/empty.tsx';
import { ListFilter, SearchFilter } from '../ui/filter.tsx';
import { Sheet } from '../ui/frame.tsx';
import { useFilters } from '../ui/route.ts';
import { PagedTable } from '../ui/table.tsx';

type Entry = Reply<typeof listEntries>['items'][number];

const NodeBadge = ({ node }: { node: Pick<Entry['node'], 'name'> }) => {
  const { t } = useWords();
  return <Tag color="geekblue">{t('nodes.from', { node: node.name })}</Tag>;
};

/** Leads to the page at its node, in a window of its own: another site begins there. */
const EntryLink = ({ one }: { one: Pick<Entry, 'url' | 'title'> }) => (
  <a href={one.url} target="_blank" rel="noopener noreferrer">
    {one.title} ↗
  </a>
);

export const EntryTable = () => {
  const { t, b, w } = useWords();
  const [filters, setFilters] = useFilters();
  return (
    <>
      <p className="quiet">{t('nodes.entriesLead')}</p>
      <PagedTable
        endpoint={listEntries}
        label={t('nodes.entries')}
        every={5_000}
        input={{ query: { q: filters.q, kind: filters.kind, node: filters.node } }}
        rowKey={(row) => row.node.id + row.subject}
        empty={<Empty title={t('nodes.entriesNone')} />}
        tools={
          <>
            <SearchFilter label={t('nodes.search')} value={filters.q} onChange={(q) => setFilters({ q })} />
            <ListFilter
              label={t('nodes.kind')}
              options={entryKinds.map((value) => ({ value, label: w('entryKind', value) }))}
              value={filters.kind as (typeof entryKinds)[number] | undefined}
              onChange={(kind) => setFilters({ kind })}
            />
            {filters.node ? (
              <Button onClick={() => setFilters({ node: undefined })}>{t('nodes.entriesOfAll')}</Button>
            ) : null}
          </>
        }
        columns={[
          {
            key: 'title',
            title: t('nodes.title'),
            show: (row) => (
              <>
                <EntryLink one={row} />
                <div className="small quiet clamp">{row.summary}</div>
              </>
            ),
            sort: (row) => row.title,
          },
          {
            key: 'node',
            title: t('nodes.name'),
            show: (row) => <NodeBadge node={row.node} />,
            sort: (row) => row.node.name,
          },
          { key: 'kind', title: t('nodes.kind'), show: (row) => w('entryKind', row.kind) },
          { key: 'by', title: t('nodes.by'), show: (row) => row.by || '—' },
          { key: 'price', title: t('nodes.price'), show: (row) => b(row.price) },
          { key: 'at', title: t('nodes.at'), when: (row) => row.at },
        ]}
      />
    </>
  );
};

const shownMax = 4;

/** Below what this exchange has itself: what its nodes have. Nothing where there is nothing. */
export const Elsewhere = ({ q, kind }: { q?: string | undefined; kind: Entry['kind'] }) => {
  const { t, b } = useWords();
  const read = useRead(listEntries, { query: { q, kind, limit: shownMax } });
  if (!read.data?.items.length) return null;
  return (
    <div className="section">
      <Sheet
        title={t(kind === 'listing' ? 'nodes.elsewhere' : 'nodes.demandsElsewhere')}
        extra={<Link to={paths.nodes}>{t('nodes.elsewhereAll')}</Link>}
      >
        <p className="quiet">{t('nodes.entriesLead')}</p>
        <ul>
          {read.data.items.map((one) => (
            <li key={one.node.id + one.subject}>
              <EntryLink one={one} /> <NodeBadge node={one.node} /> <span className="quiet">{b(one.price)}</span>
            </li>
          ))}
        </ul>
      </Sheet>
    </div>
  );
};

/** At a node: demands of others, as its hub told them. */
export const ForeignDemands = () => {
  const { t, b } = useWords();
  const read = useRead(listForeignDemands, { query: {} });
  if (!read.data?.items.length) return null;
  return (
    <div className="section">
      <Sheet title={t('nodes.demandsElsewhere')}>
        <p className="quiet">{t('nodes.demandsLead')}</p>
        <ul>
          {read.data.items.map((one) => (
            <li key={one.node.id + one.subject}>
              <EntryLink one={one} /> <NodeBadge node={one.node} /> <span className="quiet">{b(one.budget)}</span>
            </li>
          ))}
        </ul>
      </Sheet>
    </div>
  );
};
