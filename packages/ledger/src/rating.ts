import type { Decimal } from './decimal.ts';
import {
  addDecimal,
  compareDecimal,
  decimalFromInteger,
  isNegative,
  multiplyDecimal,
  parseDecimal,
  roundToFen,
  shiftDecimal,
} from './decimal.ts';
import type { Fen } from './fen.ts';
import { LedgerError } from './problem.ts';
import type { RoundingMode } from './rounding.ts';

/** What a metered quantity counts. `gigabyte` is priced per 10^9 bytes (SI), but measured and rated in bytes. */
export type MeteredUnit = 'call' | 'row' | 'gigabyte';
export type SubscriptionPeriod = 'month' | 'quarter' | 'year';

/** Applies `unitPrice` to quantities above the previous tier and up to `upTo`; the last tier has `upTo: null`. */
export interface PriceTier {
  upTo: number | null;
  unitPrice: Decimal;
}

interface Metered {
  /** Quantity free of charge in every statement line, in the measured unit (bytes for gigabyte plans). */
  included?: number;
  /** Yuan charged at least for a statement line, used or not. */
  minimumCharge?: Decimal;
}

/**
 * A price plan, tax included, in yuan; plain JSON. The measured quantity of each kind:
 * copies (free, oneOff, quotation), periods (subscription), calls, rows, or bytes (perGigabyte).
 */
export type PricePlan =
  | { kind: 'free' }
  | { kind: 'oneOff'; price: Decimal }
  | { kind: 'subscription'; period: SubscriptionPeriod; price: Decimal }
  | ({ kind: 'perCall'; unitPrice: Decimal } & Metered)
  | ({ kind: 'perRow'; unitPrice: Decimal } & Metered)
  | ({ kind: 'perGigabyte'; unitPrice: Decimal } & Metered)
  | ({ kind: 'tiered'; unit: MeteredUnit; mode: 'graduated' | 'volume'; tiers: PriceTier[] } & Metered)
  | { kind: 'quotation'; agreedPrice?: Decimal };

/** One tier's share of a line, so that a reader can recompute it with paper and pencil. */
export interface RatedPart {
  quantity: bigint;
  unitPrice: Decimal;
  amountExact: Decimal;
}

export interface StatementLine {
  /** As measured: copies, periods, calls, rows or bytes. */
  quantity: bigint;
  /** quantity − included, never below 0. */
  billableQuantity: bigint;
  /** Price of one unit; for tiered plans that of the tier reached last (see `parts`). */
  unitPrice: Decimal;
  parts: RatedPart[];
  /** Yuan, unrounded, minimum charge applied. */
  amountExact: Decimal;
  /** `amountExact` rounded once. Only this is posted. */
  amountFen: Fen;
  minimumApplied: boolean;
  rounding: RoundingMode;
}

export const tiersMax = 50;
export const quantityMax = 10n ** 18n;

const zero = '0' as Decimal;
const gigabyteDigits = 9;

/**
 * Rates one quantity into one statement line. Exact until the end; rounded once, per line, half up unless the
 * operator's data says half even. Throws `quantity-invalid`, or `price-not-quoted` for a quotation nobody agreed to.
 */
export function rate(
  plan: PricePlan,
  quantity: bigint | number,
  options: { rounding?: RoundingMode } = {},
): StatementLine {
  const measured = quantityOf(quantity);
  const rounding = options.rounding ?? 'halfUp';
  const metered = 'included' in plan || 'minimumCharge' in plan ? (plan as Metered) : {};
  const included = BigInt(metered.included ?? 0);
  const billable = measured > included ? measured - included : 0n;
  const parts = partsOfPlan(plan, billable);
  const used = parts.reduce((sum, part) => addDecimal(sum, part.amountExact), zero);
  const minimum = metered.minimumCharge ?? zero;
  const minimumApplied = compareDecimal(used, minimum) < 0;
  const amountExact = minimumApplied ? minimum : used;
  return {
    quantity: measured,
    billableQuantity: billable,
    unitPrice: parts.at(-1)!.unitPrice,
    parts,
    amountExact,
    amountFen: roundToFen(amountExact, rounding),
    minimumApplied,
    rounding,
  };
}

function partsOfPlan(plan: PricePlan, billable: bigint): RatedPart[] {
  switch (plan.kind) {
    case 'free':
      return [part(billable, zero, 'call')];
    case 'oneOff':
    case 'subscription':
      return [part(billable, plan.price, 'call')];
    case 'perCall':
    case 'perRow':
      return [part(billable, plan.unitPrice, 'call')];
    case 'perGigabyte':
      return [part(billable, plan.unitPrice, 'gigabyte')];
    case 'tiered':
      return plan.mode === 'volume' ? [volumePart(plan, billable)] : graduatedParts(plan, billable);
    case 'quotation':
      if (plan.agreedPrice === undefined) throw new LedgerError('price-not-quoted', 'no price has been agreed yet');
      return [part(billable, plan.agreedPrice, 'call')];
  }
}

function part(quantity: bigint, unitPrice: Decimal, unit: MeteredUnit): RatedPart {
  const exact = multiplyDecimal(decimalFromInteger(quantity), unitPrice);
  return { quantity, unitPrice, amountExact: unit === 'gigabyte' ? shiftDecimal(exact, gigabyteDigits) : exact };
}

type TieredPlan = Extract<PricePlan, { kind: 'tiered' }>;

/** Volume pricing: the whole quantity at the price of the tier it falls into. See `volumeCliffs`. */
function volumePart(plan: TieredPlan, billable: bigint): RatedPart {
  const tier = plan.tiers.find(({ upTo }) => upTo === null || billable <= BigInt(upTo))!;
  return part(billable, tier.unitPrice, plan.unit);
}

