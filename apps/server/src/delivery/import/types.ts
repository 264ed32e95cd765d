/** How values of PostgreSQL's types come here: as text of COPY, then as a type of the normal form. */

/** A column as the database describes it; `base` and `category` of the type below a domain. */
export interface ForeignColumn {
  name: string;
  /** In the words of the database, such as numeric(10,2). */
  type: string;
  base: string;
  category: string;
  /** Of numeric: its digits in all and behind the point; null where it has no bounds. */
  precision: number | null;
  scale: number | null;
}

/** `numeric` without bounds gets digits that hold all its values, once they are here. */
export interface Carrying {
  /** In DuckDB's words, or `numeric`. */
  as: string;
  /** What is selected, given the quoted name. */
  read: (name: string) => string;
}

const plain = (name: string): string => name;
const text = (name: string): string => `${name}::text`;

const scalars: Record<string, string> = {
  bool: 'BOOLEAN',
  int2: 'BIGINT',
  int4: 'BIGINT',
  int8: 'BIGINT',
  float4: 'DOUBLE',
  float8: 'DOUBLE',
  date: 'DATE',
  timestamp: 'TIMESTAMP',
  timestamptz: 'TIMESTAMPTZ',
};

/** Types of their own whose text says all there is. */
const worded = ['uuid', 'json', 'jsonb', 'xml', 'citext', 'time', 'timetz', 'interval', 'bit', 'varbit'];
/** Categories of which the same holds: strings, enumerations, addresses, ranges. */
const wordedCategories = ['S', 'E', 'I', 'R'];
const digitsMax = 38;

/** Undefined: cannot be carried (bytes, composites, money, types of extensions). */
export const carryingOf = ({ base, category, precision, scale }: ForeignColumn): Carrying | undefined => {
  const scalar = scalars[base];
  if (scalar) return { as: scalar, read: base === 'bool' ? text : plain };
  if (base === 'numeric') {
    const bounded = precision !== null && precision <= digitsMax && scale !== null && scale >= 0 && scale <= precision;
    return { as: bounded ? `DECIMAL(${precision},${scale})` : 'numeric', read: plain };
  }
  if (category === 'A') return { as: 'VARCHAR', read: (name) => `array_to_json(${name})::text` };
  if (worded.includes(base) || wordedCategories.includes(category)) return { as: 'VARCHAR', read: text };
  return undefined;
};
