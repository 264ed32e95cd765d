import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Decimal, type PricePlan, parsePricePlan, rate, statementLineToWire, volumeCliffs } from './index.ts';

const plan = (input: unknown) => parsePricePlan(input);

describe('each kind of plan', () => {
  const perGigabyte = { kind: 'perGigabyte', unitPrice: '0.8', included: 1_000_000_000 };
  const tiers = [
    { upTo: 1_000, unitPrice: '0.1' },
    { upTo: 10_000, unitPrice: '0.05' },
    { upTo: null, unitPrice: '0.01' },
  ];
  test.each([
    [{ kind: 'free' }, 123n, 0n],
    [{ kind: 'oneOff', price: '30000' }, 1n, 3_000_000n],
    [{ kind: 'subscription', period: 'quarter', price: '999.99' }, 4n, 399_996n],
    [{ kind: 'perCall', unitPrice: '0.0035' }, 1_001n, 350n],
    [{ kind: 'perCall', unitPrice: '0.0035', included: 1_000 }, 1_001n, 0n],
    [{ kind: 'perCall', unitPrice: '0.5', included: 10, minimumCharge: '100' }, 3n, 10_000n],
    [{ kind: 'perRow', unitPrice: '0.00000001' }, 87_860_000_000n, 87_860n],
    [perGigabyte, 3_500_000_000n, 200n],
    [perGigabyte, 999_999_999n, 0n],
    [{ kind: 'tiered', unit: 'call', mode: 'graduated', tiers }, 12_000n, 57_000n],
    [{ kind: 'tiered', unit: 'call', mode: 'volume', tiers }, 12_000n, 12_000n],
    [{ kind: 'tiered', unit: 'call', mode: 'volume', tiers }, 1_000n, 10_000n],
    [{ kind: 'tiered', unit: 'call', mode: 'volume', tiers }, 1_001n, 5_005n],
    [{ kind: 'tiered', unit: 'call', mode: 'graduated', tiers }, 0n, 0n],
    [{ kind: 'perCall', unitPrice: '1', included: 1_000 }, 10n, 0n],
    [{ kind: 'quotation', agreedPrice: '0.01' }, 1n, 1n],
  ])('%j × %s = %s fen', (input, quantity, fen) => {
    expect(rate(plan(input), quantity).amountFen).toBe(fen);
  });

  test('a quotation without an agreed price cannot be rated', () => {
    expect(() => rate(plan({ kind: 'quotation' }), 1n)).toThrow('price-not-quoted');
  });

  test('a line shows how it came about, as JSON', () => {
    const line = rate(plan({ kind: 'tiered', unit: 'call', mode: 'graduated', tiers, included: 10 }), 1_030n);
    expect(JSON.parse(JSON.stringify(statementLineToWire(line)))).toEqual({
      quantity: '1030',
      billableQuantity: '1020',
      unitPrice: '0.05',
      parts: [
        { quantity: '1000', unitPrice: '0.1', amountExact: '100' },
        { quantity: '20', unitPrice: '0.05', amountExact: '1' },
      ],
      amountExact: '101',
      amountFen: '10100',
      minimumApplied: false,
      rounding: 'halfUp',
    });
  });

  test("the rounding mode is the operator's", () => {
    const half: PricePlan = { kind: 'perCall', unitPrice: '0.005' as Decimal };
    expect([rate(half, 1).amountFen, rate(half, 1, { rounding: 'halfEven' }).amountFen]).toEqual([1n, 0n]);
  });
});

