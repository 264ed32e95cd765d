/** Periods of keeping, counted back from now. Pure. */
import { addDays, addMonths, dayOf } from '../calendar/calendar.ts';
import type { RetentionClass, Rule } from './model.ts';

const hourMilliseconds = 3_600_000;

/**
 * The moment before which a period of this length has passed at `now`; the time of day stays. Undefined where the rule is no
 * period. Counting back lands on the last day of a shorter month, so that a record stays a little longer there, never less.
 */
export const startOf = (now: Date, { value, unit }: Pick<Rule, 'value' | 'unit'>): Date | undefined => {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0) return undefined;
  const today = dayOf(now);
  const at = (day: string) => new Date(now.getTime() - (Date.parse(today) - Date.parse(day)));
  switch (unit) {
    case 'hour':
      return new Date(now.getTime() - value * hourMilliseconds);
    case 'calendarDay':
      return at(addDays(today, -value));
    case 'calendarMonth':
      return at(addMonths(today, -value));
    case 'calendarYear':
      return at(addMonths(today, -12 * value));
    default:
      return undefined;
  }
};

/** The longest of the periods decides. */
export const keptFrom = (now: Date, periods: readonly Rule[]): Date =>
  new Date(Math.min(...periods.map((one) => startOf(now, one)!.getTime())));

// Any moment will do to compare two lengths; a day is nothing beside the periods that law names.
const reference = new Date('2026-01-01T00:00:00Z');

/** What is wrong with a pack's classes: unknown rules, rules that are no period, a maximum below a minimum. */
export const retentionFaults = (classes: readonly RetentionClass[], rules: ReadonlyMap<string, Rule>): string[] => {
  const faults: string[] = [];
  for (const { id, minimum, maximum } of classes) {
    const named = maximum ? [...minimum, maximum] : minimum;
    const wrong = named.filter((one) => !rules.has(one) || !startOf(reference, rules.get(one)!));
    faults.push(...wrong.map((one) => `retention class ${id}: rule ${one} gives no period`));
    if (wrong.length || !maximum) continue;
    const end = startOf(reference, rules.get(maximum)!)!;
    for (const one of minimum)
      if (startOf(reference, rules.get(one)!)! < end)
        faults.push(`retention class ${id}: ${maximum} is shorter than ${one}, which is the least`);
  }
  if (new Set(classes.map((one) => one.id)).size !== classes.length) faults.push('two retention classes of one id');
  return faults;
};
