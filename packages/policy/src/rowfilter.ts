/**
 * Row filters: conjunctions of `column operator literal`, nothing else. No functions, no `or`, no sub-queries: every
 * driver must be able to enforce the same text, and none may evaluate what a supplier typed as code.
 *
 *   filter    = condition *( " and " condition )
 *   condition = column operator literal
 *   operator  = "=" / "!=" / "<" / "<=" / ">" / ">="
 *   literal   = number / 'text, a quote doubled'
 */

export type RowOperator = '=' | '!=' | '<' | '<=' | '>' | '>=';
export type RowCondition = { column: string; operator: RowOperator; value: string | number };
export type Row = Readonly<Record<string, unknown>>;

export const ROW_CONDITIONS_MAX = 16;
/** `__proto__` is no column: as a key it would vanish from a table of masks. */
export const COLUMN_PATTERN = /^(?!__proto__$)[\p{L}_][\p{L}\p{N}_]{0,62}$/u;

const CONDITION =
  /^\s*([\p{L}_][\p{L}\p{N}_]{0,62})\s*(!=|<=|>=|=|<|>)\s*(?:(-?\d{1,15}(?:\.\d{1,9})?)|'((?:[^']|'')*)')/u;
const AND = /^\s+and\s+/i;

/** Parse a filter; null when the text is outside the grammar or has more than ROW_CONDITIONS_MAX conditions. */
export function parseRowFilter(text: string): RowCondition[] | null {
  const conditions: RowCondition[] = [];
  let rest = text;
  while (conditions.length < ROW_CONDITIONS_MAX) {
    const found = CONDITION.exec(rest);
    if (!found) return null;
    const [whole, column, operator, number, quoted] = found;
    const value = number !== undefined ? Number(number) : (quoted ?? '').replaceAll("''", "'");
    conditions.push({ column: column as string, operator: operator as RowOperator, value });
    rest = rest.slice(whole.length);
    if (rest.trim() === '') return conditions;
    const and = AND.exec(rest);
    if (!and) return null;
    rest = rest.slice(and[0].length);
  }
  return null;
}

export function rowFilterText(conditions: readonly RowCondition[]): string {
  return conditions
    .map(({ column, operator, value }) => {
      const literal = typeof value === 'number' ? String(value) : `'${value.replaceAll("'", "''")}'`;
      return `${column} ${operator} ${literal}`;
    })
    .join(' and ');
}

/**
 * Whether a row passes. A missing or null value passes nothing (as SQL's unknown), and values are compared as numbers
 * only when the literal is a number: '10' < '9' as text is what the supplier wrote.
 */
export function rowMatches(conditions: readonly RowCondition[], row: Row): boolean {
  return conditions.every((condition) => conditionHolds(condition, row[condition.column]));
}

function conditionHolds({ operator, value: literal }: RowCondition, raw: unknown): boolean {
  if (raw === null || raw === undefined) return false;
  const value = typeof literal === 'number' ? numberFrom(raw) : String(raw);
  if (typeof value === 'number' && Number.isNaN(value)) return false;
  switch (operator) {
    case '=':
      return value === literal;
    case '!=':
      return value !== literal;
    case '<':
      return value < literal;
    case '<=':
      return value <= literal;
    case '>':
      return value > literal;
    case '>=':
      return value >= literal;
  }
}

/** An empty text is no number: `Number('')` would be 0 and let the row through. */
function numberFrom(raw: unknown): number {
  if (typeof raw === 'number' || typeof raw === 'bigint') return Number(raw);
  return typeof raw === 'string' && raw.trim() !== '' ? Number(raw) : Number.NaN;
}
