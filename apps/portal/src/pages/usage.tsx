import { listGrants } from '@shugu/wire/delivery';
import { listUsage } from '@shugu/wire/metering';
import { Link } from '@tanstack/react-router';
import { DatePicker } from 'antd';
import dayjs from 'dayjs';
import { useMemo } from 'react';
import { type Reply, useRead } from '../api.ts';
import { UsageFeeds } from '../delivery/feeds.tsx';
import { ReceiptFile } from '../delivery/receipt-file.tsx';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { Chart } from '../ui/chart.tsx';
import { Empty } from '../ui/empty.tsx';
import { bytes, count } from '../ui/format.ts';
import { Page, Sheet } from '../ui/frame.tsx';
import { useFilters } from '../ui/route.ts';
import { PagedTable } from '../ui/table.tsx';

const Drawn = ({ items }: { items: Reply<typeof listUsage>['items'] }) => {
  const { t, w } = useWords();
  const option = useMemo(() => {
    const days = [...new Set(items.map((one) => one.day))].sort();
    const sum = (metric: 'calls' | 'rows') =>
      days.map((day) => items.filter((one) => one.day === day).reduce((total, one) => total + one[metric], 0));
    return {
      grid: { left: 12, right: 12, top: 36, bottom: 8, containLabel: true },
      legend: { top: 0 },
      tooltip: { trigger: 'axis' },
      xAxis: { type: 'category', data: days },
      // The lines of a second scale would stand between those of the first.
      yAxis: [{ type: 'value' }, { type: 'value', splitLine: { show: false } }],
      series: [
        { type: 'bar', name: w('metric', 'calls'), data: sum('calls'), barMaxWidth: 40 },
        { type: 'line', name: w('metric', 'rows'), data: sum('rows'), yAxisIndex: 1 },
      ],
    };
  }, [items, w]);
  return <Chart option={option} label={t('usage.chart')} height={260} />;
};

export default function Usage() {
  const { t, w } = useWords();
  const [filters, setFilters] = useFilters();
  const query = { from: filters.from, until: filters.until };
  const read = useRead(listUsage, { query: { ...query, limit: 100 } }, { keep: true });
  const grants = useRead(listGrants, { query: { limit: 100 } });
  const nameOf = (grant: string) => grants.data?.items.find((one) => one.id === grant)?.productName;
  return (
    <Page title={t('menu.usage')} lead={t('usage.lead')}>
      {read.data?.items.length ? (
        <Sheet title={t('usage.byDay')}>
          <Drawn items={read.data.items} />
        </Sheet>
      ) : null}
      <ReceiptFile />
      <UsageFeeds />
      <PagedTable
        endpoint={listUsage}
        label={t('menu.usage')}
        input={{ query }}
        exportName="usage"
        rowKey={(row) => row.grant + row.day}
        empty={
          <Empty title={t('usage.empty')} action={<Link to={paths.grants}>{t('menu.grants')}</Link>}>
            {t('usage.emptyText')}
          </Empty>
        }
        tools={
          <DatePicker.RangePicker
            aria-label={t('usage.range')}
            value={filters.from && filters.until ? [dayjs(filters.from), dayjs(filters.until)] : null}
            onChange={(range) =>
              setFilters({ from: range?.[0]?.format('YYYY-MM-DD'), until: range?.[1]?.format('YYYY-MM-DD') })
            }
          />
        }
        columns={[
          { key: 'day', title: t('usage.day'), plain: (row) => row.day },
          {
            key: 'product',
            title: t('products.name'),
            show: (row) => <Link to={paths.product(row.product)}>{nameOf(row.grant) ?? t('do.open')}</Link>,
            text: (row) => nameOf(row.grant) ?? row.product,
            sort: (row) => nameOf(row.grant) ?? row.product,
          },
          {
            key: 'grant',
            title: t('menu.grants'),
            show: (row) => <Link to={paths.grant(row.grant)}>{t('do.open')}</Link>,
            text: (row) => row.grant,
          },
          {
            key: 'calls',
            title: w('metric', 'calls'),
            right: true,
            show: (row) => count(row.calls),
            text: (row) => row.calls,
            sort: (row) => row.calls,
          },
          {
            key: 'incomplete',
            title: w('metric', 'incompleteCalls'),
            right: true,
            show: (row) => count(row.incompleteCalls),
            text: (row) => row.incompleteCalls,
          },
          {
            key: 'rows',
            title: w('metric', 'rows'),
            right: true,
            show: (row) => count(row.rows),
            text: (row) => row.rows,
            sort: (row) => row.rows,
          },
          {
            key: 'bytes',
            title: w('metric', 'bytes'),
            right: true,
            show: (row) => bytes(row.bytes),
            text: (row) => row.bytes,
            sort: (row) => row.bytes,
          },
        ]}
      />
    </Page>
  );
}
