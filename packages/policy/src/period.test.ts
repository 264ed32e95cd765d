import { expect, test } from 'vitest';
import { periodEnd, periodKey } from './period.ts';

const at = (text: string) => Date.parse(text);
const SHANGHAI = 'Asia/Shanghai';

test.each([
  ['2026-01-31T23:59:59.999+08:00', '2026-01-31', '2026-01', '2026'],
  ['2026-02-01T00:00:00+08:00', '2026-02-01', '2026-02', '2026'],
  ['2026-12-31T16:00:00Z', '2027-01-01', '2027-01', '2027'],
  ['2028-02-29T12:00:00+08:00', '2028-02-29', '2028-02', '2028'],
])('keys of %s in Shanghai', (time, day, month, year) => {
  expect(['day', 'month', 'year', 'total'].map((period) => periodKey(at(time), SHANGHAI, period as 'day'))).toEqual([
    day,
    month,
    year,
    'total',
  ]);
});

test.each([
  ['month', '2026-01-31T10:00:00+08:00', '2026-02-01T00:00:00+08:00'],
  ['month', '2026-02-28T23:59:59+08:00', '2026-03-01T00:00:00+08:00'],
  ['day', '2026-12-31T23:59:59.999+08:00', '2027-01-01T00:00:00+08:00'],
  ['year', '2026-01-01T00:00:00+08:00', '2027-01-01T00:00:00+08:00'],
] as const)('the %s of %s ends at %s', (period, time, end) => {
  expect(periodEnd(at(time), SHANGHAI, period)).toBe(at(end));
});

test('daylight saving: the day in New York has 23 hours in March and 25 in November', () => {
  const zone = 'America/New_York';
  const hours = (start: string) => (Number(periodEnd(at(start), zone, 'day')) - at(start)) / 3_600_000;
  expect(hours('2026-03-08T00:00:00-05:00')).toBe(23);
  expect(hours('2026-11-01T00:00:00-04:00')).toBe(25);
});

test('a zone that skips midnight: Beirut, 29 March 2026', () => {
  expect(periodEnd(at('2026-03-28T12:00:00+02:00'), 'Asia/Beirut', 'day')).toBe(at('2026-03-28T22:00:00Z'));
});

test('the total never ends', () => expect(periodEnd(0, SHANGHAI, 'total')).toBeNull());
