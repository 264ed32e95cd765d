/** A slice of what `npm run bench -- scan` measures on 100,000 rows; floors a little below what was reached. */
import { expect, it } from 'vitest';
import { measureScan } from '../../../../../bench/scan.ts';

it('finds identifiers in 5,000 labelled rows, and little else', () => {
  const { rows, cells, precision, recall, columns, perKind, baseline } = measureScan(5_000);
  expect([rows >= 5_000, cells]).toEqual([true, rows * 8]);
  expect(precision).toBeGreaterThan(0.995);
  expect(recall).toBeGreaterThan(0.99);
  expect(columns.precision).toBeGreaterThan(0.98);
  expect(columns.recall).toBeGreaterThan(0.98);
  const weak = Object.entries(perKind).filter(([, one]) => !(one.precision! > 0.97 && one.recall! > 0.95));
  expect(weak).toEqual([]);
  expect(Object.keys(perKind).length).toBeGreaterThanOrEqual(13);
  // Labels that any shape would meet would prove nothing.
  expect(baseline.precision).toBeLessThan(0.6);
});
