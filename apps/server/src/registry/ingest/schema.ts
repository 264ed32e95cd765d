import { ChildError } from '../../kernel/child/error.ts';

/** 'decimal' is exact unless `storage` says DOUBLE (only from Parquet files that hold floats). */
export type ColumnType = 'string' | 'integer' | 'decimal' | 'boolean' | 'date' | 'timestamp';

export interface Column {
  name: string;
  type: ColumnType;
  /** True when at least one row has no value. */
  nullable: boolean;
  /** The column's type in the Parquet file, in DuckDB's words, such as DECIMAL(10,2). Timestamps are UTC or wall time. */
  storage: string;
  /** For timestamps: 'utc' when the source carried offsets, 'none' when it carried none (wall time as written). */
  zone?: 'utc' | 'none';
}

export type SourceFormat = 'csv' | 'tsv' | 'xlsx' | 'ndjson' | 'parquet';

export interface TableSchema {
  version: 1;
  format: SourceFormat;
  columns: Column[];
  rowCount: number;
  /** Of the original file; null for formats that fix it themselves. */
  encoding: 'utf-8' | 'gb18030' | 'utf-16le' | null;
  delimiter: string | null;
  /** sha256 of the original file, hex, and its size. */
  digest: string;
  bytes: number;
  /** The normal form beside this schema: Parquet with zstd, rows in the order of the original. */
  normal: { file: string; digest: string; bytes: number };
  /** Faulty rows kept word by word in `faults.ndjson` when the caller asked for that; they are not in `rowCount`. */
  setAside: { count: number; file: string | null };
  warnings: Fault[];
}

/** One thing wrong in a file. `row` counts records from 1, the header included, as a spreadsheet does; `line` counts lines. */
export interface Fault {
  code: string;
  zh: string;
  en: string;
  row?: number;
  line?: number;
  column?: string;
}

export interface IngestLimits {
  bytesMax: number;
  rowsMax: number;
  columnsMax: number;
  columnNameLengthMax: number;
  /** UTF-16 units in one cell. */
  cellLengthMax: number;
  /** Unpacked size of an xlsx, and unpacked : packed. */
  unpackedBytesMax: number;
  unpackedRatioMax: number;
  /** Faults that are listed; the rest are counted. */
  faultsListedMax: number;
}

export const ingestLimits: IngestLimits = {
  bytesMax: 4 * 1024 ** 3,
  rowsMax: 20_000_000,
  columnsMax: 500,
  columnNameLengthMax: 128,
  cellLengthMax: 65_536,
  unpackedBytesMax: 400 * 1024 ** 2,
  unpackedRatioMax: 200,
  faultsListedMax: 20,
};

export function limitError(field: keyof IngestLimits, max: number, zh: string, en: string): ChildError {
  return new ChildError({
    code: 'ingest.limit',
    zh: `${zh}，上限 ${max}`,
    en: `${en}; the limit is ${max}`,
    details: { limit: field, max },
  });
}

/** Collects what is wrong; the first are listed, all are counted. */
export interface FaultList {
  add(fault: Fault): void;
  readonly listed: Fault[];
  readonly count: number;
}

export function faultList(listedMax: number): FaultList {
  const listed: Fault[] = [];
  let count = 0;
  return {
    listed,
    get count() {
      return count;
    },
    add(fault) {
      count += 1;
      if (listed.length < listedMax) listed.push(fault);
    },
  };
}

/** Names of a header, checked: none empty, none twice, none too long, not too many. Faults go to the list. */
export function checkHeader(cells: (string | null)[], limits: IngestLimits, faults: FaultList): string[] {
  if (cells.length > limits.columnsMax) {
    throw limitError('columnsMax', limits.columnsMax, `共 ${cells.length} 列`, `There are ${cells.length} columns`);
  }
  const seen = new Map<string, number>();
  return cells.map((cell, at) => {
    const name = (cell ?? '').trim();
    const place = at + 1;
    if (name === '') {
      faults.add({
        code: 'header.empty',
        row: 1,
        zh: `表头第 ${place} 列没有名称`,
        en: `Header column ${place} has no name`,
      });
    } else if (name.length > limits.columnNameLengthMax) {
      faults.add({
        code: 'header.long',
        row: 1,
        column: name.slice(0, 40),
        zh: `表头第 ${place} 列名称过长`,
        en: `The name of header column ${place} is too long`,
      });
    } else if (seen.has(name)) {
      const text = {
        zh: `表头第 ${seen.get(name)} 列与第 ${place} 列同名：${name}`,
        en: `Header columns ${seen.get(name)} and ${place} share the name ${name}`,
      };
      faults.add({ code: 'header.twice', row: 1, column: name, ...text });
    }
    seen.set(name, place);
    return name;
  });
}
