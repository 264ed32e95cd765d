/** Payouts and refunds as the desk handles them: one looks, another approves. */
import {
  approvePayout,
  approveRefund,
  checkPayout,
  listPayouts,
  listRefunds,
  proposeRefund,
  refusePayout,
  refuseRefund,
} from '@shugu/wire/settlement';
import { Tag } from 'antd';
import { useWords } from '../i18n/index.ts';
import { Action } from '../ui/action.tsx';
import { Empty } from '../ui/empty.tsx';
import { field } from '../ui/fields.tsx';
import { money } from '../ui/format.ts';
import { StateTag } from '../ui/step.tsx';
import { PagedTable } from '../ui/table.tsx';
import { MoneyInput } from './money-field.tsx';

const reason = [field('reason', 'longText', ['理由', 'Reason'], { required: true })];

export const Payouts = () => {
  const { t } = useWords();
  return (
    <PagedTable
      endpoint={listPayouts}
      label={t('account.payouts')}
      exportName="payouts"
      rowKey={(row) => row.id}
      empty={<Empty title={t('account.noPayouts')} />}
      columns={[
        { key: 'member', title: t('directory.name'), plain: (row) => row.member.name },
        { key: 'amount', title: t('account.amount'), money: (row) => row.amount },
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
        { key: 'at', title: t('app.createdAt'), when: (row) => row.createdAt },
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

export const Refunds = () => {
  const { t, b } = useWords();
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
        { key: 'amount', title: t('account.amount'), money: (row) => row.amount },
        { key: 'reason', title: t('jobs.note'), show: (row) => row.reason },
        {
          key: 'state',
          title: t('case.state'),
          show: (row) => (
            <>
              <StateTag list={row.way === 'direct' ? 'directRefundState' : 'refundState'} state={row.state} />
              {row.next.who === 'nobody' ? null : <div className="quiet small">{b(row.next)}</div>}
            </>
          ),
        },
        {
          key: 'act',
          title: t('jobs.act'),
          show: (row) => (
            <span className="row">
              <Action
                endpoint={approveRefund}
                label={t('clearing.approve')}
                small
                blocked={row.state === 'proposed' && row.askedBy === 'operator' ? null : t('app.notNow')}
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
