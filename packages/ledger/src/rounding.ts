/**
 * `halfUp` is 四舍五入, what Chinese statements and invoices customarily use (ties go away from zero);
 * `halfEven` is the rounding of GB/T 8170-2008, 3.2 (四舍六入五成双). Which one applies is the operator's data.
 */
export type RoundingMode = 'halfUp' | 'halfEven';

/** numerator / denominator as a whole number, rounded once. The denominator must be positive. */
export function divideRounded(numerator: bigint, denominator: bigint, mode: RoundingMode): bigint {
  if (denominator <= 0n) throw new RangeError('denominator must be positive');
  const negative = numerator < 0n;
  const size = negative ? -numerator : numerator;
  const whole = size / denominator;
  const twice = (size % denominator) * 2n;
  const tie = twice === denominator;
  const up = twice > denominator || (tie && (mode === 'halfUp' || whole % 2n === 1n));
  const rounded = up ? whole + 1n : whole;
  return negative ? -rounded : rounded;
}
