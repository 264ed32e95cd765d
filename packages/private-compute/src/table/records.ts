import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { ComputeError } from '../problem.ts';

const chunkBytes = 1 << 20;
export const recordLimits = { bytes: 1 << 20, rows: 2 ** 28 };

const quote = 0x22;
const comma = 0x2c;
const newline = 0x0a;
const carriageReturn = 0x0d;

/** Where one record of CSV (RFC 4180) and the field asked for lie in a buffer. One object is used for all records. */
export interface TableRecord {
  start: number;
  /** After its line end. */
  end: number;
  fieldStart: number;
  fieldEnd: number;
  /** The field holds doubled quotes. */
  doubled: boolean;
}

const broken = (row: number, what: string) => new ComputeError('compute.input', `record ${row}: ${what}`);

/** Fills `record` from `start` on; false where the record goes on after `end` and more is to come. */
const readRecord = (
  bytes: Buffer,
  start: number,
  end: number,
  last: boolean,
  column: number,
  row: number,
  record: TableRecord,
): boolean => {
  record.start = start;
  record.fieldStart = -1;
  let at = start;
  for (let field = 0; ; field++) {
    let from = at;
    let until: number;
    let doubled = false;
    if (at < end && bytes[at] === quote) {
      from = at + 1;
      let close = from - 2;
      do {
        close = bytes.indexOf(quote, close + 2);
        if (close < 0 || close >= end) {
          if (last) throw broken(row, 'a quoted field does not end');
          return false;
        }
        if (close + 1 === end && !last) return false;
        doubled ||= close + 1 < end && bytes[close + 1] === quote;
      } while (close + 1 < end && bytes[close + 1] === quote);
      until = close;
      at = close + 1;
      if (at < end && bytes[at] === carriageReturn) at++;
      if (at < end && bytes[at] !== comma && bytes[at] !== newline) throw broken(row, 'text after a closing quote');
    } else {
      while (at < end && bytes[at] !== comma && bytes[at] !== newline) at++;
      until = at > from && bytes[at - 1] === carriageReturn && (at === end || bytes[at] === newline) ? at - 1 : at;
    }
    if (at === end && !last) return false;
    if (field === column) {
      record.fieldStart = from;
      record.fieldEnd = until;
      record.doubled = doubled;
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
 * Reads a CSV file once, in constant memory. `column` names the field to point at; undefined asks for none. `onHeader` gets the first
 * line's bytes, `onRecord` each further record with its number from 0, and `onChunk` may
 * wait after each piece. Empty lines are no records. Throws `compute.input`.
 */
export const scanTable = async (
  path: string,
  column: string | undefined,
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
    const record: TableRecord = { start: 0, end: 0, fieldStart: -1, fieldEnd: -1, doubled: false };
    let held = 0;
    let rows = 0;
    let place = -1;
    let headed = false;
    for (let last = false; !last; ) {
      const { bytesRead } = await file.read(bytes, held, chunkBytes);
      hash.update(bytes.subarray(held, held + bytesRead));
      last = bytesRead === 0;
      const end = held + bytesRead;
      let at = 0;
      while (at < end) {
        if (!readRecord(bytes, at, end, last, place, rows, record)) break;
        at = record.end;
        if (!headed) {
          place = placeOf(bytes.toString('utf8', 0, at), column);
          onHeader(bytes.subarray(0, at));
          headed = true;
          continue;
        }
        if (isEmptyLine(bytes, record)) continue;
        if (place >= 0 && record.fieldStart < 0) throw broken(rows, 'fewer fields than the header has');
        if (rows === recordLimits.rows) throw new ComputeError('compute.sizeCap', `more than ${rows} rows`);
        onRecord(bytes, record, rows++);
      }
      held = end - at;
      if (held > recordLimits.bytes) throw broken(rows, `longer than ${recordLimits.bytes} bytes`);
      bytes.copyWithin(0, at, end);
      await onChunk();
    }
    if (!headed) throw new ComputeError('compute.input', 'the file has no header');
    return { rows, digest: hash.digest() };
  } finally {
    await file.close();
  }
};

const isEmptyLine = (bytes: Buffer, { start, end }: TableRecord): boolean =>
  (end - start === 1 && bytes[start] === newline) ||
  (end - start === 2 && bytes[start] === carriageReturn && bytes[start + 1] === newline);

const placeOf = (header: string, column: string | undefined): number => {
  if (column === undefined) return -1;
  const names = fieldsOf(header.replace(/^\ufeff/, '').replace(/\r?\n$/, '')).map((name) => name.trim());
  const place = names.indexOf(column);
  if (place < 0) throw new ComputeError('compute.input', `no column is called "${column}"`);
  if (names.includes(column, place + 1)) throw new ComputeError('compute.input', `two columns are called "${column}"`);
  return place;
};
