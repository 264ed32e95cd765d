/** Counter-offers: terms as changes of others, what they say in fields and sentences, and whether a rule may say yes to them. */
import { explain, isWithin, type Policy, PROFILE_IRI, parsePolicy } from '@shugu/policy';
import type { ReactionRule } from '@shugu/wire/federation';
import type { TermChanges, TermsTold } from '@shugu/wire/federation-terms';
import { endOfDay } from '../kernel/calendar/calendar.ts';
import type { OfferBody, Process, Terms } from './model.ts';
import {
  amountsOf,
  changedPrices,
  isObject,
  listedOf,
  mentionsPay,
  noLower,
  type Prices,
  priced,
  textOf,
  withPrices,
} from './prices.ts';
import { onWire, sameTerms } from './terms.ts';

export const ownTerms = ({ own_last, own_offer }: Pick<Process, 'own_last' | 'own_offer'>): OfferBody | null =>
  own_last ?? own_offer;

/** A limit in place of those of its operand and operators; what lies in `and` is laid out, as both mean the same. */
const limited = (constraints: readonly unknown[], changed: Changed): unknown[] => {
  const flat = constraints.flatMap((one) => (isObject(one) && Array.isArray(one.and) ? one.and : [one]));
  const stands = (one: unknown) =>
    !isObject(one) ||
    textOf(one.leftOperand) !== changed.leftOperand ||
    (changed.replaces !== undefined && !changed.replaces.includes(textOf(one.operator)));
  const { leftOperand, operator, rightOperand } = changed;
  return [...flat.filter(stands), { leftOperand, operator, rightOperand }];
};
interface Changed {
  leftOperand: string;
  operator: string;
  rightOperand: string;
  /** Operators of the same limit; all where it is undefined. */
  replaces?: readonly string[];
}

const changedLimits = ({ purposes, calls, rows, bytes, until }: TermChanges): Changed[] => {
  const most = (leftOperand: string, value: number | undefined): Changed[] =>
    value === undefined ? [] : [{ leftOperand, operator: 'lteq', rightOperand: String(value) }];
  return [
    ...(purposes ? [{ leftOperand: 'purpose', operator: 'isAnyOf', rightOperand: purposes.join(',') }] : []),
    ...most('count', calls),
    ...most('shugu:rows', rows),
    ...most('shugu:bytes', bytes),
    ...(until
      ? [
          {
            leftOperand: 'dateTime',
            operator: 'lt',
            rightOperand: endOfDay(until).toISOString(),
            replaces: ['lt', 'lteq'],
          },
        ]
      : []),
  ];
};

const changesPrices = ({ price, tierPrices, percent }: TermChanges): boolean =>
  price !== undefined || tierPrices !== undefined || percent !== undefined;

/** The terms with these changes; every permission is limited alike. Undefined where their prices do not fit those before. */
export const changedTerms = (base: Terms, changes: TermChanges, listed: Prices | null): Terms | undefined => {
  const { rules, prices: before } = priced(base);
  const prices = changesPrices(changes) ? changedPrices(before ?? listed, changes) : before;
  if (prices === undefined) return undefined;
  const limits = changedLimits(changes);
  const permission = (rules.permission ?? []).map((one) => {
    if (!isObject(one) || limits.length === 0) return one;
    const constraints = Array.isArray(one.constraint) ? one.constraint : [];
    return { ...one, constraint: limits.reduce<unknown[]>(limited, constraints) };
  });
  const own = limits.some(({ leftOperand }) => leftOperand.startsWith('shugu:')) || (prices?.length ?? 0) > 1;
  const profiles = [rules.profile ?? []].flat();
  const profile = profiles.length ? [...profiles, PROFILE_IRI] : PROFILE_IRI;
  const changed = { ...rules, ...(own && !profiles.includes(PROFILE_IRI) ? { profile } : {}), permission };
  return onWire(withPrices(changed, prices));
};

/** What a person or a rule says: our last terms, else those on the table, with these changes; undefined where they do not fit. */
export const counterTerms = (process: Process, changes: TermChanges): Terms | undefined =>
  changedTerms((ownTerms(process) ?? process.offer)!, changes, listedOf(process));

export const understood = (policy: Terms): Policy | undefined => {
  const { rules } = priced(policy);
  const parsed = parsePolicy({ '@type': 'Offer', ...rules });
  return parsed.ok && parsed.policy.notUnderstood.length === 0 ? parsed.policy : undefined;
};

/** An offer in fields and sentences. */
export const told = (process: Pick<Process, 'price' | 'tiers'>, offer: Terms): TermsTold => {
  const policy = understood(offer);
  const own = priced(offer).prices;
  const prices = own ?? listedOf(process);
  const terms = policy?.terms;
  const most = (metric: string): number | null =>
    terms?.quotas.find((one) => one.metric === metric && one.period === 'total')?.limit ?? null;
  return {
    price: prices?.length === 1 ? prices[0]!.unitPrice : null,
    tiers: prices && prices.length > 1 ? [...prices] : null,
    listed: own === null,
    purposes: terms?.purposes ?? null,
    calls: most('calls'),
    rows: most('rows'),
    bytes: most('bytes'),
    until: terms?.notAfter === undefined ? null : new Date(terms.notAfter).toISOString(),
    sentences: policy ? { zh: explain(policy, 'zh'), en: explain(policy, 'en') } : null,
  };
};

/** Within the other's limits; where a rule names purposes, those have been looked at. */
const isNoWider = (asked: Terms, ours: Terms, purposesNamed: boolean): boolean => {
  const [want, offer] = [understood(asked), understood(ours)];
  if (!want || !offer) return false;
  const { purposes: _, ...limits } = offer.terms;
  return isWithin(want, purposesNamed ? { ...offer, terms: limits } : offer).length === 0;
};

/**
 * A rule says yes to other terms than our own only as far as it names them, since yes to what is traded is a contract: a provider’s
 * to prices none of which is below ours (or its `amountFrom`) and to use within ours (or its `purposes`), a consumer’s to prices none
 * of which is above ours (or its `amountUpTo`).
 */
export const mayAgree = (
  rule: Pick<ReactionRule, 'reaction' | 'amountFrom' | 'amountUpTo' | 'purposes'>,
  process: Process,
): boolean => {
  const { offer, side, traded } = process;
  const own = ownTerms(process);
  if (!offer || !own || sameTerms(offer, own)) return true;
  const [asked, ours] = [amountsOf(process, offer), amountsOf(process, own)];
  if (side === 'provider' && traded && rule.reaction === 'agree') {
    const enough =
      rule.amountFrom !== undefined ||
      (asked === null || ours === null ? asked === ours && !mentionsPay(offer) : noLower(asked, ours));
    return enough && isNoWider(offer, own, rule.purposes !== undefined);
  }
  if (side === 'consumer' && rule.reaction === 'accept')
    return (
      rule.amountUpTo !== undefined || !mentionsPay(offer) || (asked !== null && ours !== null && noLower(ours, asked))
    );
  return true;
};
