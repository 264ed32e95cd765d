import fc from 'fast-check';
import { expect, it } from 'vitest';
import { rhoOfGaussian } from '../noise/account.ts';
import { decimal, plus, ratio } from '../noise/ratio.ts';
import { seededChance } from '../noise/testing.ts';
import { answerAt, boundedSql, type Noise, noiseVariances, noisyRows } from './noise.ts';

const noise: Noise = {
  rows: [
    { table: 'loans', rowsMax: 2 },
    { table: 'arrears', rowsMax: 3 },
  ],
  bounds: [{ column: 'arrears.owed', lower: '-7', upper: '5' }],
  groups: [
    { column: 'arrears.kind', values: ['a', 'b'] },
    { column: 'loans.city', values: ['x', 'y'] },
  ],
};
const joint = {
  groups: ['arrears.kind', 'loans.city'],
  selected: [
    { group: 'loans.city' },
    { aggregate: 'count', of: '*' },
    { group: 'arrears.kind' },
    { aggregate: 'sum', of: 'arrears.owed' },
  ] as Parameters<typeof noisyRows>[2]['selected'],
};

it('costs exactly rho, whatever is told: each part for what one entity can move it by', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10 ** 9 }), (billionths) => {
      const rho = (billionths / 1e9).toFixed(9);
      const [, ofCount, , ofSum] = noiseVariances(noise, rho, joint);
      // Six joined rows of one entity; of a sum each weighs 7 at most.
      const spent = plus(rhoOfGaussian(36n, ofCount!), rhoOfGaussian(42n ** 2n, ofSum!));
      expect(spent).toEqual(decimal(rho));
    }),
  );
});

it('tells every named group in the contract’s order and no other', () => {
  const rows = [
    ['y', '4', 'a', '-3'],
    ['x', '1', 'elsewhere', '9'],
    [null, '8', 'a', '8'],
    ['x', '9007199254740993', 'b', null],
  ];
  // So much rho that there is no noise.
  const told = noisyRows(noise, '1000000000000', joint, rows, seededChance('groups'));
  expect(told).toEqual([
    ['x', 0n, 'a', 0n],
    ['y', 4n, 'a', -3n],
    ['x', 9_007_199_254_740_993n, 'b', 0n],
    ['y', 0n, 'b', 0n],
  ]);
});

it('adds noise of its variance to groups that nobody is in, too', () => {
  const chance = seededChance('spread');
  const draws = Array.from({ length: 400 }, () => noisyRows(noise, '0.5', joint, [], chance)).flat();
  const counts = draws.map((row) => Number(row[1]));
  const mean = counts.reduce((sum, one) => sum + one, 0) / counts.length;
  const variance = counts.reduce((sum, one) => sum + (one - mean) ** 2, 0) / counts.length;
  // 36 / (2 · 0.25) = 72; the seed is fixed, so that these are always the same 1,600 draws.
  expect(noiseVariances(noise, '0.5', joint)[1]).toEqual(ratio(72n));
  expect(Math.abs(mean)).toBeLessThan(1);
  expect(variance).toBeGreaterThan(60);
  expect(variance).toBeLessThan(85);
});

it('bounds each data set before anything is joined, by the rows of the entity itself', () => {
  const tables = [
    { name: 'loans', entity: 'person', columns: [] },
    { name: 'arrears', entity: 'tax"payer', columns: [] },
  ];
  const sql = boundedSql('SELECT 1', noise, tables, { loans: ['city'], arrears: ['owed'] }, [{ name: 'n' }]);
  expect(sql).toBe(
    'WITH "loans" AS (SELECT "person", "city" FROM "_loans" QUALIFY row_number() OVER (PARTITION BY "person" ORDER BY "person", "city") <= 2), ' +
      '"arrears" AS (SELECT "tax""payer", CASE WHEN "owed" < -7 THEN -7 WHEN "owed" > 5 THEN 5 ELSE "owed" END AS "owed" FROM "_arrears" ' +
      'QUALIFY row_number() OVER (PARTITION BY "tax""payer" ORDER BY "tax""payer", "owed") <= 3) ' +
      'SELECT CAST("n" AS VARCHAR) AS "n" FROM (SELECT 1) AS answer',
  );
});

it('is told at a step of the contract alone: never before what it tells is there, and never a whole step after', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 2 ** 41 }),
      fc.integer({ min: 0, max: 10 ** 8 }),
      fc.integer({ min: 1, max: 3600 }),
      (reserved, took, step) => {
        const at = answerAt(reserved, reserved + took, step);
        expect((at - reserved) % (step * 1000)).toBe(0);
        expect(at).toBeGreaterThanOrEqual(reserved + Math.max(took, step * 1000));
        expect(at).toBeLessThan(reserved + Math.max(took, 1) + step * 1000);
      },
    ),
  );
});
