/** Instructions to the bank, daily reconciliation, and the differences that stop payouts. */
import {
  approveDifference,
  listDifferences,
  listInstructions,
  listReconciliations,
  proposeDifference,
  retryInstruction,
  runReconciliation,
} from '@shugu/wire/settlement';
import { Tag } from 'antd';
import { useWords } from '../i18n/index.ts';
import { Action } from '../ui/action.tsx';
import { Empty } from '../ui/empty.tsx';
import { field } from '../ui/fields.tsx';
import { count } from '../ui/format.ts';
import { PagedTable } from '../ui/table.tsx';

export const Instructions = () => {
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
        { key: 'member', title: t('directory.name'), plain: (row) => row.member.name },
        { key: 'amount', title: t('account.amount'), money: (row) => row.amount },
        { key: 'state', title: t('case.state'), words: 'instructionState', state: (row) => row.state },
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
        { key: 'at', title: t('app.createdAt'), when: (row) => row.createdAt },
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

export const Reconciliations = () => {
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
        { key: 'day', title: t('clearing.day'), plain: (row) => row.day },
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
        { key: 'ours', title: t('clearing.ours'), money: (row) => row.ours },
        { key: 'theirs', title: t('clearing.theirs'), money: (row) => row.theirs },
        {
          key: 'differences',
          title: t('clearing.differences'),
          right: true,
          show: (row) => <span className={row.open ? 'late' : undefined}>{row.differences}</span>,
          text: (row) => row.differences,
        },
        { key: 'ran', title: t('clearing.ranAt'), when: (row) => row.ranAt },
      ]}
    />
  );
};

export const Differences = () => {
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
        { key: 'ours', title: t('clearing.ours'), money: (row) => row.ours },
        { key: 'theirs', title: t('clearing.theirs'), money: (row) => row.theirs },
        { key: 'state', title: t('case.state'), words: 'differenceState', state: (row) => row.state },
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
