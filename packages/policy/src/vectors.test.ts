import { expect, test } from 'vitest';
import { type Decide, decide } from './decide.ts';
import { checkVectors, policyVectors } from './vectors.ts';

const files = policyVectors();

test('every golden pair is decided as written', () => {
  expect(checkVectors(files, decide)).toEqual([]);
});

test('every limit has an allowed and a refused use', () => {
  for (const { limit, vectors } of files) {
    expect(
      vectors.some(({ expected }) => expected.allow),
      `${limit} allowed`,
    ).toBe(true);
    expect(
      vectors.some(({ expected }) => !expected.allow),
      `${limit} refused`,
    ).toBe(true);
  }
});

test('the suite turns red when a decision is skipped, limit by limit', () => {
  const skipped: Decide = (plan) => ({ allow: true, columns: plan.columns, masks: {}, rowFilter: [], left: [] });
  for (const file of files) expect(checkVectors([file], skipped).length, file.limit).toBeGreaterThan(0);
});
