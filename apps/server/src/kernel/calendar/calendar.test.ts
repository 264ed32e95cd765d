import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addDays, addMonths, dayOf, endOfDay, makeCalendar, startOfDay } from './calendar.ts';
import { loadCalendar } from './load.ts';

const file = fileURLToPath(new URL('../../../../../rulepacks/calendars/cn.json', import.meta.url));
const calendar = await loadCalendar(file);

describe('working days', () => {
  it.each([
    ['2026-02-14', true, 'Saturday worked before Spring Festival'],
    ['2026-02-16', false, 'Spring Festival'],
    ['2026-02-28', true, 'Saturday worked after it'],
    ['2026-09-20', true, 'Sunday worked before National Day'],
    ['2026-10-07', false, 'National Day'],
    ['2026-10-10', true, 'Saturday worked after it'],
    ['2026-10-11', false, 'plain Sunday'],
    ['2026-10-12', true, 'plain Monday'],
  ])('%s worked: %s (%s)', (day, worked) => expect(calendar.isWorkingDay(day)).toBe(worked));

  it('counts 3 days over the make-up Saturday and the festival', () => {
    // Thursday 12 Feb: 13 (Fri), 14 (make-up Saturday), then nine days off, 24.
    expect(calendar.addWorkingDays('2026-02-12', 3)).toEqual({ day: '2026-02-24', provisional: false });
  });

  it('counts 5 days over National Day', () => {
    // Wednesday 30 Sep: 8, 9, 10 (make-up Saturday), 12, 13 Oct.
    expect(calendar.addWorkingDays('2026-09-30', 5).day).toBe('2026-10-13');
  });

  it('ends a limit at 24:00 in Shanghai, whatever hour the event had', () => {
    const due = calendar.deadline(new Date('2026-03-02T15:59:59Z'), 3);
    expect(due).toEqual({ due: new Date('2026-03-05T16:00:00Z'), lastDay: '2026-03-05', provisional: false });
    expect(calendar.deadline(new Date('2026-03-02T16:00:00Z'), 3).lastDay).toBe('2026-03-06');
  });

  it('marks a year without a notice as provisional and counts weekends only', () => {
    const beyond = Math.max(...calendar.knownYears) + 1;
    expect(calendar.isWorkingDay(`${beyond}-01-01`)).toBe(![0, 6].includes(new Date(`${beyond}-01-01`).getUTCDay()));
    expect(calendar.addWorkingDays(`${beyond - 1}-12-31`, 1).provisional).toBe(true);
    expect(calendar.addWorkingDays(`${beyond - 1}-03-02`, 1).provisional).toBe(false);
  });

  it('agrees with the package where both know the year', async () => {
    const plain = await loadCalendar();
    for (let day = '2026-01-01'; day <= '2026-12-31'; day = addDays(day, 1))
      expect(plain.isWorkingDay(day), day).toBe(calendar.isWorkingDay(day));
  });

  it('refuses absurd lengths', () => {
    expect(() => calendar.addWorkingDays('2026-01-05', 1001)).toThrow(RangeError);
    expect(() => calendar.addWorkingDays('2026-01-05', -1)).toThrow(RangeError);
    expect(() => calendar.addWorkingDays('2026-01-05', 1.5)).toThrow(RangeError);
  });
});

describe('algebra', () => {
  const day = fc.integer({ min: 0, max: 700 }).map((n) => addDays('2025-01-01', n));
  it('adding n and counting back gives n, and lands on a working day', () => {
    fc.assert(
      fc.property(day, fc.integer({ min: 1, max: 40 }), (from, n) => {
        const to = calendar.addWorkingDays(from, n).day;
        expect(calendar.isWorkingDay(to)).toBe(true);
        expect(calendar.countWorkingDays(from, to)).toBe(n);
      }),
    );
  });
  it('splits: a + b days are a days, then b days', () => {
    fc.assert(
      fc.property(day, fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 20 }), (from, a, b) => {
        expect(calendar.addWorkingDays(calendar.addWorkingDays(from, a).day, b).day).toBe(
          calendar.addWorkingDays(from, a + b).day,
        );
      }),
    );
  });
  it('a day begins and ends in itself', () => {
    fc.assert(
      fc.property(day, (one) => {
        expect(dayOf(startOfDay(one))).toBe(one);
        expect(dayOf(new Date(endOfDay(one).getTime() - 1))).toBe(one);
      }),
    );
  });
});

it('months keep to the last day of a shorter month', () => {
  expect(addMonths('2026-08-31', 6)).toBe('2027-02-28');
  expect(addMonths('2027-08-31', 6)).toBe('2028-02-29');
  expect(addMonths('2026-01-15', -6)).toBe('2025-07-15');
});

it('a calendar without years still counts', () => {
  expect(makeCalendar(new Map()).addWorkingDays('2026-01-02', 1)).toEqual({ day: '2026-01-05', provisional: true });
});
