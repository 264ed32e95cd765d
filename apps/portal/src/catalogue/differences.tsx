/** What a run found, entry by entry; a changed entry field by field, old beside new. */
import { differenceOutcomes, listDifferences } from '@shugu/wire/catalogue';
import type { Reply } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { Empty } from '../ui/empty.tsx';
import { ListFilter } from '../ui/filter.tsx';
import { Sheet } from '../ui/frame.tsx';
import { useFilters } from '../ui/route.ts';
import { PagedTable } from '../ui/table.tsx';

type Difference = Reply<typeof listDifferences>['items'][number];
type Outcome = Difference['outcome'];

const charactersMax = 400;
const cut = (text: string): string => (text.length > charactersMax ? `${text.slice(0, charactersMax)}…` : text);

const Change = ({ one, isNew }: { one: Difference['changes'][number]; isNew: boolean }) => {
  const { t, w } = useWords();
  return (
    <div className="small" style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-line', marginBottom: 6 }}>
      <b>{w('entryField', one.field)}</b>
      {isNew ? null : (
        <div className="quiet">
          {t('harvest.before')}: <del>{cut(one.before) || '—'}</del>
        </div>
      )}
      <div>
        {isNew ? null : `${t('harvest.after')}: `}
        <ins style={{ textDecoration: 'none' }}>{cut(one.after) || '—'}</ins>
      </div>
    </div>
  );
};

const Contents = ({ one }: { one: Difference }) => {
  const { b } = useWords();
  if (one.reason) return <span className="late">{b(one.reason)}</span>;
  return (
    <div className="cell" style={{ maxWidth: '40em' }}>
      {one.changes
        .filter(({ field }) => one.outcome !== 'added' || !['title', 'page'].includes(field))
        .map((change) => (
          <Change key={change.field} one={change} isNew={one.outcome === 'added'} />
        ))}
    </div>
  );
};

export const Differences = ({ run, every }: { run: string; every?: number }) => {
  const { t, w } = useWords();
  const [filters, setFilters] = useFilters();
  return (
    <Sheet title={t('harvest.differences')}>
      <PagedTable
        endpoint={listDifferences}
        label={t('harvest.differences')}
        every={every}
        exportName="differences"
        input={{ params: { id: run }, query: { outcome: filters.outcome } }}
        rowKey={(row) => row.foreignId}
        empty={<Empty title={t('harvest.noDifferences')} />}
        tools={
          <ListFilter<Outcome>
            label={t('harvest.outcome')}
            options={differenceOutcomes.map((value) => ({ value, label: w('outcome', value) }))}
            value={filters.outcome as Outcome | undefined}
            onChange={(outcome) => setFilters({ outcome })}
          />
        }
        columns={[
          { key: 'outcome', title: t('harvest.outcome'), words: 'outcome', state: (row) => row.outcome },
          {
            key: 'entry',
            title: t('harvest.entry'),
            show: (row) => (
              <div className="cell" style={{ maxWidth: '22em', overflowWrap: 'anywhere' }}>
                {row.title || '—'}
                <div className="mono small quiet">{row.foreignId}</div>
              </div>
            ),
            text: (row) => row.title,
            sort: (row) => row.title,
          },
          {
            key: 'changes',
            title: t('harvest.changes'),
            show: (row) => <Contents one={row} />,
            text: (row) =>
              row.reason?.zh ??
              row.changes.map(({ field, before, after }) => `${field}: ${before} → ${after}`).join('\n'),
          },
        ]}
      />
    </Sheet>
  );
};
