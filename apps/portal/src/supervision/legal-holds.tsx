/** 封存: what may not be erased; ordered and lifted by two people of the operator or of the regulator. */
import {
  confirmLegalHold,
  declineLegalHold,
  legalHoldTargetKinds,
  liftLegalHold,
  listLegalHolds,
  proposeLegalHold,
} from '@shugu/wire/supervision';
import { Alert } from 'antd';
import { type Reply, useRead } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { may, useMe } from '../session.ts';
import { Action } from '../ui/action.tsx';
import { Empty } from '../ui/empty.tsx';
import { field } from '../ui/fields.tsx';
import { When } from '../ui/now.tsx';
import { PagedTable } from '../ui/table.tsx';
import { orderFields, reasonField } from './order-fields.ts';

type Hold = Reply<typeof listLegalHolds>['items'][number];

/** On the page of whatever can be held: says that it is, to those who may know. */
export const Held = ({ target }: { target: string }) => {
  const { t } = useWords();
  const me = useMe();
  const read = useRead(listLegalHolds, { query: { target } }, { enabled: Boolean(me) });
  const inForce = read.data?.items.filter((one) => one.state === 'effective' || one.state === 'lifting') ?? [];
  return inForce.map((one) => (
    <Alert
      key={one.id}
      type="warning"
      showIcon
      title={t('legalHold.note', { by: one.by.name, basis: one.basis })}
      description={
        one.until ? (
          <>
            {t('legalHold.until')} <When at={one.until} />
          </>
        ) : null
      }
    />
  ));
};

const Moves = ({ one }: { one: Hold }) => {
  const { t } = useWords();
  const me = useMe();
  const params = { id: one.id };
  const foreign = one.own ? null : t('legalHold.foreign');
  const waiting = foreign ?? (one.state === 'proposed' || one.state === 'lifting' ? null : t('app.notNow'));
  const open = foreign ?? (one.state === 'effective' ? null : t('app.notNow'));
  const explain = <p>{one.state === 'lifting' ? one.liftReason : one.reason}</p>;
  return (
    <span className="row">
      {may(me, 'supervision.legalHold.confirm') ? (
        <>
          <Action
            endpoint={confirmLegalHold}
            label={t('directive.confirm')}
            small
            explain={explain}
            blocked={waiting}
            input={() => ({ params, body: {} })}
          />
          <Action
            endpoint={declineLegalHold}
            label={t('directive.decline')}
            small
            danger
            explain={explain}
            blocked={waiting}
            input={() => ({ params, body: {} })}
          />
        </>
      ) : null}
      {may(me, 'supervision.legalHold.propose') ? (
        <Action
          endpoint={liftLegalHold}
          label={t('legalHold.lift')}
          small
          blocked={open}
          fields={[reasonField]}
          input={(values) => ({ params, body: values as never })}
        />
      ) : null}
    </span>
  );
};

/** A day stands for its end in Shanghai. */
const untilOf = (day: unknown) => (day ? { until: `${day}T23:59:59+08:00` } : {});

export const LegalHolds = () => {
  const { t, w } = useWords();
  const me = useMe();
  const propose = (
    <Action
      endpoint={proposeLegalHold}
      label={t('legalHold.new')}
      primary
      explain={<Alert type="warning" showIcon title={t('legalHold.explain')} />}
      fields={orderFields(legalHoldTargetKinds, {
        limits: [field('day', 'date', ['封存至（空则至解除）', 'Until (until lifted if empty)'], {})],
      })}
      input={({ day, ...values }) => ({ body: { ...values, ...untilOf(day) } as never })}
    />
  );
  return (
    <PagedTable
      endpoint={listLegalHolds}
      label={t('legalHold.title')}
      input={{ query: {} }}
      exportName="legal-holds"
      rowKey={(row) => row.id}
      empty={<Empty title={t('legalHold.empty')}>{t('legalHold.emptyText')}</Empty>}
      tools={may(me, 'supervision.legalHold.propose') ? propose : null}
      columns={[
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
        { key: 'state', title: t('case.state'), words: 'legalHoldState', state: (row) => row.state },
        { key: 'by', title: t('legalHold.by'), plain: (row) => row.by.name },
        {
          key: 'basis',
          title: t('directive.basis'),
          show: (row) => <div className="wrapped narrow">{row.basis}</div>,
          text: (row) => row.basis,
        },
        {
          key: 'until',
          title: t('legalHold.until'),
          show: (row) => (row.until ? <When at={row.until} /> : '—'),
          text: (row) => row.until,
        },
        { key: 'at', title: t('app.createdAt'), when: (row) => row.createdAt },
        { key: 'act', title: t('jobs.act'), show: (row) => <Moves one={row} /> },
      ]}
    />
  );
};
