/**
 * An auditor of its own: recomputes a statement from the number of calls with nothing but integers. It shares no code with the
 * ledger, on purpose, and must not be "simplified" to use it.
 */
export interface AuditInput {
  calls: number;
  /** Yuan per call, decimal. */
  unitPrice: string;
  /** Of the exchange's fee. */
  feePercent: string;
  /** Shares of the income after the fee, decimals that add up to 1. */
  shares: Record<string, string>;
  /** Fen as the statement has them. */
  legs: Record<string, string>;
  fee: string;
  total: string;
}

/** Numerator over a power of ten. */
const fraction = (text: string): [bigint, bigint] => {
  const [whole = '0', part = ''] = text.split('.');
  return [BigInt(whole + part), 10n ** BigInt(part.length)];
};

// Half up, once.
const rounded = (numerator: bigint, denominator: bigint): bigint => (2n * numerator + denominator) / (2n * denominator);

const largestRemainder = (total: bigint, shares: [string, string][]): Record<string, bigint> => {
  const parts = shares.map(([party, share], place) => {
    const [numerator, denominator] = fraction(share);
    return {
      party,
      place,
      base: (total * numerator) / denominator,
      rest: ((total * numerator) % denominator) * (10n ** 12n / denominator),
    };
  });
  let left = total - parts.reduce((sum, one) => sum + one.base, 0n);
  for (const one of [...parts].sort((a, b) => (a.rest === b.rest ? a.place - b.place : a.rest > b.rest ? -1 : 1))) {
    if (left <= 0n) break;
    one.base += 1n;
    left -= 1n;
  }
  return Object.fromEntries(parts.map((one) => [one.party, one.base]));
};

export const auditAmounts = (input: AuditInput) => {
  const [price, scale] = fraction(input.unitPrice);
  const total = rounded(BigInt(input.calls) * price * 100n, scale);
  const [percent, percentScale] = fraction(input.feePercent);
  const fee = rounded(total * percent, percentScale * 100n);
  const legs = largestRemainder(total - fee, Object.entries(input.shares));
  const sameLegs = Object.entries(legs).every(([party, fen]) => String(fen) === input.legs[party]);
  return { total, fee, legs, agrees: String(total) === input.total && String(fee) === input.fee && sameLegs };
};
