/** Figures of the operator's rule pack in force. */
import type { MarketDeps } from '../model.ts';

const pack = 'exchange';

export const ruleNumber = ({ cases }: Pick<MarketDeps, 'cases'>, ruleId: string, at: Date): number => {
  const found = cases.ruleBook.current(pack, at);
  if (!found) throw new Error(`no version of rule pack ${pack} is in force`);
  return cases.ruleBook.number(found.pin, ruleId);
};
