/** What an entry must say to be taken in, and how two of its states differ. Pure. */
import { createHash } from 'node:crypto';
import type { Text } from '@shugu/wire';
import { harvestLimits as limits } from '@shugu/wire/catalogue';
import type { Change, ForeignContent, ForeignRecord, Refused } from './model.ts';

/** Thrown while one entry is read: it is left out and named, the others go on. */
export class Refusal extends Error {
  readonly reason: Text;
  constructor(reason: Text) {
    super(reason.en);
    this.reason = reason;
  }
}
const refusal = (zh: string, en: string): Refusal => new Refusal({ zh, en });

export const reasons = {
  missing: (field: string) => refusal(`缺少 ${field}`, `${field} is missing`),
  wrongType: (field: string) => refusal(`${field} 的类型不对`, `${field} is of the wrong type`),
  tooLong: (field: string, most: number) => refusal(`${field} 超过 ${most}`, `${field} is over ${most}`),
  notPublic: () => refusal('来源标为不公开', 'the source says that it is not public'),
  twice: () => refusal('同一编号出现两次且内容不同', 'its identifier came twice, with different contents'),
};

export type Json = Record<string, unknown>;
export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A text as the database can keep it; '' for what is absent. Numbers are read as their digits. */
export const textIn = (value: unknown, field: string, most: number = limits.textCharactersMax): string => {
  if (value === undefined || value === null) return '';
  if (typeof value !== 'string' && typeof value !== 'number') throw reasons.wrongType(field);
  const text = String(value).replaceAll('\0', '').toWellFormed().trim();
  if (text.length > most) throw reasons.tooLong(field, most);
  return text;
};

export const listIn = (value: unknown, field: string, most: number): unknown[] => {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw reasons.wrongType(field);
  if (value.length > most) throw reasons.tooLong(field, most);
  return value;
};

/** Only what a page may link to: anything else, as `javascript:`, is no address. */
export const addressIn = (value: unknown): string | null => {
  const url = typeof value === 'string' && value.length <= 2000 ? URL.parse(value.trim()) : null;
  return url && /^(https?|ftp):$/.test(url.protocol) && !url.password ? url.href : null;
};

/** CKAN tells UTC without saying so. */
export const timeIn = (value: unknown): string | null => {
  if (typeof value !== 'string' || !/^\d{4}-\d{2}-\d{2}/.test(value)) return null;
  const at = new Date(/T.*(Z|[+-]\d{2}:?\d{2})$|^[\d-]{10}$/.test(value) ? value : `${value.replace(' ', 'T')}Z`);
  return Number.isNaN(at.getTime()) ? null : at.toISOString();
};

export const bytesIn = (value: unknown): number | null => {
  const number = typeof value === 'string' && value.trim() ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 ? number : null;
};

/** Sources list keywords in any order; ours does not change with theirs. */
export const keywordsOf = (words: readonly string[]): string[] => [...new Set(words.filter(Boolean))].sort();

/** One entry, or why it is refused: nothing that one of them says stops the others. */
export const readOne = (
  about: { foreignId: unknown; title: unknown },
  read: () => ForeignRecord,
): ForeignRecord | Refused => {
  try {
    const record = read();
    if (!record.foreignId) throw reasons.missing('id');
    if (!record.content.title) throw reasons.missing('title');
    return record;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const known = (value: unknown) =>
      typeof value === 'string' ? value.replaceAll('\0', '').toWellFormed().slice(0, 300) : '';
    return { foreignId: known(about.foreignId) || undefined, title: known(about.title), reason: error.reason };
  }
};

const fields = ['title', 'summary', 'publisher', 'licence', 'modified', 'keywords', 'page', 'distributions'] as const;

/** Members in one order, whichever way they came: the database gives them in an order of its own. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, one) =>
    isObject(one) ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1))) : one,
  );

/** Equal contents have equal digests. */
export const digestOf = (content: ForeignContent): string =>
  `sha256:${createHash('sha256').update(canonical(content)).digest('hex')}`;

const shown = (content: ForeignContent, field: (typeof fields)[number]): string => {
  const value = content[field];
  if (value === null) return '';
  if (typeof value === 'string') return value;
  if (field === 'keywords') return content.keywords.join(', ');
  if (field === 'distributions')
    return content.distributions
      .map(({ title, format, access, download, bytes }) =>
        [title, format, download ?? access, bytes === null ? null : `${bytes} B`].filter(Boolean).join(' · '),
      )
      .join('\n');
  return Object.values(value).filter(Boolean).join(' ');
};

/** Field by field, as a person reads it. */
export const changesBetween = (before: ForeignContent | undefined, after: ForeignContent): Change[] =>
  fields
    .filter((field) => canonical(before?.[field] ?? null) !== canonical(after[field]))
    .map((field) => ({ field, before: before ? shown(before, field) : '', after: shown(after, field) }))
    .filter(({ before: old, after: now }) => old !== now || before !== undefined);

/** What a search looks through. */
export const wordsOf = ({ title, summary, publisher, keywords }: ForeignContent): string =>
  [title, publisher?.name ?? '', ...keywords, summary].join('\n').toLowerCase();

const hoursOf = { hourly: 1, daily: 24, weekly: 168 } as const;

/** When a source is read next; null: by hand only. */
export const nextHarvest = (rhythm: 'manual' | keyof typeof hoursOf, now: Date): Date | null =>
  rhythm === 'manual' ? null : new Date(now.getTime() + hoursOf[rhythm] * 3_600_000);

/** Everything is read again now and then: whatever a source forgot to tell of is found so. */
const wholeEveryMs = 7 * 86_400_000;
export const readWholeLately = ({ readWholeAt }: { readWholeAt: Date | null }, now: Date): boolean =>
  readWholeAt !== null && now.getTime() - readWholeAt.getTime() < wholeEveryMs;
export const readsOnlyChanges = (source: { watermark: string | null; readWholeAt: Date | null }, now: Date): boolean =>
  source.watermark !== null && readWholeLately(source, now);
