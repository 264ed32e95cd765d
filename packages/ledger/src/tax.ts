import type { Decimal } from './decimal.ts';
import { compareDecimal, isNegative, parseDecimal, partsOf } from './decimal.ts';
import type { Fen } from './fen.ts';
import { LedgerError } from './problem.ts';
import type { RoundingMode } from './rounding.ts';
import { divideRounded } from './rounding.ts';

/**
 * The tax contained in a tax-inclusive price (含税价), for invoice records only; tax is no leg of a split.
 * `ratePercent` "6" means 6 %. net = price ÷ (1 + rate), rounded once; tax = price − net, so both always add up.
 * Source: VAT is price-exclusive and shown apart (增值税法, art. 7); sales = tax-inclusive sales ÷ (1 + rate).
 */
export function taxInside(
  fen: Fen,
  ratePercent: Decimal | string,
  mode: RoundingMode = 'halfUp',
): { net: Fen; tax: Fen } {
  const rate = parseDecimal(ratePercent);
  if (isNegative(rate) || compareDecimal(rate, '100' as Decimal) > 0) {
    throw new LedgerError('tax-rate-invalid', 'tax rate must be 0 to 100 per cent', { rate });
  }
  const { coefficient, scale } = partsOf(rate);
  const hundred = 100n * 10n ** BigInt(scale);
  const net = divideRounded(fen * hundred, hundred + coefficient, mode);
  return { net, tax: fen - net };
}
