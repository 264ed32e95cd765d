import { cases } from '@shugu/wire/cases';
import { Link } from '@tanstack/react-router';
import { Input, Segmented, Tag } from 'antd';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { Empty } from '../ui/empty.tsx';
import { Page } from '../ui/frame.tsx';
import { Due } from '../ui/now.tsx';
import { OrganisationName } from '../ui/organisations.tsx';
import { useFilters } from '../ui/route.ts';
import { PagedTable } from '../ui/table.tsx';

export default function PublicNotices() {
  const { t, b } = useWords();
  const [filters, setFilters] = useFilters();
  return (
    <Page title={t('menu.publicNotices')} lead={t('notices.lead')}>
      <PagedTable
        endpoint={cases.publicNotices}
        label={t('menu.publicNotices')}
        input={{ query: { text: filters.text, running: filters.running } }}
        exportName="public-notices"
        rowKey={(row) => row.case}
        tools={
          <>
            <Input.Search
              allowClear
              defaultValue={filters.text}
              aria-label={t('do.search')}
              placeholder={t('notices.search')}
              onSearch={(text) => setFilters({ text: text || undefined })}
            />
            <Segmented
              value={filters.running ?? ''}
              onChange={(running) => setFilters({ running: running || undefined })}
              options={[
                { value: '', label: t('app.all') },
                { value: 'true', label: t('notices.running') },
              ]}
            />
          </>
        }
        empty={<Empty title={t('notices.empty')}>{t('notices.emptyText')}</Empty>}
        columns={[
          {
            key: 'title',
            title: t('notices.title'),
            show: (row) => <Link to={paths.publicNotice(row.case)}>{row.title}</Link>,
            text: (row) => row.title,
            sort: (row) => row.title,
          },
          {
            key: 'procedure',
            title: t('case.procedure'),
            show: (row) => b(row.procedureTitle),
            text: (row) => b(row.procedureTitle),
          },
          {
            key: 'state',
            title: t('case.state'),
            show: (row) => <Tag>{b(row.stateTitle)}</Tag>,
            text: (row) => b(row.stateTitle),
          },
          {
            key: 'handler',
            title: t('turn.handler'),
            show: (row) => <OrganisationName id={row.handler} />,
            text: (row) => row.handler,
          },
          { key: 'published', title: t('notices.published'), when: (row) => row.publishedAt },
          {
            key: 'until',
            title: t('notices.until'),
            show: (row) => (row.objectionOpen ? <Due at={row.until} /> : '—'),
            text: (row) => row.until,
          },
        ]}
      />
    </Page>
  );
}
