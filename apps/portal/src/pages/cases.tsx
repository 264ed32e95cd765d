import { Link } from '@tanstack/react-router';
import { Button } from 'antd';
import { CaseQueue, type QueueView } from '../case/queue.tsx';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { hasRole, useMe } from '../session.ts';
import { Empty } from '../ui/empty.tsx';
import { Page } from '../ui/frame.tsx';
import { useFilters } from '../ui/route.ts';
import { Tabs } from '../ui/tabs.tsx';

export default function CasesPage() {
  const { t } = useWords();
  const me = useMe();
  const [filters, setFilters] = useFilters();
  const handler = hasRole(me, 'operator', 'registrar', 'serviceBody');
  const views: QueueView[] = [
    'waiting',
    ...(handler ? (['handling'] as const) : []),
    'mine',
    'overdue',
    ...(hasRole(me, 'regulator') ? (['supervised'] as const) : []),
  ];
  return (
    <Page
      title={t('menu.cases')}
      lead={t('cases.lead')}
      actions={
        <Link to={paths.procedures}>
          <Button tabIndex={-1}>{t('cases.file')}</Button>
        </Link>
      }
    >
      <Tabs
        activeKey={filters.view ?? 'waiting'}
        onChange={(view) => setFilters({ view })}
        items={views.map((view) => ({
          key: view,
          label: t(`cases.${view}`),
          children: (
            <CaseQueue view={view} empty={<Empty title={t(`cases.${view}Empty`)}>{t('cases.emptyText')}</Empty>} />
          ),
        }))}
      />
    </Page>
  );
}
