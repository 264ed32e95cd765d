/** When a rhythm comes round. */
import { localTime } from '@shugu/policy';
import type { ImportRhythm } from '../import/model.ts';
import type { Rhythm } from './model.ts';

const dayMs = 86_400_000;

/** The instant at which clocks of the zone show this day and time; where they skip it, the one just after. */
const instantOf = (date: string, minuteOfDay: number, zone: string): number => {
  const wanted = Date.parse(`${date}T00:00:00Z`) + minuteOfDay * 60_000;
  let guess = wanted;
  // Twice: the first guess may lie on the other side of a change of the clocks.
  for (let round = 0; round < 2; round++) {
    const shown = localTime(guess, zone);
    guess += wanted - (Date.parse(`${shown.date}T00:00:00Z`) + shown.minuteOfDay * 60_000);
  }
  return guess;
};

const falls = (rhythm: Rhythm | ImportRhythm, date: string): boolean => {
  if (rhythm.kind === 'weekly') return (new Date(`${date}T00:00:00Z`).getUTCDay() || 7) === rhythm.weekday;
  if (rhythm.kind === 'monthly') return Number(date.slice(8)) === rhythm.day;
  return rhythm.kind === 'daily';
};

/** The next instant after `after`, in the zone of the contract or of the exchange; null where time starts nothing. */
export const nextAt = (rhythm: Rhythm | ImportRhythm, zone: string, after: Date): Date | null => {
  if (rhythm.kind === 'once' || rhythm.kind === 'revision') return null;
  if (rhythm.kind === 'interval') return new Date(after.getTime() + rhythm.hours * 3_600_000);
  const [hours, minutes] = rhythm.time.split(':').map(Number) as [number, number];
  const first = Date.parse(`${localTime(after.getTime(), zone).date}T00:00:00Z`);
  for (let day = 0; day <= 32; day++) {
    const date = new Date(first + day * dayMs).toISOString().slice(0, 10);
    if (!falls(rhythm, date)) continue;
    const at = instantOf(date, hours * 60 + minutes, zone);
    if (at > after.getTime()) return new Date(at);
  }
  throw new Error('a rhythm that does not come round within a month');
};
