import type { Decimal } from './decimal.ts';
import {
  addDecimal,
  compareDecimal,
  decimalFromFen,
  decimalOf,
  isNegative,
  multiplyDecimal,
  parseDecimal,
  partsOf,
  roundToFen,
} from './decimal.ts';
import type { Fen } from './fen.ts';
import { parseFen, sumFen } from './fen.ts';
import { LedgerError } from './problem.ts';

/** A fraction of 1 ("0.7"), or basis points (7000 = 70 %). */
export type Share = Decimal | { basisPoints: number };

export interface SplitLeg {
  party: string;
  /** supplier, rightsHolder, dataMerchant, serviceBody … as agreed; free text for readers. */
  role: string;
  share: Share;
}

/** The exchange's service fee: taken first, out of the total; a share with optional floor and cap in fen (strings). */
export interface SplitFee {
  party: string;
  share: Share;
  minimumFen?: string;
  maximumFen?: string;
}

/** Frozen with the order: a rate is configuration, but the line that a deal was closed on never changes again. */
export interface SplitRule {
  legs: readonly SplitLeg[];
  fee?: SplitFee;
}

export interface SplitPart {
  party: string;
  role: string;
  fen: Fen;
}

export interface SplitResult {
  totalFen: Fen;
  feeFen: Fen;
  feeParty: string | null;
  /** In the order of the rule's legs; legs of zero fen are kept, so that statements show them. */
  parts: SplitPart[];
}

export const splitLegsMax = 100;
export const nameLengthMax = 200;

const one = '1' as Decimal;
const zero = '0' as Decimal;

export function shareDecimal(share: Share): Decimal {
  if (typeof share === 'string') return parseDecimal(share);
  const { basisPoints } = share;
  if (!Number.isInteger(basisPoints)) throw new LedgerError('split-invalid', 'basis points must be whole');
  return decimalOf({ coefficient: BigInt(basisPoints), scale: 4 });
}

/** Shares of the legs must lie in (0, 1] and sum to exactly 1; the fee's share in [0, 1]. Throws `split-invalid`. */
export function checkSplitRule(rule: SplitRule): void {
  const { legs, fee } = rule;
  if (legs.length === 0 || legs.length > splitLegsMax) throw invalid('between 1 and 100 legs are needed');
  const seen = new Set<string>();
  let sum = zero;
  for (const leg of legs) {
    const share = shareDecimal(leg.share);
    if (leg.party === '' || compareDecimal(share, zero) <= 0) throw invalid('a leg needs a party and a positive share');
    const name = JSON.stringify([leg.party, leg.role]);
    if (seen.has(name)) throw invalid('the same party appears twice in the same role');
    seen.add(name);
    sum = addDecimal(sum, share);
  }
  if (compareDecimal(sum, one) !== 0) throw invalid(`shares sum to ${sum}, not 1`);
  if (fee) checkFee(fee);
}

/** JSON → a checked rule, frozen through and through. Unknown fields are refused. Throws `split-invalid`. */
export function parseSplitRule(input: unknown): SplitRule {
  const rule = recordOf(input, ['legs', 'fee']);
  if (!Array.isArray(rule.legs)) throw invalid('legs are missing');
  const legs = rule.legs.map((each: unknown) => {
    const leg = recordOf(each, ['party', 'role', 'share']);
    return Object.freeze({ party: nameOf(leg.party), role: nameOf(leg.role), share: parseShare(leg.share) });
  });
  const fee = rule.fee === undefined ? {} : { fee: Object.freeze(parseFee(rule.fee)) };
  const parsed: SplitRule = Object.freeze({ legs: Object.freeze(legs), ...fee });
  checkSplitRule(parsed);
  return parsed;
}

function parseFee(input: unknown): SplitFee {
  const fee = recordOf(input, ['party', 'share', 'minimumFen', 'maximumFen']);
  const bound = (name: 'minimumFen' | 'maximumFen') =>
    fee[name] === undefined ? {} : { [name]: parseFen(String(fee[name])).toString() };
  return { party: nameOf(fee.party), share: parseShare(fee.share), ...bound('minimumFen'), ...bound('maximumFen') };
}

function parseShare(input: unknown): Share {
  if (typeof input === 'string') return parseDecimal(input);
  const { basisPoints } = recordOf(input, ['basisPoints']);
  if (!Number.isInteger(basisPoints)) throw invalid('basis points must be whole');
  return Object.freeze({ basisPoints: basisPoints as number });
}

function nameOf(value: unknown): string {
  if (typeof value !== 'string' || value === '' || value.length > nameLengthMax) throw invalid('a name is missing');
  return value;
}

function recordOf(value: unknown, fields: readonly string[]): Record<string, unknown> {
  const record = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!record || Object.keys(value).some((field) => !fields.includes(field))) throw invalid('not of the expected form');
  return value as Record<string, unknown>;
}

