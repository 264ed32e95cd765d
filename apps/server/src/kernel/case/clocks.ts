/**
 * Arithmetic of a case's clocks. Pure.
 *
 * Stopping: days in (pause day, resume day] do not count. So a pause and resumption on one day change nothing, and nobody
 * gains a day by stopping a clock every morning. A limit that had already passed when the clock was stopped stays passed.
 */
import { addDays, addMonths, type Calendar, type Day, dayOf, endOfDay, startOfDay } from '../calendar/calendar.ts';
import type { ClockDefinition, Procedure } from '../rulepack/model.ts';
import type { ClockState, LengthUnit } from './model.ts';

interface LastDay {
  day: Day;
  provisional: boolean;
}

const lastDayOf = (event: Day, length: number, unit: LengthUnit, calendar: Calendar): LastDay => {
  if (unit === 'workingDay') return addWorking(event, length, calendar);
  const day =
    unit === 'calendarDay' ? addDays(event, length) : addMonths(event, unit === 'calendarMonth' ? length : length * 12);
  return { day, provisional: false };
};

const addWorking = (day: Day, workingDays: number, calendar: Calendar): LastDay =>
  calendar.addWorkingDays(day, workingDays);

/** A silence rule that acts "on the next working day" acts when that day begins. */
const firingOf = (
  lastDay: LastDay,
  definition: ClockDefinition,
  calendar: Calendar,
): { at: Date; provisional: boolean } => {
  if (definition.onExpiry?.when !== 'nextWorkingDay')
    return { at: endOfDay(lastDay.day), provisional: lastDay.provisional };
  const next = calendar.addWorkingDays(lastDay.day, 1);
  return { at: startOfDay(next.day), provisional: lastDay.provisional || next.provisional };
};

const timed = (state: ClockState, lastDay: LastDay, definition: ClockDefinition, calendar: Calendar): ClockState => {
  const firing = firingOf(lastDay, definition, calendar);
  return { ...state, dueAt: endOfDay(lastDay.day), firesAt: firing.at, provisional: firing.provisional };
};

export const startClock = (
  definition: ClockDefinition,
  length: number,
  unit: LengthUnit,
  at: Date,
  calendar: Calendar,
  awaitsService: boolean,
): ClockState => {
  const state: ClockState = {
    clock: definition.id,
    startedAt: at,
    dueAt: null,
    firesAt: null,
    length,
    unit,
    extendedBy: 0,
    pausedAt: null,
    remaining: null,
    overdueAt: null,
    stoppedAt: null,
    awaitsService,
    provisional: false,
  };
  return awaitsService ? state : timed(state, lastDayOf(dayOf(at), length, unit, calendar), definition, calendar);
};

/** The last day of a running clock. */
const lastDay = (state: ClockState): Day => dayOf(new Date(state.dueAt!.getTime() - 1));

export const pauseClock = (state: ClockState, at: Date, calendar: Calendar): ClockState => {
  if (state.pausedAt || !state.dueAt || state.overdueAt || state.dueAt <= at) return state;
  const [today, last] = [dayOf(at), lastDay(state)];
  const remaining =
    state.unit === 'workingDay'
      ? calendar.countWorkingDays(today, last)
      : Math.round((Date.parse(last) - Date.parse(today)) / 86_400_000);
  return { ...state, pausedAt: at, remaining, dueAt: null, firesAt: null };
};

export const resumeClock = (
  state: ClockState,
  at: Date,
  definition: ClockDefinition,
  calendar: Calendar,
): ClockState => {
  if (!state.pausedAt || state.remaining === null) return state;
  const unit = state.unit === 'workingDay' ? 'workingDay' : 'calendarDay';
  const last = lastDayOf(dayOf(at), state.remaining, unit, calendar);
  return timed({ ...state, pausedAt: null, remaining: null }, last, definition, calendar);
};

/** Adds working days to a clock, running or paused. A limit that has passed is not revived. */
export const extendClock = (
  state: ClockState,
  workingDays: number,
  definition: ClockDefinition,
  calendar: Calendar,
): ClockState => {
  const extended = { ...state, extendedBy: state.extendedBy + workingDays };
  if (state.remaining !== null) return { ...extended, remaining: state.remaining + workingDays };
  if (!state.dueAt) return extended;
  return timed(extended, addWorking(lastDay(state), workingDays, calendar), definition, calendar);
};

export const stopClock = (state: ClockState, at: Date): ClockState => ({ ...state, stoppedAt: at, firesAt: null });

/** Begins a clock that waited for service. */
export const serveClock = (state: ClockState, at: Date, definition: ClockDefinition, calendar: Calendar): ClockState =>
  state.awaitsService && !state.stoppedAt
    ? timed(
        { ...state, startedAt: at, awaitsService: false },
        lastDayOf(dayOf(at), state.length, state.unit, calendar),
        definition,
        calendar,
      )
    : state;

/** Working days left at a moment, 0 once passed; null for clocks that run in other units or have not begun. */
export const workingDaysLeft = (state: ClockState, at: Date, calendar: Calendar): number | null => {
  if (state.unit !== 'workingDay') return null;
  if (state.remaining !== null) return state.remaining;
  return state.dueAt ? calendar.countWorkingDays(dayOf(at), lastDay(state)) : null;
};

/** End of the first limit that runs for any of these sides. */
export const earliestDueTo = (
  clocks: readonly ClockState[],
  table: Procedure,
  sides: ReadonlySet<string>,
): Date | null => {
  const theirs = new Set(table.clocks.filter((one) => sides.has(one.dueTo)).map((one) => one.id));
  return clocks.reduce<Date | null>(
    (soonest, one) =>
      one.stoppedAt || !one.dueAt || !theirs.has(one.clock) || (soonest && soonest <= one.dueAt) ? soonest : one.dueAt,
    null,
  );
};

export const isOverdue = (state: ClockState, at: Date): boolean =>
  !state.stoppedAt && (state.overdueAt !== null || (state.dueAt !== null && state.dueAt <= at));
