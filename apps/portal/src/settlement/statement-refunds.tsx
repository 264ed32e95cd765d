/** Refunds of a statement; where the parties settle themselves, what each side may do with them. */
import { agreeRefund, askRefund, declineRefund, receiveRefund, repayRefund } from '@shugu/wire/settlement';
import { useWords } from '../i18n/index.ts';
import { useMe } from '../session.ts';
import { Action } from '../ui/action.tsx';
import { field } from '../ui/fields.tsx';
import { money } from '../ui/format.ts';
import { StateTag } from '../ui/step.tsx';
import { MoneyInput } from './money-field.tsx';
import type { Statement } from './statement-moves.tsx';

const reason = field('reason', 'longText', ['理由', 'Reason'], { required: true, charactersMax: 1000 });

const Receiving = ({ refund }: { refund: Statement['refunds'][number] }) => {
  const { t } = useWords();
  const params = { id: refund.id };
  return (
    <>
      <Action
        endpoint={receiveRefund}
        label={t('refund.receive')}
        primary
        explain={<p>{t('refund.receiveExplain')}</p>}
        input={() => ({ params, body: { received: true } })}
      />
      {refund.repaidOn ? (
        <Action
          endpoint={receiveRefund}
          label={t('refund.notArrived')}
          danger
          fields={[reason]}
          explain={<p>{t('refund.notArrivedExplain')}</p>}
          input={(values) => ({ params, body: { received: false, ...values } as never })}
        />
      ) : null}
    </>
  );
};

const Repaying = ({ refund }: { refund: Statement['refunds'][number] }) => {
  const { t } = useWords();
  return (
    <Action
      endpoint={repayRefund}
      label={t('refund.repay')}
      primary
      fields={[field('paidOn', 'date', ['退还日期', 'Paid back on'], { required: true })]}
      explain={<p>{t('refund.repayExplain', { amount: money(refund.amount) })}</p>}
      input={(values) => ({ params: { id: refund.id }, body: values as never })}
    />
  );
};

const Moves = ({ refund, side }: { refund: Statement['refunds'][number]; side: 'buyer' | 'supplier' }) => {
  const { t } = useWords();
  const params = { id: refund.id };
  if (refund.state === 'approved')
    return side === 'buyer' ? <Receiving refund={refund} /> : refund.repaidOn ? null : <Repaying refund={refund} />;
  if (refund.state !== 'proposed' || refund.askedBy === 'operator') return null;
  const asked = refund.askedBy === side;
  return (
    <>
      {asked ? null : (
        <Action
          endpoint={agreeRefund}
          label={t('refund.agree')}
          primary
          explain={<p>{t('refund.agreeExplain', { amount: money(refund.amount) })}</p>}
          input={() => ({ params, body: {} })}
        />
      )}
      <Action
        endpoint={declineRefund}
        label={asked ? t('refund.takeBack') : t('refund.decline')}
        danger
        fields={[reason]}
        input={(values) => ({ params, body: values as never })}
      />
    </>
  );
};

export const StatementRefunds = ({ one }: { one: Statement }) => {
  const { t, b } = useWords();
  const me = useMe();
  const side =
    me?.organisation.id === one.buyer.id ? 'buyer' : me?.organisation.id === one.supplier.id ? 'supplier' : null;
  const direct = one.way === 'direct';
  return (
    <>
      {one.refunds.map((refund) => (
        <div key={refund.id} className="section">
          <div className="row between">
            <b>{money(refund.amount)}</b>
            <StateTag list={direct ? 'directRefundState' : 'refundState'} state={refund.state} />
          </div>
          <div className="small">
            {t(`refund.by.${refund.askedBy}`)} · {refund.reason}
          </div>
          {refund.fee && refund.fee !== '0' ? (
            <div className="small">{t('refund.fee', { amount: money(refund.fee) })}</div>
          ) : null}
          {refund.answer ? <div className="small">{t('refund.answer', { text: refund.answer })}</div> : null}
          {refund.next.who === 'nobody' ? null : <div className="quiet">{b(refund.next)}</div>}
          {side && direct ? (
            <div className="row">
              <Moves refund={refund} side={side} />
            </div>
          ) : null}
        </div>
      ))}
      {one.refunds.length ? null : <p className="quiet">{t('account.noRefunds')}</p>}
      {side && direct ? (
        <Action
          endpoint={askRefund}
          label={side === 'buyer' ? t('refund.ask') : t('refund.offer')}
          blocked={one.state === 'settled' ? null : t('refund.settledFirst')}
          fields={[
            field('amountFen', 'text', ['金额（元）', 'Amount (CNY)'], { required: true, widget: MoneyInput }),
            reason,
          ]}
          explain={<p>{t('refund.askExplain')}</p>}
          input={(values) => ({ params: { id: one.id }, body: values as never })}
        />
      ) : null}
    </>
  );
};
