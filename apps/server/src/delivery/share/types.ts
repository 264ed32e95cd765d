/** Columns of a share: from DuckDB's types to those of the protocol, and how each is read, kept for judging, and written. */
import type { DuckDBConnection } from '@duckdb/node-api';
import type { Mask } from '@shugu/policy';
import { sqlName } from '../../kernel/child/duck.ts';
import { ChildError } from '../../kernel/child/error.ts';
import type { CutInput } from './cut.ts';

export interface Column {
  name: string;
  /** DuckDB's type in the source. */
  storage: string;
  /** The protocol's type. */
  spark: string;
  comment?: string;
  mask?: Mask;
}

export const sourceColumns = async (duck: DuckDBConnection, source: string): Promise<Column[]> => {
  const described = await duck.runAndReadAll(`SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM ${source})`);
  return (described.getRowsJS() as [string, string][])
    .filter(([name]) => name !== 'file_row_number')
    .map(([name, storage]) => ({ name, storage, ...sparkType(storage) }));
};

const plainTypes: Record<string, string> = {
  BIGINT: 'long',
  INTEGER: 'integer',
  SMALLINT: 'short',
  TINYINT: 'byte',
  DOUBLE: 'double',
  FLOAT: 'float',
  BOOLEAN: 'boolean',
  DATE: 'date',
  'TIMESTAMP WITH TIME ZONE': 'timestamp',
};

/** The protocol knows instants only. Wall time without a zone is shown with the same digits, as if it were UTC. */
const sparkType = (storage: string): Pick<Column, 'spark' | 'comment'> => {
  if (plainTypes[storage]) return { spark: plainTypes[storage] };
  if (storage === 'TIMESTAMP')
    return {
      spark: 'timestamp',
      comment: '以 UTC 表示；来源未带时区的按原数字 / In UTC; where the source had no zone, by its own digits',
    };
  const decimal = /^DECIMAL\((\d+),(\d+)\)$/.exec(storage);
  return { spark: decimal ? `decimal(${decimal[1]},${decimal[2]})` : 'string' };
};

const unfit = (name: string, zh: string, en: string): ChildError =>
  new ChildError({
    code: 'share.columns',
    zh: `字段“${name}”${zh}`,
    en: `Column ${name} ${en}`,
    details: { column: name },
  });

/** What is written: the permitted columns of the dictionary, in the types in which they were first published. */
export const writtenColumns = (known: readonly Column[], input: CutInput): Column[] => {
  const { dictionary, columns, masks, before } = input;
  const written = dictionary
    .filter((name) => columns === null || columns.includes(name))
    .filter((name) => masks[name]?.kind !== 'hide')
    .flatMap((name): Column[] => {
      const found = known.find((one) => one.name === name);
      const first = before?.fields.find((one) => one.name === name);
      if (!found) {
        if (first || !before) throw unfit(name, '不在数据中', 'is not in the data');
        return [];
      }
      const mask = Object.hasOwn(masks, name) ? masks[name] : undefined;
      const own = mask ? { ...found, spark: 'string', comment: undefined, mask } : found;
      if (first && !fits(own.spark, first.type))
        throw unfit(name, '的类型与首次发布的不符', 'has another type than when first published');
      return [first ? { ...own, spark: first.type, comment: first.comment } : own];
    });
  if (written.length === 0)
    throw new ChildError({ code: 'share.empty', zh: '合同未许可任何字段', en: 'The contract permits no column' });
  return written;
};

/** Without loss: the same type, a decimal into a wider one, a whole number into a decimal that holds it. */
const fits = (own: string, first: string): boolean => {
  if (own === first) return true;
  const wide = /^decimal\((\d+),(\d+)\)$/.exec(first);
  if (!wide) return false;
  const [digits, scale] = [Number(wide[1]), Number(wide[2])];
  const narrow = /^decimal\((\d+),(\d+)\)$/.exec(own);
  if (narrow) return Number(narrow[2]) <= scale && Number(narrow[1]) - Number(narrow[2]) <= digits - scale;
  // A whole number too large for it fails when it is written.
  return own === 'long';
};

/** As the store of look-ups keeps it, so that filters and masks see the same value on both paths. */
export const keptSql = ({ name, storage }: Column): string => {
  if (storage === 'BOOLEAN') return `CAST(${sqlName(name)} AS BIGINT)`;
  return /^(BIGINT|INTEGER|SMALLINT|TINYINT|DOUBLE)$/.test(storage)
    ? sqlName(name)
    : `CAST(${sqlName(name)} AS VARCHAR)`;
};

/** As it stands in the source; masked values come from the judged rows instead. */
export const writtenSql = ({ name, storage, spark }: Column): string => {
  const own = `s.${sqlName(name)}`;
  if (storage === 'TIMESTAMP') return `${own} AT TIME ZONE 'UTC'`;
  if (spark.startsWith('decimal')) return `CAST(${own} AS ${spark.toUpperCase()})`;
  return spark === 'string' ? `CAST(${own} AS VARCHAR)` : own;
};
