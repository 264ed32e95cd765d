import type { getComputation } from '@shugu/wire/compute';
import type { Reply } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { count } from '../ui/format.ts';
import { Facts, Sheet } from '../ui/frame.tsx';

/** What stands in the place of a query where two owners look which keys they have in common. */
export const Intersection = ({ of }: { of: Reply<typeof getComputation> }) => {
  const { t } = useWords();
  if (!of.intersection || !of.shares) return null;
  const { protocol, opens, sums, count: counted } = of.intersection;
  return (
    <Sheet title={t('compute.intersection')}>
      <Facts
        items={[
          [t('compute.opens'), t(`psiOpening.${opens}`)],
          [t('compute.protocol'), t(`psiProtocol.${protocol}`)],
          [t('compute.keys'), of.shares.parts.map(({ table, key }) => `${table}.${key}`).join(' = ')],
          [t('compute.keysMax'), count(of.shares.rowsMax)],
          ...(opens === 'count'
            ? ([[t('compute.sumsLeast'), counted ? count(counted.atLeast) : t('compute.noLeast')]] as [
                string,
                string,
              ][])
            : []),
          ...(sums
            ? ([
                [t('compute.sums'), `${sums.table}.${sums.column}`],
                [t('compute.sumsGroup'), sums.group ? `${sums.table}.${sums.group}` : '—'],
                [t('compute.sumsLeast'), count(sums.atLeast)],
              ] as [string, string][])
            : []),
        ]}
      />
    </Sheet>
  );
};
