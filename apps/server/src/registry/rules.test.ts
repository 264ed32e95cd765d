import { expect, test } from 'vitest';
import { addMonths, dayOf, endOfDay, startOfDay } from '../kernel/calendar/calendar.ts';
import {
  type FirstFacts,
  faultsOfFirst,
  isWithin,
  lastDayBefore,
  lastDayOf,
  lengthWarnings,
  maskName,
  renewalWindow,
  renewedUntil,
  sensitivityOf,
  termWithin,
} from './rules.ts';

test('days are China’s, and months end where they end', () => {
  expect(dayOf(new Date('2026-06-30T15:59:59.999Z'))).toBe('2026-06-30');
  expect(dayOf(new Date('2026-06-30T16:00:00Z'))).toBe('2026-07-01');
  expect(startOfDay('2026-07-01').toISOString()).toBe('2026-06-30T16:00:00.000Z');
  expect(lastDayBefore(endOfDay('2026-07-01'))).toBe('2026-07-01');
  for (const [day, months, to] of [
    ['2026-01-31', 1, '2026-02-28'],
    ['2027-12-31', 2, '2028-02-29'],
    ['2026-03-31', -6, '2025-09-30'],
    ['2026-01-15', -1, '2025-12-15'],
    ['2028-02-29', 60, '2033-02-28'],
  ] as const)
    expect(addMonths(day, months)).toBe(to);
});

test('a certificate lasts to the eve of the anniversary', () => {
  expect(lastDayOf('2026-07-01', 5)).toBe('2031-06-30');
  expect(lastDayOf('2028-02-29', 5)).toBe('2033-02-27');
});

test('renewal opens six months before the last day and closes the day before it', () => {
  const window = renewalWindow(endOfDay('2031-06-30'), { opensMonths: 6, closesDays: 1 });
  expect(window).toEqual({ first: '2030-12-30', last: '2031-06-29' });
  expect(['2030-12-29', '2030-12-30', '2031-06-29', '2031-06-30'].map((day) => isWithin(day, window))).toEqual([
    false,
    true,
    true,
    false,
  ]);
});

test('a renewal goes on from the old end, and never beyond the years from its evidence', () => {
  const end = endOfDay('2031-06-30');
  expect(renewedUntil(end, '2031-03-01', 2, 5)).toEqual(endOfDay('2033-06-30'));
  expect(renewedUntil(end, '2031-03-01', 5, 5)).toEqual(startOfDay('2036-03-01'));
});

test('a right lasts no longer than its certificate, nor than it says itself', () => {
  const whole = { from: startOfDay('2026-07-01'), until: endOfDay('2031-06-30') };
  expect(termWithin(whole, {})).toEqual(whole);
  expect(termWithin(whole, { from: '2020-01-01', to: '2040-01-01' })).toEqual(whole);
  expect(termWithin(whole, { from: '2027-01-01', to: '2027-01-01' })).toEqual({
    from: startOfDay('2027-01-01'),
    until: endOfDay('2027-01-01'),
  });
  expect(termWithin(whole, { to: '2026-06-30' })).toBeUndefined();
  expect(termWithin(whole, { from: '2031-07-01' })).toBeUndefined();
});

const applicant = { name: '甲公司', kind: 'legal', number: 'A1' };
const other = { name: '乙公司', kind: 'legal', number: 'B1' };
const line = { holder: '甲公司', code: 'A1', right: 'use' as const };
const facts: FirstFacts = {
  applicants: [applicant],
  rights: [line],
  dataSource: 'collected',
  resource: { source: 'collected' },
  ownCode: 'A1',
  today: '2026-07-01',
};

test('an application that contradicts itself is told where', () => {
  const cases: [Partial<FirstFacts>, string[]][] = [
    [{}, []],
    [{ ownCode: 'C1' }, ['applicants:notApplicant']],
    [{ ownCode: 'C1', agent: '丙公司' }, []],
    [{ applicants: [applicant, { ...applicant }] }, ['applicants:twice', 'applicants.1:withoutRight']],
    [{ applicants: [applicant, other] }, ['applicants.1:withoutRight']],
    [{ dataSource: 'derived' }, ['dataSource:sourceDiffers']],
    [{ rights: [{ ...line, holder: '乙公司' }] }, ['rights.0.holder:nameDiffers']],
    [{ rights: [line, { holder: '丙公司', right: 'hold' }] }, ['rights.1.holder:notApplicant']],
    [{ rights: [{ holder: '甲公司', right: 'hold' }] }, []],
    [{ rights: [line, line] }, ['rights.1:twice']],
    [{ rights: [line, { ...line, limits: '仅限省内' }] }, []],
    [{ rights: [{ ...line, to: '2026-06-30' }] }, ['rights.0.to:past']],
    [{ rights: [{ ...line, from: '2027-01-02', to: '2027-01-01' }] }, ['rights.0.to:order']],
  ];
  for (const [over, expected] of cases) {
    const found = faultsOfFirst({ ...facts, ...over }).map(
      (fault) => `${fault.field.replace('body.form.', '')}:${fault.code}`,
    );
    expect([over, found.sort()]).toEqual([over, expected.sort()]);
  }
});

test('reference lengths warn from one character more, counting a rare character as one', () => {
  const rules = { nameCharacters: 40, summaryCharacters: 400 };
  expect(lengthWarnings({ name: '𠮷'.repeat(40), summary: '数'.repeat(400) }, rules)).toEqual([]);
  expect(
    lengthWarnings({ name: '𠮷'.repeat(41), summary: '数'.repeat(401) }, rules).map((warning) => warning.field),
  ).toEqual(['name', 'summary']);
});

test('a column is as sensitive as the highest that is said of it', () => {
  const grade = { level: 'general' as const, generalLevel: 1 as const, personal: false, sensitive: false, reasons: [] };
  const scan = { column: 'a', findings: [], doubts: [], personal: true, sensitive: false };
  expect(sensitivityOf('a', [], { fields: [] })).toBe('general');
  expect(sensitivityOf('a', [scan], { fields: [{ ...grade, field: 'a' }] })).toBe('personal');
  expect(sensitivityOf('a', [{ ...scan, sensitive: true }], { fields: [] })).toBe('sensitivePersonal');
  expect(sensitivityOf('a', [scan], { fields: [{ ...grade, level: 'important', field: 'a' }] })).toBe('important');
  expect(sensitivityOf('b', [scan], { fields: [] })).toBe('general');
});

test('a natural person’s name is shortened to its first character', () => {
  expect([maskName('张三'), maskName('欧阳样例'), maskName('𠮷')]).toEqual(['张*', '欧***', '𠮷*']);
});
