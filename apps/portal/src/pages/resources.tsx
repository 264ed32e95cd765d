import { listResources } from '@shugu/wire/registry';
import { Link } from '@tanstack/react-router';
import { Button, Tag } from 'antd';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { Empty } from '../ui/empty.tsx';
import { count } from '../ui/format.ts';
import { Page } from '../ui/frame.tsx';
import { PagedTable } from '../ui/table.tsx';

export default function Resources() {
  const { t, w } = useWords();
  const add = (
    <Link to={paths.newResource}>
      <Button type="primary" tabIndex={-1}>
        {t('desk.newResource')}
      </Button>
    </Link>
  );
  return (
    <Page title={t('menu.resources')} lead={t('resources.lead')} actions={add}>
      <PagedTable
        endpoint={listResources}
        label={t('menu.resources')}
        exportName="resources"
        rowKey={(row) => row.id}
        empty={
          <Empty title={t('resources.empty')} action={add}>
            {t('resources.emptyText')}
          </Empty>
        }
        columns={[
          {
            key: 'name',
            title: t('resources.name'),
            show: (row) => <Link to={paths.resource(row.id)}>{row.name}</Link>,
            text: (row) => row.name,
            sort: (row) => row.name,
          },
          { key: 'state', title: t('case.state'), words: 'resourceState', state: (row) => row.state },
          {
            key: 'rows',
            title: t('resources.rows'),
            right: true,
            show: (row) => count(row.content?.rowCount),
            text: (row) => row.content?.rowCount,
            sort: (row) => row.content?.rowCount ?? 0,
          },
          {
            key: 'source',
            title: t('resources.source'),
            show: (row) => w('source', row.source),
            text: (row) => w('source', row.source),
          },
          {
            key: 'personal',
            title: t('resources.personal'),
            show: (row) => (row.personal ? <Tag color="warning">{t('app.yes')}</Tag> : t('app.no')),
            text: (row) => (row.personal ? t('app.yes') : t('app.no')),
          },
          { key: 'updated', title: t('app.updatedAt'), when: (row) => row.updatedAt },
        ]}
      />
    </Page>
  );
}
