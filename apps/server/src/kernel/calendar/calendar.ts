/**
 * Working days (工作日) in Asia/Shanghai. Pure: the years' holidays and make-up days (调休) come in as data.
 *
 * How a limit of n working days is counted: the day of the event does not count; the limit ends with the last moment
 * (24:00 local) of the n-th working day after it. A year without a known notice counts weekends only and is marked
 * provisional, because the State Council's arrangement for it may move the day.
 */

/** A calendar day in Asia/Shanghai, `YYYY-MM-DD`. */
export type Day = string;

export interface YearArrangement {
  holidays: ReadonlySet<Day>;
  /** Saturdays and Sundays that are worked (调休). */
  makeUpWorkdays: ReadonlySet<Day>;
}

export interface CountedDay {
  day: Day;
  provisional: boolean;
}

export interface Deadline {
  /** First moment after the last day of the limit (24:00 local of that day). */
  due: Date;
  lastDay: Day;
  provisional: boolean;
}

export interface Calendar {
  isWorkingDay(day: Day): boolean;
  /** Whether the year's arrangement is unknown. */
  isProvisional(day: Day): boolean;
  /** The n-th working day after `day`; for n = 0 the day itself if it is worked, else the next working day. */
  addWorkingDays(day: Day, workingDays: number): CountedDay;
  /** Working days in (after, through]. */
  countWorkingDays(after: Day, through: Day): number;
  /** The end of the n-th working day after the event. */
  deadline(event: Date, workingDays: number): Deadline;
  knownYears: readonly number[];
}

export const limits = { workingDaysMax: 1000 } as const;

const millisecondsPerDay = 86_400_000;
// China has kept UTC+8 without summer time since 1992; cases of this system are younger.
const offsetMilliseconds = 8 * 3_600_000;

/** The local day of a moment. */
export const dayOf = (moment: Date): Day => new Date(moment.getTime() + offsetMilliseconds).toISOString().slice(0, 10);

/** Local day and time to the minute, as people read it in papers: `2026-07-01 09:00`. */
export const civilTime = (moment: Date): string =>
  new Date(moment.getTime() + offsetMilliseconds).toISOString().slice(0, 16).replace('T', ' ');

/** The last local day before an end that is itself excluded. */
export const lastDayBefore = (end: Date): Day => dayOf(new Date(end.getTime() - 1));

/** Local month of a moment as numbers of papers carry it: `202607`. */
export const monthOf = (moment: Date): string => dayOf(moment).slice(0, 7).replace('-', '');

/** 00:00 local of a day. */
export const startOfDay = (day: Day): Date => new Date(`${day}T00:00:00+08:00`);

export const addDays = (day: Day, days: number): Day =>
  new Date(Date.parse(`${day}T00:00:00Z`) + days * millisecondsPerDay).toISOString().slice(0, 10);

/** 24:00 local of a day. */
export const endOfDay = (day: Day): Date => startOfDay(addDays(day, 1));

/** The same day n months on; the last day of a shorter month (民法典 art. 202). */
export const addMonths = (day: Day, months: number): Day => {
  const [year, month, date] = day.split('-').map(Number) as [number, number, number];
  const lastDate = new Date(Date.UTC(year, month - 1 + months + 1, 0)).getUTCDate();
  return new Date(Date.UTC(year, month - 1 + months, Math.min(date, lastDate))).toISOString().slice(0, 10);
};

/** The same local time of day n months on. */
export const monthsAfter = (moment: Date, months: number): Date => {
  const day = dayOf(moment);
  return new Date(startOfDay(addMonths(day, months)).getTime() + (moment.getTime() - startOfDay(day).getTime()));
};

const isWeekend = (day: Day): boolean => [0, 6].includes(new Date(`${day}T00:00:00Z`).getUTCDay());

export const makeCalendar = (years: ReadonlyMap<number, YearArrangement>): Calendar => {
  const arrangementOf = (day: Day) => years.get(Number(day.slice(0, 4)));

  const isWorkingDay = (day: Day): boolean => {
    const arrangement = arrangementOf(day);
    if (arrangement?.makeUpWorkdays.has(day)) return true;
    return !isWeekend(day) && !arrangement?.holidays.has(day);
  };
  const isProvisional = (day: Day): boolean => arrangementOf(day) === undefined;

  const addWorkingDays = (day: Day, workingDays: number): CountedDay => {
    if (!Number.isInteger(workingDays) || workingDays < 0 || workingDays > limits.workingDaysMax)
      throw new RangeError(`working days must be an integer from 0 to ${limits.workingDaysMax}`);
    let at = day;
    let provisional = isProvisional(day);
    const step = () => {
      at = addDays(at, 1);
      provisional ||= isProvisional(at);
    };
    if (workingDays === 0) while (!isWorkingDay(at)) step();
    for (let left = workingDays; left > 0; ) {
      step();
      if (isWorkingDay(at)) left--;
    }
    return { day: at, provisional };
  };

  const countWorkingDays = (after: Day, through: Day): number => {
    let count = 0;
    for (let at = addDays(after, 1); at <= through; at = addDays(at, 1)) if (isWorkingDay(at)) count++;
    return count;
  };

  return {
    isWorkingDay,
    isProvisional,
    addWorkingDays,
    countWorkingDays,
    deadline: (event, workingDays) => {
      const { day, provisional } = addWorkingDays(dayOf(event), workingDays);
      return { due: endOfDay(day), lastDay: day, provisional };
    },
    knownYears: [...years.keys()].sort((a, b) => a - b),
  };
};