test.each([
  [null, 'plan'],
  [{ kind: 'auction' }, 'kind'],
  [{ kind: 'constructor' }, 'kind'],
  [{ kind: 'oneOff' }, 'price'],
  [{ kind: 'oneOff', price: '-1' }, 'price'],
  [{ kind: 'oneOff', price: 12 }, 'price'],
  [{ kind: 'free', price: '1' }, 'price'],
  [{ kind: 'subscription', period: 'week', price: '1' }, 'period'],
  [{ kind: 'perCall', unitPrice: '1', included: -1 }, 'included'],
  [{ kind: 'perCall', unitPrice: '1', included: 1.5 }, 'included'],
  [{ kind: 'tiered', unit: 'call', mode: 'graduated', tiers: [] }, 'tiers'],
  [{ kind: 'tiered', unit: 'call', mode: 'graduated', tiers: [{ upTo: 10, unitPrice: '1' }] }, 'tiers[0].upTo'],
  [
    {
      kind: 'tiered',
      unit: 'call',
      mode: 'volume',
      tiers: [
        { upTo: 10, unitPrice: '1' },
        { upTo: 10, unitPrice: '1' },
        { upTo: null, unitPrice: '1' },
      ],
    },
    'tiers[1].upTo',
  ],
])('refuses %j, naming %s', (input, field) => {
  expect(() => parsePricePlan(input)).toThrow(expect.objectContaining({ code: 'plan-invalid', details: { field } }));
});

test('quantities outside 0 to 10^18 are refused', () => {
  for (const quantity of [-1, 1.5, Number.NaN, 2 ** 53, -1n, 10n ** 18n + 1n]) {
    expect(() => rate({ kind: 'free' }, quantity)).toThrow('quantity-invalid');
  }
});

const price = fc.bigInt({ min: 0n, max: 10n ** 10n }).map((n) => (Number(n) / 1e8).toFixed(8) as Decimal);
const graduated = fc
  .tuple(
    fc.uniqueArray(fc.integer({ min: 1, max: 5_000 }), { maxLength: 6 }),
    fc.array(price, { minLength: 7, maxLength: 7 }),
  )
  .map(([ends, prices]): PricePlan => {
    const tiers = [...ends.sort((a, b) => a - b), null].map((upTo, i) => ({ upTo, unitPrice: prices[i]! }));
    return parsePricePlan({ kind: 'tiered', unit: 'row', mode: 'graduated', tiers });
  });
const flat = fc
  .tuple(price, fc.nat(1_000), price)
  .map(
    ([unitPrice, included, minimumCharge]): PricePlan =>
      parsePricePlan({ kind: 'perCall', unitPrice, included, minimumCharge }),
  );

test('more use never costs less, and one more unit never more than its price', () => {
  fc.assert(
    fc.property(fc.oneof(graduated, flat), fc.nat(6_000), (each, quantity) => {
      const here = rate(each, quantity);
      const next = rate(each, quantity + 1);
      expect(next.amountFen >= here.amountFen).toBe(true);
      const dearest = each.kind === 'tiered' ? Math.max(...each.tiers.map((t) => Number(t.unitPrice))) : 100;
      expect(Number(next.amountExact) - Number(here.amountExact)).toBeLessThanOrEqual(dearest + 1e-6);
    }),
  );
});

test('graduated agrees with adding up unit by unit', () => {
  fc.assert(
    fc.property(graduated, fc.nat(400), (each, quantity) => {
      if (each.kind !== 'tiered') return;
      let scaled = 0n;
      for (let unit = 1; unit <= quantity; unit += 1) {
        const tier = each.tiers.find(({ upTo }) => upTo === null || unit <= upTo)!;
        scaled += BigInt(Math.round(Number(tier.unitPrice) * 1e8));
      }
      expect(rate(each, quantity).amountFen).toBe((scaled + 500_000n) / 1_000_000n);
    }),
  );
});

test('cliffs of volume plans are found', () => {
  const cheap = [
    { upTo: 100, unitPrice: '1' },
    { upTo: null, unitPrice: '0.5' },
  ];
  expect(volumeCliffs(plan({ kind: 'tiered', unit: 'call', mode: 'volume', tiers: cheap }))).toEqual([100]);
  expect(volumeCliffs(plan({ kind: 'tiered', unit: 'call', mode: 'graduated', tiers: cheap }))).toEqual([]);
});
