/** Cursor pages by keyset: a page is as cheap at the end as at the beginning. */
import { limits as wireLimits } from '@shugu/wire';
import { kernelProblems } from './problem.ts';

export interface PageQuery {
  after?: string;
  limit?: number;
}

export const pageSize = (query: PageQuery): number => query.limit ?? wireLimits.pageItemsDefault;

export const notACursor = () =>
  kernelProblems.invalid({
    field: 'query.after',
    detail: { zh: 'after 不是本列表的游标', en: 'after is not a cursor of this list' },
  });

/** A cursor is the sort key of the last row, opaque to callers. */
export const encodeCursor = (key: readonly (string | number)[]): string =>
  Buffer.from(JSON.stringify(key)).toString('base64url');

export const decodeCursor = (cursor: string | undefined, parts: number): (string | number)[] | undefined => {
  if (!cursor) return undefined;
  try {
    const key: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    if (Array.isArray(key) && key.length === parts && key.every((part) => ['string', 'number'].includes(typeof part)))
      return key;
  } catch {
    // falls through to the refusal
  }
  throw notACursor();
};

/** `rows` were fetched with limit + 1: the extra row only says that there is more. */
export const pageOf = <Row, Item>(
  rows: Row[],
  query: PageQuery,
  key: (row: Row) => readonly (string | number)[],
  item: (row: Row) => Item,
): { items: Item[]; next: string | null } => {
  const size = pageSize(query);
  const shown = rows.slice(0, size);
  const last = shown.at(-1);
  return { items: shown.map(item), next: rows.length > size && last !== undefined ? encodeCursor(key(last)) : null };
};
