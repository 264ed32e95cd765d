import { expect, test } from 'vitest';
import type { ForeignContent } from './model.ts';
import { addressIn, changesBetween, digestOf, readsOnlyChanges, timeIn } from './rules.ts';

const content: ForeignContent = {
  title: '公交线路',
  summary: '',
  publisher: { name: '某局', address: null },
  licence: null,
  modified: '2026-06-01T00:00:00.000Z',
  keywords: ['公交'],
  page: null,
  distributions: [{ title: '文件', format: 'CSV', access: 'https://a.example/x', download: null, bytes: 12 }],
};
/** As the database gives it back: other orders of members at every level. */
const reordered = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(reordered);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, one]) => [key, reordered(one)]),
  );
};

test('equal contents are equal in whatever order their members come', () => {
  const kept = reordered(content) as ForeignContent;
  expect(JSON.stringify(kept)).not.toBe(JSON.stringify(content));
  expect(digestOf(kept)).toBe(digestOf(content));
  expect(changesBetween(kept, content)).toEqual([]);
});

test('a difference names the field with what was and what is', () => {
  const now = { ...content, keywords: ['公交', '地铁'], distributions: [] };
  expect(digestOf(now)).not.toBe(digestOf(content));
  expect(changesBetween(content, now)).toEqual([
    { field: 'keywords', before: '公交', after: '公交, 地铁' },
    { field: 'distributions', before: '文件 · CSV · https://a.example/x · 12 B', after: '' },
  ]);
  expect(changesBetween(undefined, content).map(({ field }) => field)).toEqual([
    'title',
    'publisher',
    'modified',
    'keywords',
    'distributions',
  ]);
});

test('addresses are those that a page may link to', () => {
  expect(addressIn('https://a.example/x y')).toBe('https://a.example/x%20y');
  for (const wrong of [
    'javascript:alert(1)',
    'data:text/html,x',
    '/relative',
    'https://user:pw@a.example',
    7,
    undefined,
  ])
    expect(addressIn(wrong)).toBeNull();
});

test('times without a zone are UTC', () => {
  expect(timeIn('2026-06-01T08:00:00.123456')).toBe('2026-06-01T08:00:00.123Z');
  expect(timeIn('2026-06-01T08:00:00+08:00')).toBe('2026-06-01T00:00:00.000Z');
  expect(timeIn('2026-06-01')).toBe('2026-06-01T00:00:00.000Z');
  expect(timeIn('R/P1D')).toBeNull();
  expect(timeIn('2026-99-99')).toBeNull();
});

test('everything is read again after a week, and before anything is known', () => {
  const now = new Date('2026-07-10T00:00:00Z');
  const at = (day: string) => new Date(`2026-07-${day}T00:00:00Z`);
  expect(readsOnlyChanges({ watermark: 'x', readWholeAt: at('04') }, now)).toBe(true);
  expect(readsOnlyChanges({ watermark: 'x', readWholeAt: at('03') }, now)).toBe(false);
  expect(readsOnlyChanges({ watermark: null, readWholeAt: at('09') }, now)).toBe(false);
  expect(readsOnlyChanges({ watermark: 'x', readWholeAt: null }, now)).toBe(false);
});