/** Graduated pricing: each slice at its own tier's price, so that the total never jumps at a boundary. */
function graduatedParts(plan: TieredPlan, billable: bigint): RatedPart[] {
  const parts: RatedPart[] = [];
  let from = 0n;
  for (const tier of plan.tiers) {
    const end = tier.upTo === null || billable < BigInt(tier.upTo) ? billable : BigInt(tier.upTo);
    parts.push(part(end - from, tier.unitPrice, plan.unit));
    from = end;
    if (from >= billable) break;
  }
  return parts;
}

/** Boundaries of a volume plan beyond which buying more costs less: a warning for whoever drafts the price. */
export function volumeCliffs(plan: PricePlan): number[] {
  if (plan.kind !== 'tiered' || plan.mode !== 'volume') return [];
  return plan.tiers.flatMap(({ upTo, unitPrice }, index) => {
    const next = plan.tiers[index + 1];
    if (upTo === null || next === undefined) return [];
    const here = multiplyDecimal(decimalFromInteger(upTo), unitPrice);
    const beyond = multiplyDecimal(decimalFromInteger(BigInt(upTo) + 1n), next.unitPrice);
    return compareDecimal(beyond, here) < 0 ? [upTo] : [];
  });
}

function quantityOf(quantity: bigint | number): bigint {
  const bad = typeof quantity === 'number' ? !Number.isSafeInteger(quantity) || quantity < 0 : quantity < 0n;
  if (bad || BigInt(quantity) > quantityMax) {
    throw new LedgerError('quantity-invalid', 'quantity must be a whole number of 0 to 10^18', {
      quantity: String(quantity).slice(0, 40),
    });
  }
  return BigInt(quantity);
}

/** A statement line as JSON: integers as strings, decimals as they are. */
export function statementLineToWire(line: StatementLine) {
  return {
    quantity: line.quantity.toString(),
    billableQuantity: line.billableQuantity.toString(),
    unitPrice: line.unitPrice,
    parts: line.parts.map((each) => ({ ...each, quantity: each.quantity.toString() })),
    amountExact: line.amountExact,
    amountFen: line.amountFen.toString(),
    minimumApplied: line.minimumApplied,
    rounding: line.rounding,
  };
}

const periods: readonly string[] = ['month', 'quarter', 'year'];
const units: readonly string[] = ['call', 'row', 'gigabyte'];
const fieldsOfKind: Record<string, readonly string[]> = {
  free: [],
  oneOff: ['price'],
  subscription: ['period', 'price'],
  perCall: ['unitPrice', 'included', 'minimumCharge'],
  perRow: ['unitPrice', 'included', 'minimumCharge'],
  perGigabyte: ['unitPrice', 'included', 'minimumCharge'],
  tiered: ['unit', 'mode', 'tiers', 'included', 'minimumCharge'],
  quotation: ['agreedPrice'],
};

/** JSON → a checked plan with canonical decimals. Throws `plan-invalid` naming the field; unknown fields are refused. */
export function parsePricePlan(input: unknown): PricePlan {
  const plan = recordOf(input, 'plan');
  const fields = typeof plan.kind === 'string' && Object.hasOwn(fieldsOfKind, plan.kind) && fieldsOfKind[plan.kind];
  if (!fields) throw invalid('kind');
  for (const field of Object.keys(plan)) if (field !== 'kind' && !fields.includes(field)) throw invalid(field);
  const parsed: Record<string, unknown> = { kind: plan.kind };
  for (const field of fields) {
    const optional = field === 'included' || field === 'minimumCharge' || field === 'agreedPrice';
    if (plan[field] === undefined && optional) continue;
    parsed[field] = parseField(field, plan[field]);
  }
  return parsed as PricePlan;
}

function parseField(field: string, value: unknown): unknown {
  switch (field) {
    case 'price':
    case 'unitPrice':
    case 'minimumCharge':
    case 'agreedPrice':
      return priceOf(value, field);
    case 'included':
      return countOf(value, field, 0);
    case 'tiers':
      return tiersOf(value);
    default: {
      const allowed = field === 'period' ? periods : field === 'unit' ? units : ['graduated', 'volume'];
      if (typeof value !== 'string' || !allowed.includes(value)) throw invalid(field);
      return value;
    }
  }
}

function tiersOf(value: unknown): PriceTier[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > tiersMax) throw invalid('tiers');
  let previous = 0;
  return value.map((each: unknown, index) => {
    const tier = recordOf(each, `tiers[${index}]`);
    const field = `tiers[${index}].upTo`;
    const last = index === value.length - 1;
    // The last tier must be open: a closed one would leave a quantity without a price.
    if (last !== (tier.upTo === null)) throw invalid(field);
    const upTo = last ? null : countOf(tier.upTo, field, previous + 1);
    previous = upTo ?? previous;
    return { upTo, unitPrice: priceOf(tier.unitPrice, `tiers[${index}].unitPrice`) };
  });
}

function priceOf(value: unknown, field: string): Decimal {
  try {
    const price = parseDecimal(value);
    if (!isNegative(price)) return price;
  } catch {
    // Reported below under the plan's own code, with the field that holds the bad value.
  }
  throw invalid(field);
}

function countOf(value: unknown, field: string, least: number): number {
  if (!Number.isSafeInteger(value) || (value as number) < least) throw invalid(field);
  return value as number;
}

function recordOf(value: unknown, field: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(field);
  return value as Record<string, unknown>;
}

function invalid(field: string): LedgerError {
  return new LedgerError('plan-invalid', `price plan: ${field} is missing or not allowed`, { field });
}
