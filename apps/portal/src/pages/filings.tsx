import { listFilings } from '@shugu/wire/market-more';
import { Link } from '@tanstack/react-router';
import { Button } from 'antd';
import { CaseQueue } from '../case/queue.tsx';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { hasRole, useMe } from '../session.ts';
import { Empty } from '../ui/empty.tsx';
import { Page } from '../ui/frame.tsx';
import { PagedTable } from '../ui/table.tsx';
import { Tabs } from '../ui/tabs.tsx';

export default function Filings() {
  const { t } = useWords();
  const operator = hasRole(useMe(), 'operator');
  const add = (
    <Link to={paths.newCase('filing.review')}>
      <Button type="primary" tabIndex={-1}>
        {t('filings.new')}
      </Button>
    </Link>
  );
  return (
    <Page title={t('menu.filings')} lead={t('filings.lead')} actions={operator ? null : add}>
      <Tabs
        items={[
          {
            key: 'cases',
            label: t('filings.cases'),
            children: (
              <CaseQueue
                view={operator ? 'handling' : 'mine'}
                procedure="filing.review"
                empty={<Empty title={t('filings.none')}>{t('filings.noneText')}</Empty>}
              />
            ),
          },
          {
            key: 'filed',
            label: t('filings.filed'),
            children: (
              <PagedTable
                endpoint={listFilings}
                label={t('filings.filed')}
                exportName="filings"
                rowKey={(row) => row.id}
                empty={<Empty title={t('filings.noFiled')} />}
                columns={[
                  {
                    key: 'number',
                    title: t('papers.number'),
                    show: (row) => (
                      <Link to={paths.paper(row.paper)} className="mono">
                        {row.number}
                      </Link>
                    ),
                    text: (row) => row.number,
                    sort: (row) => row.number,
                  },
                  { key: 'applicant', title: t('turn.applicant'), plain: (row) => row.applicant.name },
                  { key: 'other', title: t('filings.counterparty'), plain: (row) => row.counterparty },
                  { key: 'amount', title: t('account.amount'), money: (row) => row.amount },
                  { key: 'kind', title: t('facet.kind'), plain: (row) => row.productKind },
                  { key: 'concluded', title: t('filings.concludedOn'), plain: (row) => row.concludedOn },
                  { key: 'filed', title: t('filings.filedAt'), when: (row) => row.filedAt },
                ]}
              />
            ),
          },
        ]}
      />
    </Page>
  );
}
