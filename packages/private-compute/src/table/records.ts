import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { ComputeError } from '../problem.ts';

const chunkBytes = 1 << 20;
export const recordLimits = { bytes: 1 << 20, rows: 2 ** 28 };

const quote = 0x22;
const comma = 0x2c;
const newline = 0x0a;
const carriageReturn = 0x0d;

/** Where a field lies in a buffer, without the quotes around it. */
export interface Field {
  /** -1 where the record has fewer fields. */
  start: number;
  end: number;
  /** It holds doubled quotes. */
  doubled: boolean;
}

/** Where one record of CSV (RFC 4180) and the fields asked for lie in a buffer. One object is used for all records. */
export interface TableRecord {
  start: number;
  /** After its line end. */
  end: number;
  /** In the order in which they were asked for. */
  fields: Field[];
}

/** `row` is counted from 0; who reads it counts records from 1, the header not being one. */
export const recordFault = (row: number, what: string) =>
  new ComputeError('compute.input', `record ${row + 1}: ${what}`);

/** Fills `record` from `start` on; false where the record goes on after `end` and more is to come. `wanted`: by place, which of its fields. */
const readRecord = (
  bytes: Buffer,
  start: number,
  end: number,
  last: boolean,
  wanted: Int32Array,
  row: number,
  record: TableRecord,
): boolean => {
  record.start = start;
  for (let n = 0; n < record.fields.length; n++) record.fields[n]!.start = -1;
  let at = start;
  for (let place = 0; ; place++) {
    let from = at;
    let until: number;
    let doubled = false;
    if (at < end && bytes[at] === quote) {
      from = at + 1;
      let close = from - 2;
      do {
        close = bytes.indexOf(quote, close + 2);
        if (close < 0 || close >= end) {
          if (last) throw recordFault(row, 'a quoted field does not end');
          return false;
        }
        if (close + 1 === end && !last) return false;
        doubled ||= close + 1 < end && bytes[close + 1] === quote;
      } while (close + 1 < end && bytes[close + 1] === quote);
      until = close;
      at = close + 1;
      if (at < end && bytes[at] === carriageReturn) at++;
      if (at < end && bytes[at] !== comma && bytes[at] !== newline)
        throw recordFault(row, 'text after a closing quote');
    } else {
      while (at < end && bytes[at] !== comma && bytes[at] !== newline) at++;
      until = at > from && bytes[at - 1] === carriageReturn && (at === end || bytes[at] === newline) ? at - 1 : at;
    }
    if (at === end && !last) return false;
    const which = place < wanted.length ? wanted[place]! : -1;
    if (which >= 0) {
      const field = record.fields[which]!;
      field.start = from;
      field.end = until;
      field.doubled = doubled;
    }
    if (at < end && bytes[at] === comma) {
      at++;
      continue;
    }
    record.end = at < end ? at + 1 : at;
    return true;
  }
};

const fieldsOf = (line: string): string[] =>
  [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map((one) => one[1]?.replaceAll('""', '"') ?? one[2]!);

export interface Scanned {
  rows: number;
  /** SHA-256 of the whole file as it was read. */
  digest: Buffer;
}

/**
 * Reads a CSV file once, in constant memory. `columns` names the fields to point at, each once. `onHeader` gets the first
 * line's bytes, `onRecord` each further record with its number from 0, and `onChunk` may
 * wait after each piece. Empty lines are no records. Throws `compute.input`.
 */
export const scanTable = async (
  path: string,
  columns: readonly string[],
  onRecord: (bytes: Buffer, record: TableRecord, row: number) => void,
  onHeader: (bytes: Buffer) => void = () => {},
  onChunk: () => Promise<void> | void = () => {},
): Promise<Scanned> => {
  const file = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    throw new ComputeError('compute.input', `the file cannot be read (${error.code})`);
  });
  try {
    const bytes = Buffer.allocUnsafe(chunkBytes + recordLimits.bytes);
    const hash = createHash('sha256');
    const fields = columns.map((): Field => ({ start: -1, end: -1, doubled: false }));
    const record: TableRecord = { start: 0, end: 0, fields };
    let held = 0;
    let rows = 0;
    let wanted: Int32Array = new Int32Array(0);
    let headed = false;
    for (let last = false; !last; ) {
      const { bytesRead } = await file.read(bytes, held, chunkBytes);
      hash.update(bytes.subarray(held, held + bytesRead));
      last = bytesRead === 0;
      const end = held + bytesRead;
      let at = 0;
      while (at < end) {
        if (!readRecord(bytes, at, end, last, wanted, rows, record)) break;
        at = record.end;
        if (!headed) {
          wanted = wantedOf(bytes.toString('utf8', 0, at), columns);
          onHeader(bytes.subarray(0, at));
          headed = true;
          continue;
        }
        if (isEmptyLine(bytes, record)) continue;
        if (isShort(fields)) throw recordFault(rows, 'fewer fields than the header has');
        if (rows === recordLimits.rows) throw new ComputeError('compute.sizeCap', `more than ${rows} rows`);
        onRecord(bytes, record, rows++);
      }
      held = end - at;
      if (held > recordLimits.bytes) throw recordFault(rows, `longer than ${recordLimits.bytes} bytes`);
      bytes.copyWithin(0, at, end);
      await onChunk();
    }
    if (!headed) throw new ComputeError('compute.input', 'the file has no header');
    return { rows, digest: hash.digest() };
  } finally {
    await file.close();
  }
};

const isShort = (fields: readonly Field[]): boolean => {
  for (let n = 0; n < fields.length; n++) if (fields[n]!.start < 0) return true;
  return false;
};

const isEmptyLine = (bytes: Buffer, { start, end }: TableRecord): boolean =>
  (end - start === 1 && bytes[start] === newline) ||
  (end - start === 2 && bytes[start] === carriageReturn && bytes[start + 1] === newline);

/** By place in a record, which of the columns stands there; -1 for none. */
const wantedOf = (header: string, columns: readonly string[]): Int32Array => {
  const names = fieldsOf(header.replace(/^\ufeff/, '').replace(/\r?\n$/, '')).map((name) => name.trim());
  const wanted = new Int32Array(names.length).fill(-1);
  for (const [which, column] of columns.entries()) {
    const place = names.indexOf(column);
    if (place < 0) throw new ComputeError('compute.input', `no column is called "${column}"`);
    if (names.includes(column, place + 1))
      throw new ComputeError('compute.input', `two columns are called "${column}"`);
    wanted[place] = which;
  }
  return wanted;
};
