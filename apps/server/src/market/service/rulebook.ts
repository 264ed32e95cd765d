/** Figures of the operator's rule pack in force. */
import type { MarketDeps } from '../model.ts';

const pack = 'exchange';

export const ruleNumber = ({ cases }: Pick<MarketDeps, 'cases'>, ruleId: string, at: Date): number => {
  const found = cases.ruleBook.current(pack, at);
  if (!found) throw new Error(`no version of rule pack ${pack} is in force`);
  return cases.ruleBook.number(found.pin, ruleId);
};

export interface AcceptanceRules {
  /** Silence accepts by itself, or two people of the operator decide. */
  silence: 'automatic' | 'operator';
  /** Working days after the time to accept, before silence accepts. */
  silenceDays: number;
  /** Working days in which an objection is to be mended. */
  reworkDays: number;
}

/** Without a rule silence is no consent: a defect may show only in use. */
export const acceptanceRules = ({ cases }: Pick<MarketDeps, 'cases'>, at: Date): AcceptanceRules => {
  const rules = cases.ruleBook.current('exchange', at)?.rules;
  const days = (id: string, fallback: number): number => {
    const value = rules?.get(id)?.value;
    return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : fallback;
  };
  return {
    silence: rules?.get('silentAcceptance')?.value === 'automatic' ? 'automatic' : 'operator',
    silenceDays: days('silentAcceptanceDays', 5),
    reworkDays: days('objectionAfterDeliveryDays', 5),
  };
};
