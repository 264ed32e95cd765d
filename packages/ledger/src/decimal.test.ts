import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  addDecimal,
  compareDecimal,
  type Decimal,
  decimalOf,
  divideRounded,
  formatYuan,
  multiplyDecimal,
  parseDecimal,
  parseFen,
  parseYuan,
  partsOf,
  roundToFen,
  subtractDecimal,
  taxInside,
} from './index.ts';

const decimals = fc
  .tuple(fc.bigInt({ min: -(10n ** 20n) + 1n, max: 10n ** 20n - 1n }), fc.integer({ min: 8, max: 8 }))
  .map(([coefficient, scale]) => decimalOf({ coefficient, scale }));

/** The naive model: a fraction of two big integers, never reduced. */
interface Rational {
  n: bigint;
  d: bigint;
}
const rational = (decimal: Decimal): Rational => {
  const { coefficient, scale } = partsOf(decimal);
  return { n: coefficient, d: 10n ** BigInt(scale) };
};
const equal = (decimal: Decimal, { n, d }: Rational) => {
  const own = rational(decimal);
  return own.n * d === n * own.d;
};

test.each(['0', '12.34', '999999999999.99999999', '-0.00000001', '0.0035'])('parses %s as it stands', (text) => {
  expect(parseDecimal(text)).toBe(text);
});

test.each([
  '',
  ' 1',
  '1 ',
  '+1',
  '01',
  '1.',
  '.5',
  '1e3',
  '1,000',
  '0x10',
  'NaN',
  '１',
  '1.000000001',
  '1234567890123',
  '--1',
  '1\n',
])('refuses %j', (text) => {
  expect(() => parseDecimal(text)).toThrow(expect.objectContaining({ code: 'decimal-invalid' }));
});

test('canonical form drops superfluous zeros and the sign of zero', () => {
  expect([parseDecimal('1.50'), parseDecimal('-0'), parseDecimal('0.00'), parseDecimal('100')]).toEqual([
    '1.5',
    '0',
    '0',
    '100',
  ]);
  expect(() => parseDecimal(1.5)).toThrow('decimal-invalid');
});

test('add, subtract, multiply and compare agree with fractions', () => {
  fc.assert(
    fc.property(decimals, decimals, (a, b) => {
      const x = rational(a);
      const y = rational(b);
      expect(equal(addDecimal(a, b), { n: x.n * y.d + y.n * x.d, d: x.d * y.d })).toBe(true);
      expect(equal(subtractDecimal(a, b), { n: x.n * y.d - y.n * x.d, d: x.d * y.d })).toBe(true);
      expect(equal(multiplyDecimal(a, b), { n: x.n * y.n, d: x.d * y.d })).toBe(true);
      const difference = x.n * y.d - y.n * x.d;
      expect(compareDecimal(a, b)).toBe(difference < 0n ? -1 : difference > 0n ? 1 : 0);
      expect(parseDecimal(a)).toBe(a);
    }),
  );
});

test('half up is floor of size + 1/2, in a fraction model of its own', () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: -(10n ** 22n), max: 10n ** 22n }),
      fc.integer({ min: 0, max: 12 }),
      (coefficient, scale) => {
        const size = coefficient < 0n ? -coefficient : coefficient;
        const d = 10n ** BigInt(scale);
        const model = (2n * size * 100n + d) / (2n * d);
        const yuan = decimalOf({ coefficient, scale });
        fc.pre(model <= 10n ** 15n);
        expect(roundToFen(yuan)).toBe(coefficient < 0n ? -model : model);
      },
    ),
  );
});

test('ties: half up away from zero, half even to the even fen', () => {
  const round = (text: string) => [roundToFen(parseDecimal(text)), roundToFen(parseDecimal(text), 'halfEven')];
  expect(round('0.005')).toEqual([1n, 0n]);
  expect(round('0.015')).toEqual([2n, 2n]);
  expect(round('0.025')).toEqual([3n, 2n]);
  expect(round('-0.025')).toEqual([-3n, -2n]);
  expect(round('0.02500001')).toEqual([3n, 3n]);
  expect(round('0.0049')).toEqual([0n, 0n]);
  expect(() => divideRounded(1n, 0n, 'halfUp')).toThrow(RangeError);
});

test('yuan and fen: exact both ways, within the limit only', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n }), (fen) => {
      expect(parseYuan(formatYuan(fen))).toBe(fen);
      expect(parseFen(fen.toString())).toBe(fen);
    }),
  );
  expect([formatYuan(5n), formatYuan(-5n), parseYuan('12.3')]).toEqual(['0.05', '-0.05', 1230n]);
  for (const text of ['1.234', '01.00', '1.', '¥1', '1,000.00', ''])
    expect(() => parseYuan(text)).toThrow('amount-invalid');
  expect(parseYuan('10000000000000.00')).toBe(10n ** 15n);
  expect(() => parseYuan('10000000000000.01')).toThrow('amount-out-of-range');
  expect(() => parseFen('1000000000000001')).toThrow('amount-out-of-range');
  expect(() => parseFen('-0')).toThrow('amount-invalid');
});

test('tax inside a price: parts add up, the rate is right to half a fen', () => {
  expect(taxInside(10_600n, '6')).toEqual({ net: 10_000n, tax: 600n });
  expect(taxInside(1n, '13')).toEqual({ net: 1n, tax: 0n });
  expect(taxInside(999n, '0')).toEqual({ net: 999n, tax: 0n });
  fc.assert(
    fc.property(
      fc.bigInt({ min: 0n, max: 10n ** 13n }),
      fc.constantFrom('1', '3', '6', '9', '13', '0.5'),
      (fen, rate) => {
        const { net, tax } = taxInside(fen, rate);
        const { coefficient, scale } = partsOf(parseDecimal(rate));
        const hundred = 100n * 10n ** BigInt(scale);
        const error = net * (hundred + coefficient) - fen * hundred;
        expect(net + tax).toBe(fen);
        expect((error < 0n ? -error : error) * 2n <= hundred + coefficient).toBe(true);
      },
    ),
  );
  expect(() => taxInside(1n, '-1')).toThrow('tax-rate-invalid');
});
