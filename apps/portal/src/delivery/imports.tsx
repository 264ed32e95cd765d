/** Imports into resources: asked for, looked at while they run, repeated, stopped. */
import {
  importLimits,
  importStates,
  listImports,
  repeatImport,
  scheduleImport,
  startImport,
  stopImport,
} from '@shugu/wire/delivery';
import { listResources } from '@shugu/wire/registry';
import { Link } from '@tanstack/react-router';
import { Progress } from 'antd';
import { type Reply, useRead } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { Action, type Values } from '../ui/action.tsx';
import { Empty } from '../ui/empty.tsx';
import { field } from '../ui/fields.tsx';
import { StateFilter } from '../ui/filter.tsx';
import { bytes, count } from '../ui/format.ts';
import { useFilters } from '../ui/route.ts';
import { StateTag } from '../ui/step.tsx';
import { PagedTable } from '../ui/table.tsx';
import { byTime, rhythmFrom, timeFields } from './rhythm.tsx';
import { type Chosen, TableChoice } from './table-choice.tsx';

type Import = Reply<typeof listImports>['items'][number];

/** `resource`: into this one; else the form asks. */
export const NewImport = ({
  resource,
  blocked,
  primary,
}: {
  resource?: string;
  blocked?: string | null;
  primary?: boolean;
}) => {
  const { t } = useWords();
  const resources = useRead(listResources, { query: { limit: 100 } }, { enabled: !resource });
  const fields = [
    field('from', 'choice', ['数据库', 'Database'], { required: true, widget: TableChoice }),
    ...(resource
      ? []
      : [
          field('resource', 'choice', ['导入到', 'Into'], {
            required: true,
            choices: (resources.data?.items ?? [])
              .filter(({ state }) => state !== 'retired')
              .map(({ id, name }) => [id, name, name]),
          }),
        ]),
  ];
  return (
    <Action
      endpoint={startImport}
      label={t('import.new')}
      primary={primary}
      blocked={blocked}
      explain={<p>{t('import.newExplain')}</p>}
      fields={fields}
      input={(values: Values) => {
        const { from, resource: into } = values as unknown as { from: Chosen; resource?: string };
        return { body: { ...from, resource: resource ?? into } as never };
      }}
    />
  );
};

export const ImportProgress = ({ one }: { one: Import }) => {
  const { t, b } = useWords();
  const open = one.state === 'waiting' || one.state === 'running';
  const share = one.rowsAbout ? Math.min(99, Math.floor((one.rows / one.rowsAbout) * 100)) : 0;
  return (
    <>
      <StateTag list="importState" state={one.state} />
      {open ? <Progress percent={share} size="small" aria-label={t('push.progress')} /> : null}
      {open && one.rows > 0 ? (
        <div className="small quiet">
          {one.rowsAbout
            ? t('import.rowsOf', { rows: count(one.rows), about: count(one.rowsAbout) })
            : t('import.rowsRead', { rows: count(one.rows) })}
        </div>
      ) : null}
      {one.fault ? (
        <div className="late small">
          {b(one.fault.title)} — {b(one.fault.next)}
        </div>
      ) : null}
    </>
  );
};

const scheduleFields = [
  field('kind', 'choice', ['频次', 'Rhythm'], {
    required: true,
    choices: [['interval', '每隔若干小时', 'Every so many hours'], ...byTime],
  }),
  field('hours', 'number', ['小时', 'Hours'], {
    min: 1,
    max: importLimits.hoursMax,
    help: { zh: '每隔若干小时的间隔', en: 'Between two readings; not for the others' },
  }),
  ...timeFields({
    zh: '如 02:30，按交易所时区；每日、每周、每月须填',
    en: 'Such as 02:30, in the zone of the exchange; not for readings every so many hours',
  }),
];

const Acts = ({ one }: { one: Import }) => {
  const { t } = useWords();
  const input = () => ({ params: { id: one.id }, body: {} as Record<string, never> });
  return one.state === 'waiting' || one.state === 'running' ? (
    <Action endpoint={stopImport} label={t('push.stop')} small danger input={input} />
  ) : (
    <span className="row">
      <Action endpoint={repeatImport} label={t('import.repeat')} small input={input} />
      <Action
        endpoint={scheduleImport}
        label={t('import.schedule')}
        small
        explain={<p>{t('import.scheduleExplain')}</p>}
        fields={scheduleFields}
        initial={{ kind: 'daily', hours: 24, time: '02:30', weekday: '1', day: 1 }}
        input={(values: Values) => ({ params: { id: one.id }, body: { rhythm: rhythmFrom(values) } as never })}
      />
    </span>
  );
};

export const Imports = ({ resource }: { resource?: string }) => {
  const { t, w } = useWords();
  const [filters, setFilters] = useFilters();
  return (
    <PagedTable
      endpoint={listImports}
      label={t('menu.imports')}
      every={3_000}
      exportName="imports"
      input={{ query: { state: filters.state, resource: resource ?? filters.resource } }}
      rowKey={(row) => row.id}
      empty={<Empty title={t('import.empty')}>{t('import.emptyText')}</Empty>}
      tools={
        <StateFilter
          list="importState"
          states={importStates}
          value={filters.state}
          onChange={(state) => setFilters({ state })}
        />
      }
      columns={[
        {
          key: 'table',
          title: t('import.table'),
          show: (row) => (
            <div className="cell">
              <span className="mono">
                {row.schema}.{row.table}
              </span>
              <div className="small quiet">
                {row.connection.name} · {t('import.columnCount', { count: row.columns.length })}
              </div>
            </div>
          ),
          text: (row) => `${row.schema}.${row.table}`,
          sort: (row) => `${row.schema}.${row.table}`,
        },
        {
          key: 'resource',
          title: t('import.resource'),
          show: (row) => (
            <div className="cell">
              <Link to={paths.resource(row.resource.id)}>{row.resource.name}</Link>
            </div>
          ),
          text: (row) => row.resource.name,
          sort: (row) => row.resource.name,
        },
        {
          key: 'state',
          title: t('case.state'),
          show: (row) => (
            <div className="cell" style={{ maxWidth: '22em' }}>
              <ImportProgress one={row} />
            </div>
          ),
          text: (row) => w('importState', row.state),
          sort: (row) => row.state,
        },
        {
          key: 'rows',
          title: t('resources.rows'),
          right: true,
          show: (row) =>
            row.checksum === null ? (
              '—'
            ) : (
              <>
                {count(row.rows)}
                <div className="small quiet">{bytes(row.bytes)}</div>
              </>
            ),
          text: (row) => row.rows,
          sort: (row) => row.rows,
        },
        {
          key: 'checksum',
          title: t('import.checksum'),
          exportOnly: true,
          show: (row) => row.checksum,
          text: (row) => row.checksum,
        },
        { key: 'at', title: t('app.createdAt'), when: (row) => row.createdAt },
        { key: 'act', title: t('jobs.act'), show: (row) => <Acts one={row} /> },
      ]}
    />
  );
};
