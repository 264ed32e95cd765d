/** What a side may do with a statement: agree on the bill, invoice, pay, file and answer proofs. */
import { answerBill, answerProof, fileProof, payBill, type readStatement, recordInvoice } from '@shugu/wire/settlement';
import { Button, Upload } from 'antd';
import type { Reply } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { may, useMe } from '../session.ts';
import { Action } from '../ui/action.tsx';
import { asBase64, field, type WidgetProps } from '../ui/fields.tsx';
import { MoneyInput } from './money-field.tsx';

export type Statement = Reply<typeof readStatement>;

const amount = field('amountFen', 'text', ['金额（元）', 'Amount (CNY)'], { required: true, widget: MoneyInput });
const reason = field('reason', 'longText', ['说明', 'Reason'], { charactersMax: 1000 });

const invoiceFields = [
  field('number', 'text', ['数电票号码', 'Invoice number'], { required: true }),
  field('day', 'date', ['开票日期', 'Day'], { required: true }),
];

const ProofFile = ({ value, onChange }: WidgetProps) => {
  const { t } = useWords();
  const take = async (file: File) =>
    onChange?.({ name: file.name, mediaType: file.type || 'application/octet-stream', content: await asBase64(file) });
  return (
    <>
      <Upload
        showUploadList={false}
        beforeUpload={(file) => {
          void take(file);
          return false;
        }}
      >
        <Button>{t('join.pickLetter')}</Button>
      </Upload>{' '}
      {(value as { name?: string } | undefined)?.name}
    </>
  );
};

export const StatementMoves = ({ one }: { one: Statement }) => {
  const { t } = useWords();
  const me = useMe();
  const buyer = me?.organisation.id === one.buyer.id;
  const supplier = me?.organisation.id === one.supplier.id;
  const params = { id: one.id };
  const send = (values: Record<string, never>) => ({ params, body: values as never });
  const filed = one.proofs.find((proof) => proof.state === 'filed');
  const bill = one.way === 'postpaid';
  // The exchange invoices its fee to the supplier; a refund of an invoiced price needs the red invoice.
  const issuer = supplier || may(me, 'settlement.desk.propose');
  const blue = one.invoices.find((each) => !each.redOf && each.issuer.id === me?.organisation.id);
  return (
    <>
      {(buyer || supplier) && bill ? (
        <Action
          endpoint={answerBill}
          label={t('statement.answer')}
          primary={['buyer', 'supplier', 'both'].includes(one.next.who)}
          blocked={['issued', 'differing'].includes(one.state) ? null : t('app.notNow')}
          fields={[amount, reason]}
          initial={{ amountFen: one.total ?? undefined }}
          explain={<p>{t('statement.answerExplain')}</p>}
          input={send}
        />
      ) : null}
      {issuer && !blue ? (
        <Action
          endpoint={recordInvoice}
          label={supplier ? t('statement.invoice') : t('statement.invoiceFee')}
          fields={invoiceFields}
          input={send}
        />
      ) : null}
      {blue ? (
        <Action
          endpoint={recordInvoice}
          label={t('statement.invoiceRed')}
          fields={[...invoiceFields, amount]}
          explain={<p>{t('statement.invoiceRedExplain', { number: blue.number })}</p>}
          input={(values) => ({ params, body: { ...(values as object), redOf: blue.id } as never })}
        />
      ) : null}
      {buyer && bill ? (
        <Action
          endpoint={payBill}
          label={t('statement.pay')}
          primary
          blocked={['invoiced', 'paying'].includes(one.state) ? null : t('statement.invoiceFirst')}
          fields={[amount]}
          initial={{ amountFen: one.total ?? undefined }}
          input={send}
        />
      ) : null}
      {buyer && one.way === 'direct' ? (
        <Action
          endpoint={fileProof}
          label={t('statement.proof')}
          blocked={one.state === 'issued' ? null : t('app.notNow')}
          fields={[
            amount,
            field('paidOn', 'date', ['付款日期', 'Paid on'], { required: true }),
            field('file', 'text', ['付款凭证', 'Proof'], { required: true, widget: ProofFile }),
          ]}
          initial={{ amountFen: one.total ?? undefined }}
          input={send}
        />
      ) : null}
      {supplier && filed ? (
        <>
          <Action
            endpoint={answerProof}
            label={t('statement.received')}
            primary
            explain={<p>{t('statement.receivedExplain')}</p>}
            input={() => ({ params: { id: filed.id }, body: { received: true } })}
          />
          <Action
            endpoint={answerProof}
            label={t('statement.notReceived')}
            danger
            fields={[{ ...reason, required: true }]}
            input={(values) => ({ params: { id: filed.id }, body: { received: false, ...values } as never })}
          />
        </>
      ) : null}
    </>
  );
};
