/**
 * Filters of catalogue requests. The protocol leaves them to implementations; EDC sends one with every request, its own query
 * (`QuerySpec`): how many data sets, after how many, and conditions. Understood are pages and a condition on the data set's id. Pure.
 */
import { limits } from './model.ts';

export interface Wanted {
  /** Data sets of these ids only. */
  ids?: readonly string[];
  /** Data sets, in the order of their ids, that are passed over. */
  offset: number;
  size: number;
}

type Json = Record<string, unknown>;
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const whole = (value: unknown, least: number, most: number): value is number =>
  Number.isInteger(value) && (value as number) >= least && (value as number) <= most;

const names = ['id', '@id', 'https://w3id.org/edc/v0.0.1/ns/id'];

/** The ids that a condition leaves; undefined where it is another condition. */
const idsOf = (criterion: unknown): string[] | undefined => {
  if (!isObject(criterion) || !names.includes(String(criterion.operandLeft))) return undefined;
  if (criterion.operator !== '=' && criterion.operator !== 'in') return undefined;
  const ids = [criterion.operandRight].flat();
  return ids.every((one) => typeof one === 'string') && ids.length <= limits.datasetsPerPage ? ids : undefined;
};

const firstPage: Wanted = { offset: 0, size: limits.datasetsPerPage };

/** What a request asks for; undefined where that cannot be answered. Longer pages than ours are ours. */
export const wantedOf = (filter: readonly unknown[] = []): Wanted | undefined => {
  if (filter.length === 0) return firstPage;
  const [query, ...others] = filter;
  if (!isObject(query) || others.length > 0) return undefined;
  const { offset = 0, limit = firstPage.size, filterExpression: conditions = [], sortField } = query;
  if (sortField !== undefined && !names.includes(String(sortField))) return undefined;
  if (sortField !== undefined && query.sortOrder === 'DESC') return undefined;
  if (!whole(offset, 0, limits.datasetsPassedMax) || !whole(limit, 1, Number.MAX_SAFE_INTEGER)) return undefined;
  const page = { offset, size: Math.min(limit, firstPage.size) };
  const [condition, ...more] = [conditions].flat();
  if (condition === undefined) return page;
  const ids = more.length === 0 ? idsOf(condition) : undefined;
  return ids && { ...page, ids };
};
