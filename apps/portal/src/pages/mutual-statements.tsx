import { correctStatement, drawUpStatements, listExposures, listMutualStatements } from '@shugu/wire/nodes-trade';
import { type Reply, useRead } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { Action } from '../ui/action.tsx';
import { DataTable } from '../ui/data-table.tsx';
import { Empty } from '../ui/empty.tsx';
import { field } from '../ui/fields.tsx';
import { money } from '../ui/format.ts';
import { Loaded, Page, Sheet } from '../ui/frame.tsx';
import { Long } from '../ui/long.tsx';
import { StateTag } from '../ui/step.tsx';
import { PagedTable } from '../ui/table.tsx';

type Statement = Reply<typeof listMutualStatements>['items'][number];

/** How far nodes are bound to each other, and how far they may be. */
const Exposures = () => {
  const { t } = useWords();
  const read = useRead(listExposures, {});
  return (
    <Sheet title={t('exposure.title')}>
      <Loaded of={read}>
        {({ limit, items }) => (
          <>
            <p className="small quiet">{t('exposure.lead', { limit: money(limit) })}</p>
            <DataTable
              label={t('exposure.title')}
              dataSource={items}
              rowKey={(row) => row.node.id}
              pagination={false}
              locale={{ emptyText: t('exposure.none') }}
              columns={[
                { key: 'node', title: t('nodes.name'), render: (_, row) => row.node.name },
                {
                  key: 'owing',
                  title: t('exposure.owing'),
                  align: 'right',
                  render: (_, row) => `${money(row.owing.used)} / ${money(limit)}`,
                },
                {
                  key: 'owed',
                  title: t('exposure.owed'),
                  align: 'right',
                  render: (_, row) => `${money(row.owed.used)} / ${money(limit)}`,
                },
              ]}
            />
          </>
        )}
      </Loaded>
    </Sheet>
  );
};

/** Both figures of a statement that differs, where it begins, and what became of it. */
const Standing = ({ of: row }: { of: Statement }) => {
  const { t } = useWords();
  return (
    <>
      <StateTag list="mutualState" state={row.state} />
      {row.failure ? <div className="small quiet">{row.failure}</div> : null}
      {row.firstDifference ? (
        <div className="small">
          {t('mutual.figures', {
            creditor: money(row.total),
            debtor: money(row.reckoned),
            statement: row.firstDifference.statement,
            quantity: row.firstDifference.quantity,
          })}
        </div>
      ) : null}
      {row.correctedBy ? <div className="small">{t('mutual.correctedBy', { number: row.correctedBy })}</div> : null}
      {row.corrects ? (
        <div className="small">{t('mutual.corrects', { number: row.corrects, reason: row.reason })}</div>
      ) : null}
    </>
  );
};

const Correct = ({ of: row }: { of: Statement }) => {
  const { t } = useWords();
  if (row.state !== 'differing') return '—';
  if (row.side === 'debtor') return t('mutual.theirTurn');
  return (
    <Action
      small
      endpoint={correctStatement}
      label={t('mutual.correct')}
      explain={<p>{t('mutual.correctExplain')}</p>}
      fields={[
        field('reason', 'longText', ['理由', 'Reason'], { required: true }),
        field('leaveOut', 'text', [
          '不再主张的账单编号（以空格分隔）',
          'Bills for which nothing is asked (numbers, with spaces between)',
        ]),
      ]}
      input={({ reason, leaveOut }) => ({
        params: { id: row.id },
        body: {
          reason: String(reason),
          leaveOut: String(leaveOut ?? '')
            .split(/\s+/)
            .filter(Boolean),
        },
      })}
    />
  );
};

/** What this node and others owe each other for purchases across them: line by line, under both keys. */
export default function MutualStatements() {
  const { t, w } = useWords();
  return (
    <Page
      title={t('menu.mutual')}
      lead={t('mutual.lead')}
      actions={
        <Action
          primary
          endpoint={drawUpStatements}
          label={t('mutual.create')}
          explain={<p>{t('mutual.createExplain')}</p>}
          input={() => ({ body: {} })}
        />
      }
    >
      <Exposures />
      <PagedTable
        endpoint={listMutualStatements}
        label={t('menu.mutual')}
        every={5_000}
        rowKey={(row) => row.id}
        empty={<Empty title={t('mutual.none')}>{t('mutual.noneText')}</Empty>}
        columns={[
          { key: 'number', title: t('mutual.number'), show: (row) => <span className="mono">{row.number}</span> },
          { key: 'node', title: t('nodes.name'), show: (row) => row.node.name, sort: (row) => row.node.name },
          { key: 'side', title: t('mutual.side'), show: (row) => w('mutualSide', row.side) },
          { key: 'total', title: t('mutual.total'), show: (row) => money(row.total), right: true },
          {
            key: 'state',
            title: t('case.state'),
            show: (row) => <Standing of={row} />,
          },
          { key: 'step', title: t('case.next'), show: (row) => <Correct of={row} /> },
          {
            key: 'lines',
            title: t('mutual.lines'),
            show: (row) => (
              <ul className="small">
                {row.lines.map((line) => (
                  <li key={line.purchase + line.statement}>
                    {line.statement} · {money(line.fen)}
                    {line.leftOut ? <span className="quiet"> · {t('mutual.leftOut')}</span> : null}
                    {line.difference ? (
                      <div className="late">
                        {t('mutual.differs', {
                          why: w('differenceKind', line.difference.why),
                          theirs: money(line.difference.theirs),
                          ours: money(line.difference.ours),
                        })}
                      </div>
                    ) : null}
                  </li>
                ))}
              </ul>
            ),
          },
          {
            key: 'signed',
            title: t('mutual.signed'),
            show: (row) => row.signedBy.map((key) => <Long key={key} text={key} />),
          },
          { key: 'at', title: t('nodes.at'), when: (row) => row.createdAt },
        ]}
      />
    </Page>
  );
}
