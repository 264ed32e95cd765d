import fc from 'fast-check';
import { expect, test } from 'vitest';
import { affordableQuantity } from './affordable.ts';
import type { Decimal } from './decimal.ts';
import { type PricePlan, rate } from './rating.ts';

const price = fc.integer({ min: 1, max: 5000 }).map((n) => (n / 1000).toFixed(3) as Decimal);
const small = fc.integer({ min: 0, max: 40 });
const metered = { included: small, minimumCharge: fc.option(price, { nil: undefined }) };
const clean = (plan: object): PricePlan =>
  Object.fromEntries(Object.entries(plan).filter(([, value]) => value !== undefined)) as PricePlan;
const tiers = fc
  .tuple(
    fc.uniqueArray(fc.integer({ min: 1, max: 120 }), { minLength: 1, maxLength: 3 }),
    fc.array(price, { minLength: 4, maxLength: 4 }),
  )
  .map(([ends, prices]) =>
    [...ends.sort((a, b) => a - b), null].map((upTo, index) => ({ upTo, unitPrice: prices[index]! })),
  );
const plans: fc.Arbitrary<PricePlan> = fc
  .oneof(
    fc.record({ kind: fc.constant('perCall'), unitPrice: price, ...metered }),
    fc.record({
      kind: fc.constant('tiered'),
      unit: fc.constant('row'),
      mode: fc.constantFrom('graduated', 'volume'),
      tiers,
      ...metered,
    }),
  )
  .map(clean);

test('no smaller quantity costs more, and the next one does', () => {
  fc.assert(
    fc.property(plans, fc.bigInt({ min: 0n, max: 60_000n }), (plan, fen) => {
      const found = affordableQuantity(plan, fen)!;
      const costs = (quantity: bigint) => rate(plan, quantity).amountFen;
      // Counted up one by one, as somebody without the formula would.
      let counted = -1n;
      while (counted < 2000n && costs(counted + 1n) <= fen) counted += 1n;
      if (counted < 2000n) expect(found).toBe(counted < 0n ? 0n : counted);
      else expect(found).toBeGreaterThanOrEqual(2000n);
    }),
  );
});

test.each([
  [{ kind: 'perCall', unitPrice: '0.035' }, 140n, 40n],
  [{ kind: 'perCall', unitPrice: '100' }, 10_000n, 1n],
  [{ kind: 'perCall', unitPrice: '0' }, 0n, null],
  [{ kind: 'perCall', unitPrice: '1', minimumCharge: '100' }, 9_999n, 0n],
  [{ kind: 'perCall', unitPrice: '1', included: 10 }, 100n, 11n],
  [{ kind: 'perGigabyte', unitPrice: '1' }, 100n, 1_004_999_999n],
] as [PricePlan, bigint, bigint | null][])('%j: %d fen pays for %s', (plan, fen, quantity) => {
  expect(affordableQuantity(plan, fen)).toBe(quantity);
});
