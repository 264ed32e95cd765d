import { useWords } from '../i18n/index.ts';
import { Directives } from '../supervision/directives.tsx';
import { Page } from '../ui/frame.tsx';

export default function DirectivesPage() {
  const { t } = useWords();
  return (
    <Page title={t('directive.title')} lead={t('directive.lead')}>
      <Directives />
    </Page>
  );
}
