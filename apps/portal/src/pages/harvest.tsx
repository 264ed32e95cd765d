import { Harvests, NewSource, Sources } from '../catalogue/sources.tsx';
import { useWords } from '../i18n/index.ts';
import { Page } from '../ui/frame.tsx';

export default function HarvestPage() {
  const { t } = useWords();
  return (
    <Page title={t('menu.harvest')} lead={t('harvest.lead')} actions={<NewSource primary />}>
      <Sources />
      <Harvests />
    </Page>
  );
}
