import { cases } from '@shugu/wire/cases';
import { useRead } from '../api.ts';
import { CasePanel } from '../case/panel.tsx';
import { useWords } from '../i18n/index.ts';
import { Held } from '../supervision/legal-holds.tsx';
import { Page } from '../ui/frame.tsx';
import { useId } from '../ui/route.ts';

export default function CasePage() {
  const { t, b } = useWords();
  const id = useId();
  const read = useRead(cases.get, { params: { case: id } });
  return (
    <Page title={read.data?.title ?? t('case.title')} lead={b(read.data?.procedureTitle)}>
      <Held target={id} />
      <CasePanel id={id} />
    </Page>
  );
}
