/** A cut marked for one buyer (package watermark): altered values and made-up rows, after everything else of the cut. */
import type { DuckDBConnection } from '@duckdb/node-api';
import { makeSynthetic, marker, type Ranges, type Row, type Synthetic, syntheticPlaces } from '@shugu/watermark';
import { sqlName, sqlText } from '../../kernel/child/duck.ts';
import { ChildError } from '../../kernel/child/error.ts';

export interface CutWatermark {
  altered: Record<string, string>;
  syntheticRows: number;
  /** Hex; of this copy alone. */
  key: string;
  /** Those of the first revision, which stay. */
  synthetic: Synthetic | null;
}

interface Connections {
  duck: DuckDBConnection;
  /** For writing while `duck` reads. */
  writer: DuckDBConnection;
}

interface Column {
  name: string;
  type: string;
}

/** Rows from which others are made up. */
export const donorsMax = 1000;
/** Beside the columns of the data, so under a name that none of them has. */
export const place = sqlName('#place');

const refused = (column: string, zh: string, en: string): ChildError =>
  new ChildError({
    code: 'share.watermark',
    zh: `字段“${column}”${zh}`,
    en: `Column ${column} ${en}`,
    details: { column },
  });

/** A change must be one that the column's type can hold exactly; nothing is rounded away from the bound. */
const checkChange = ({ name, type }: Column, change: string): void => {
  const places = /\.(\d*?)0*$/.exec(change)?.[1]?.length ?? 0;
  const held = /^DECIMAL\(\d+,(\d+)\)$/.exec(type)?.[1];
  if (/^(DATE|BOOLEAN)$/.test(type))
    throw refused(
      name,
      '不是数值或带时刻的时间，不能加注水印',
      'holds neither numbers nor times and cannot be altered',
    );
  if (places > Number(held ?? 0) && (held !== undefined || /INT(EGER)?$/.test(type)))
    throw refused(name, `容不下改动量 ${change}`, `cannot hold a change of ${change}`);
};

const textOf = ({ name }: Column): string => `CAST(${sqlName(name)} AS VARCHAR)`;
const rowOf = (columns: readonly Column[], values: readonly unknown[]): Row =>
  Object.fromEntries(columns.map(({ name }, at) => [name, values[at] as string | null]));

/** `rows` selects `place` and the columns of the copy; answered is the select that reads them marked, in their order. */
export async function markRows(
  connections: Connections,
  watermark: CutWatermark,
  rows: string,
): Promise<{ select: string; synthetic: Synthetic | null }> {
  const { duck } = connections;
  await duck.run(`CREATE VIEW delivered AS ${rows}`);
  const described = await duck.runAndReadAll('SELECT column_name, column_type FROM (DESCRIBE delivered)');
  const columns = (described.getRowsJS() as [string, string][])
    .map(([name, type]) => ({ name, type }))
    .filter(({ name }) => sqlName(name) !== place);
  const altered = columns.filter(({ name }) => Object.hasOwn(watermark.altered, name));
  for (const column of altered) checkChange(column, watermark.altered[column.name]!);
  await alterValues(connections, columns, altered, watermark);
  const synthetic = await addRows(duck, columns, watermark);
  const given = columns.map(({ name, type }) => {
    const at = altered.findIndex((one) => one.name === name);
    const own = `d.${sqlName(name)}`;
    return at < 0 ? own : `coalesce(CAST(a.v${at} AS ${type}), ${own}) AS ${sqlName(name)}`;
  });
  const names = columns.map(({ name }) => sqlName(name)).join(', ');
  const select = `SELECT ${names} FROM (
    SELECT d.${place}, 1 AS "#own", ${given.join(', ')} FROM delivered d LEFT JOIN altered a USING (${place})
    UNION ALL SELECT ${place}, 0, ${names} FROM made) ORDER BY ${place}, "#own"`;
  return { select, synthetic };
}

