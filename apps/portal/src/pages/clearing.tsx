import {
  approveDifference,
  approvePayout,
  approveRefund,
  checkPayout,
  listDifferences,
  listInstructions,
  listPayouts,
  listReconciliations,
  listRefunds,
  proposeDifference,
  proposeRefund,
  readJournal,
  readOverview,
  refusePayout,
  refuseRefund,
  retryInstruction,
  runReconciliation,
} from '@shugu/wire/settlement';
import { Alert, Tag } from 'antd';
import { useRead } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { MoneyInput } from '../settlement/money-field.tsx';
import { Action } from '../ui/action.tsx';
import { Empty } from '../ui/empty.tsx';
import { field } from '../ui/fields.tsx';
import { count, money } from '../ui/format.ts';
import { Figure, Loaded, Page } from '../ui/frame.tsx';
import { When } from '../ui/now.tsx';
import { StateTag } from '../ui/step.tsx';
import { PagedTable } from '../ui/table.tsx';
import { Tabs } from '../ui/tabs.tsx';
import { StatementTable } from './statements.tsx';

const reason = [field('reason', 'longText', ['理由', 'Reason'], { required: true })];

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
        {
          key: 'member',
          title: t('directory.name'),
          show: (row) => row.member.name,
          text: (row) => row.member.name,
          sort: (row) => row.member.name,
        },
        {
          key: 'amount',
          title: t('account.amount'),
          right: true,
          show: (row) => money(row.amount),
          text: (row) => row.amount,
          sort: (row) => BigInt(row.amount),
        },
        {
          key: 'to',
          title: t('account.to'),
          show: (row) => `${row.bankName} ${row.accountMasked}`,
          text: (row) => row.accountMasked,
        },
        {
          key: 'state',
          title: t('case.state'),
          show: (row) => (
            <>
              <StateTag list="payoutState" state={row.state} />
              {row.twoPeople ? <Tag>{t('account.twoPeople')}</Tag> : null}
            </>
          ),
          text: (row) => row.state,
        },
        {
          key: 'at',
          title: t('app.createdAt'),
          show: (row) => <When at={row.createdAt} />,
          text: (row) => row.createdAt,
        },
        {
          key: 'act',
          title: t('jobs.act'),
          show: (row) => (
            <span className="row">
              <Action
                endpoint={checkPayout}
                label={t('clearing.check')}
                small
                blocked={row.state === 'requested' ? null : t('app.notNow')}
                input={() => ({ params: { id: row.id }, body: {} })}
              />
              <Action
                endpoint={approvePayout}
                label={t('clearing.approve')}
                small
                explain={
                  <p>
                    {money(row.amount)} → {row.member.name}
                  </p>
                }
                blocked={row.state === 'checked' ? null : t('app.notNow')}
                input={() => ({ params: { id: row.id }, body: {} })}
              />
              <Action
                endpoint={refusePayout}
                label={t('clearing.refuse')}
                small
                danger
                fields={reason}
                blocked={['requested', 'checked'].includes(row.state) ? null : t('app.notNow')}
                input={(values) => ({ params: { id: row.id }, body: values as never })}
              />
            </span>
          ),
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
      tools={
        <Action
          endpoint={proposeRefund}
          label={t('clearing.refund')}
          fields={[
            field('statement', 'text', ['结算单编号（stm_…）', 'Statement (stm_…)'], { required: true }),
            field('amountFen', 'text', ['金额（元）', 'Amount (CNY)'], { required: true, widget: MoneyInput }),
            ...reason,
          ]}
          input={(values) => ({ body: values as never })}
        />
      }
      columns={[
        { key: 'buyer', title: t('who.buyer'), show: (row) => row.buyer.name },
        { key: 'amount', title: t('account.amount'), right: true, show: (row) => money(row.amount) },
        { key: 'reason', title: t('jobs.note'), show: (row) => row.reason },
        { key: 'state', title: t('case.state'), show: (row) => <StateTag list="refundState" state={row.state} /> },
        {
          key: 'act',
          title: t('jobs.act'),
          show: (row) => (
            <span className="row">
              <Action
                endpoint={approveRefund}
                label={t('clearing.approve')}
                small
                blocked={row.state === 'proposed' ? null : t('app.notNow')}
                input={() => ({ params: { id: row.id }, body: {} })}
              />
              <Action
                endpoint={refuseRefund}
                label={t('clearing.refuse')}
                small
                danger
                blocked={row.state === 'proposed' ? null : t('app.notNow')}
                input={() => ({ params: { id: row.id }, body: {} })}
              />
            </span>
          ),
        },
      ]}
    />
  );
};

