/** 监管指令: issued by one officer, confirmed by another, answered by those it concerns. */
import {
  answerDirective,
  confirmDirective,
  createDirective,
  declineDirective,
  directiveStates,
  liftDirective,
  listDirectives,
  measures,
  targetKinds,
} from '@shugu/wire/supervision';
import { Link } from '@tanstack/react-router';
import { Alert, Tag } from 'antd';
import { useState } from 'react';
import type { Reply } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { choicesOf } from '../registry/fields.ts';
import { hasRole, useMe } from '../session.ts';
import { Action } from '../ui/action.tsx';
import { Empty } from '../ui/empty.tsx';
import { field } from '../ui/fields.tsx';
import { StateFilter } from '../ui/filter.tsx';
import { Due } from '../ui/now.tsx';
import { PagedTable } from '../ui/table.tsx';
import { basisField, orderFields, reasonField } from './order-fields.ts';

type Directive = Reply<typeof listDirectives>['items'][number];

const Moves = ({ one }: { one: Directive }) => {
  const { t } = useWords();
  const regulator = hasRole(useMe(), 'regulator');
  const params = { id: one.id };
  const proposed =
    one.state === 'proposed' || (one.state === 'effective' && one.confirmBy !== null && !one.confirmedBy)
      ? null
      : t('app.notNow');
  const open = one.state === 'effective' ? null : t('app.notNow');
  if (!regulator)
    return (
      <Action
        endpoint={answerDirective}
        label={t('directive.answer')}
        small
        blocked={open}
        explain={<p>{one.reason}</p>}
        fields={[field('text', 'longText', ['反馈内容', 'Answer'], { required: true, charactersMax: 5000 })]}
        input={(values) => ({ params, body: values as never })}
      />
    );
  return (
    <span className="row">
      <Action
        endpoint={confirmDirective}
        label={t('directive.confirm')}
        small
        explain={<p>{one.reason}</p>}
        blocked={proposed}
        input={() => ({ params, body: {} })}
      />
      <Action
        endpoint={declineDirective}
        label={t('directive.decline')}
        small
        danger
        blocked={proposed}
        fields={[reasonField]}
        input={(values) => ({ params, body: values as never })}
      />
      <Action
        endpoint={liftDirective}
        label={t('directive.lift')}
        small
        blocked={open}
        fields={[basisField, reasonField]}
        input={(values) => ({ params, body: values as never })}
      />
    </span>
  );
};

/** `initial`: what the form begins with, where the officer comes from something found. */
export const IssueDirective = ({ initial, small }: { initial?: Record<string, unknown>; small?: boolean }) => {
  const { t } = useWords();
  return (
    <Action
      endpoint={createDirective}
      label={t('directive.new')}
      primary
      small={small}
      initial={initial}
      explain={<Alert type="warning" showIcon title={t('directive.explain')} />}
      fields={orderFields(targetKinds, {
        measure: [
          field('measure', 'choice', ['措施', 'Measure'], {
            required: true,
            choices: choicesOf(
              'measure',
              measures.filter((one) => one !== 'lift'),
            ),
          }),
          field('emergency', 'boolean', ['紧急：立即冻结', 'Emergency: freezes at once'], {}),
        ],
        limits: [
          field('answerDays', 'number', ['反馈期限（工作日）', 'Answer within (working days)'], { min: 1, max: 60 }),
        ],
      })}
      input={(values) => ({ body: values as never })}
    />
  );
};

export const Directives = () => {
  const { t, w } = useWords();
  const regulator = hasRole(useMe(), 'regulator');
  const [state, setState] = useState<string>();
  return (
    <PagedTable
      endpoint={listDirectives}
      label={t('directive.title')}
      input={{ query: { state } }}
      exportName="directives"
      every={20_000}
      rowKey={(row) => row.id}
      empty={
        <Empty title={t('directive.empty')}>{regulator ? t('directive.emptyText') : t('directive.emptyOthers')}</Empty>
      }
      tools={
        <>
          {regulator ? <IssueDirective /> : null}
          <StateFilter list="directiveState" states={directiveStates} value={state} onChange={setState} />
        </>
      }
      columns={[
        {
          key: 'number',
          title: t('papers.number'),
          show: (row) =>
            row.paper ? (
              <Link to={paths.paper(row.paper)} className="mono">
                {row.number}
              </Link>
            ) : (
              <span className="mono">{row.number}</span>
            ),
          text: (row) => row.number,
          sort: (row) => row.number,
        },
        {
          key: 'measure',
          title: t('directive.measure'),
          show: (row) => (
            <>
              {w('measure', row.measure)} {row.emergency ? <Tag color="error">{t('directive.emergency')}</Tag> : null}
            </>
          ),
          text: (row) => w('measure', row.measure),
        },
        {
          key: 'target',
          title: t('directive.target'),
          show: (row) => (
            <div className="wrapped narrow">
              {w('targetKind', row.target.kind)} {row.target.name}
            </div>
          ),
          text: (row) => row.target.name,
        },
        { key: 'state', title: t('case.state'), words: 'directiveState', state: (row) => row.state },
        {
          key: 'basis',
          title: t('directive.basis'),
          show: (row) => <div className="wrapped narrow">{row.basis}</div>,
          text: (row) => row.basis,
        },
        {
          key: 'answer',
          title: t('directive.answerBy'),
          show: (row) =>
            row.answers.length ? (
              t('directive.answered', { count: row.answers.length })
            ) : (
              <Due at={row.answerBy} overdue={row.overdue || undefined} />
            ),
          text: (row) => row.answerBy,
        },
        { key: 'at', title: t('app.createdAt'), when: (row) => row.createdAt },
        { key: 'act', title: t('jobs.act'), show: (row) => <Moves one={row} /> },
      ]}
    />
  );
};
