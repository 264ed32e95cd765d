import type { Mask, RowCondition, RowEffects } from '@shugu/policy';

export type ViewColumn = { name: string; type: string };
export type ViewTable = { name: string; source: string; columns: readonly ViewColumn[] };
/** `maskKey`: the grant's, as for every other path, so that a masked value is the same whichever way it was fetched. */
export type ViewEffects = RowEffects & { maskKey: Uint8Array };

/**
 * A table as the contract grants it, in front of the file: a query sees refused rows and columns in no way, not by
 * counting, joining or failing on them. `source` is SQL that reads the file, written by us.
 *
 * The optimiser may try a query's own condition on a row before ours, and an error there would tell of a refused row;
 * so the filter stands in each column as well, and a refused row has nothing but nulls in it.
 */
export function viewSql({ name, source, columns }: ViewTable, effects: ViewEffects): string {
  const filter = filterSql(effects.rowFilter, columns);
  const shown = columns
    .filter((column) => isShown(column.name, effects))
    .map((column) => {
      const value = maskedSql(column, effects);
      return `${filter === null ? value : `CASE WHEN ${filter} THEN ${value} END`} AS ${sqlName(column.name)}`;
    });
  // A view needs a column; one that no query can name stands for a table of which nothing is granted.
  const list = shown.length > 0 ? shown.join(', ') : `NULL AS ${sqlName('\u0001')}`;
  return `CREATE VIEW ${sqlName(name)} AS SELECT ${list} FROM ${source}${filter === null ? '' : ` WHERE ${filter}`}`;
}

export function isShown(column: string, { columns, masks }: Pick<RowEffects, 'columns' | 'masks'>): boolean {
  if (columns !== null && !columns.includes(column)) return false;
  return !(Object.hasOwn(masks, column) && masks[column]?.kind === 'hide');
}

/** Why a template cannot be run under a contract: the first column that is not granted, or a table that the filter cannot judge. */
export function notGranted(
  reads: Readonly<Record<string, readonly string[]>>,
  effects: RowEffects,
  columnsOf: (table: string) => readonly string[],
): string | null {
  for (const [table, columns] of Object.entries(reads)) {
    const hidden = columns.find((column) => !isShown(column, effects));
    if (hidden !== undefined) return `${table}.${hidden}`;
    const known = columnsOf(table);
    const beyond = effects.rowFilter.find(({ column }) => !known.includes(column));
    if (beyond) return `${table}: ${beyond.column}`;
  }
  return null;
}

function maskedSql(column: ViewColumn, { masks, maskKey }: ViewEffects): string {
  const mask = Object.hasOwn(masks, column.name) ? (masks[column.name] as Mask) : undefined;
  if (!mask || mask.kind === 'hide') return sqlName(column.name);
  const text = textSql(column);
  return mask.kind === 'truncate' ? `left(${text}, ${mask.length})` : hashSql(text, maskKey);
}

/** HMAC-SHA-256 by its definition (RFC 2104), as the engine has the digest alone; the first 22 characters of base64url. */
function hashSql(text: string, key: Uint8Array): string {
  const padded = Buffer.alloc(64);
  padded.set(key);
  const [inner, outer] = [0x36, 0x5c].map(
    (pad) => `unhex('${Buffer.from(padded.map((byte) => byte ^ pad)).toString('hex')}')`,
  );
  const digest = `unhex(sha256(${outer} || unhex(sha256(${inner} || encode(${text})))))`;
  return `replace(replace(left(to_base64(${digest}), 22), '+', '-'), '/', '_')`;
}

/** A value as text, in the words of the look-up's store: true is 1. */
function textSql({ name, type }: ViewColumn): string {
  return type === 'BOOLEAN'
    ? `CAST(CAST(${sqlName(name)} AS TINYINT) AS VARCHAR)`
    : `CAST(${sqlName(name)} AS VARCHAR)`;
}

function filterSql(conditions: readonly RowCondition[], columns: readonly ViewColumn[]): string | null {
  if (conditions.length === 0) return null;
  return conditions
    .map((condition) => {
      const column = columns.find(({ name }) => name === condition.column);
      // A missing column passes nothing, as on every path.
      return column ? conditionSql(condition, column) : 'false';
    })
    .join(' AND ');
}

const OPERATORS = { '=': '=', '!=': '<>', '<': '<', '<=': '<=', '>': '>', '>=': '>=' } as const;
const WHOLE_OR_DECIMAL =
  /^(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT|U(TINYINT|SMALLINT|INTEGER|BIGINT)|DECIMAL\(.*\)|BOOLEAN)$/;
const FLOATING = /^(FLOAT|DOUBLE)$/;
/** A subset of what JavaScript reads as a number: where the two might differ, the row is withheld. */
const NUMBER = '^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]{1,3})?$';

/**
 * The meaning of `rowMatches` of @shugu/policy, in SQL; null counts as false. Never wider: where text is ordered by UTF-16
 * there and by UTF-8 here, the values for which that differs (from U+E000 on) are withheld. A property test compares both.
 */
export function conditionSql({ operator, value }: RowCondition, column: ViewColumn): string {
  const sign = OPERATORS[operator];
  const name = sqlName(column.name);
  if (typeof value === 'number') {
    const literal = `CAST('${value}' AS DOUBLE)`;
    if (WHOLE_OR_DECIMAL.test(column.type)) return `coalesce(CAST(${name} AS DOUBLE) ${sign} ${literal}, false)`;
    if (FLOATING.test(column.type))
      return `coalesce(NOT isnan(${name}) AND CAST(${name} AS DOUBLE) ${sign} ${literal}, false)`;
    if (column.type !== 'VARCHAR') return 'false';
    const number = `TRY_CAST(CASE WHEN regexp_matches(trim(${name}), '${NUMBER}') THEN trim(${name}) END AS DOUBLE)`;
    return `coalesce(${number} ${sign} ${literal}, false)`;
  }
  // A floating number has more than one text (60 and 60.0).
  if (FLOATING.test(column.type) || value.includes('\0')) return 'false';
  const text = textSql(column);
  const compared = `${text} ${sign} ${sqlText(value)}`;
  if (operator === '=' || operator === '!=') return `coalesce(${compared}, false)`;
  return `coalesce(${compared} AND NOT regexp_matches(${text}, '[\\x{E000}-\\x{10FFFF}]'), false)`;
}

/** A quoted name. */
export function sqlName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A text literal. */
export function sqlText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
