/** The service fee of what the parties settle themselves: what the supplier owes, and its payment out of the sub-account. */
import { type fee, feeStates, listFees, payFee } from '@shugu/wire/settlement';
import { Link } from '@tanstack/react-router';
import { Tag } from 'antd';
import { useState } from 'react';
import type { z } from 'zod';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { useMe } from '../session.ts';
import { Action } from '../ui/action.tsx';
import { Empty } from '../ui/empty.tsx';
import { field } from '../ui/fields.tsx';
import { StateFilter } from '../ui/filter.tsx';
import { money } from '../ui/format.ts';
import { Facts } from '../ui/frame.tsx';
import { StateTag } from '../ui/step.tsx';
import { PagedTable } from '../ui/table.tsx';
import { MoneyInput } from './money-field.tsx';

export type Fee = z.output<typeof fee>;

const FeeState = ({ one }: { one: Fee }) => {
  const { t } = useWords();
  return (
    <>
      <StateTag list="feeState" state={one.state} />
      {one.overdue ? <Tag color="error">{t('fee.overdue')}</Tag> : null}
    </>
  );
};

const PayFee = ({ one, small }: { one: Fee; small?: boolean }) => {
  const { t } = useWords();
  const me = useMe();
  if (me?.organisation.id !== one.member.id) return null;
  return (
    <Action
      endpoint={payFee}
      label={t('fee.pay')}
      primary={!small}
      small={small}
      blocked={one.state === 'owed' ? null : t('app.notNow')}
      fields={[field('amountFen', 'text', ['金额（元）', 'Amount (CNY)'], { required: true, widget: MoneyInput })]}
      initial={{ amountFen: one.owed }}
      explain={<p>{t('fee.payExplain')}</p>}
      input={(values) => ({ params: { id: one.statement }, body: values as never })}
    />
  );
};

export const FeeFacts = ({ one }: { one: Fee }) => {
  const { t } = useWords();
  return (
    <>
      <Facts
        items={[
          [t('case.state'), <FeeState key="s" one={one} />],
          [t('fee.member'), one.member.name],
          [t('fee.charged'), money(one.charged)],
          one.reversed !== '0' && [t('fee.reversed'), money(one.reversed)],
          one.paid !== '0' && [t('fee.paid'), money(one.paid)],
          one.returned !== '0' && [t('fee.returned'), money(one.returned)],
          one.returnable !== '0' && [t('fee.returnable'), money(one.returnable)],
          [t('fee.owed'), <b key="o">{money(one.owed)}</b>],
          [t('fee.dueOn'), one.dueOn],
        ]}
      />
      <div style={{ marginTop: 8 }}>
        <PayFee one={one} />
      </div>
    </>
  );
};

export const FeeTable = () => {
  const { t, w } = useWords();
  const [shown, setShown] = useState<Fee['state'] | 'overdue'>();
  const query = shown === 'overdue' ? { overdue: 'true' as const } : { state: shown };
  return (
    <PagedTable
      endpoint={listFees}
      label={t('fee.title')}
      input={{ query }}
      exportName="fees"
      rowKey={(row) => row.statement}
      empty={<Empty title={t('fee.empty')}>{t('fee.emptyText')}</Empty>}
      tools={
        <StateFilter
          list="feeState"
          states={feeStates}
          first={[{ value: 'overdue', label: t('fee.overdue') }]}
          value={shown}
          onChange={setShown}
        />
      }
      columns={[
        {
          key: 'number',
          title: t('menu.statements'),
          show: (row) => (
            <Link to={paths.statement(row.statement)} className="mono">
              {row.number}
            </Link>
          ),
          text: (row) => row.number,
          sort: (row) => row.number,
        },
        { key: 'member', title: t('fee.member'), plain: (row) => row.member.name },
        { key: 'charged', title: t('fee.charged'), money: (row) => row.charged },
        { key: 'owed', title: t('fee.owed'), money: (row) => row.owed },
        {
          key: 'due',
          title: t('fee.dueOn'),
          show: (row) => <span className={row.overdue ? 'late' : undefined}>{row.dueOn}</span>,
          text: (row) => row.dueOn,
          sort: (row) => row.dueOn,
        },
        {
          key: 'state',
          title: t('case.state'),
          show: (row) => <FeeState one={row} />,
          text: (row) => w('feeState', row.state),
        },
        { key: 'act', title: t('jobs.act'), show: (row) => <PayFee one={row} small /> },
      ]}
    />
  );
};
