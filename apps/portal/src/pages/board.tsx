import { turnover } from '@shugu/wire/market';
import { registryStatistics } from '@shugu/wire/registry';

import { useMemo } from 'react';
import { type Reply, useRead } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { Chart } from '../ui/chart.tsx';
import { DataTable } from '../ui/data-table.tsx';
import { count, money } from '../ui/format.ts';
import { Figure, Loaded, Page, Sheet } from '../ui/frame.tsx';

type Turnover = Reply<typeof turnover>;
/** For drawing only: yuan as a float is exact enough for a bar, never for a sum. */
const drawn = (fen: string) => Number(fen) / 100;

const Months = ({ data }: { data: Turnover }) => {
  const { t } = useWords();
  const option = useMemo(
    () => ({
      grid: { left: 12, right: 12, top: 40, bottom: 8, containLabel: true },
      legend: { top: 0 },
      tooltip: { trigger: 'axis' },
      xAxis: { type: 'category', data: data.months.map((one) => one.month) },
      yAxis: { type: 'value', name: t('board.yuan') },
      series: (['signed', 'settled', 'filed'] as const).map((kind) => ({
        type: 'bar',
        name: t(`board.${kind}`),
        data: data.months.map((one) => drawn(one[kind])),
      })),
    }),
    [data, t],
  );
  return (
    <>
      <Chart option={option} label={t('board.chart')} />
      <DataTable
        pagination={false}
        rowKey="month"
        dataSource={[...data.months].reverse()}
        columns={[
          { title: t('board.month'), dataIndex: 'month' },
          { title: t('board.signed'), dataIndex: 'signed', align: 'right', render: money },
          { title: t('board.settled'), dataIndex: 'settled', align: 'right', render: money },
          { title: t('board.filed'), dataIndex: 'filed', align: 'right', render: money },
          { title: t('board.orders'), dataIndex: 'orders', align: 'right', render: count },
        ]}
      />
    </>
  );
};

const Registered = () => {
  const { t, w } = useWords();
  const read = useRead(registryStatistics, { query: {} });
  return (
    <Sheet title={t('board.registered')}>
      <Loaded of={read}>
        {(data) => (
          <>
            <p>{t('board.inForce', { count: data.inForce, year: data.year })}</p>
            <DataTable
              pagination={false}
              rowKey={(row) => row.month + row.procedure}
              dataSource={data.items}
              columns={[
                { title: t('board.month'), dataIndex: 'month' },
                {
                  title: t('case.procedure'),
                  dataIndex: 'procedure',
                  render: (value: string) => w('procedure', value),
                },
                { title: t('board.handedIn'), dataIndex: 'handedIn', align: 'right' },
                { title: t('board.completed'), dataIndex: 'completed', align: 'right' },
                { title: t('board.refused'), dataIndex: 'refused', align: 'right' },
                { title: t('board.otherwise'), dataIndex: 'otherwiseEnded', align: 'right' },
              ]}
            />
          </>
        )}
      </Loaded>
    </Sheet>
  );
};

export default function Board() {
  const { t } = useWords();
  const read = useRead(turnover, { query: { months: 12 } }, { every: 60_000 });
  return (
    <Page title={t('menu.board')} lead={t('board.lead')}>
      <Loaded of={read}>
        {(data) => (
          <>
            <div className="grid section" style={{ '--least': '210px' } as never}>
              <Figure label={t('board.signed')} value={money(data.totals.signed)} note={t('board.onExchange')} />
              <Figure label={t('board.settled')} value={money(data.totals.settled)} note={t('board.onExchange')} />
              <Figure label={t('board.filed')} value={money(data.totals.filed)} note={t('board.offExchange')} />
              <Figure
                label={t('board.orders')}
                value={count(data.totals.orders)}
                note={t('board.listings', { count: data.totals.listings })}
              />
            </div>
            <Sheet title={t('board.byMonth')}>
              <Months data={data} />
            </Sheet>
          </>
        )}
      </Loaded>
      <Registered />
    </Page>
  );
}
