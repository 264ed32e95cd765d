/**
 * What an offer asks for: one price, or one for each tier of its listed plan. Where that is not as listed it stands among the rules
 * themselves, as ODRL says it: a duty `compensate` with `payAmount` for each, those of a tier that ends with the quantity up to which
 * they hold (`shugu:priceUpTo`), so that the agreement says them, too. They take the place of the prices of the listed plan.
 */
import { type Decimal, decimalOf, divideRounded, partsOf } from '@shugu/ledger';
import { inOrder, type TermChanges, type Tier } from '@shugu/wire/federation-terms';
import { marketLimits } from '@shugu/wire/market';
import type { Json, Process, Terms } from './model.ts';
import { exactly, paysAmount, termsOf, word } from './terms.ts';

/** In ascending order, the last one open; one alone is a price. Yuan with tax; units as the listed plan counts them. */
export type Prices = readonly Tier[];

const priceForm = /^(0|[1-9]\d{0,11})(\.\d{1,8})?$/;
const boundForm = /^[1-9]\d{0,15}$/;
const boundOperand = 'shugu:priceUpTo';

export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
export const textOf = (value: unknown): string => {
  const told = isObject(value) ? value['@value'] : value;
  return typeof told === 'string' ? word(told) : '';
};
const only = (value: Json, names: readonly string[]): boolean =>
  Object.keys(value).every((key) => key === '@type' || names.includes(word(key)));

const single = (unitPrice: string): Prices => [{ upTo: null, unitPrice }];

/** Undefined unless each tier ends after the one before it, and the last one does not. */
const ordered = (tiers: Prices): Prices | undefined =>
  tiers.length <= marketLimits.tiersMax && inOrder(tiers) ? tiers : undefined;

const rightOf = (constraint: unknown, operand: string, operator: string): string | undefined =>
  isObject(constraint) &&
  only(constraint, ['leftOperand', 'operator', 'rightOperand']) &&
  textOf(constraint.leftOperand) === operand &&
  textOf(constraint.operator) === operator
    ? textOf(constraint.rightOperand)
    : undefined;

/** The price that a duty asks for, and up to which quantity; undefined where it is another duty, or asks for more than that. */
const paymentIn = (duty: unknown): Tier | undefined => {
  if (!isObject(duty) || textOf(duty.action) !== 'compensate' || !only(duty, ['action', 'constraint']))
    return undefined;
  const [payment, bound, ...others] = Array.isArray(duty.constraint) ? duty.constraint : [];
  const unitPrice = rightOf(payment, 'payAmount', 'eq') ?? '';
  if (others.length > 0 || !priceForm.test(unitPrice)) return undefined;
  if (bound === undefined) return { upTo: null, unitPrice };
  const upTo = rightOf(bound, boundOperand, 'lteq') ?? '';
  return boundForm.test(upTo) && Number.isSafeInteger(Number(upTo)) ? { upTo: Number(upTo), unitPrice } : undefined;
};
const payment = ({ upTo, unitPrice }: Tier): Json => ({
  action: 'compensate',
  constraint: [
    { leftOperand: 'payAmount', operator: 'eq', rightOperand: unitPrice },
    ...(upTo === null ? [] : [{ leftOperand: boundOperand, operator: 'lteq', rightOperand: String(upTo) }]),
  ],
});

/** Rules without the duties to pay, and what those ask for; null: none does, so the listed prices hold. */
export const priced = (policy: Terms): { rules: Terms; prices: Prices | null } => {
  const { obligation = [], ...rules } = termsOf(policy);
  // What is not one price, or one for each tier, is not for us to choose from: the policy is then not understood.
  const payments = obligation.flatMap((one) => paymentIn(one) ?? []);
  // Others may write them in another order.
  const prices = ordered(payments.sort((one, other) => (one.upTo ?? Infinity) - (other.upTo ?? Infinity) || 0));
  if (!prices) return { rules: termsOf(policy), prices: null };
  const left = obligation.filter((one) => paymentIn(one) === undefined);
  return { rules: termsOf({ ...rules, obligation: left }), prices };
};

export const withPrices = (rules: Terms, prices: Prices | null): Terms =>
  termsOf({ ...rules, obligation: [...(rules.obligation ?? []), ...(prices ?? []).map(payment)] });