async function alterValues(
  { duck, writer }: Connections,
  columns: readonly Column[],
  altered: readonly Column[],
  watermark: CutWatermark,
): Promise<void> {
  const values = altered.map((_, at) => `, v${at} VARCHAR`).join('');
  await duck.run(`CREATE TABLE altered (${place} BIGINT${values})`);
  if (altered.length === 0) return;
  const layout = {
    columns: columns.map(({ name }) => name),
    alterable: altered.map(({ name }) => ({ column: name, maxChange: watermark.altered[name]! })),
  };
  const mark = marker(layout, Buffer.from(watermark.key, 'hex'), await rangesOf(duck, altered));
  const appender = await writer.createAppender('altered');
  const result = await duck.stream(`SELECT ${place}, ${columns.map(textOf).join(', ')} FROM delivered`);
  for await (const batch of result.yieldRowsJs()) {
    const moved = new Map<number, Map<string, string>>();
    for (const { row, column, value } of mark(batch.map(([, ...texts]) => rowOf(columns, texts))))
      moved.set(row, (moved.get(row) ?? new Map<string, string>()).set(column, value));
    for (const [row, texts] of moved) {
      appender.appendBigInt(BigInt(batch[row]![0] as bigint));
      for (const { name } of altered) {
        const text = texts.get(name);
        if (text === undefined) appender.appendNull();
        else appender.appendVarchar(text);
      }
      appender.endRow();
    }
  }
  appender.closeSync();
}

/** Of text the least and most by letters say nothing about numbers. */
const rangesOf = async (duck: DuckDBConnection, altered: readonly Column[]): Promise<Ranges> => {
  const ordered = altered.filter(({ type }) => type !== 'VARCHAR');
  if (ordered.length === 0) return {};
  const bounds = ordered.flatMap(({ name }) =>
    ['min', 'max'].map((aggregate) => `CAST(${aggregate}(${sqlName(name)}) AS VARCHAR)`),
  );
  const [row = []] = (await duck.runAndReadAll(`SELECT ${bounds.join(', ')} FROM delivered`)).getRowsJS();
  return Object.fromEntries(
    ordered.flatMap(({ name }, at) => {
      const [least, most] = [row[2 * at], row[2 * at + 1]];
      return least === null || most === null ? [] : [[name, { least: String(least), most: String(most) }]];
    }),
  );
};

/** Into the table `made`, at places that the key chooses. */
const addRows = async (
  duck: DuckDBConnection,
  columns: readonly Column[],
  { key, syntheticRows, synthetic: kept }: CutWatermark,
): Promise<Synthetic | null> => {
  await duck.run(`CREATE TABLE made AS SELECT * FROM delivered LIMIT 0`);
  if (syntheticRows === 0) return null;
  const bytes = Buffer.from(key, 'hex');
  const found = await duck.runAndReadAll(
    `SELECT ${columns.map(textOf).join(', ')} FROM delivered ORDER BY hash(${place}) LIMIT ${donorsMax}`,
  );
  const donors = found.getRowsJS().map((values) => rowOf(columns, values));
  const names = columns.map(({ name }) => name);
  const synthetic = kept ?? makeSynthetic(names, donors, { key: bytes, count: syntheticRows });
  if (!synthetic || synthetic.rows.length === 0) return synthetic;
  const counted = await duck.runAndReadAll(`SELECT coalesce(max(${place}), 0) FROM delivered`);
  const last = Number(counted.getRowsJS()[0]![0]);
  const places = syntheticPlaces(bytes, synthetic.rows.length, last);
  const rows = synthetic.rows.map((row, at) => {
    const values = columns.map(({ name, type }) => {
      const text = row[name] ?? null;
      return text === null ? 'NULL' : `CAST(${sqlText(text)} AS ${type})`;
    });
    return `(${[places[at], ...values].join(', ')})`;
  });
  await duck.run(`INSERT INTO made VALUES ${rows.join(', ')}`);
  return synthetic;
};
