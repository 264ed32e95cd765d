import { ComputeError } from '../problem.ts';
import { keyBytesMax, writeKey } from '../table/key.ts';
import { type Field, recordFault, type Scanned, scanTable } from '../table/records.ts';
import { RowSet } from '../table/selection.ts';
import { Runs } from './runs.ts';
import { Tagger } from './tags.ts';
import type { AgreedInputs } from './terms.ts';

/** An owner's table and where it may leave temporary files. */
export interface Input {
  path: string;
  column: string;
  /** For the commitment; see `inputCommitment`. */
  salt: Uint8Array;
  /** A private folder. */
  folder: string;
  /** Whether a row takes part; all do where it is left out. */
  takes?: (row: number) => boolean;
  /** Hears that from now on the table is read. */
  reading?: () => void;
  agreed?: AgreedInputs | undefined;
  /** Who wants other columns of the same records, so that the table is read once. */
  also?: { columns: readonly string[]; add(bytes: Buffer, fields: readonly Field[], row: number): void };
}

export interface Prepared extends Scanned {
  runs: Runs;
  /** Rows whose key is empty take no part. */
  rowsWithoutKey: number;
}

/** Reads the table once; `onKey` gets each row's normalised key, the first `length` of the bytes. */
export const scanKeys = async (
  input: Input,
  onKey: (bytes: Buffer, length: number, row: number) => void,
  onChunk?: () => Promise<void>,
): Promise<Scanned & { rowsWithoutKey: number }> => {
  const key = Buffer.alloc(keyBytesMax);
  const { takes, column, also } = input;
  const columns = [column, ...(also?.columns.filter((one) => one !== column) ?? [])];
  const theirs = also?.columns.map((one) => columns.indexOf(one)) ?? [];
  let alsoFields: Field[] | undefined;
  input.reading?.();
  let rowsWithoutKey = 0;
  const scanned = await scanTable(
    input.path,
    columns,
    (bytes, { fields }, row) => {
      // The same objects for all records.
      alsoFields ??= theirs.map((at) => fields[at]!);
      also?.add(bytes, alsoFields, row);
      if (takes && !takes(row)) return;
      const length = writeKey(bytes, fields[0]!, row, key);
      if (length === 0) rowsWithoutKey++;
      else onKey(key, length, row);
    },
    undefined,
    onChunk,
  );
  return { ...scanned, rowsWithoutKey };
};

/** Reads the table once and gives each row's key its tag. */
export const prepare = async (input: Input, tagKey: Uint8Array, heldMax?: number): Promise<Prepared> => {
  const runs = new Runs(input.folder, heldMax);
  const tagger = new Tagger(tagKey, (t0, t1, t2, row) => runs.add(t0, t1, t2, row));
  const scanned = await scanKeys(
    input,
    (key, length, row) => tagger.add(key, length, row),
    () => runs.relieve(),
  );
  tagger.end();
  return { ...scanned, runs };
};

/** Which rows the tags that were sent came from: rows in the order of their tags, and where a tag came again. */
export class SentRows {
  readonly #rows: Uint32Array[] = [];
  readonly #again: Uint8Array[] = [];

  add(rows: Uint32Array, again: Uint8Array): void {
    this.#rows.push(rows);
    this.#again.push(again);
  }

  /** Rows whose tag, counted without repeats, has its bit set. */
  chosen(bits: Uint8Array, rows: number): RowSet {
    const chosen = new RowSet(rows);
    let place = -1;
    for (const [part, again] of this.#again.entries()) {
      const numbers = this.#rows[part]!;
      for (let n = 0; n < numbers.length; n++) {
        if (again[n] === 0) place++;
        if (((bits[place >> 3]! >> (place & 7)) & 1) === 1) chosen.add(numbers[n]!);
      }
    }
    return chosen;
  }

  /** For each row its place among the distinct tags that were sent; `none` where it has no tag. */
  places(rows: number, none: number): Uint32Array {
    const places = new Uint32Array(rows).fill(none);
    let place = -1;
    for (const [part, again] of this.#again.entries()) {
      const numbers = this.#rows[part]!;
      for (let n = 0; n < numbers.length; n++) {
        if (again[n] === 0) place++;
        places[numbers[n]!] = place;
      }
    }
    return places;
  }

  /** The same rows in the order of their tags. Throws `compute.input` where two of them have one key: which goes beside which? */
  inOrder(bits: Uint8Array): Uint32Array {
    const order: number[] = [];
    let place = -1;
    for (const [part, again] of this.#again.entries()) {
      const numbers = this.#rows[part]!;
      for (let n = 0; n < numbers.length; n++) {
        if (again[n] === 0) place++;
        if (((bits[place >> 3]! >> (place & 7)) & 1) === 0) continue;
        if (again[n] !== 0) throw recordFault(numbers[n]!, 'its key comes again');
        order.push(numbers[n]!);
      }
    }
    return Uint32Array.from(order);
  }
}

export const requireWithin = (count: number, keysMax: number): void => {
  if (count > keysMax) {
    throw new ComputeError('compute.sizeCap', `the table has ${count} distinct keys; the terms allow ${keysMax}`);
  }
};