const Instructions = () => {
  const { t, w } = useWords();
  return (
    <PagedTable
      endpoint={listInstructions}
      label={t('clearing.instructions')}
      exportName="instructions"
      every={10_000}
      rowKey={(row) => row.id}
      empty={<Empty title={t('clearing.noInstructions')} />}
      columns={[
        {
          key: 'kind',
          title: t('papers.kind'),
          show: (row) => w('instructionKind', row.kind),
          text: (row) => row.kind,
          sort: (row) => row.kind,
        },
        { key: 'member', title: t('directory.name'), show: (row) => row.member.name, text: (row) => row.member.name },
        {
          key: 'amount',
          title: t('account.amount'),
          right: true,
          show: (row) => money(row.amount),
          text: (row) => row.amount,
          sort: (row) => BigInt(row.amount),
        },
        {
          key: 'state',
          title: t('case.state'),
          show: (row) => <StateTag list="instructionState" state={row.state} />,
          text: (row) => row.state,
          sort: (row) => row.state,
        },
        {
          key: 'serial',
          title: t('account.bankReference'),
          show: (row) => <span className="mono small">{row.bankSerial ?? '—'}</span>,
          text: (row) => row.bankSerial,
        },
        {
          key: 'fault',
          title: t('jobs.note'),
          show: (row) => row.reason ?? row.lastError ?? '—',
          text: (row) => row.reason,
        },
        {
          key: 'at',
          title: t('app.createdAt'),
          show: (row) => <When at={row.createdAt} />,
          text: (row) => row.createdAt,
          sort: (row) => row.createdAt,
        },
        {
          key: 'act',
          title: t('jobs.act'),
          show: (row) => (
            <Action
              endpoint={retryInstruction}
              label={t('do.again')}
              small
              blocked={row.state === 'refused' ? null : t('app.notNow')}
              input={() => ({ params: { id: row.id }, body: {} })}
            />
          ),
        },
      ]}
    />
  );
};

const Reconciliations = () => {
  const { t } = useWords();
  return (
    <PagedTable
      endpoint={listReconciliations}
      label={t('clearing.reconciliations')}
      exportName="reconciliations"
      rowKey={(row) => row.id}
      empty={<Empty title={t('clearing.noReconciliations')}>{t('clearing.noReconciliationsText')}</Empty>}
      tools={
        <Action
          endpoint={runReconciliation}
          label={t('clearing.reconcile')}
          fields={[field('day', 'date', ['营业日', 'Business day'], { required: true })]}
          input={(values) => ({ body: values as never })}
        />
      }
      columns={[
        {
          key: 'day',
          title: t('clearing.day'),
          show: (row) => row.day,
          text: (row) => row.day,
          sort: (row) => row.day,
        },
        {
          key: 'closed',
          title: t('case.state'),
          show: (row) => (
            <Tag color={row.open ? 'error' : row.closed ? 'success' : undefined}>
              {row.open ? t('clearing.differs') : row.closed ? t('clearing.even') : t('clearing.notClosed')}
            </Tag>
          ),
        },
        {
          key: 'matched',
          title: t('clearing.matched'),
          right: true,
          show: (row) => count(row.matched),
          text: (row) => row.matched,
        },
        {
          key: 'ours',
          title: t('clearing.ours'),
          right: true,
          show: (row) => money(row.ours),
          text: (row) => row.ours,
        },
        {
          key: 'theirs',
          title: t('clearing.theirs'),
          right: true,
          show: (row) => money(row.theirs),
          text: (row) => row.theirs,
        },
        {
          key: 'differences',
          title: t('clearing.differences'),
          right: true,
          show: (row) => <span className={row.open ? 'late' : undefined}>{row.differences}</span>,
          text: (row) => row.differences,
        },
        { key: 'ran', title: t('clearing.ranAt'), show: (row) => <When at={row.ranAt} />, text: (row) => row.ranAt },
      ]}
    />
  );
};