function checkFee(fee: SplitFee): void {
  const share = shareDecimal(fee.share);
  if (fee.party === '' || isNegative(share) || compareDecimal(share, one) > 0)
    throw invalid('fee share outside 0 to 1');
  const minimum = parseFen(fee.minimumFen ?? '0');
  if (minimum < 0n || (fee.maximumFen !== undefined && parseFen(fee.maximumFen) < minimum)) {
    throw invalid('fee floor and cap contradict each other');
  }
}

/**
 * Divides a total: first the fee (rounded half up, kept between floor and cap, never above the total), then the rest
 * over the legs by largest remainder. `feeFen` + all parts = total, always.
 */
export function split(rule: SplitRule, totalFen: Fen): SplitResult {
  checkSplitRule(rule);
  if (totalFen < 0n) throw new LedgerError('amount-out-of-range', 'cannot split a negative total');
  const feeFen = rule.fee ? feeOf(rule.fee, totalFen) : 0n;
  const shares = rule.legs.map((leg) => partsOf(shareDecimal(leg.share)));
  const scale = Math.max(...shares.map((share) => share.scale));
  const weights = shares.map((share) => share.coefficient * 10n ** BigInt(scale - share.scale));
  const amounts = divideByWeights(totalFen - feeFen, weights);
  return {
    totalFen,
    feeFen,
    feeParty: rule.fee?.party ?? null,
    parts: rule.legs.map(({ party, role }, index) => ({ party, role, fen: amounts[index]! })),
  };
}

function feeOf(fee: SplitFee, totalFen: Fen): Fen {
  let fen = roundToFen(multiplyDecimal(decimalFromFen(totalFen), shareDecimal(fee.share)));
  if (fee.minimumFen !== undefined && fen < BigInt(fee.minimumFen)) fen = BigInt(fee.minimumFen);
  if (fee.maximumFen !== undefined && fen > BigInt(fee.maximumFen)) fen = BigInt(fee.maximumFen);
  return fen > totalFen ? totalFen : fen;
}

/**
 * Largest remainder (Hamilton): everyone gets the whole part of their quota; the fen left over go one each to the
 * largest remainders. Equal remainders: the leg that stands first in the frozen rule wins, so the result is the same
 * on every machine. No amount ever exceeds its quota rounded up.
 */
export function divideByWeights(totalFen: Fen, weights: readonly bigint[]): Fen[] {
  const weightSum = sumFen(weights);
  if (weights.some((weight) => weight < 0n)) throw invalid('negative weight');
  if (weightSum === 0n) {
    if (totalFen === 0n) return weights.map(() => 0n);
    throw invalid('nothing to divide by');
  }
  const amounts = weights.map((weight) => (totalFen * weight) / weightSum);
  let left = Number(totalFen - sumFen(amounts));
  const order = weights
    .map((weight, index) => ({ index, remainder: (totalFen * weight) % weightSum }))
    .sort((a, b) => (a.remainder === b.remainder ? a.index - b.index : a.remainder > b.remainder ? -1 : 1));
  for (const { index } of order) {
    if (left === 0) break;
    amounts[index]! += 1n;
    left -= 1;
  }
  return amounts;
}

/** What the bank has to pay out: one amount per party, the fee included, a party's roles merged, nothing of zero. */
export function transferLegs(result: SplitResult): { party: string; fen: Fen }[] {
  const amounts = new Map<string, Fen>();
  const paid = result.parts.map(({ party, fen }) => ({ party, fen }));
  if (result.feeParty !== null) paid.push({ party: result.feeParty, fen: result.feeFen });
  for (const { party, fen } of paid) amounts.set(party, (amounts.get(party) ?? 0n) + fen);
  return [...amounts].flatMap(([party, fen]) => (fen === 0n ? [] : [{ party, fen }]));
}

/**
 * Who gives back how much when `refundFen` of a paid split returns to the buyer: in proportion to what each still
 * holds of this deal (paid − refunded before), the fee included. Sums to `refundFen`; nobody gives more than was got.
 */
export function refundOf(remaining: SplitResult, refundFen: Fen): SplitResult {
  const held = remaining.feeFen + sumFen(remaining.parts.map((part) => part.fen));
  if (refundFen < 0n || refundFen > held) {
    throw new LedgerError('amount-out-of-range', 'refund exceeds what is left of the payment', {
      refundFen: refundFen.toString(),
      leftFen: held.toString(),
    });
  }
  const amounts = divideByWeights(refundFen, [...remaining.parts.map((part) => part.fen), remaining.feeFen]);
  return {
    totalFen: refundFen,
    feeFen: amounts.at(-1)!,
    feeParty: remaining.feeParty,
    parts: remaining.parts.map((part, index) => ({ ...part, fen: amounts[index]! })),
  };
}

function invalid(message: string): LedgerError {
  return new LedgerError('split-invalid', message);
}
