import { readJournal, readOverview } from '@shugu/wire/settlement';
import { Alert } from 'antd';
import { useRead } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { Differences, Instructions, Reconciliations } from '../settlement/desk-bank.tsx';
import { Payouts, Refunds } from '../settlement/desk-payouts.tsx';
import { FeeTable } from '../settlement/fees.tsx';
import { money } from '../ui/format.ts';
import { Figure, Loaded, Page } from '../ui/frame.tsx';
import { Tabs } from '../ui/tabs.tsx';
import { StatementTable } from './statements.tsx';

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
                label={t('fee.owed')}
                value={money(one.feesOwed)}
                note={
                  <span className={one.counts.feesOverdue ? 'late' : undefined}>
                    {t('clearing.feesOverdue', { count: one.counts.feesOverdue })}
                  </span>
                }
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
          { key: 'fees', label: t('fee.title'), children: <FeeTable /> },
          { key: 'refunds', label: t('account.refunds'), children: <Refunds /> },
          { key: 'instructions', label: t('clearing.instructions'), children: <Instructions /> },
          { key: 'reconciliations', label: t('clearing.reconciliations'), children: <Reconciliations /> },
          { key: 'differences', label: t('clearing.differences'), children: <Differences /> },
        ]}
      />
    </Page>
  );
}
