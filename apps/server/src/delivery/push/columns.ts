/**
 * Columns of a shared table at both ends: PostgreSQL's type for each, and one spelling of a value that DuckDB here and PostgreSQL
 * there write alike, so that both can take the same checksum.
 */
import type { ShareField } from '@shugu/gateway';
import { sqlName, sqlText } from '../../kernel/child/duck.ts';

const types: Record<string, string> = {
  long: 'bigint',
  integer: 'integer',
  short: 'smallint',
  byte: 'smallint',
  double: 'double precision',
  float: 'real',
  boolean: 'boolean',
  date: 'date',
  timestamp: 'timestamptz',
};

export const postgresType = (type: string): string =>
  types[type] ?? type.replace(/^decimal/, 'numeric').replace('string', 'text');

/** Between values, and for none: control characters that data does not hold; if it does, both ends still agree. */
const between = '\u001f';
const none = '\u001e';

/** With these a row of the CSV is the text of which the checksum is taken, unless a value must be quoted. */
export const csv = { between, none, quote: '\u0002' };
export const duckCsv = `FORMAT csv, HEADER false, DELIM ${sqlText(between)}, NULLSTR ${sqlText(none)}, QUOTE ${sqlText(csv.quote)}, ESCAPE ${sqlText(csv.quote)}`;

/**
 * What is taken of each row: `hash64`, `hashtextextended`, where the far server computes it as we do; else the first 60 bits of its
 * SHA-256, which both engines have but at twice the cost. Summed, either tells loss, doubling and change, and neither malice.
 */
export type RowDigest = 'hash64' | 'sha256';

/** Of the digest of each row, summed: equal whatever the order of the rows, another when one is lost, doubled or changed. */
const digits = 15;

const duckText = ({ name, type }: ShareField): string => {
  const own = sqlName(name);
  const text = `CAST(${own} AS VARCHAR)`;
  // Three times as fast as writing an instant with its zone.
  if (type === 'timestamp')
    return `CASE WHEN isfinite(${own}) THEN CAST(make_timestamp(epoch_us(${own})) AS VARCHAR) || '+00' ELSE ${text} END`;
  if (type !== 'double' && type !== 'float') return text;
  // PostgreSQL turns to powers of ten earlier (after 15 and 6 digits), leaves “.0” out, and spells what is no number otherwise.
  const from = type === 'double' ? '1e15' : '1e6';
  const whole = `rtrim(rtrim(${text}, '0'), '.')`;
  const plain = `ltrim(replace(${text}, '-', ''), '-')`;
  const shown = `rtrim(replace(${plain}, '.', ''), '0')`;
  const power = `lpad(CAST(length(split_part(${plain}, '.', 1)) - 1 AS VARCHAR), 2, '0')`;
  return `CASE WHEN isnan(${own}) THEN 'NaN' WHEN isinf(${own}) THEN if(${own} > 0, 'Infinity', '-Infinity')
    WHEN abs(${own}) >= ${from} AND abs(${own}) < 1e16 THEN if(${own} < 0, '-', '') || ${shown}[1]
      || if(length(${shown}) > 1, '.' || ${shown}[2:], '') || 'e+' || ${power}
    WHEN abs(${own}) < 1e16 AND ${own} = trunc(${own}) THEN ${whole} ELSE ${text} END`;
};

/** Every value as text, under names of their own: what goes into the CSV, and what the checksum is taken of. */
export const duckTexts = (fields: readonly ShareField[]): string =>
  fields.map((field, at) => `${duckText(field)} AS c${at}`).join(', ');

/** Rows and checksum of a selection of such texts. */
export const duckSums = (fields: readonly unknown[], source: string): string => {
  const values = fields.map((_, at) => `coalesce(c${at}, ${sqlText(none)})`);
  const row = `concat_ws(${sqlText(between)}, ${values.join(', ')})`;
  const digest = `CAST('0x' || left(sha256(${row}), ${digits}) AS BIGINT)`;
  return `SELECT count(*) AS rows, CAST(coalesce(sum(${digest}), 0) AS VARCHAR) AS checksum FROM ${source}`;
};

const escaped = (text: string): string => `E'\\x${text.charCodeAt(0).toString(16)}'`;

/** The same there. Takes its digits from a session that shows instants in UTC. */
export const postgresSums = (fields: readonly ShareField[], table: string, digest: RowDigest): string => {
  const columns = fields.map(({ name }) => sqlName(name)).join(', ');
  // What concat_ws is given it writes as the cast would, but for these; a cast of each value costs a fifth of the whole.
  const plain = fields.map(({ name, type }) => (type === 'boolean' ? `${sqlName(name)}::text` : sqlName(name)));
  const values = fields.map(({ name }) => `coalesce(${sqlName(name)}::text, ${escaped(none)})`);
  const row = `case when num_nulls(${columns}) = 0 then concat_ws(${escaped(between)}, ${plain.join(', ')})
    else concat_ws(${escaped(between)}, ${values.join(', ')}) end`;
  const own =
    digest === 'hash64'
      ? `hashtextextended(${row}, 0)`
      : `('x0' || left(encode(sha256(convert_to(${row}, 'UTF8')), 'hex'), ${digits}))::bit(64)::bigint`;
  return `select count(*) as rows, coalesce(sum(${own}), 0)::text as checksum from ${table}`;
};

/** How the receiving session must be set for `postgresSums`. */
export const postgresSession = `set timezone = 'UTC'; set datestyle = 'ISO, YMD'; set extra_float_digits = 1`;

export const postgresCsv = `format csv, delimiter ${escaped(between)}, null ${escaped(none)}, quote ${escaped(csv.quote)}`;
