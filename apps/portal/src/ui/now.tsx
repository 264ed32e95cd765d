/** The exchange's time, not the reader's: a simulated calendar may be far from today. */
import { clock } from '@shugu/wire/kernel';
import { useEffect, useState } from 'react';
import { useRead } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { fromNow, moment } from './format.ts';

export const useNow = (): number => {
  const read = useRead(clock, {}, { every: 60_000 });
  const [tick, setTick] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setTick(Date.now()), 30_000);
    return () => clearInterval(timer);
  }, []);
  if (!read.data) return tick;
  return new Date(read.data.now).getTime() + Math.max(0, tick - read.dataUpdatedAt);
};

export const When = ({ at }: { at: string | null | undefined }) => {
  const { language } = useWords();
  const now = useNow();
  if (!at) return <>—</>;
  return (
    <time dateTime={at} className="number" title={fromNow(at, now, language)}>
      {moment(at)}
    </time>
  );
};

/** To the millisecond: of what machines say to each other. */
export const Exactly = ({ at }: { at: string }) => (
  <time dateTime={at} className="number">
    {`${moment(at)}:${at.slice(17, 23)}`}
  </time>
);

const soonMs = 2 * 86_400_000;

/** A deadline with what is left of it. */
export const Due = ({ at, overdue }: { at: string | null | undefined; overdue?: boolean }) => {
  const { t, language } = useWords();
  const now = useNow();
  if (!at) return <span className="quiet">—</span>;
  const late = overdue ?? new Date(at).getTime() < now;
  const soon = !late && new Date(at).getTime() - now < soonMs;
  return (
    <time dateTime={at} className={`number${late ? ' late' : soon ? ' soon' : ''}`} title={moment(at)}>
      {late ? `${t('due.overdue')} · ` : ''}
      {fromNow(at, now, language)}
    </time>
  );
};
