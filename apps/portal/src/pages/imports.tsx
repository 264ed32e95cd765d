import { listConnections } from '@shugu/wire/delivery';
import { useRead } from '../api.ts';
import { Connections } from '../delivery/connections.tsx';
import { ImportSchedules } from '../delivery/import-schedules.tsx';
import { Imports, NewImport } from '../delivery/imports.tsx';
import { useWords } from '../i18n/index.ts';
import { Page } from '../ui/frame.tsx';

export default function ImportsPage() {
  const { t } = useWords();
  const connections = useRead(listConnections, {});
  const blocked = connections.data?.items.length === 0 ? t('import.noConnection') : null;
  return (
    <Page title={t('menu.imports')} lead={t('import.lead')} actions={<NewImport primary blocked={blocked} />}>
      <Imports />
      <div style={{ marginTop: 24 }}>
        <ImportSchedules />
      </div>
      <div style={{ marginTop: 24 }}>
        <Connections />
      </div>
    </Page>
  );
}