interface Priced {
  offer?: unknown;
  plan?: { kind?: unknown; unitPrice?: unknown; price?: unknown; agreedPrice?: unknown; tiers?: unknown };
}
/** What a data set's catalogue asks for an offer, for what the plan charges for; null where nobody says. */
export const listedPrices = (dataset: object, offer: string): Prices | null => {
  const all = [(dataset as { 'shugu:price'?: unknown })['shugu:price'] ?? []].flat() as Priced[];
  const plan = all.find((one) => one?.offer === offer)?.plan;
  if (plan?.kind === 'free') return single('0');
  if (plan?.kind === 'tiered') return tiersIn(plan.tiers);
  const [price, ...others] = [plan?.unitPrice, plan?.price, plan?.agreedPrice].filter((one) => one !== undefined);
  return others.length === 0 && typeof price === 'string' && priceForm.test(price) ? single(price) : null;
};
const tiersIn = (told: unknown): Prices | null => {
  if (!Array.isArray(told) || told.length > marketLimits.tiersMax) return null;
  const tiers = told.flatMap((one: unknown): Tier[] => {
    const { upTo = null, unitPrice } = isObject(one) ? one : {};
    const open = upTo === null;
    if (typeof unitPrice !== 'string' || !priceForm.test(unitPrice) || !(open || Number.isSafeInteger(upTo))) return [];
    return [{ upTo: open ? null : Number(upTo), unitPrice }];
  });
  return tiers.length === told.length ? (ordered(tiers) ?? null) : null;
};

/** As a process keeps what is listed. */
export const keptPrices = (prices: Prices | null): Pick<Process, 'price' | 'tiers'> =>
  prices?.length === 1
    ? { price: prices[0]!.unitPrice, tiers: null }
    : { price: null, tiers: prices === null ? null : [...prices] };
export const listedOf = ({ price, tiers }: Pick<Process, 'price' | 'tiers'>): Prices | null =>
  tiers ?? (price === null ? null : single(price));

/**
 * So many percent of a price, rounded half up to the fen, or to as many places as the price has where those are more; of what costs
 * anything at least one of that last place.
 */
export const percentOf = (unitPrice: string, percent: number): string => {
  const { coefficient, scale } = partsOf(unitPrice as Decimal);
  const places = Math.max(2, scale);
  const hundredfold = coefficient * 10n ** BigInt(places - scale) * BigInt(percent);
  const rounded = divideRounded(hundredfold, 100n, 'halfUp');
  const share = decimalOf({ coefficient: rounded === 0n && coefficient > 0n ? 1n : rounded, scale: places });
  return exactly(share) === exactly(unitPrice) ? unitPrice : share;
};

/** The prices with these changes; undefined where those do not fit them: another number of tiers, or no price to begin with. */
export const changedPrices = (
  before: Prices | null,
  { price, tierPrices, percent, floors }: TermChanges,
): Prices | undefined => {
  if (price !== undefined) return before && before.length > 1 ? undefined : single(price);
  if (!before || (tierPrices && tierPrices.length !== before.length)) return undefined;
  if (tierPrices) return before.map(({ upTo }, place) => ({ upTo, unitPrice: tierPrices[place]! }));
  if (percent === undefined || (floors && floors.length !== 1 && floors.length !== before.length)) return undefined;
  const after = before.map(({ upTo, unitPrice }, place) => {
    const floor = floors?.[floors.length === 1 ? 0 : place];
    const share = percentOf(unitPrice, percent);
    return { upTo, unitPrice: floor !== undefined && exactly(share) < exactly(floor) ? floor : share };
  });
  return after.every(({ unitPrice }) => priceForm.test(unitPrice)) ? after : undefined;
};

export const mentionsPay = (offer: Terms): boolean => JSON.stringify(termsOf(offer)).includes('payAmount');

interface Amount {
  upTo: number | null;
  /** Of the last of eight places. */
  amount: bigint;
}
const amounts = (prices: Prices): Amount[] =>
  prices.map(({ upTo, unitPrice }) => ({ upTo, amount: exactly(unitPrice) }));

/** What an offer in this negotiation asks for: what it says itself, else the listed prices; null where neither is known. */
export const amountsOf = (process: Pick<Process, 'price' | 'tiers'>, offer: Terms): readonly Amount[] | null => {
  const { prices } = priced(offer);
  if (prices) return amounts(prices);
  // Said more than once, or in another way: then the listed prices are not what is asked for.
  const amount = JSON.stringify(termsOf(offer)).includes('priceUpTo') ? null : paysAmount(offer);
  if (amount !== null) return [{ upTo: null, amount }];
  const listed = listedOf(process);
  return listed === null || mentionsPay(offer) ? null : amounts(listed);
};

/** Up to the same quantities, and at none of them lower. */
export const noLower = (one: readonly Amount[], other: readonly Amount[]): boolean =>
  one.length === other.length &&
  one.every(({ upTo, amount }, place) => upTo === other[place]!.upTo && amount >= other[place]!.amount);
