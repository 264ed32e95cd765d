/** Figures as people write them. Money comes as integer fen in a string and never passes through floating point. */
import type { Language } from '../i18n/index.ts';

const grouped = (digits: string): string => digits.replace(/\B(?=(\d{3})+(?!\d))/g, ',');

/** '123456' fen → '¥1,234.56'. */
export const money = (fen: string | null | undefined): string => {
  if (fen == null || fen === '') return '—';
  const negative = fen.startsWith('-');
  const digits = (negative ? fen.slice(1) : fen).padStart(3, '0');
  return `${negative ? '−' : ''}¥${grouped(digits.slice(0, -2))}.${digits.slice(-2)}`;
};

/** '1234.5' yuan → '¥1,234.50'; more than two decimals are kept, as unit prices need them. */
export const yuan = (decimal: string): string => {
  const [whole = '0', part = ''] = decimal.split('.');
  return `¥${grouped(whole)}.${part.padEnd(2, '0')}`;
};

/** '12.3' yuan as typed → '1230' fen; undefined when it is no amount. */
export const fenOf = (typed: string): string | undefined => {
  const found = /^(\d{1,13})(?:\.(\d{1,2}))?$/.exec(typed.trim());
  if (!found) return undefined;
  return BigInt(`${found[1]}${(found[2] ?? '').padEnd(2, '0')}`).toString();
};

export const count = (value: number | bigint | null | undefined): string =>
  value == null ? '—' : grouped(value.toString());

/** Whole numbers in a string, as counters come. */
export const countText = (value: string | null | undefined): string => (value == null ? '—' : grouped(value));

export const percent = (rate: string | number): string => `${Number((Number(rate) * 100).toFixed(2))}%`;

export const bytes = (value: number | null | undefined): string => {
  if (value == null) return '—';
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let rest = value;
  let unit = 0;
  while (rest >= 1024 && unit < units.length - 1) {
    rest /= 1024;
    unit++;
  }
  return `${unit === 0 ? rest : rest.toFixed(1)} ${units[unit]}`;
};

const pad = (value: number): string => String(value).padStart(2, '0');

/** Local day and minute: 2026-11-21 20:35, the same in both languages. */
export const moment = (time: string | null | undefined): string => {
  if (!time) return '—';
  const at = new Date(time);
  if (Number.isNaN(at.getTime())) return time;
  return `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())} ${pad(at.getHours())}:${pad(at.getMinutes())}`;
};
/** The same in Beijing time, which is that of the papers, wherever the reader sits. */
export const beijing = (time: string): string =>
  new Date(Date.parse(time) + 8 * 3_600_000).toISOString().slice(0, 16).replace('T', ' ');
export const dayOf = (time: string | null | undefined): string => (time ? moment(time).slice(0, 10) : '—');

/** "3 天后", "2 hours ago": how far a moment is from now. */
export const fromNow = (time: string, now: number, language: Language): string => {
  const seconds = Math.round((new Date(time).getTime() - now) / 1000);
  const steps: [Intl.RelativeTimeFormatUnit, number][] = [
    ['day', 86_400],
    ['hour', 3_600],
    ['minute', 60],
  ];
  const format = new Intl.RelativeTimeFormat(language === 'en' ? 'en' : 'zh-CN', { numeric: 'auto' });
  for (const [unit, length] of steps)
    if (Math.abs(seconds) >= length) return format.format(Math.trunc(seconds / length), unit);
  return format.format(Math.trunc(seconds), 'second');
};

/** An identifier short enough to read aloud; the whole stands in the title. */
export const shortId = (id: string): string => (id.length > 14 ? `${id.slice(0, 4)}…${id.slice(-6)}` : id);
