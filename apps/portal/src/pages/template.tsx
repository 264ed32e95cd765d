import { getTemplate } from '@shugu/wire/agreements';
import { useRead } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { Loaded, Page, Sheet } from '../ui/frame.tsx';
import { useId } from '../ui/route.ts';
import { StateTag } from '../ui/step.tsx';

export default function Template() {
  const { b } = useWords();
  const read = useRead(getTemplate, { params: { id: useId() } });
  return (
    <Loaded of={read}>
      {(one) => (
        <Page title={b(one.title)} lead={b(one.source)} actions={<StateTag list="templateState" state={one.state} />}>
          <Sheet>
            {one.clauses.map((clause) => (
              <section key={clause.key} style={{ marginBottom: 16 }}>
                <h2 style={{ fontSize: 17 }}>{b(clause.title)}</h2>
                <div className="prose">{b(clause.text)}</div>
              </section>
            ))}
            <p className="small quiet mono">{one.hash}</p>
          </Sheet>
        </Page>
      )}
    </Loaded>
  );
}
