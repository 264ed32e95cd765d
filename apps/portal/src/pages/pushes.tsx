import {
  createPush,
  endPush,
  listDestinations,
  listGrants,
  listPushes,
  pushRunStates,
  runPush,
} from '@shugu/wire/delivery';
import { Link } from '@tanstack/react-router';
import { useRead } from '../api.ts';
import { Destinations } from '../delivery/destinations.tsx';
import { GoOn, RunProgress } from '../delivery/push-parts.tsx';
import { byTime, rhythmFrom, timeFields, useRhythm } from '../delivery/rhythm.tsx';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { Action, type Values } from '../ui/action.tsx';
import { Empty } from '../ui/empty.tsx';
import { field } from '../ui/fields.tsx';
import { StateFilter } from '../ui/filter.tsx';
import { Page } from '../ui/frame.tsx';
import { When } from '../ui/now.tsx';
import { useFilters } from '../ui/route.ts';
import { StateTag } from '../ui/step.tsx';
import { PagedTable } from '../ui/table.tsx';

const NewPush = () => {
  const { t } = useWords();
  const grants = useRead(listGrants, { query: { side: 'buyer', limit: 100 } });
  const destinations = useRead(listDestinations, {});
  const shares =
    grants.data?.items.filter(({ lines, state }) => state === 'active' && lines.some(({ kind }) => kind === 'share')) ??
    [];
  const places = destinations.data?.items ?? [];
  const blocked = shares.length === 0 ? t('push.noGrant') : places.length === 0 ? t('push.noDestination') : null;
  const fields = [
    field('grant', 'choice', ['使用授权', 'Grant'], {
      required: true,
      choices: shares.map((one) => [
        one.id,
        `${one.productName} · ${one.supplier.name}`,
        `${one.productName} · ${one.supplier.name}`,
      ]),
    }),
    field('destination', 'choice', ['目的地', 'Destination'], {
      required: true,
      choices: places.map((one) => [one.id, `${one.name} · ${one.place}`, `${one.name} · ${one.place}`]),
    }),
    field('kind', 'choice', ['频次', 'Rhythm'], {
      required: true,
      choices: [
        ['once', '一次，立即开始', 'Once, now'],
        ...byTime,
        ['revision', '随每次数据更新', 'With every revision'],
      ],
    }),
    ...timeFields({
      zh: '如 02:30，按合同时区；每日、每周、每月须填',
      en: 'Such as 02:30, in the contract’s zone; not for the others',
    }),
    field('mode', 'choice', ['写入方式', 'Writing'], {
      required: true,
      choices: [
        ['replace', '整体替换', 'Replace the table'],
        ['append', '只追加新增的行（数据库）', 'Add only rows that came (databases)'],
      ],
    }),
    field('purpose', 'text', ['用途', 'Purpose'], {
      help: { zh: '合同许可多种用途时填写', en: 'Where the contract permits several' },
    }),
  ];
  const input = (values: Values) => {
    const { grant, destination, mode, purpose, ...rest } = values as Record<string, string>;
    return { body: { grant, destination, rhythm: rhythmFrom(rest), mode, ...(purpose ? { purpose } : {}) } as never };
  };
  return (
    <Action
      endpoint={createPush}
      label={t('push.new')}
      primary
      blocked={blocked}
      explain={<p>{t('push.newExplain')}</p>}
      fields={fields}
      initial={{ kind: 'once', mode: 'replace', time: '02:30', weekday: '1', day: 1 }}
      input={input}
    />
  );
};

export default function Pushes() {
  const { t, w, b } = useWords();
  const rhythm = useRhythm();
  const [filters, setFilters] = useFilters();
  return (
    <Page title={t('menu.pushes')} lead={t('push.lead')} actions={<NewPush />}>
      <PagedTable
        endpoint={listPushes}
        label={t('menu.pushes')}
        every={4_000}
        exportName="deliveries"
        input={{ query: { state: filters.state } }}
        rowKey={(row) => row.id}
        empty={<Empty title={t('push.empty')}>{t('push.emptyText')}</Empty>}
        tools={
          <StateFilter
            list="pushState"
            states={pushRunStates}
            value={filters.state}
            onChange={(state) => setFilters({ state })}
          />
        }
        columns={[
          {
            key: 'product',
            title: t('products.name'),
            show: (row) => (
              <div className="cell">
                <Link to={paths.grant(row.grant)}>{row.product}</Link>
              </div>
            ),
            text: (row) => row.product,
            sort: (row) => row.product,
          },
          {
            key: 'destination',
            title: t('push.destination'),
            show: ({ destination }) => (
              <div className="cell">
                {destination.name}
                <div className="mono small">{destination.place}</div>
              </div>
            ),
            text: (row) => `${row.destination.name} ${row.destination.place}`,
            sort: (row) => row.destination.name,
          },
          {
            key: 'rhythm',
            title: t('push.rhythm'),
            show: (row) => (
              <div className="cell">
                {row.endedAt ? t('push.ended') : rhythm(row)}
                {row.mode === 'append' ? <div className="small quiet">{t('push.append')}</div> : null}
                {row.nextAt ? (
                  <div className="small quiet">
                    {t('push.next')} <When at={row.nextAt} />
                  </div>
                ) : null}
              </div>
            ),
            text: (row) => (row.endedAt ? t('push.ended') : rhythm(row)),
            sort: (row) => row.nextAt ?? '',
          },
          {
            key: 'run',
            title: t('push.lastRun'),
            show: ({ lastRun }) =>
              lastRun ? (
                <div className="cell">
                  <StateTag list="pushState" state={lastRun.state} />{' '}
                  <Link to={paths.pushRun(lastRun.id)}>
                    <When at={lastRun.createdAt} />
                  </Link>
                  <RunProgress run={lastRun} />
                  {lastRun.fault ? (
                    <div className="small">
                      <div className="late">{b(lastRun.fault.title)}</div>
                      {b(lastRun.fault.next)}
                    </div>
                  ) : null}
                </div>
              ) : (
                '—'
              ),
            text: ({ lastRun }) => (lastRun ? w('pushState', lastRun.state) : ''),
            sort: ({ lastRun }) => lastRun?.createdAt ?? '',
          },
          {
            key: 'act',
            title: t('jobs.act'),
            show: (row) =>
              row.endedAt ? null : (
                <span className="row">
                  {row.lastRun?.state === 'failed' ? (
                    <GoOn push={row.id} run={row.lastRun} />
                  ) : (
                    <Action
                      endpoint={runPush}
                      label={t('push.run')}
                      small
                      input={() => ({ params: { id: row.id }, body: {} })}
                    />
                  )}
                  <Action
                    endpoint={endPush}
                    label={t('push.end')}
                    small
                    danger
                    explain={<p>{t('push.endExplain')}</p>}
                    input={() => ({ params: { id: row.id }, body: {} })}
                  />
                </span>
              ),
          },
        ]}
      />
      <div style={{ marginTop: 24 }}>
        <Destinations />
      </div>
    </Page>
  );
}
