import { overdue, overview } from '@shugu/wire/supervision';
import { Link } from '@tanstack/react-router';

import { useMemo } from 'react';
import { type Reply, useRead } from '../api.ts';
import { CaseQueue } from '../case/queue.tsx';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { Directives } from '../supervision/directives.tsx';
import { Trace } from '../supervision/trace.tsx';
import { Chart } from '../ui/chart.tsx';
import { Empty } from '../ui/empty.tsx';
import { countText, money } from '../ui/format.ts';
import { Facts, Figure, Loaded, Page, Sheet } from '../ui/frame.tsx';
import { PagedTable } from '../ui/table.tsx';
import { Tabs } from '../ui/tabs.tsx';

type Overview = Reply<typeof overview>;

const States = ({ label, list, items }: { label: string; list: string; items: { state: string; count: number }[] }) => {
  const { w } = useWords();
  const option = useMemo(
    () => ({
      grid: { left: 8, right: 40, top: 8, bottom: 8, containLabel: true },
      xAxis: { type: 'value', minInterval: 1, show: false },
      yAxis: {
        type: 'category',
        inverse: true,
        data: items.map((one) => w(list, one.state)),
        axisLine: { show: false },
        axisTick: { show: false },
      },
      series: [
        { type: 'bar', data: items.map((one) => one.count), label: { show: true, position: 'right' }, barMaxWidth: 18 },
      ],
    }),
    [items, list, w],
  );
  return (
    <Sheet title={label}>
      {items.length ? (
        <Chart
          option={option}
          label={`${label}：${items.map((one) => `${w(list, one.state)} ${one.count}`).join('，')}`}
          height={40 + items.length * 30}
        />
      ) : (
        <p className="quiet">—</p>
      )}
    </Sheet>
  );
};

const Cockpit = ({ data }: { data: Overview }) => {
  const { t, w } = useWords();
  const { reconciliation } = data;
  return (
    <>
      <div className="grid section" style={{ '--least': '180px' } as never}>
        <Figure label={t('board.signed')} value={money(data.turnover.signed)} note={t('board.onExchange')} />
        <Figure label={t('board.settled')} value={money(data.turnover.settled)} note={t('board.onExchange')} />
        <Figure label={t('board.filed')} value={money(data.turnover.filed)} note={t('board.offExchange')} />
        <Figure
          label={t('supervision.overdue')}
          value={<span className={data.overdueCases ? 'late' : undefined}>{data.overdueCases}</span>}
          note={t('supervision.complaints', { count: data.openComplaints })}
        />
        <Figure
          label={<Link to={paths.risks}>{t('menu.risks')}</Link>}
          value={<span className={data.openRisks ? 'late' : undefined}>{data.openRisks}</span>}
          note={t('riskState.open')}
        />
      </div>
      <div className="grid" style={{ '--least': 'min(100%, 360px)' } as never}>
        <States label={t('menu.ordersAll')} list="orderState" items={data.orders} />
        <States label={t('menu.listingsAll')} list="listingState" items={data.listings} />
        <Sheet title={t('menu.members')}>
          <Facts
            items={data.members.map((one) => [
              w('role', one.role),
              `${one.active}${one.suspended ? `（${t('supervision.suspended', { count: one.suspended })}）` : ''}`,
            ])}
          />
        </Sheet>
        <Sheet title={t('supervision.running')}>
          <Facts
            items={[
              [w('metric', 'calls'), countText(data.usage.calls)],
              [w('metric', 'rows'), countText(data.usage.rows)],
              [
                t('clearing.reconciliations'),
                reconciliation
                  ? `${reconciliation.day} · ${t('clearing.matched')} ${reconciliation.matched} · ${t('clearing.differences')} ${reconciliation.differences}`
                  : '—',
              ],
              [t('verify.log'), `${data.log.origin} · ${countText(data.log.size)}`],
            ]}
          />
        </Sheet>
      </div>
    </>
  );
};

const Overdue = () => {
  const { t, b } = useWords();
  return (
    <PagedTable
      endpoint={overdue}
      label={t('supervision.limits')}
      exportName="overdue"
      rowKey={(row) => row.case}
      empty={<Empty title={t('cases.overdueEmpty')} />}
      columns={[
        {
          key: 'title',
          title: t('case.title'),
          show: (row) => <Link to={paths.case(row.case)}>{row.title}</Link>,
          text: (row) => row.title,
          sort: (row) => row.title,
        },
        {
          key: 'procedure',
          title: t('case.procedure'),
          show: (row) => b(row.procedureTitle),
          text: (row) => b(row.procedureTitle),
        },
        { key: 'applicant', title: t('turn.applicant'), plain: (row) => row.applicant.name },
        { key: 'handler', title: t('turn.handler'), plain: (row) => row.handler.name },
        { key: 'due', title: t('case.due'), when: (row) => row.dueAt },
        {
          key: 'late',
          title: t('supervision.daysLate'),
          right: true,
          show: (row) => <span className="late">{row.workingDaysLate}</span>,
          text: (row) => row.workingDaysLate,
          sort: (row) => row.workingDaysLate,
        },
      ]}
    />
  );
};

export default function Supervision() {
  const { t } = useWords();
  const read = useRead(overview, {}, { every: 30_000 });
  return (
    <Page title={t('menu.supervision')} lead={t('supervision.lead')}>
      <Loaded of={read}>{(data) => <Cockpit data={data} />}</Loaded>
      <Tabs
        items={[
          { key: 'directives', label: t('directive.title'), children: <Directives /> },
          { key: 'overdue', label: t('supervision.limits'), children: <Overdue /> },
          { key: 'trace', label: t('supervision.trace'), children: <Trace /> },
          {
            key: 'all',
            label: t('cases.supervised'),
            children: <CaseQueue view="supervised" empty={<Empty title={t('cases.supervisedEmpty')} />} />,
          },
        ]}
      />
    </Page>
  );
}
