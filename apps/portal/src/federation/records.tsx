/** What the provider of a negotiation of ours keeps of the trade: statements and papers, read at its connector when asked for. */
import {
  foreignPaperBundle,
  foreignPaperPdf,
  listForeignPapers,
  listForeignStatements,
} from '@shugu/wire/federation-records';
import { Button } from 'antd';
import { useState } from 'react';
import { addressOf } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { Empty } from '../ui/empty.tsx';
import { dayOf } from '../ui/format.ts';
import { Sheet } from '../ui/frame.tsx';
import { PagedTable } from '../ui/table.tsx';

const Statements = ({ id }: { id: string }) => {
  const { t } = useWords();
  return (
    <PagedTable
      label={t('records.statements')}
      endpoint={listForeignStatements}
      input={{ params: { id } }}
      rowKey={(row) => row.id}
      empty={<Empty title={t('records.noStatements')}>{t('records.noStatementsText')}</Empty>}
      columns={[
        { key: 'number', title: t('papers.number'), plain: (row) => row.number },
        { key: 'title', title: t('papers.title'), plain: (row) => row.title },
        { key: 'period', title: t('statement.period'), plain: (row) => `${dayOf(row.from)} — ${dayOf(row.until)}` },
        { key: 'state', title: t('case.state'), words: 'statementState', state: (row) => row.state },
        { key: 'total', title: t('statement.total'), money: (row) => row.total },
      ]}
    />
  );
};

const Papers = ({ id }: { id: string }) => {
  const { t, b } = useWords();
  return (
    <PagedTable
      label={t('records.papers')}
      endpoint={listForeignPapers}
      input={{ params: { id } }}
      rowKey={(row) => row.id}
      empty={<Empty title={t('records.noPapers')}>{t('records.noStatementsText')}</Empty>}
      columns={[
        { key: 'number', title: t('papers.number'), plain: (row) => row.number },
        { key: 'title', title: t('papers.title'), plain: (row) => b(row.title) },
        { key: 'issued', title: t('records.issued'), when: (row) => row.issuedAt },
        {
          key: 'files',
          title: t('records.files'),
          show: (row) =>
            row.ready ? (
              <>
                <a href={addressOf(foreignPaperPdf.path, { id, paper: row.id })}>PDF</a>{' '}
                <a href={addressOf(foreignPaperBundle.path, { id, paper: row.id })}>{t('records.bundle')}</a>
              </>
            ) : (
              t('records.waits')
            ),
          text: () => '',
        },
      ]}
    />
  );
};

/** Asked for at the other side's connector, so only when somebody wants to see it. */
export const Records = ({ id }: { id: string }) => {
  const { t } = useWords();
  const [open, setOpen] = useState(false);
  return (
    <Sheet title={t('records.title')}>
      <p className="quiet">{t('records.lead')}</p>
      {open ? (
        <>
          <Statements id={id} />
          <Papers id={id} />
        </>
      ) : (
        <Button onClick={() => setOpen(true)}>{t('records.ask')}</Button>
      )}
    </Sheet>
  );
};
