/** SQL that the gate of joint queries wrote, in Trino's words; what is not known here is refused. Pure. */

/** Named as DuckDB names it, and what Trino is not asked. */
export class NotInTrino extends Error {}

const keywords = new Set(
  `SELECT DISTINCT AS FROM INNER JOIN ON WHERE AND OR NOT IN BETWEEN IS NULL GROUP BY HAVING FILTER CAST TRUE FALSE`.split(
    ' ',
  ),
);
/** Each gives the same of the same values, but for averages of decimals: those are refused before. */
const functions: Readonly<Record<string, string>> = { count: 'count', sum: 'sum', avg: 'avg' };
const types: Readonly<Record<string, string>> = {
  VARCHAR: 'VARCHAR',
  BOOLEAN: 'BOOLEAN',
  INTEGER: 'INTEGER',
  BIGINT: 'BIGINT',
  HUGEINT: 'DECIMAL(38,0)',
  DOUBLE: 'DOUBLE',
  DATE: 'DATE',
  TIMESTAMP: 'TIMESTAMP(6)',
};

/** Of a quoted name, a text, a parameter, a number, a word, a sign. */
const token =
  /\s+|"(?:[^"]|"")*"|'(?:[^']|'')*'|\$[a-z][a-z0-9_]*|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\.\d+|[\p{L}_][\p{L}\p{N}_]*|<=|>=|<>|!=|[-(),.=<>*]/uy;

const tokensOf = (sql: string): string[] => {
  const found: string[] = [];
  token.lastIndex = 0;
  while (token.lastIndex < sql.length) {
    const at = token.lastIndex;
    const [part] = token.exec(sql) ?? [];
    if (part === undefined) throw new NotInTrino(sql.slice(at, at + 1));
    if (part.trim() !== '') found.push(part);
  }
  return found;
};

export const trinoText = (text: string): string => `'${text.replaceAll("'", "''")}'`;
export const trinoName = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** A column’s, as DuckDB names it. */
export const trinoType = (type: string): string => {
  if (/^DECIMAL\(\d+,\s?\d+\)$/.test(type)) return type;
  if (/^(U?(TINY|SMALL)INT|UINTEGER)$/.test(type)) return 'BIGINT';
  const found = type === 'UBIGINT' || type === 'HUGEINT' ? 'DECIMAL(38,0)' : types[type];
  if (!found) throw new NotInTrino(type);
  return found;
};

/** Parameters are written in as texts. Throws NotInTrino. */
export const trinoSql = (sql: string, values: Readonly<Record<string, string>>): string => {
  const parts = tokensOf(sql);
  const casts: boolean[] = [];
  const written: string[] = [];
  for (let at = 0; at < parts.length; at++) {
    const [before, part, after] = [parts[at - 1], parts[at]!, parts[at + 1]];
    if (part === '(') casts.push(before === 'CAST');
    if (part === ')') casts.pop();
    const name = before === '.' || after === '.';
    if (part.startsWith('$')) {
      const value = values[part.slice(1)];
      if (value === undefined) throw new NotInTrino(part);
      written.push(trinoText(value));
    } else if (!/^[\p{L}_]/u.test(part)) written.push(part);
    else if (!name && part.toLowerCase() === 'count_star' && after === '(' && parts[at + 2] === ')') {
      written.push('count(*)');
      at += 2;
    } else if (!name && before === 'AS' && casts.at(-1)) {
      if (part === 'DECIMAL') written.push(part);
      else written.push(trinoType(part));
    } else if (!name && keywords.has(part)) written.push(part);
    else if (after === '(') {
      const known = functions[part.toLowerCase()];
      if (name || !known) throw new NotInTrino(`${part}()`);
      written.push(known);
    } else written.push(trinoName(part));
  }
  return written.join(' ');
};
