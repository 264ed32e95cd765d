import { listReports } from '@shugu/wire/market';
import { Link } from '@tanstack/react-router';
import { Button } from 'antd';
import { CaseQueue } from '../case/queue.tsx';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { hasRole, useMe } from '../session.ts';
import { Empty } from '../ui/empty.tsx';
import { dayOf } from '../ui/format.ts';
import { Page } from '../ui/frame.tsx';
import { PagedTable } from '../ui/table.tsx';
import { Tabs } from '../ui/tabs.tsx';

export default function Reports() {
  const { t } = useWords();
  const body = hasRole(useMe(), 'serviceBody');
  const engage = (
    <Link to={paths.newCase('compliance.engagement')}>
      <Button type="primary" tabIndex={-1}>
        {t('reports.engage')}
      </Button>
    </Link>
  );
  return (
    <Page title={t('menu.reports')} lead={t('reports.lead')} actions={body ? null : engage}>
      <Tabs
        items={[
          {
            key: 'engagements',
            label: t('reports.engagements'),
            children: (
              <CaseQueue
                view={body ? 'handling' : 'mine'}
                procedure="compliance.engagement"
                empty={
                  <Empty title={t('reports.noEngagements')} action={body ? null : engage}>
                    {body ? t('reports.bodyText') : t('reports.supplierText')}
                  </Empty>
                }
              />
            ),
          },
          {
            key: 'reports',
            label: t('reports.reports'),
            children: (
              <PagedTable
                endpoint={listReports}
                label={t('reports.reports')}
                exportName="reports"
                rowKey={(row) => row.id}
                empty={<Empty title={t('reports.none')} />}
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
                  { key: 'supplier', title: t('who.supplier'), plain: (row) => row.supplier.name },
                  { key: 'body', title: t('reports.body'), plain: (row) => row.body.name },
                  {
                    key: 'conclusion',
                    title: t('reports.conclusion'),
                    words: 'conclusion',
                    state: (row) => row.conclusion,
                  },
                  {
                    key: 'until',
                    title: t('reports.validUntil'),
                    show: (row) => dayOf(row.validUntil),
                    text: (row) => row.validUntil,
                    sort: (row) => row.validUntil,
                  },
                  {
                    key: 'case',
                    title: t('case.title'),
                    show: (row) => <Link to={paths.case(row.case)}>{t('do.open')}</Link>,
                  },
                ]}
              />
            ),
          },
        ]}
      />
    </Page>
  );
}
