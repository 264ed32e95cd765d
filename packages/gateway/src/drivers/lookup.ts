import {
  type Allowed,
  type HashValue,
  type RowCondition,
  type SeenColumn,
  seenColumns,
  seenValue,
} from '@shugu/policy';
import { GatewayProblem } from '../problem.ts';
import type { Ask, Driver, GatewayRequest } from './driver.ts';

/** A look-up product: a table asked by key or by equality on a few columns. */
export type LookupConfig = {
  kind: 'api';
  table: string;
  /** Columns of the key, in the order in which they stand in the address: /product/k1/k2. */
  keyColumns: string[];
  /** Further columns that may be filtered on, by equality; they must be indexed. */
  filterColumns?: string[];
  rowsMax?: number;
};

export type Filter = { column: string; value: string };

export type TableLookup = {
  table: string;
  filters: readonly Filter[];
  /** Only these, as far as the table has them; all when absent. Those of the row filter must be among them. */
  columns?: readonly string[];
  /** Must hold for every row returned; applied before the limit. */
  rowFilter: readonly RowCondition[];
  limit: number;
};

/** Each row its values, in the order of `columns`. */
export type TableRows = { columns: readonly string[]; rows: readonly (readonly unknown[])[] };

/**
 * Point reads on a store made for them, given by the server; may give more rows than asked for. Throws `filterTooBroad` instead of
 * scanning without end.
 */
export type TableAccess = { lookup(lookup: TableLookup): TableRows };

export const LOOKUP_LIMITS = {
  rowsDefault: 100,
  rowsMax: 1000,
  filtersMax: 8,
  valueLengthMax: 512,
  answerBytesMax: 8 * 2 ** 20,
} as const;
const RESERVED = new Set(['columns', 'limit']);

/** The look-up API: `GET /product/key` or `GET /product?column=value&columns=a,b&limit=10`, answered as `{ data, meta }`. */
export function lookupDriver(tables: TableAccess): Driver<LookupConfig> {
  // A question is served right after it was decided on, so it need not be read twice.
  let last: { request: GatewayRequest; question: Question } | null = null;
  return {
    kind: 'api',
    ask(request, config): Ask | GatewayProblem {
      const question = readQuestion(request, config);
      if (question instanceof GatewayProblem) return question;
      last = { request, question };
      const { columns, filters } = question;
      // Asking by key is what the product is: a plate is asked about, though no plate may be read out (货车宝).
      const filterColumns = filters.map(({ column }) => column).filter((column) => !config.keyColumns.includes(column));
      return { columns, filterColumns, metered: true };
    },
    serve({ request, config, effects, hash }) {
      const question = last?.request === request ? last.question : readQuestion(request, config);
      last = null;
      if (question instanceof GatewayProblem) throw question;
      const { filters, columns: asked, limit } = question;
      const { rowFilter } = effects;
      const columns = asked ?? effects.columns ?? undefined;
      // One more than asked tells whether there was more.
      const found = tables.lookup({
        table: config.table,
        filters,
        ...(columns ? { columns: [...columns, ...rowFilter.map(({ column }) => column)] } : {}),
        rowFilter,
        limit: limit + 1,
      });
      const rows = found.rows.length > limit ? found.rows.slice(0, limit) : found.rows;
      const data = writerFor(found.columns, effects, asked)(rows, hash);
      const body = Buffer.from(
        `{"data":[${data}],"meta":{"rows":${rows.length},"truncated":${found.rows.length > limit}}}`,
      );
      if (body.length > LOOKUP_LIMITS.answerBytesMax) throw new GatewayProblem('filterTooBroad');
      const headers = {
        'content-type': 'application/json; charset=utf-8',
        'content-length': String(body.length),
        'cache-control': 'no-store',
      };
      return { status: 200, headers, body, rows: rows.length };
    },
  };
}

type Question = { filters: Filter[]; columns?: string[]; limit: number };

