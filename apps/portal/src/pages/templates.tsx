import { enableTemplate, importTemplates, listTemplates, retireTemplate } from '@shugu/wire/agreements';
import { Link } from '@tanstack/react-router';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { Action } from '../ui/action.tsx';
import { Empty } from '../ui/empty.tsx';
import { Page } from '../ui/frame.tsx';
import { PagedTable } from '../ui/table.tsx';

export default function Templates() {
  const { t, b, w } = useWords();
  const bring = <Action endpoint={importTemplates} label={t('templates.import')} input={() => ({ body: {} })} />;
  return (
    <Page title={t('menu.templates')} lead={t('templates.lead')} actions={bring}>
      <PagedTable
        endpoint={listTemplates}
        label={t('menu.templates')}
        rowKey={(row) => row.id}
        empty={
          <Empty title={t('templates.empty')} action={bring}>
            {t('templates.emptyText')}
          </Empty>
        }
        columns={[
          {
            key: 'title',
            title: t('papers.title'),
            show: (row) => <Link to={paths.template(row.id)}>{b(row.title)}</Link>,
            sort: (row) => b(row.title),
          },
          {
            key: 'code',
            title: t('contract.kind'),
            show: (row) => w('contractKind', row.code),
            sort: (row) => row.code,
          },
          { key: 'version', title: t('product.version'), show: (row) => row.version, sort: (row) => row.version },
          { key: 'state', title: t('case.state'), words: 'templateState', state: (row) => row.state },
          { key: 'enabled', title: t('templates.enabledAt'), when: (row) => row.enabledAt },
          {
            key: 'act',
            title: t('jobs.act'),
            show: (row) => (
              <span className="row">
                <Action
                  endpoint={enableTemplate}
                  label={t('templates.enable')}
                  small
                  blocked={row.state === 'draft' ? null : t('app.notNow')}
                  input={() => ({ params: { id: row.id }, body: {} })}
                />
                <Action
                  endpoint={retireTemplate}
                  label={t('templates.retire')}
                  small
                  danger
                  blocked={row.state === 'enabled' ? null : t('app.notNow')}
                  input={() => ({ params: { id: row.id }, body: {} })}
                />
              </span>
            ),
          },
        ]}
      />
    </Page>
  );
}
