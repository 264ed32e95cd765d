/** The national calendar: years known to the `chinese-days` package, then the operator's file, which stands over it. */
import { readFile } from 'node:fs/promises';
import known from 'chinese-days/dist/chinese-days.json' with { type: 'json' };
import { z } from 'zod';
import { addDays, type Calendar, type Day, makeCalendar, type YearArrangement } from './calendar.ts';

const span = z
  .string()
  .regex(/^\d{4}-\d\d-\d\d(\/\d{4}-\d\d-\d\d)?$/)
  .describe('a day, or first/last day');

export const calendarFile = z.object({
  id: z.string(),
  title: z.object({ zh: z.string(), en: z.string() }),
  zone: z.literal('Asia/Shanghai'),
  years: z
    .array(
      z.object({
        year: z.number().int().min(2000).max(2100),
        source: z.object({ instrument: z.string(), number: z.string().optional() }),
        holidays: z.array(span).max(60),
        makeUpWorkdays: z.array(span).max(30),
      }),
    )
    .max(100),
});

const daysOf = (spans: readonly string[]): Set<Day> => {
  const days = new Set<Day>();
  for (const one of spans) {
    const [first, last = first] = one.split('/') as [string, string?];
    for (let day = first; day <= last; day = addDays(day, 1)) days.add(day);
  }
  return days;
};

const packageYears = (): Map<number, YearArrangement> => {
  const years = new Map<number, { holidays: Set<Day>; makeUpWorkdays: Set<Day> }>();
  const of = (day: Day) => {
    const year = Number(day.slice(0, 4));
    const found = years.get(year) ?? { holidays: new Set(), makeUpWorkdays: new Set() };
    years.set(year, found);
    return found;
  };
  for (const day of Object.keys(known.holidays)) of(day).holidays.add(day);
  for (const day of Object.keys(known.workdays)) of(day).makeUpWorkdays.add(day);
  return years;
};

/** `file`: path of the operator's calendar (rulepacks/calendars/cn.json); a year in it replaces the package's. */
export const loadCalendar = async (file?: string): Promise<Calendar> => {
  const years = packageYears();
  if (file) {
    const parsed = calendarFile.safeParse(JSON.parse(await readFile(file, 'utf8')));
    if (!parsed.success) throw new Error(`${file}: ${z.prettifyError(parsed.error)}`);
    for (const one of parsed.data.years) {
      const arrangement = { holidays: daysOf(one.holidays), makeUpWorkdays: daysOf(one.makeUpWorkdays) };
      for (const day of [...arrangement.holidays, ...arrangement.makeUpWorkdays])
        if (Number(day.slice(0, 4)) !== one.year) throw new Error(`${file}: ${day} does not belong to ${one.year}`);
      years.set(one.year, arrangement);
    }
  }
  return makeCalendar(years);
};
