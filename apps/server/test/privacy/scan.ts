/** Looks for values in every column of every table, as a thief with a dump of the database would. */
import { createHash } from 'node:crypto';
import type pg from 'pg';

interface Column {
  table: string;
  column: string;
  type: string;
}

// Numbers, times and booleans hold no text; everything else is looked into.
const withoutText = new Set([
  'bigint',
  'integer',
  'smallint',
  'real',
  'double precision',
  'numeric',
  'boolean',
  'date',
]);

const columnsOf = async (pool: pg.Pool): Promise<Column[]> => {
  const { rows } = await pool.query<Column>(`select c.table_name as table, c.column_name as column, c.data_type as type
    from information_schema.columns c join information_schema.tables t using (table_schema, table_name)
    where c.table_schema = 'public' and t.table_type = 'BASE TABLE' order by 1, 2`);
  return rows.filter((one) => !withoutText.has(one.type) && !one.type.startsWith('timestamp'));
};

/** In clear, in base64 at each of its three alignments, as JSON escapes, and as a bare digest that guesses could be tried against. */
const disguisesOf = (value: string): string[] => {
  const bytes = Buffer.from(value);
  const base64 = [0, 1, 2].map((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    // The first and the last character depend on their neighbours.
    return text.slice(shift === 0 ? 0 : shift + 1, -1);
  });
  const escaped = value.replace(/[^\x20-\x7e]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);
  const digest = createHash('sha256').update(bytes);
  const [hex, url] = [digest.copy().digest('hex'), digest.digest('base64url')];
  return [
    ...new Set([
      value,
      value.toLowerCase(),
      escaped,
      ...base64,
      ...base64.map((one) => one.replaceAll('+', '-').replaceAll('/', '_')),
      hex,
      url,
    ]),
  ];
};

const quote = (name: string) => `"${name.replaceAll('"', '""')}"`;

/** `table.column: name` of every hit; `values` by name. */
export const placesOf = async (pool: pg.Pool, values: Record<string, string>): Promise<string[]> => {
  const found = new Set<string>();
  for (const { table, column, type } of await columnsOf(pool)) {
    const hits = Object.entries(values).map(([name, value]) => ({ name, texts: disguisesOf(value) }));
    const tests = hits.map((_, index) =>
      type === 'bytea'
        ? `bool_or(exists (select 1 from unnest($${index + 1}::text[]) as v where position(convert_to(v, 'UTF8') in ${quote(column)}) > 0))`
        : `bool_or(exists (select 1 from unnest($${index + 1}::text[]) as v where position(v in ${quote(column)}::text) > 0))`,
    );
    const { rows } = await pool.query<Record<string, boolean | null>>(
      `select ${tests.map((test, index) => `${test} as h${index}`).join(', ')} from ${quote(table)}`,
      hits.map((one) => one.texts),
    );
    for (const [index, { name }] of hits.entries()) if (rows[0]![`h${index}`]) found.add(`${table}.${column}: ${name}`);
  }
  return [...found].sort();
};
