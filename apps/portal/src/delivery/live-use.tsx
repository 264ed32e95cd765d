/** Uses of a grant while they run: this hour, today, and two days by hour. */
import { listHours } from '@shugu/wire/metering';
import { useMemo } from 'react';
import { type Reply, useRead } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { may, useMe } from '../session.ts';
import { Chart } from '../ui/chart.tsx';
import { DataTable } from '../ui/data-table.tsx';
import { bytes, count, moment } from '../ui/format.ts';
import { Loaded, Sheet } from '../ui/frame.tsx';

type Hours = Reply<typeof listHours>;

const sum = (items: Hours['items']) => ({
  requests: items.reduce((total, one) => total + one.requests, 0),
  failures: items.reduce((total, one) => total + one.failures, 0),
  calls: items.reduce((total, one) => total + one.calls, 0),
  rows: items.reduce((total, one) => total + one.rows, 0),
  bytes: items.reduce((total, one) => total + one.bytes, 0),
});

const hourMs = 3_600_000;

const Figures = ({ of: { items, asOf } }: { of: Hours }) => {
  const { t, w } = useWords();
  const now = Date.parse(asOf);
  const day = items.at(-1)?.day;
  const spans = [
    { name: t('live.hour'), ...sum(items.filter(({ startsAt }) => now - Date.parse(startsAt) < hourMs)) },
    {
      name: t('live.day'),
      ...sum(items.filter((one) => one.day === day && now - Date.parse(one.startsAt) < 24 * hourMs)),
    },
  ];
  return (
    <DataTable
      pagination={false}
      rowKey="name"
      dataSource={spans}
      columns={[
        { title: '', dataIndex: 'name' },
        { title: t('live.requests'), dataIndex: 'requests', align: 'right', render: count },
        { title: t('live.failures'), dataIndex: 'failures', align: 'right', render: count },
        { title: w('metric', 'calls'), dataIndex: 'calls', align: 'right', render: count },
        { title: w('metric', 'rows'), dataIndex: 'rows', align: 'right', render: count },
        { title: w('metric', 'bytes'), dataIndex: 'bytes', align: 'right', render: bytes },
      ]}
    />
  );
};

export const LiveUse = ({ grant }: { grant: string }) => {
  const { t } = useWords();
  const me = useMe();
  const seen = may(me, 'metering.usage.read');
  const read = useRead(listHours, { params: { id: grant }, query: {} }, { every: 5_000, keep: true });
  const items = read.data?.items;
  const option = useMemo(
    () => ({
      grid: { left: 12, right: 12, top: 32, bottom: 8, containLabel: true },
      legend: { top: 0 },
      tooltip: { trigger: 'axis' },
      xAxis: { type: 'category', data: items?.map(({ startsAt }) => moment(startsAt).slice(5, 13)) ?? [] },
      yAxis: { type: 'value', minInterval: 1 },
      series: [
        {
          type: 'bar',
          name: t('live.served'),
          stack: 'all',
          barMaxWidth: 24,
          data: items?.map((one) => one.requests - one.failures) ?? [],
        },
        {
          type: 'bar',
          name: t('live.failures'),
          stack: 'all',
          barMaxWidth: 24,
          data: items?.map((one) => one.failures) ?? [],
        },
      ],
    }),
    [items, t],
  );
  if (!seen) return null;
  return (
    <Sheet title={t('live.title')}>
      <Loaded of={read}>
        {(one) =>
          one.items.length ? (
            <>
              <Figures of={one} />
              <Chart option={option} label={t('live.chart')} height={200} />
              <p className="small quiet">{t('live.note')}</p>
            </>
          ) : (
            <p className="quiet">{t('live.none')}</p>
          )
        }
      </Loaded>
    </Sheet>
  );
};
