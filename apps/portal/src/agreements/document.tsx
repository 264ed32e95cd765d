/** The text that both sides sign, and its hash; nothing else is signed. */
import { getDocument } from '@shugu/wire/agreements';
import { useQuery } from '@tanstack/react-query';
import { client } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { Loaded, Sheet } from '../ui/frame.tsx';

interface Clause {
  number: string;
  title: { zh: string; en: string };
  text: { zh: string; en: string };
}

export const ContractDocument = ({ id, version, hash }: { id: string; version: number; hash: string | null }) => {
  const { t, b } = useWords();
  const read = useQuery({
    queryKey: ['contract-document', id, version, hash],
    queryFn: async () =>
      (await (await client.raw(getDocument, { params: { id, version } })).json()) as {
        number: string;
        clauses: Clause[];
        template: { source: { zh: string; en: string } };
      },
    enabled: !!hash,
  });
  if (!hash) return null;
  return (
    <Sheet title={t('contract.text')}>
      <Loaded of={read}>
        {(document) => (
          <>
            <p className="quiet small">{b(document.template.source)}</p>
            {document.clauses.map((clause) => (
              <section key={clause.number} style={{ marginBottom: 14 }}>
                <h3 style={{ fontSize: 16 }}>
                  {clause.number}　{b(clause.title)}
                </h3>
                <div className="prose">{b(clause.text)}</div>
              </section>
            ))}
            <p className="small quiet">
              {t('contract.hash')} <span className="mono">{hash}</span>
            </p>
          </>
        )}
      </Loaded>
    </Sheet>
  );
};