const Differences = () => {
  const { t, w } = useWords();
  return (
    <PagedTable
      endpoint={listDifferences}
      label={t('clearing.differences')}
      rowKey={(row) => row.id}
      empty={<Empty title={t('clearing.noDifferences')}>{t('clearing.noDifferencesText')}</Empty>}
      columns={[
        { key: 'member', title: t('directory.name'), show: (row) => row.member.name },
        { key: 'kind', title: t('papers.kind'), show: (row) => w('differenceKind', row.kind) },
        { key: 'ours', title: t('clearing.ours'), right: true, show: (row) => money(row.ours) },
        { key: 'theirs', title: t('clearing.theirs'), right: true, show: (row) => money(row.theirs) },
        { key: 'state', title: t('case.state'), show: (row) => <StateTag list="differenceState" state={row.state} /> },
        { key: 'why', title: t('jobs.note'), show: (row) => row.explanation ?? '—' },
        {
          key: 'act',
          title: t('jobs.act'),
          show: (row) => (
            <span className="row">
              <Action
                endpoint={proposeDifference}
                label={t('clearing.propose')}
                small
                blocked={row.state === 'open' ? null : t('app.notNow')}
                fields={[
                  field('resolution', 'choice', ['处理方式', 'Resolution'], {
                    required: true,
                    choices: [
                      ['toMember', '记入会员', 'To the member'],
                      ['offset', '冲销', 'Offset'],
                      ['noMoney', '不涉及资金', 'No money moves'],
                    ],
                  }),
                  field('explanation', 'longText', ['说明', 'Explanation'], { required: true }),
                ]}
                input={(values) => ({ params: { id: row.id }, body: values as never })}
              />
              <Action
                endpoint={approveDifference}
                label={t('clearing.approve')}
                small
                blocked={row.state === 'proposed' ? null : t('app.notNow')}
                input={() => ({ params: { id: row.id }, body: {} })}
              />
            </span>
          ),
        },
      ]}
    />
  );
};

export default function Clearing() {
  const { t, b } = useWords();
  const read = useRead(readOverview, {}, { every: 15_000 });
  return (
    <Page
      title={t('menu.clearing')}
      lead={t('clearing.lead')}
      actions={<a href={readJournal.path}>{t('account.journal')}</a>}
    >
      <Loaded of={read}>
        {(one) => (
          <>
            {one.simulator ? <Alert type="warning" showIcon title={b(one.label)} style={{ marginBottom: 16 }} /> : null}
            {one.payoutsStopped ? (
              <Alert type="error" showIcon title={t('account.payoutsStopped')} style={{ marginBottom: 16 }} />
            ) : null}
            <div className="grid section" style={{ '--least': '180px' } as never}>
              <Figure
                label={t('account.custody')}
                value={money(one.funds.custody)}
                note={t('clearing.accounts', { count: one.counts.accounts })}
              />
              <Figure
                label={t('account.held')}
                value={money(one.funds.held)}
                note={t('clearing.waiting', { count: one.counts.holdsWaiting })}
              />
              <Figure label={t('account.due')} value={money(one.funds.due)} />
              <Figure
                label={t('board.settled')}
                value={money(one.settled)}
                note={t('clearing.fee', { amount: money(one.feeIncome) })}
              />
              <Figure
                label={t('clearing.openWork')}
                value={one.counts.payoutsOpen + one.counts.refundsOpen + one.counts.statementsOpen}
                note={t('clearing.lastDay', { day: one.lastReconciledDay ?? '—' })}
              />
              <Figure
                label={t('clearing.differences')}
                value={
                  <span className={one.counts.differencesOpen ? 'late' : undefined}>{one.counts.differencesOpen}</span>
                }
                note={t('clearing.refused', { count: one.counts.instructionsRefused })}
              />
            </div>
          </>
        )}
      </Loaded>
      <Tabs
        items={[
          { key: 'payouts', label: t('account.payouts'), children: <Payouts /> },
          { key: 'statements', label: t('menu.statements'), children: <StatementTable /> },
          { key: 'refunds', label: t('account.refunds'), children: <Refunds /> },
          { key: 'instructions', label: t('clearing.instructions'), children: <Instructions /> },
          { key: 'reconciliations', label: t('clearing.reconciliations'), children: <Reconciliations /> },
          { key: 'differences', label: t('clearing.differences'), children: <Differences /> },
        ]}
      />
    </Page>
  );
}
