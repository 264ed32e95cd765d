/**
 * Counter-offers: terms as changes of others, their price, what they say in fields and sentences, and whether a rule may say yes to
 * them. A price that is not the listed one stands among the rules themselves, as ODRL says it: the duty `compensate` with
 * `payAmount`, so that the agreement says it, too. It takes the place of the one price of the listed plan.
 */
import { explain, isWithin, type Policy, PROFILE_IRI, parsePolicy } from '@shugu/policy';
import type { ReactionRule } from '@shugu/wire/federation';
import type { TermChanges, TermsTold } from '@shugu/wire/federation-terms';
import { endOfDay } from '../kernel/calendar/calendar.ts';
import type { Json, OfferBody, Process, Terms } from './model.ts';
import { exactly, paysAmount, sameTerms, termsOf, word } from './terms.ts';

const priceForm = /^(0|[1-9]\d{0,11})(\.\d{1,8})?$/;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const textOf = (value: unknown): string => {
  const told = isObject(value) ? value['@value'] : value;
  return typeof told === 'string' ? word(told) : '';
};
const only = (value: Json, names: readonly string[]): boolean =>
  Object.keys(value).every((key) => key === '@type' || names.includes(word(key)));

/** The price that a duty asks for; undefined where it is another duty, or asks for more than that. */
const paymentIn = (duty: unknown): string | undefined => {
  if (!isObject(duty) || textOf(duty.action) !== 'compensate' || !only(duty, ['action', 'constraint']))
    return undefined;
  const [constraint, ...others] = Array.isArray(duty.constraint) ? duty.constraint : [];
  if (others.length > 0 || !isObject(constraint)) return undefined;
  if (!only(constraint, ['leftOperand', 'operator', 'rightOperand'])) return undefined;
  if (textOf(constraint.leftOperand) !== 'payAmount' || textOf(constraint.operator) !== 'eq') return undefined;
  const price = textOf(constraint.rightOperand);
  return priceForm.test(price) ? price : undefined;
};

/** Rules without the one duty to pay, and what that asks for; null: none does, so the listed price holds. */
export const priced = (policy: Terms): { rules: Terms; price: string | null } => {
  const { obligation = [], ...rules } = termsOf(policy);
  const payments = obligation.filter((one) => paymentIn(one) !== undefined);
  // Twice is not for us to choose from: the policy is then not understood.
  if (payments.length !== 1) return { rules: termsOf(policy), price: null };
  const left = obligation.filter((one) => !payments.includes(one));
  return { rules: termsOf({ ...rules, obligation: left }), price: paymentIn(payments[0])! };
};

interface Priced {
  offer?: unknown;
  plan?: { kind?: unknown; unitPrice?: unknown; price?: unknown; agreedPrice?: unknown };
}
/** What a data set's catalogue asks for an offer, for what the plan charges for; null where it has not one price. */
export const listedPrice = (dataset: object, offer: string): string | null => {
  const all = [(dataset as { 'shugu:price'?: unknown })['shugu:price'] ?? []].flat() as Priced[];
  const plan = all.find((one) => one?.offer === offer)?.plan;
  if (plan?.kind === 'free') return '0';
  const [price, ...others] = [plan?.unitPrice, plan?.price, plan?.agreedPrice].filter((one) => one !== undefined);
  return others.length === 0 && typeof price === 'string' && priceForm.test(price) ? price : null;
};

export const ownTerms = ({ own_last, own_offer }: Pick<Process, 'own_last' | 'own_offer'>): OfferBody | null =>
  own_last ?? own_offer;

/** What an offer in this negotiation asks for: its own price, else the listed one; null where neither is one. */
const priceOf = ({ price }: Pick<Process, 'price'>, offer: Terms): string | null => priced(offer).price ?? price;
export const amountOf = (process: Pick<Process, 'price'>, offer: Terms): bigint | null => {
  const amount = paysAmount(offer);
  if (amount !== null) return amount;
  // Said more than once, or in another way: then the listed price is not what is asked for.
  return process.price === null || mentionsPay(offer) ? null : exactly(process.price);
};
const mentionsPay = (offer: Terms): boolean => JSON.stringify(termsOf(offer)).includes('payAmount');

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

/** The terms with these changes; every permission is limited alike. */
export const changedTerms = (base: Terms, changes: TermChanges): Terms => {
  const { rules, price: before } = priced(base);
  const price = changes.price ?? before;
  const limits = changedLimits(changes);
  const permission = (rules.permission ?? []).map((one) => {
    if (!isObject(one) || limits.length === 0) return one;
    const constraints = Array.isArray(one.constraint) ? one.constraint : [];
    return { ...one, constraint: limits.reduce<unknown[]>(limited, constraints) };
  });
  const payment = { leftOperand: 'payAmount', operator: 'eq', rightOperand: price };
  const own = limits.some(({ leftOperand }) => leftOperand.startsWith('shugu:'));
  const profiles = [rules.profile ?? []].flat();
  return termsOf({
    ...rules,
    ...(own && !profiles.includes(PROFILE_IRI)
      ? { profile: profiles.length ? [...profiles, PROFILE_IRI] : PROFILE_IRI }
      : {}),
    permission,
    obligation: [
      ...(rules.obligation ?? []),
      ...(price === null ? [] : [{ action: 'compensate', constraint: [payment] }]),
    ],
  });
};

export const understood = (policy: Terms): Policy | undefined => {
  const { rules } = priced(policy);
  const parsed = parsePolicy({ '@type': 'Offer', ...rules });
  return parsed.ok && parsed.policy.notUnderstood.length === 0 ? parsed.policy : undefined;
};

/** An offer in fields and sentences. */
export const told = (process: Pick<Process, 'price'>, offer: Terms): TermsTold => {
  const policy = understood(offer);
  const terms = policy?.terms;
  const most = (metric: string): number | null =>
    terms?.quotas.find((one) => one.metric === metric && one.period === 'total')?.limit ?? null;
  return {
    price: priceOf(process, offer),
    listed: priced(offer).price === null,
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
 * to a price not below ours (or its `amountFrom`) and to use within ours (or its `purposes`), a consumer’s to a price not above ours
 * (or its `amountUpTo`).
 */
export const mayAgree = (
  rule: Pick<ReactionRule, 'reaction' | 'amountFrom' | 'amountUpTo' | 'purposes'>,
  process: Process,
): boolean => {
  const { offer, side, traded } = process;
  const own = ownTerms(process);
  if (!offer || !own || sameTerms(offer, own)) return true;
  const [asked, ours] = [amountOf(process, offer), amountOf(process, own)];
  if (side === 'provider' && traded && rule.reaction === 'agree') {
    const enough =
      rule.amountFrom !== undefined ||
      (asked === null || ours === null ? asked === ours && !mentionsPay(offer) : asked >= ours);
    return enough && isNoWider(offer, own, rule.purposes !== undefined);
  }
  if (side === 'consumer' && rule.reaction === 'accept')
    return rule.amountUpTo !== undefined || !mentionsPay(offer) || (asked !== null && ours !== null && asked <= ours);
  return true;
};
