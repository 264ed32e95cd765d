import { createScenario, listScenarios } from '@shugu/wire/market';
import { listMark, useWords } from '../i18n/index.ts';
import { scenarioBody, scenarioForm } from '../market/scenario-fields.ts';
import { Action } from '../ui/action.tsx';
import { Empty } from '../ui/empty.tsx';
import { Page } from '../ui/frame.tsx';
import { PagedTable } from '../ui/table.tsx';

export default function Scenarios() {
  const { t, w } = useWords();
  const add = (
    <Action
      endpoint={createScenario}
      label={t('scenario.new')}
      primary
      fields={scenarioForm}
      initial={{ region: '430000' }}
      width={760}
      input={(values) => ({ body: scenarioBody(values) as never })}
    />
  );
  return (
    <Page title={t('menu.scenarios')} lead={t('scenario.lead')} actions={add}>
      <PagedTable
        endpoint={listScenarios}
        label={t('menu.scenarios')}
        exportName="scenarios"
        rowKey={(row) => row.id}
        empty={<Empty title={t('scenario.empty')}>{t('scenario.emptyText')}</Empty>}
        columns={[
          { key: 'title', title: t('scenario.title'), plain: (row) => row.title },
          {
            key: 'purposes',
            title: t('scenario.purposes'),
            show: (row) => row.purposes.map((one) => w('purpose', one)).join(listMark()),
            text: (row) => row.purposes.join(' '),
          },
          { key: 'user', title: t('scenario.endUser'), plain: (row) => row.endUser },
          {
            key: 'personal',
            title: t('resources.personal'),
            show: (row) => (row.personalData ? t('app.yes') : t('app.no')),
            text: (row) => String(row.personalData),
          },
          {
            key: 'term',
            title: t('scenario.term'),
            show: (row) => `${row.from} — ${row.until}`,
            text: (row) => row.until,
            sort: (row) => row.until,
          },
          { key: 'created', title: t('app.createdAt'), when: (row) => row.createdAt },
        ]}
      />
    </Page>
  );
}
