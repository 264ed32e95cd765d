import { papers } from '@shugu/wire/kernel';
import { Link } from '@tanstack/react-router';
import { Tag } from 'antd';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { Empty } from '../ui/empty.tsx';
import { Page } from '../ui/frame.tsx';
import { PagedTable } from '../ui/table.tsx';
import { bundleAddress, pdfAddress } from '../verify/result.tsx';

export default function Papers() {
  const { t, b, w } = useWords();
  return (
    <Page title={t('menu.papers')} lead={t('papers.lead')}>
      <PagedTable
        endpoint={papers}
        label={t('menu.papers')}
        exportName="papers"
        rowKey={(row) => row.id}
        empty={<Empty title={t('papers.empty')}>{t('papers.emptyText')}</Empty>}
        columns={[
          {
            key: 'title',
            title: t('papers.title'),
            show: (row) => <Link to={paths.paper(row.id)}>{b(row.title)}</Link>,
            text: (row) => b(row.title),
            sort: (row) => b(row.title),
          },
          {
            key: 'number',
            title: t('papers.number'),
            show: (row) => <span className="mono">{row.number}</span>,
            text: (row) => row.number,
            sort: (row) => row.number,
          },
          {
            key: 'kind',
            title: t('papers.kind'),
            show: (row) => w('paperKind', row.kind),
            text: (row) => w('paperKind', row.kind),
            sort: (row) => row.kind,
          },
          { key: 'issued', title: t('papers.issuedAt'), when: (row) => row.issuedAt },
          {
            key: 'files',
            title: t('papers.files'),
            show: (row) =>
              row.withdrawnAt ? (
                <Tag color="error">{t('verify.withdrawn')}</Tag>
              ) : row.ready ? (
                <span className="row">
                  <a href={pdfAddress(row.id)}>PDF</a>
                  <a href={bundleAddress(row.id)}>{t('papers.bundle')}</a>
                </span>
              ) : (
                <span className="quiet">{t('papers.making')}</span>
              ),
          },
        ]}
      />
    </Page>
  );
}
