import { listSpaces, spaceKinds } from '@shugu/wire/spaces';
import { Link } from '@tanstack/react-router';
import { Button } from 'antd';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { may, useMe } from '../session.ts';
import { Empty } from '../ui/empty.tsx';
import { ListFilter, SearchFilter } from '../ui/filter.tsx';
import { Page } from '../ui/frame.tsx';
import { useFilters } from '../ui/route.ts';
import { StateTag } from '../ui/step.tsx';
import { PagedTable } from '../ui/table.tsx';

/** Spaces that are open to be found, and the organisation's own in whatever state. */
export default function Spaces() {
  const { t, b, w } = useWords();
  const me = useMe();
  const [filters, setFilters] = useFilters();
  const which = filters.which as 'mine' | 'waiting' | undefined;
  return (
    <Page
      title={t('menu.spaces')}
      lead={t('spaces.lead')}
      actions={
        may(me, 'spaces.space.found') ? (
          <Link to={paths.newSpace}>
            <Button type="primary" tabIndex={-1}>
              {t('spaces.found')}
            </Button>
          </Link>
        ) : null
      }
    >
      <PagedTable
        endpoint={listSpaces}
        label={t('menu.spaces')}
        input={{
          query: {
            q: filters.q,
            kind: filters.kind,
            mine: which === 'mine' ? 'true' : undefined,
            waiting: which === 'waiting' ? 'true' : undefined,
          },
        }}
        rowKey={(row) => row.id}
        exportName="data-spaces"
        empty={<Empty title={t('spaces.none')}>{t('spaces.noneText')}</Empty>}
        tools={
          <>
            <SearchFilter label={t('spaces.search')} value={filters.q} onChange={(q) => setFilters({ q })} />
            <ListFilter
              label={t('spaces.kind')}
              options={spaceKinds.map((value) => ({ value, label: w('spaceKind', value) }))}
              value={filters.kind as (typeof spaceKinds)[number] | undefined}
              onChange={(kind) => setFilters({ kind })}
            />
            {me ? (
              <ListFilter
                label={t('spaces.which')}
                options={[
                  { value: 'mine', label: t('spaces.mine') },
                  { value: 'waiting', label: t('spaces.waitingForMe') },
                ]}
                value={which}
                onChange={(picked) => setFilters({ which: picked })}
              />
            ) : null}
          </>
        }
        columns={[
          {
            key: 'name',
            title: t('spaces.name'),
            show: (row) => (
              <>
                <Link to={paths.space(row.id)}>{b(row.name)}</Link>
                <div className="small quiet clamp">{b(row.purpose)}</div>
              </>
            ),
            text: (row) => b(row.name),
            sort: (row) => b(row.name),
          },
          {
            key: 'kind',
            title: t('spaces.kind'),
            show: (row) => w('spaceKind', row.kind),
            text: (row) => w('spaceKind', row.kind),
            sort: (row) => row.kind,
          },
          { key: 'state', title: t('case.state'), words: 'spaceState', state: (row) => row.state },
          { key: 'operator', title: t('spaces.operator'), plain: (row) => row.operator.name },
          {
            key: 'members',
            title: t('spaces.members'),
            right: true,
            show: (row) => row.members,
            text: (row) => row.members,
            sort: (row) => row.members,
          },
          {
            key: 'yours',
            title: t('spaces.yours'),
            show: (row) => (row.yours ? <StateTag list="spaceMember" state={row.yours.state} /> : '—'),
          },
          { key: 'founded', title: t('spaces.founded'), when: (row) => row.createdAt },
        ]}
      />
    </Page>
  );
}
