import { expect, test } from 'vitest';
import { tooMany } from './counted.ts';

test('an owner’s own books bound uses in all and in each period, but for a moment around its end', () => {
  const terms = { uses: 3, usesPer: { period: 'day' as const, most: 1, timeZone: 'Asia/Shanghai' } };
  const at = (time: string) => Date.parse(`2026-07-02T${time}+08:00`);
  const times = { a: new Date(at('09:00:00')).toISOString() };
  const why = (uses: Record<string, 'stated' | 'returned'>, time: string) => tooMany({ uses, times }, terms, at(time));
  expect(why({}, '12:00:00')).toBeUndefined();
  expect(why({ a: 'stated' }, '12:00:00')).toBe('period');
  expect(why({ a: 'returned' }, '12:00:00')).toBeUndefined();
  expect(why({ a: 'stated' }, '23:58:00')).toBeUndefined();
  expect(tooMany({ uses: { a: 'stated' }, times }, terms, at('12:00:00') + 86_400_000)).toBeUndefined();
  expect(why({ a: 'stated', b: 'stated', c: 'stated' }, '12:00:00')).toBe('uses');
  // Books of before there were times.
  expect(tooMany({ uses: { a: 'stated' } }, terms, at('12:00:00'))).toBeUndefined();
});
