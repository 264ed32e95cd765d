/** Figures of the operator's rule pack in force. */
import type { ContractTerms } from '../../agreements/index.ts';
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

/** Terms of every contract that are the operator's, not the parties': a defect of its pack when they are missing. */
export const contractRules = ({ cases }: Pick<MarketDeps, 'cases'>, at: Date) => {
  const found = cases.ruleBook.current(pack, at);
  if (!found) throw new Error(`no version of rule pack ${pack} is in force`);
  const text = (id: string): string => String(cases.ruleBook.value(found.pin, id));
  const forum: ContractTerms['dispute']['forum'] = text('disputeForum') === 'court' ? 'court' : 'arbitration';
  const kinds = found.rules.get('contractKinds')?.value;
  const pairs = Array.isArray(kinds) ? kinds.map((one) => one.split(':')) : [];
  return {
    dispute: { forum, body: text('disputeBody') },
    /** Of the template that a kind of product is contracted by. */
    kindOf: (product: string): string => pairs.find(([name]) => name === product)?.[1] ?? 'provision',
  };
};
