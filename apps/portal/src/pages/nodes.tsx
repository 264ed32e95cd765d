import { listApplications, listNodes } from '@shugu/wire/nodes';
import { Link } from '@tanstack/react-router';
import { type Reply, useRead } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { EntryTable } from '../nodes/entries.tsx';
import { NodeMap } from '../nodes/map.tsx';
import { paths } from '../paths.ts';
import { may, useMe } from '../session.ts';
import { DataTable } from '../ui/data-table.tsx';
import { Empty } from '../ui/empty.tsx';
import { Loaded, Page, Sheet } from '../ui/frame.tsx';
import { When } from '../ui/now.tsx';
import { useFilters } from '../ui/route.ts';
import { StateTag } from '../ui/step.tsx';
import { PagedTable } from '../ui/table.tsx';
import { Tabs } from '../ui/tabs.tsx';

type Network = Reply<typeof listNodes>;
/** Heartbeats come every ten seconds. */
const every = 3_000;

const Network = ({ data }: { data: Network }) => {
  const { t, w } = useWords();
  if (!data.items.length) return <Empty title={t('nodes.none')}>{t('nodes.noneText')}</Empty>;
  return (
    <>
      <Sheet title={t('nodes.map')}>
        <NodeMap hub={data.hub} nodes={data.items} />
      </Sheet>
      <DataTable
        label={t('nodes.table')}
        pagination={false}
        rowKey="id"
        dataSource={data.items}
        columns={[
          {
            title: t('nodes.name'),
            render: (_, row) => (
              <a href={row.url} target="_blank" rel="noopener noreferrer">
                {row.name} ↗
              </a>
            ),
          },
          { title: t('nodes.kind'), render: (_, row) => w('nodeKind', row.kind) },
          { title: t('nodes.operator'), render: (_, row) => row.operator.name },
          {
            title: t('nodes.standing'),
            render: (_, row) => (
              <>
                <StateTag list="nodeStanding" state={row.standing} />
                {row.reason ? <div className="small">{row.reason}</div> : null}
              </>
            ),
          },
          { title: t('nodes.heartbeat'), render: (_, row) => <When at={row.heartbeatAt} /> },
          { title: t('nodes.listings'), align: 'right', dataIndex: 'listings' },
          { title: t('nodes.demands'), align: 'right', dataIndex: 'demands' },
          { title: t('nodes.lag'), align: 'right', dataIndex: 'lag' },
          {
            title: t('nodes.credential'),
            render: (_, row) =>
              row.credential ? (
                <Link to={paths.verifyCode(row.credential.verifyCode)}>{row.credential.number}</Link>
              ) : (
                '—'
              ),
          },
        ]}
      />
    </>
  );
};

const Applications = () => {
  const { t, w } = useWords();
  return (
    <PagedTable
      endpoint={listApplications}
      label={t('nodes.applications')}
      every={every}
      rowKey={(row) => row.id}
      empty={<Empty title={t('nodes.none')}>{t('nodes.noneText')}</Empty>}
      columns={[
        { key: 'name', title: t('nodes.name'), show: (row) => row.name, sort: (row) => row.name },
        { key: 'kind', title: t('nodes.kind'), show: (row) => w('nodeKind', row.kind) },
        {
          key: 'operator',
          title: t('nodes.operator'),
          show: (row) => (
            <>
              {row.operator.name} <div className="small mono">{row.operator.creditCode}</div>
            </>
          ),
        },
        { key: 'standing', title: t('nodes.standing'), words: 'nodeStanding', state: (row) => row.standing },
        { key: 'applied', title: t('nodes.applied'), when: (row) => row.appliedAt },
        {
          key: 'case',
          title: t('nodes.case'),
          show: (row) => <Link to={paths.case(row.case)}>{t('nodes.open')}</Link>,
        },
      ]}
    />
  );
};

/** The network as a hub sees it: who takes part and how each one is, what they publish, and who asks to be let in. */
export default function Nodes() {
  const { t } = useWords();
  const me = useMe();
  const [filters, setFilters] = useFilters();
  const read = useRead(listNodes, { query: {} }, { every });
  return (
    <Page title={t('menu.nodes')} lead={t('nodes.lead')}>
      <Loaded of={read}>
        {(data) =>
          data.hub.isHub ? (
            <Tabs
              activeKey={filters.tab}
              onChange={(tab) => setFilters({ tab, node: undefined })}
              items={[
                { key: 'network', label: t('nodes.table'), children: <Network data={data} /> },
                { key: 'entries', label: t('nodes.entries'), children: <EntryTable /> },
                ...(me && may(me, 'nodes.node.read')
                  ? [{ key: 'applications', label: t('nodes.applications'), children: <Applications /> }]
                  : []),
              ]}
            />
          ) : (
            <Empty title={t('nodes.notHub')}>{t('nodes.notHubText')}</Empty>
          )
        }
      </Loaded>
    </Page>
  );
}
