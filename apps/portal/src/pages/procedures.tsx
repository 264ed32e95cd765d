import { cases } from '@shugu/wire/cases';
import { Link } from '@tanstack/react-router';
import { useRead } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { Loaded, Page } from '../ui/frame.tsx';

export default function Procedures() {
  const { t, b, w } = useWords();
  const read = useRead(cases.procedures, {});
  return (
    <Page title={t('procedures.title')} lead={t('procedures.lead')}>
      <Loaded of={read}>
        {({ items }) => (
          <div className="grid">
            {items.map((one) => (
              <Link key={one.id} to={paths.procedure(one.id)} className="tile">
                <h3>{b(one.title)}</h3>
                <p className="quiet">{b(one.summary)}</p>
                <div className="small quiet">{t('procedures.handledBy', { role: w('role', one.handlerRole) })}</div>
              </Link>
            ))}
          </div>
        )}
      </Loaded>
    </Page>
  );
}
