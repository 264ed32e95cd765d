import { listEnquiries } from '@shugu/wire/market-more';
import { Link } from '@tanstack/react-router';
import { Tag } from 'antd';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { Empty } from '../ui/empty.tsx';
import { Page } from '../ui/frame.tsx';
import { PagedTable } from '../ui/table.tsx';

export default function Enquiries() {
  const { t } = useWords();
  return (
    <Page title={t('menu.enquiries')} lead={t('enquiry.lead')}>
      <PagedTable
        endpoint={listEnquiries}
        label={t('menu.enquiries')}
        rowKey={(row) => row.id}
        every={20_000}
        empty={<Empty title={t('enquiry.empty')}>{t('enquiry.emptyText')}</Empty>}
        columns={[
          {
            key: 'title',
            title: t('enquiry.title'),
            show: (row) => <Link to={paths.enquiry(row.id)}>{row.title}</Link>,
            sort: (row) => row.title,
          },
          { key: 'asker', title: t('enquiry.asker'), show: (row) => row.asker.name },
          { key: 'asked', title: t('enquiry.asked'), show: (row) => row.asked.name },
          { key: 'messages', title: t('enquiry.messages'), right: true, show: (row) => row.messages },
          {
            key: 'state',
            title: t('case.state'),
            show: (row) => <Tag>{row.open ? t('enquiry.open') : t('enquiry.closed')}</Tag>,
          },
          { key: 'last', title: t('app.updatedAt'), when: (row) => row.lastAt },
        ]}
      />
    </Page>
  );
}
