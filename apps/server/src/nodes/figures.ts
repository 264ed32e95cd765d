/** Figures of the rule pack `nodes`. */
import type { NodesDeps } from './model.ts';

export const figure = ({ cases }: Pick<NodesDeps, 'cases'>, id: string, at: Date): number => {
  const pack = cases.ruleBook.current('nodes', at);
  if (!pack) throw new Error('no version of rule pack nodes is in force');
  return cases.ruleBook.number(pack.pin, id);
};
