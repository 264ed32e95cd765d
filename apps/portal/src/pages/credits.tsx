/** Credit notes for broken service levels: the supplier answers, the buyer follows. */
import { acceptCredit, contestCredit, type credit, creditStates, listCredits } from '@shugu/wire/settlement';
import { Link } from '@tanstack/react-router';
import type { z } from 'zod';
import { useLevelWords } from '../delivery/levels.tsx';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { Action } from '../ui/action.tsx';
import { Empty } from '../ui/empty.tsx';
import { field } from '../ui/fields.tsx';
import { StateFilter } from '../ui/filter.tsx';
import { money } from '../ui/format.ts';
import { Page } from '../ui/frame.tsx';
import { Due } from '../ui/now.tsx';
import { useFilters } from '../ui/route.ts';
import { StateTag } from '../ui/step.tsx';
import { PagedTable } from '../ui/table.tsx';

type Credit = z.output<typeof credit>;

const Answer = ({ one }: { one: Credit }) => {
  const { t } = useWords();
  if (!one.mayAnswer) return '—';
  const params = { id: one.id };
  return (
    <div className="row">
      <Action
        endpoint={acceptCredit}
        label={t('credit.accept')}
        small
        primary
        explain={<p>{t('credit.acceptExplain')}</p>}
        input={() => ({ params })}
      />
      <Action
        endpoint={contestCredit}
        label={t('credit.contest')}
        small
        fields={[field('reason', 'longText', ['理由', 'Reason'], { required: true })]}
        input={(values) => ({ params, body: values as never })}
      />
    </div>
  );
};

export default function Credits() {
  const { t, w } = useWords();
  const levels = useLevelWords();
  const [filters, setFilters] = useFilters();
  const missed = (one: Credit) =>
    one.findings.map(
      (each) => `${levels.name(each)} ${levels.value(each, each.measured)} / ${levels.value(each, each.target)}`,
    );
  return (
    <Page title={t('menu.credits')} lead={t('credit.lead')}>
      <PagedTable
        endpoint={listCredits}
        label={t('menu.credits')}
        input={{ query: { state: filters.state } }}
        exportName="credits"
        rowKey={(row) => row.id}
        empty={<Empty title={t('credit.empty')}>{t('credit.emptyText')}</Empty>}
        tools={
          <StateFilter
            list="creditState"
            states={creditStates}
            value={filters.state}
            onChange={(state) => setFilters({ state })}
          />
        }
        columns={[
          {
            key: 'period',
            title: t('level.month'),
            show: (row) => <Link to={paths.grant(row.grant)}>{row.period}</Link>,
            text: (row) => row.period,
            sort: (row) => row.period,
          },
          {
            key: 'product',
            title: t('products.name'),
            show: (row) => (
              <div className="cell">
                {row.title}
                <div className="small quiet">
                  {row.supplier.name} → {row.buyer.name}
                </div>
              </div>
            ),
            text: (row) => row.title,
            sort: (row) => row.title,
          },
          {
            key: 'sides',
            title: t('credit.sides'),
            exportOnly: true,
            show: () => null,
            text: (row) => `${row.supplier.name} → ${row.buyer.name}`,
          },
          {
            key: 'missed',
            title: t('credit.missed'),
            show: (row) => missed(row).map((line) => <div key={line}>{line}</div>),
            text: (row) => missed(row).join('; '),
          },
          {
            key: 'percent',
            title: t('credit.percent'),
            show: (row) => (
              <div style={{ whiteSpace: 'normal' }}>
                {t('credit.percentOf', { percent: String(row.creditPercent) })}
              </div>
            ),
            text: (row) => row.creditPercent,
          },
          {
            key: 'amount',
            title: t('credit.amount'),
            right: true,
            show: (row) => money(row.amount),
            text: (row) => row.amount,
            sort: (row) => BigInt(row.amount ?? 0),
          },
          {
            key: 'state',
            title: t('case.state'),
            show: (row) => (
              <div className="cell">
                <StateTag list="creditState" state={row.state} />
                {row.state === 'proposed' && row.dueAt ? (
                  <div className="small">
                    {t('credit.answerBy')} <Due at={row.dueAt} />
                  </div>
                ) : null}
                {row.bySilence ? <div className="small quiet">{t('credit.bySilence')}</div> : null}
                {row.waitsFor && row.state === 'accepted' ? (
                  <div className="small quiet">{w('creditWait', row.waitsFor)}</div>
                ) : null}
                {row.answer ? <div className="small">{t('credit.answered', { answer: row.answer })}</div> : null}
              </div>
            ),
            text: (row) => w('creditState', row.state),
            sort: (row) => row.state,
          },
          { key: 'act', title: t('jobs.act'), show: (row) => <Answer one={row} /> },
        ]}
      />
    </Page>
  );
}
