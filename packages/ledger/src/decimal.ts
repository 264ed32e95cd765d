import type { Fen } from './fen.ts';
import { checkFen } from './fen.ts';
import { LedgerError } from './problem.ts';
import type { RoundingMode } from './rounding.ts';
import { divideRounded } from './rounding.ts';

/**
 * An exact decimal in its canonical string form: no plus sign, no exponent, no superfluous zeros, no "-0".
 * Being a string it travels through JSON, hashes and databases unchanged; arithmetic goes by `partsOf`.
 */
export type Decimal = string & { readonly __decimal: unique symbol };

/** value = coefficient / 10^scale */
export interface DecimalParts {
  coefficient: bigint;
  scale: number;
}

export const integerDigitsMax = 12;
export const fractionDigitsMax = 8;

const inputPattern = /^-?(?:0|[1-9][0-9]{0,11})(?:\.[0-9]{1,8})?$/;

/**
 * Parses what people and rule packs write: up to 12 integer and 8 fraction digits, e.g. "0.0035".
 * Throws `decimal-invalid` for anything else (exponent, sign plus, spaces, leading zeros, numbers as numbers).
 */
export function parseDecimal(text: unknown): Decimal {
  if (typeof text !== 'string' || !inputPattern.test(text)) {
    throw new LedgerError('decimal-invalid', 'not a decimal of 12 integer and 8 fraction digits at most', {
      value: String(text).slice(0, 40),
    });
  }
  return decimalOf(partsOf(text as Decimal));
}

export function isDecimal(text: unknown): boolean {
  return typeof text === 'string' && inputPattern.test(text);
}

/** Coefficient and scale of a decimal in any valid form; results of arithmetic may exceed the input limits. */
export function partsOf(decimal: Decimal): DecimalParts {
  const point = decimal.indexOf('.');
  if (point < 0) return { coefficient: BigInt(decimal), scale: 0 };
  return { coefficient: BigInt(decimal.slice(0, point) + decimal.slice(point + 1)), scale: decimal.length - point - 1 };
}

export function decimalOf({ coefficient, scale }: DecimalParts): Decimal {
  const negative = coefficient < 0n;
  const digits = (negative ? -coefficient : coefficient).toString().padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale);
  const fraction = digits.slice(digits.length - scale).replace(/0+$/, '');
  const text = fraction === '' ? whole : `${whole}.${fraction}`;
  return (negative ? `-${text}` : text) as Decimal;
}

export function decimalFromInteger(value: bigint | number): Decimal {
  return BigInt(value).toString() as Decimal;
}

/** Fen as an exact decimal of yuan. */
export function decimalFromFen(fen: Fen): Decimal {
  return decimalOf({ coefficient: fen, scale: 2 });
}

function aligned(left: Decimal, right: Decimal): { a: bigint; b: bigint; scale: number } {
  const x = partsOf(left);
  const y = partsOf(right);
  const scale = Math.max(x.scale, y.scale);
  return {
    a: x.coefficient * 10n ** BigInt(scale - x.scale),
    b: y.coefficient * 10n ** BigInt(scale - y.scale),
    scale,
  };
}

export function addDecimal(left: Decimal, right: Decimal): Decimal {
  const { a, b, scale } = aligned(left, right);
  return decimalOf({ coefficient: a + b, scale });
}

export function subtractDecimal(left: Decimal, right: Decimal): Decimal {
  const { a, b, scale } = aligned(left, right);
  return decimalOf({ coefficient: a - b, scale });
}

export function multiplyDecimal(left: Decimal, right: Decimal): Decimal {
  const a = partsOf(left);
  const b = partsOf(right);
  return decimalOf({ coefficient: a.coefficient * b.coefficient, scale: a.scale + b.scale });
}

/** Moves the point to the left: value / 10^digits, exact. */
export function shiftDecimal(value: Decimal, digits: number): Decimal {
  const { coefficient, scale } = partsOf(value);
  return decimalOf({ coefficient, scale: scale + digits });
}

export function compareDecimal(left: Decimal, right: Decimal): -1 | 0 | 1 {
  const { a, b } = aligned(left, right);
  return a < b ? -1 : a > b ? 1 : 0;
}

export function isNegative(value: Decimal): boolean {
  return value.startsWith('-');
}

/** Yuan → fen, rounded once. This is the only place where a fraction of a fen is dropped. */
export function roundToFen(yuan: Decimal, mode: RoundingMode = 'halfUp'): Fen {
  const { coefficient, scale } = partsOf(yuan);
  if (scale <= 2) return checkFen(coefficient * 10n ** BigInt(2 - scale));
  return checkFen(divideRounded(coefficient, 10n ** BigInt(scale - 2), mode));
}
