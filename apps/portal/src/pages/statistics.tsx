import { statistics, statisticsBy, statisticsSheet } from '@shugu/wire/supervision-risk';
import { Button, DatePicker, Segmented } from 'antd';
import dayjs from 'dayjs';
import { useMemo } from 'react';
import { addressOf, type Reply, useRead } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { Chart } from '../ui/chart.tsx';
import { DataTable } from '../ui/data-table.tsx';
import { Empty } from '../ui/empty.tsx';
import { count, money } from '../ui/format.ts';
import { Figure, Loaded, Page, Sheet } from '../ui/frame.tsx';
import { useNow } from '../ui/now.tsx';
import { useFilters } from '../ui/route.ts';
import { csvOf, download } from '../ui/table.tsx';

type Statistics = Reply<typeof statistics>;
type Row = Statistics['rows'][number];
const sums = ['signed', 'settled', 'filed'] as const;
const counts = ['orders', 'listings', 'certificates', 'members'] as const;
const month = 'YYYY-MM';

const useNames = (by: Statistics['by']) => {
  const { t, w } = useWords();
  return (key: string): string => (key === '' ? t('statistics.unstated') : by === 'month' ? key : w(by, key));
};

/** One picture for the sums, one for the numbers: they share no axis. */
const Plots = ({ data }: { data: Statistics }) => {
  const { t } = useWords();
  const nameOf = useNames(data.by);
  const draw = useMemo(() => {
    const names = data.rows.map((one) => nameOf(one.key));
    const flat = data.by !== 'month';
    const axis = { type: 'category', data: names, ...(flat ? { inverse: true } : {}) };
    const value = { type: 'value', minInterval: 1 };
    const base = {
      grid: { left: 8, right: 24, top: 44, bottom: 8, containLabel: true },
      legend: { top: 0, type: 'scroll' },
      tooltip: { trigger: 'axis' },
      ...(flat ? { xAxis: value, yAxis: axis } : { xAxis: axis, yAxis: value }),
    };
    const bars = (of: { name: string; data: number[] }[]) =>
      of.map((one) => ({ type: 'bar', barMaxWidth: 18, ...one }));
    return {
      sums: {
        ...base,
        // For drawing only: a float of yuan is exact enough for a bar.
        series: bars(
          sums.map((one) => ({ name: t(`board.${one}`), data: data.rows.map((row) => Number(row[one]) / 100) })),
        ),
      },
      counts: {
        ...base,
        series: bars(counts.map((one) => ({ name: t(`statistics.${one}`), data: data.rows.map((row) => row[one]) }))),
      },
      height: flat ? 100 + data.rows.length * 56 : 300,
    };
  }, [data, nameOf, t]);
  return (
    <div className="grid" style={{ '--least': 'min(100%, 340px)' } as never}>
      <Sheet title={t('statistics.chart')}>
        <Chart option={draw.sums} label={t('statistics.chart')} height={draw.height} />
      </Sheet>
      <Sheet title={t('statistics.counts')}>
        <Chart option={draw.counts} label={t('statistics.counts')} height={draw.height} />
      </Sheet>
    </div>
  );
};

const Figures = ({ data }: { data: Statistics }) => {
  const { t } = useWords();
  const nameOf = useNames(data.by);
  const rows: Row[] = [...data.rows, { key: 'total', ...data.totals }];
  const title = (row: Row) => (row.key === 'total' ? t('statistics.total') : nameOf(row.key));
  const exportAll = () => {
    const head = [
      t('statistics.item'),
      ...sums.map((one) => t(`board.${one}`)),
      ...counts.map((one) => t(`statistics.${one}`)),
    ];
    const lines = rows.map((row) => [
      title(row),
      ...sums.map((one) => money(row[one])),
      ...counts.map((one) => row[one]),
    ]);
    download(`statistics-${data.from}-${data.until}.csv`, csvOf([head, ...lines]), 'text/csv;charset=utf-8');
  };
  return (
    <Sheet title={t(`statisticsBy.${data.by}`)} extra={<Button onClick={exportAll}>{t('table.export')}</Button>}>
      <DataTable
        pagination={false}
        rowKey="key"
        dataSource={rows}
        columns={[
          { title: t('statistics.item'), render: (_, row) => (row.key === 'total' ? <b>{title(row)}</b> : title(row)) },
          ...sums.map((one) => ({
            title: t(`board.${one}`),
            align: 'right' as const,
            render: (_: unknown, row: Row) => money(row[one]),
          })),
          ...counts.map((one) => ({
            title: t(`statistics.${one}`),
            align: 'right' as const,
            render: (_: unknown, row: Row) => count(row[one]),
          })),
        ]}
      />
    </Sheet>
  );
};

const Found = ({ data }: { data: Statistics }) => {
  const { t } = useWords();
  if (data.rows.length === 0) return <Empty title={t('statistics.empty')}>{t('statistics.emptyText')}</Empty>;
  return (
    <>
      <div className="grid section" style={{ '--least': '180px' } as never}>
        {sums.map((one) => (
          <Figure
            key={one}
            label={t(`board.${one}`)}
            value={money(data.totals[one])}
            note={t(one === 'filed' ? 'board.offExchange' : 'board.onExchange')}
          />
        ))}
        <Figure label={t('statistics.orders')} value={count(data.totals.orders)} />
      </div>
      <Plots data={data} />
      <Figures data={data} />
    </>
  );
};

export default function StatisticsPage() {
  const { t, w } = useWords();
  const [filters, setFilters] = useFilters();
  const now = dayjs(useNow());
  const query = {
    from: filters.from ?? now.subtract(11, 'month').format(month),
    until: filters.until ?? now.format(month),
    by: (statisticsBy as readonly string[]).includes(filters.by ?? '') ? (filters.by as Statistics['by']) : 'month',
  } as const;
  const read = useRead(statistics, { query }, { keep: true });
  return (
    <Page
      title={t('menu.statistics')}
      lead={t('statistics.lead')}
      actions={<Button href={addressOf(statisticsSheet.path, {}, query)}>{t('statistics.sheet')}</Button>}
    >
      <div className="row section">
        <DatePicker.RangePicker
          picker="month"
          aria-label={t('statistics.period')}
          value={[dayjs(query.from), dayjs(query.until)]}
          allowClear={false}
          onChange={(range) => setFilters({ from: range?.[0]?.format(month), until: range?.[1]?.format(month) })}
        />
        <Segmented
          aria-label={t('statistics.by')}
          value={query.by}
          onChange={(by) => setFilters({ by: by === 'month' ? undefined : by })}
          options={statisticsBy.map((one) => ({ value: one, label: w('statisticsBy', one) }))}
        />
      </div>
      {query.by === 'month' ? null : <p className="quiet small">{t('statistics.regionNote')}</p>}
      <Loaded of={read}>{(data) => <Found data={data} />}</Loaded>
    </Page>
  );
}
