/** Listed products as CKAN's clients ask for them: filtered, sorted, counted by facets. */
import { empty, join, type Reader, type Sql, sql } from '../../kernel/db/db.ts';
import type { Facet, Field, Sort, Term } from './query.ts';

/** `v.about` is what was reviewed; the product's own columns may be ahead of it. */
const listed = sql`products p join product_versions v on v.id = p.published_version`;

const like = (word: string): string => `%${word.toLowerCase().replace(/[\\%_]/g, '\\$&')}%`;
const words = sql`lower(concat_ws(' ', v.about ->> 'name', v.about ->> 'summary', v.about ->> 'description', v.about ->> 'keywords'))`;

/** Values of a product by which it is filtered and counted. */
const valuesOf: Record<Facet, Sql> = {
  organization: sql`array[p.participant]`,
  tags: sql`array(select jsonb_array_elements_text(v.about -> 'keywords'))`,
  groups: sql`array['industry-' || lower(left(v.about ->> 'industry', 1))]`,
  res_format: sql`array(select upper(jsonb_array_elements_text(v.about -> 'deliveryModes')))`,
  license_id: sql`array['contract']`,
};

const fieldHolds = (field: Field, values: string[]): Sql => {
  if (field === 'id' || field === 'name') return sql`p.id = any(${values})`;
  if (field === 'title') return anyOf(values, (value) => sql`lower(v.about ->> 'name') like ${like(value)}`);
  if (field === 'notes') return anyOf(values, (value) => sql`${words} like ${like(value)}`);
  if (field === 'owner_org') return sql`p.participant = any(${values})`;
  // Formats are told in capitals, and asked for in any letters.
  return sql`${valuesOf[field]} && ${field === 'res_format' ? values.map((value) => value.toUpperCase()) : values}::text[]`;
};
const anyOf = (values: string[], one: (value: string) => Sql): Sql =>
  values.length ? sql`(${join(values.map(one), ' or ')})` : sql`false`;

const holds = (term: Term): Sql => {
  if (term.kind === 'word') return sql`${words} like ${like(term.word)}`;
  if (term.kind === 'field') return fieldHolds(term.field, term.values);
  return sql`(true ${term.from ? sql`and p.published_at >= ${term.from}::timestamptz` : empty}
    ${term.until ? sql`and p.published_at <= ${term.until}::timestamptz` : empty})`;
};

const where = (terms: readonly Term[]): Sql =>
  sql`p.published_version is not null ${
    terms.length
      ? sql`and ${join(
          terms.map((term) => (term.not ? sql`not ${holds(term)}` : holds(term))),
          ' and ',
        )}`
      : empty
  }`;

const columns: Record<Sort['field'], Sql> = {
  id: sql`p.id`,
  name: sql`p.id`,
  title: sql`v.about ->> 'name'`,
  title_string: sql`v.about ->> 'name'`,
  metadata_modified: sql`p.published_at`,
  metadata_created: sql`p.created_at`,
};
const order = (sorts: readonly Sort[]): Sql =>
  join(
    [
      ...sorts.map(({ field, descending }) => sql`${columns[field]} ${descending ? sql`desc` : sql`asc`}`),
      ...(sorts.length ? [] : [sql`p.published_at desc`]),
      sql`p.id`,
    ],
    ', ',
  );

export const searchIds = async (
  read: Reader,
  { terms, sorts, start, rows }: { terms: readonly Term[]; sorts: readonly Sort[]; start: number; rows: number },
): Promise<{ count: number; ids: string[] }> => {
  const { count } = await read.one<{ count: number }>(
    sql`select count(*)::int as count from ${listed} where ${where(terms)}`,
  );
  const found = await read.rows<{ id: string }>(sql`select p.id from ${listed} where ${where(terms)}
    order by ${order(sorts)} limit ${rows} offset ${start}`);
  return { count, ids: found.map(({ id }) => id) };
};

export interface FacetCount {
  name: string;
  count: number;
}

/** Most frequent first. */
export const facetCounts = (read: Reader, facet: Facet, terms: readonly Term[], limit: number): Promise<FacetCount[]> =>
  read.rows<FacetCount>(sql`select facet.value as name, count(*)::int as count from ${listed}, unnest(${valuesOf[facet]}) as facet (value)
    where ${where(terms)} group by facet.value order by count(*) desc, facet.value limit ${limit}`);
