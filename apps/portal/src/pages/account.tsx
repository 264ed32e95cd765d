import {
  listEntries,
  listHolds,
  listPayouts,
  listRefunds,
  openAccount,
  readAccount,
  readOwnJournal,
  requestPayout,
  simulateDeposit,
} from '@shugu/wire/settlement';
import { Link } from '@tanstack/react-router';
import { Alert } from 'antd';
import { useRead } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { FeeTable } from '../settlement/fees.tsx';
import { MoneyInput } from '../settlement/money-field.tsx';
import { Action } from '../ui/action.tsx';
import { Empty } from '../ui/empty.tsx';
import { field } from '../ui/fields.tsx';
import { money, shortId } from '../ui/format.ts';
import { Figure, Loaded, Page } from '../ui/frame.tsx';
import { PagedTable } from '../ui/table.tsx';
import { Tabs } from '../ui/tabs.tsx';

const amount = [field('amountFen', 'text', ['金额（元）', 'Amount (CNY)'], { required: true, widget: MoneyInput })];

const Entries = () => {
  const { t, b, w } = useWords();
  // A signed figure would read as a loss where money came in: what is owed to a member stands on the credit side.
  const side = (fen: string) => t(fen.startsWith('-') ? 'account.credit' : 'account.debit');
  const amountOf = (fen: string) => money(fen.replace(/^-/, ''));
  return (
    <PagedTable
      endpoint={listEntries}
      label={t('account.entries')}
      exportName="entries"
      rowKey={(row) => row.id}
      empty={<Empty title={t('account.noEntries')}>{t('account.noEntriesText')}</Empty>}
      columns={[
        { key: 'at', title: t('receipt.at'), when: (row) => row.at },
        {
          key: 'kind',
          title: t('papers.kind'),
          show: (row) => <span title={row.memo}>{w('entryKind', row.kind)}</span>,
          text: (row) => w('entryKind', row.kind),
          sort: (row) => row.kind,
        },
        {
          key: 'postings',
          title: t('account.postings'),
          show: (row) =>
            row.postings.map((posting) => (
              <div key={posting.account + posting.fen} className="small">
                {side(posting.fen)} {b(posting.title)} <span className="number">{amountOf(posting.fen)}</span>
              </div>
            )),
          text: (row) => row.postings.map(({ fen, title }) => `${side(fen)} ${b(title)} ${amountOf(fen)}`).join('; '),
        },
        {
          key: 'order',
          title: t('menu.orders'),
          show: (row) => (row.order ? <Link to={paths.order(row.order)}>{t('do.open')}</Link> : '—'),
          text: (row) => row.order,
        },
        {
          key: 'bank',
          title: t('account.bankReference'),
          show: (row) => (
            <span className="mono small" title={row.bankReference ?? undefined}>
              {row.bankReference ? shortId(row.bankReference) : '—'}
            </span>
          ),
          text: (row) => row.bankReference,
        },
      ]}
    />
  );
};

const Holds = () => {
  const { t, w } = useWords();
  return (
    <PagedTable
      endpoint={listHolds}
      label={t('account.holds')}
      rowKey={(row) => row.id}
      empty={<Empty title={t('account.noHolds')} />}
      columns={[
        {
          key: 'for',
          title: t('account.holdFor'),
          show: (row) =>
            row.heldFor.startsWith('ord_') ? (
              <Link to={paths.order(row.heldFor)}>{w('holdPurpose', row.purpose)}</Link>
            ) : (
              w('holdPurpose', row.purpose)
            ),
        },
        { key: 'member', title: t('directory.name'), show: (row) => row.member.name },
        { key: 'fen', title: t('account.amount'), money: (row) => row.fen },
        { key: 'state', title: t('case.state'), words: 'holdState', state: (row) => row.state },
        { key: 'placed', title: t('account.placedAt'), when: (row) => row.placedAt },
      ]}
    />
  );
};

