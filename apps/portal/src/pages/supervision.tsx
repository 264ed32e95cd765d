import { listContracts } from '@shugu/wire/agreements';
import { cases } from '@shugu/wire/cases';
import { listListings, listOrders, turnover } from '@shugu/wire/market';
import { Link } from '@tanstack/react-router';
import { Tabs } from 'antd';
import { useRead } from '../api.ts';
import { CaseQueue } from '../case/queue.tsx';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { Empty } from '../ui/empty.tsx';
import { money } from '../ui/format.ts';
import { Figure, Page, Sheet } from '../ui/frame.tsx';
import { StateTag } from '../ui/step.tsx';

/** Things that deserve a look: suspended goods, objections, forced ends. */
const Warnings = () => {
  const { t, w } = useWords();
  const suspended = useRead(listListings, { query: { state: 'suspended', limit: 20 } });
  const objected = useRead(listOrders, { query: { state: 'objected', limit: 20 } });
  const forced = useRead(listContracts, { query: { state: 'terminatedForced', limit: 20 } });
  const rows = [
    ...(suspended.data?.items ?? []).map((one) => ({
      key: one.id,
      to: paths.listing(one.id),
      title: one.productName,
      note: one.reason ?? '',
      list: 'listingState',
      state: one.state,
    })),
    ...(objected.data?.items ?? []).map((one) => ({
      key: one.id,
      to: paths.order(one.id),
      title: one.productName,
      note: one.acceptance?.note ?? '',
      list: 'orderState',
      state: one.state,
    })),
    ...(forced.data?.items ?? []).map((one) => ({
      key: one.id,
      to: paths.contract(one.id),
      title: one.productName,
      note: w('contractState', one.state),
      list: 'contractState',
      state: one.state,
    })),
  ];
  return (
    <Sheet title={t('supervision.warnings')}>
      {rows.length ? (
        <ul className="card-list">
          {rows.map((row) => (
            <li key={row.key} className="row between">
              <span>
                <Link to={row.to}>{row.title}</Link> <span className="quiet">{row.note}</span>
              </span>
              <StateTag list={row.list} state={row.state} />
            </li>
          ))}
        </ul>
      ) : (
        <p className="quiet">{t('supervision.noWarnings')}</p>
      )}
    </Sheet>
  );
};

export default function Supervision() {
  const { t } = useWords();
  const totals = useRead(turnover, { query: { months: 12 } }).data?.totals;
  const overdue = useRead(cases.queue, { query: { view: 'overdue', limit: 50 } });
  const late = overdue.data?.items.length ?? 0;
  return (
    <Page title={t('menu.supervision')} lead={t('supervision.lead')}>
      <div className="grid section" style={{ '--least': '180px' } as never}>
        <Figure label={t('board.signed')} value={money(totals?.signed)} note={t('board.onExchange')} />
        <Figure label={t('board.settled')} value={money(totals?.settled)} note={t('board.onExchange')} />
        <Figure label={t('board.filed')} value={money(totals?.filed)} note={t('board.offExchange')} />
        <Figure
          label={t('supervision.overdue')}
          value={
            <span className={late ? 'late' : undefined}>
              {late}
              {overdue.data?.next ? '+' : ''}
            </span>
          }
        />
      </div>
      <Warnings />
      <Sheet title={t('supervision.trace')}>
        <p className="quiet">{t('supervision.traceText')}</p>
        <div className="row">
          <Link to={paths.orders}>{t('menu.ordersAll')}</Link>
          <Link to={paths.contracts}>{t('menu.contractsAll')}</Link>
          <Link to={paths.listings}>{t('menu.listingsAll')}</Link>
          <Link to={paths.publicNotices}>{t('menu.publicNotices')}</Link>
          <Link to={paths.board}>{t('menu.board')}</Link>
        </div>
      </Sheet>
      <Tabs
        destroyOnHidden
        items={[
          {
            key: 'overdue',
            label: t('supervision.limits'),
            children: <CaseQueue view="overdue" empty={<Empty title={t('cases.overdueEmpty')} />} />,
          },
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
