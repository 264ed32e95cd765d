import { type getComputation, setBudget } from '@shugu/wire/compute';
import { Alert } from 'antd';
import type { Reply } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { Action } from '../ui/action.tsx';
import { field } from '../ui/fields.tsx';
import { count } from '../ui/format.ts';
import { Facts, Sheet } from '../ui/frame.tsx';

type Computation = Reply<typeof getComputation>;
type DataSet = Computation['dataSets'][number];

/** What noise costs, what of the owners' budgets is left, and an owner's way to say how much it allows. */
export const Privacy = ({ of, me }: { of: Computation; me: string | undefined }) => {
  const { t, b } = useWords();
  const { privacy } = of;
  if (!privacy) return null;
  const own = of.yours.owner ? of.dataSets.filter(({ owner }) => owner === me) : [];
  const budgetOf = ({ resource, entity }: DataSet) =>
    privacy.budgets.find((one) => one.resource === resource && one.entity === entity);
  return (
    <Sheet title={t('compute.privacy')}>
      {privacy.warning ? <Alert type="warning" showIcon title={b(privacy.warning)} /> : null}
      <Facts
        items={[
          [t('compute.rho'), privacy.rho],
          [t('compute.epsilon'), `${privacy.epsilon.toPrecision(3)} (δ = ${privacy.delta})`],
          [t('compute.budgetUses'), count(privacy.usesLeft)],
          ...own.map((set): [string, string] => {
            const found = budgetOf(set);
            return [
              t('compute.budgetOf', { table: set.table }),
              found ? t('compute.spentOf', { spent: found.spent, limit: found.limit }) : t('compute.noBudget'),
            ];
          }),
        ]}
      />
      {own.map((set) => (
        <Action
          key={set.table}
          endpoint={setBudget}
          small
          label={t('compute.setBudget', { table: set.table })}
          explain={<p>{t('compute.setBudgetExplain')}</p>}
          initial={{ rho: budgetOf(set)?.limit }}
          fields={[
            field('rho', 'text', ['隐私预算 ρ（zCDP，小数）', 'Budget ρ (zCDP, a decimal)'], { required: true }),
          ]}
          input={(values) => ({ body: { resource: set.resource, entity: set.entity, ...values } as never })}
        />
      ))}
    </Sheet>
  );
};