function readQuestion({ method, path, query }: GatewayRequest, config: LookupConfig): Question | GatewayProblem {
  if (method !== 'GET') return new GatewayProblem('methodNotAllowed', { headers: { allow: 'GET' } });
  const filters = readKey(path, config);
  if (!filters) return new GatewayProblem('requestInvalid', { detail: 'key' });
  const permitted = [...config.keyColumns, ...(config.filterColumns ?? [])];
  for (const [column, value] of query) {
    if (RESERVED.has(column)) continue;
    if (!permitted.includes(column) || filters.some((filter) => filter.column === column))
      return new GatewayProblem('requestInvalid', { detail: column });
    filters.push({ column, value });
  }
  if (filters.length === 0) return new GatewayProblem('filterMissing');
  if (
    filters.length > LOOKUP_LIMITS.filtersMax ||
    filters.some(({ value }) => value.length > LOOKUP_LIMITS.valueLengthMax)
  ) {
    return new GatewayProblem('requestInvalid', { detail: 'filter' });
  }
  const rowsMax = Math.min(config.rowsMax ?? LOOKUP_LIMITS.rowsMax, LOOKUP_LIMITS.rowsMax);
  const asked = query.get('limit');
  if (asked !== null && !/^[1-9]\d{0,3}$/.test(asked)) return new GatewayProblem('requestInvalid', { detail: 'limit' });
  const limit = Math.min(asked === null ? LOOKUP_LIMITS.rowsDefault : Number(asked), rowsMax);
  const columns = query
    .get('columns')
    ?.split(',')
    .filter((column) => column !== '');
  return { filters, limit, ...(columns ? { columns } : {}) };
}

function readKey(path: string, { keyColumns }: LookupConfig): Filter[] | null {
  if (path === '') return [];
  const parts = path.split('/');
  if (parts.length > keyColumns.length) return null;
  try {
    return parts.map((part, index) => ({ column: keyColumns[index] ?? '', value: decodeURIComponent(part) }));
  } catch {
    return null;
  }
}

type Writer = { asked: string | null; columns: Allowed['columns']; masks: Allowed['masks']; write: WriteRows };
type WriteRows = (rows: TableRows['rows'], hash: HashValue) => string;
/** The last way of writing rows of these columns; who asks is most often who asked before. */
const writers = new WeakMap<readonly string[], Writer>();

function writerFor(columns: readonly string[], effects: Allowed, asked: readonly string[] | undefined): WriteRows {
  const askedText = asked ? asked.join() : null;
  const held = writers.get(columns);
  if (held?.asked === askedText && held.columns === effects.columns && held.masks === effects.masks) return held.write;
  const write = rowWriter(seenColumns(effects, columns, asked));
  writers.set(columns, { asked: askedText, columns: effects.columns, masks: effects.masks, write });
  return write;
}

/** Rows come as values and leave as text: an object a row in between would cost as much as reading it. */
function rowWriter(seen: readonly SeenColumn[]): WriteRows {
  const names = seen.map(({ name }, place) => `${place === 0 ? '{' : ','}${JSON.stringify(name)}:`);
  const end = seen.length === 0 ? '{}' : '}';
  return (rows, hash) => {
    let text = '';
    for (const row of rows) {
      if (text !== '') text += ',';
      for (let place = 0; place < seen.length; place++) {
        const column = seen[place]!;
        const value = row[column.at];
        text += names[place]! + jsonValue(column.mask ? seenValue(column, value, hash) : value);
      }
      text += end;
    }
    return text;
  };
}

/** Text that JSON has as it is, between quotes. */
const PLAIN_TEXT = /^[ !#-[\]-\ud7ff\ue000-\uffff]*$/;

/** 64-bit integers beyond JSON's safe range go out as text rather than rounded. */
function jsonValue(value: unknown): string {
  if (typeof value === 'string' && PLAIN_TEXT.test(value)) return `"${value}"`;
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : 'null';
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? String(value) : `"${value}"`;
  return JSON.stringify(value ?? null);
}
