import { open, rename, rm } from 'node:fs/promises';
import { ComputeError } from '../problem.ts';
import { recordLimits, scanTable } from './records.ts';

const outBytes = 1 << 20;

/** A set of row numbers, one bit each. */
export class RowSet {
  readonly bits: Uint8Array;
  constructor(rows: number) {
    this.bits = new Uint8Array((rows + 7) >> 3);
  }
  add(row: number): void {
    this.bits[row >> 3]! |= 1 << (row & 7);
  }
  has(row: number): boolean {
    return ((this.bits[row >> 3]! >> (row & 7)) & 1) === 1;
  }
}

/**
 * Copies header and chosen records of a table, byte by byte as they are, to `out`, which appears whole or not at all. Throws
 * `compute.inputChanged` where the table is no longer the one of `digest`. Returns the rows written.
 */
export const writeSelection = async (path: string, digest: Buffer, chosen: RowSet, out: string): Promise<number> => {
  const part = `${out}.part`;
  const file = await open(part, 'w', 0o600);
  try {
    const ready: Buffer[] = [];
    let buffer = Buffer.allocUnsafe(outBytes + recordLimits.bytes);
    let filled = 0;
    let written = 0;
    let endsInLine = true;
    const put = (bytes: Buffer, start: number, end: number) => {
      // The last record of a file may have no line end; another may not be glued to it.
      if (!endsInLine) buffer[filled++] = 0x0a;
      bytes.copy(buffer, filled, start, end);
      filled += end - start;
      endsInLine = buffer[filled - 1] === 0x0a;
      if (filled < outBytes) return;
      ready.push(buffer.subarray(0, filled));
      buffer = Buffer.allocUnsafe(outBytes + recordLimits.bytes);
      filled = 0;
    };
    const flush = async () => {
      for (const one of ready.splice(0)) await file.write(one);
    };
    const scanned = await scanTable(
      path,
      [],
      (bytes, record, row) => {
        if (!chosen.has(row)) return;
        put(bytes, record.start, record.end);
        written++;
      },
      (header) => put(header, 0, header.length),
      flush,
    );
    await flush();
    await file.write(buffer.subarray(0, filled));
    if (!scanned.digest.equals(digest)) {
      throw new ComputeError('compute.inputChanged', 'the table changed while it was used');
    }
    await file.close();
    await rename(part, out);
    return written;
  } catch (error) {
    await file.close().catch(() => undefined);
    await rm(part, { force: true });
    throw error;
  }
};
