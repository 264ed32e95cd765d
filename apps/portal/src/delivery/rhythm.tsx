/** Rhythms of pushes and imports: told, and asked for in forms. */
import type { listImportSchedules } from '@shugu/wire/delivery';
import type { Reply } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { field } from '../ui/fields.tsx';
import type { Push } from './push-parts.tsx';

type Timed =
  | Pick<Push, 'rhythm' | 'timeZone'>
  | Pick<Reply<typeof listImportSchedules>['items'][number], 'rhythm' | 'timeZone'>;

export const useRhythm = () => {
  const { t, w } = useWords();
  // The reader's own clock shows the next run; where it differs from the contract's, its zone is said.
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const told = ({ rhythm }: Timed): string => {
    switch (rhythm.kind) {
      case 'daily':
        return t('push.daily', { time: rhythm.time });
      case 'weekly':
        return t('push.weekly', { day: w('weekday', String(rhythm.weekday)), time: rhythm.time });
      case 'monthly':
        return t('push.monthly', { day: rhythm.day, time: rhythm.time });
      case 'interval':
        return t('push.interval', { hours: rhythm.hours });
      default:
        return t(`push.${rhythm.kind}`);
    }
  };
  return (one: Timed): string =>
    'time' in one.rhythm && one.timeZone !== own ? `${told(one)} (${one.timeZone})` : told(one);
};

export const rhythmFrom = ({ kind, time, weekday, day, hours }: Record<string, unknown>): object => {
  if (kind === 'interval') return { kind, hours };
  if (kind === 'daily') return { kind, time };
  if (kind === 'weekly') return { kind, time, weekday: Number(weekday) };
  if (kind === 'monthly') return { kind, time, day };
  return { kind: kind ?? 'once' };
};

const weekdays = [
  '一 Monday',
  '二 Tuesday',
  '三 Wednesday',
  '四 Thursday',
  '五 Friday',
  '六 Saturday',
  '日 Sunday',
].map((both, at) => {
  const [zh, en] = both.split(' ') as [string, string];
  return [String(at + 1), `周${zh}`, en] as const;
});

/** Choices of a form for rhythms by time of day. */
export const byTime = [
  ['daily', '每日', 'Daily'],
  ['weekly', '每周', 'Weekly'],
  ['monthly', '每月', 'Monthly'],
] as const;

/** What those ask for beside. */
export const timeFields = (help: { zh: string; en: string }) => [
  field('time', 'text', ['时刻', 'Time'], { help }),
  field('weekday', 'choice', ['星期', 'Weekday'], { choices: weekdays }),
  field('day', 'number', ['日期', 'Day of the month'], { min: 1, max: 28 }),
];