const Payouts = () => {
  const { t } = useWords();
  return (
    <PagedTable
      endpoint={listPayouts}
      label={t('account.payouts')}
      exportName="payouts"
      rowKey={(row) => row.id}
      empty={<Empty title={t('account.noPayouts')} />}
      columns={[
        { key: 'at', title: t('app.createdAt'), when: (row) => row.createdAt },
        { key: 'amount', title: t('account.amount'), money: (row) => row.amount },
        {
          key: 'to',
          title: t('account.to'),
          show: (row) => `${row.bankName} ${row.accountMasked}`,
          text: (row) => row.accountMasked,
        },
        { key: 'state', title: t('case.state'), words: 'payoutState', state: (row) => row.state },
        {
          key: 'reason',
          title: t('jobs.note'),
          show: (row) => row.reason ?? (row.twoPeople ? t('account.twoPeople') : '—'),
        },
      ]}
    />
  );
};

const Refunds = () => {
  const { t } = useWords();
  return (
    <PagedTable
      endpoint={listRefunds}
      label={t('account.refunds')}
      rowKey={(row) => row.id}
      empty={<Empty title={t('account.noRefunds')} />}
      columns={[
        { key: 'at', title: t('app.createdAt'), when: (row) => row.createdAt },
        { key: 'amount', title: t('account.amount'), money: (row) => row.amount },
        { key: 'reason', title: t('jobs.note'), show: (row) => row.reason },
        { key: 'state', title: t('case.state'), words: 'refundState', state: (row) => row.state },
      ]}
    />
  );
};

export default function Account() {
  const { t, b } = useWords();
  const read = useRead(readAccount, {}, { every: 8_000 });
  return (
    <Page title={t('menu.account')} lead={t('account.lead')}>
      <Loaded of={read}>
        {(one) => (
          <>
            {one.simulator ? <Alert type="warning" showIcon title={b(one.label)} style={{ marginBottom: 16 }} /> : null}
            {one.payoutsStopped ? (
              <Alert type="error" showIcon title={t('account.payoutsStopped')} style={{ marginBottom: 16 }} />
            ) : null}
            {one.state === 'open' ? (
              <>
                <div className="grid" style={{ '--least': '180px', marginBottom: 16 } as never}>
                  <Figure
                    label={t('account.available')}
                    value={money(one.funds.available)}
                    note={t('account.promised', { amount: money(one.funds.promised) })}
                  />
                  <Figure label={t('account.held')} value={money(one.funds.held)} />
                  <Figure label={t('account.due')} value={money(one.funds.due)} />
                  <Figure
                    label={t('account.custody')}
                    value={money(one.funds.custody)}
                    note={<span className="mono">{one.bankAccount}</span>}
                  />
                </div>
                <div className="row section">
                  <Action
                    endpoint={requestPayout}
                    label={t('account.payout')}
                    primary
                    fields={amount}
                    explain={<p>{t('account.payoutExplain')}</p>}
                    blocked={one.payoutsStopped ? t('account.payoutsStopped') : null}
                    input={(values) => ({ body: values as never })}
                  />
                  {one.simulator ? (
                    <Action
                      endpoint={simulateDeposit}
                      label={t('account.simulate')}
                      fields={amount}
                      input={(values) => ({ body: values as never })}
                    />
                  ) : null}
                  <a href={readOwnJournal.path}>{t('account.journal')}</a>
                </div>
                <Tabs
                  items={[
                    { key: 'entries', label: t('account.entries'), children: <Entries /> },
                    { key: 'holds', label: t('account.holds'), children: <Holds /> },
                    { key: 'payouts', label: t('account.payouts'), children: <Payouts /> },
                    { key: 'fees', label: t('fee.title'), children: <FeeTable /> },
                    { key: 'refunds', label: t('account.refunds'), children: <Refunds /> },
                  ]}
                />
              </>
            ) : (
              <Empty
                title={one.state === 'opening' ? t('account.opening') : t('account.none')}
                action={
                  <Action
                    endpoint={openAccount}
                    label={t('account.open')}
                    primary
                    blocked={one.state === 'opening' ? t('account.opening') : null}
                    input={() => ({ body: {} })}
                  />
                }
              >
                {t('account.noneText')}
              </Empty>
            )}
          </>
        )}
      </Loaded>
    </Page>
  );
}
