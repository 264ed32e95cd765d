import { LedgerError } from './problem.ts';

/** Integer minor units of CNY (1 yuan = 100 fen). Only fen are ever posted. */
export type Fen = bigint;

export type Currency = string;
export const cny: Currency = 'CNY';

/** Money on the wire: fen as a decimal integer string, because JSON numbers lose whole fen above 2^53. */
export interface MoneyWire {
  fen: string;
  currency: Currency;
}

/** One amount at most: ten trillion yuan. Far above any deal, far below PostgreSQL's bigint. */
export const fenMax: Fen = 10n ** 15n;

const yuanPattern = /^(-?)(0|[1-9][0-9]{0,13})(?:\.([0-9]{1,2}))?$/;
const integerPattern = /^(?:0|-?[1-9][0-9]{0,15})$/;

/** Refuses amounts beyond ±`fenMax` with `amount-out-of-range`. */
export function checkFen(fen: Fen): Fen {
  if (fen > fenMax || fen < -fenMax) {
    throw new LedgerError('amount-out-of-range', 'amount beyond the limit', { fen: fen.toString() });
  }
  return fen;
}

/** "12.34", "12.3", "-0.05" → fen, exactly. No thousands separators, no third fraction digit, no leading zeros. */
export function parseYuan(text: string): Fen {
  const match = yuanPattern.exec(text);
  if (!match) throw new LedgerError('amount-invalid', 'not an amount in yuan', { value: text.slice(0, 40) });
  const fen = BigInt(match[2]!) * 100n + BigInt((match[3] ?? '').padEnd(2, '0'));
  return checkFen(match[1] ? -fen : fen);
}

/** fen → "12.34"; always two fraction digits, never a separator. */
export function formatYuan(fen: Fen): string {
  const digits = (fen < 0n ? -fen : fen).toString().padStart(3, '0');
  return `${fen < 0n ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

/** "1234" → 1234n; the string form of fen used in JSON. */
export function parseFen(text: string): Fen {
  if (!integerPattern.test(text)) {
    throw new LedgerError('amount-invalid', 'not an integer number of fen', { value: text.slice(0, 40) });
  }
  return checkFen(BigInt(text));
}

export function moneyToWire(fen: Fen, currency: Currency = cny): MoneyWire {
  return { fen: fen.toString(), currency };
}

/** Throws `amount-invalid` for another currency than expected: amounts are never converted silently. */
export function moneyFromWire(wire: MoneyWire, currency: Currency = cny): Fen {
  if (wire.currency !== currency) {
    throw new LedgerError('amount-invalid', 'unexpected currency', { currency: String(wire.currency).slice(0, 8) });
  }
  return parseFen(wire.fen);
}

export function sumFen(amounts: Iterable<Fen>): Fen {
  let total = 0n;
  for (const fen of amounts) total += fen;
  return total;
}
