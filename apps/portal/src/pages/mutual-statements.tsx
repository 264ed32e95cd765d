import { drawUpStatements, listMutualStatements } from '@shugu/wire/nodes-trade';
import { useWords } from '../i18n/index.ts';
import { Action } from '../ui/action.tsx';
import { Empty } from '../ui/empty.tsx';
import { money } from '../ui/format.ts';
import { Page } from '../ui/frame.tsx';
import { Long } from '../ui/long.tsx';
import { When } from '../ui/now.tsx';
import { StateTag } from '../ui/step.tsx';
import { PagedTable } from '../ui/table.tsx';

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
            show: (row) => (
              <>
                <StateTag list="mutualState" state={row.state} />
                {row.failure ? <div className="small quiet">{row.failure}</div> : null}
              </>
            ),
          },
          {
            key: 'lines',
            title: t('mutual.lines'),
            show: (row) => (
              <ul className="small">
                {row.lines.map((line) => (
                  <li key={line.purchase + line.statement}>
                    {line.statement} · {money(line.fen)}
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
          { key: 'at', title: t('nodes.at'), show: (row) => <When at={row.createdAt} />, sort: (row) => row.createdAt },
        ]}
      />
    </Page>
  );
}
