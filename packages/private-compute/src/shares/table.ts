/** An owner's own columns and what it decides about its own rows alone. */
import { randomBytes } from 'node:crypto';
import type { Role } from '../intersect/agree.ts';
import { ComputeError } from '../problem.ts';
import { type Field, recordFault, type Scanned, scanTable } from '../table/records.ts';
import { type Comparison, type Condition, columnsOf, type Plan } from './plan.ts';
import { halvesOf, picked, signed } from './ring.ts';

/** `values` are multiples of 10^-decimals modulo 2^64, nought where there is none. */
export interface Numbers {
  values: BigUint64Array;
  present: Uint8Array;
}
/** `codes` point into `words`; word 0 stands for none. */
export interface Texts {
  codes: Uint32Array;
  words: (string | null)[];
}

/** Of a value: differences must keep their sign. Of a column's absolute values together: so no sum of some of them can pass the end. */
export const valueMax = 2n ** 62n - 1n;
export const columnMax = 2n ** 63n - 1n;

const zero = 0x30;
const point = 0x2e;
const minus = 0x2d;
const plus = 0x2b;
const digitsExact = 15;

/** Writes one number, as two halves of 32 bits, without an object for it where 15 digits are enough. */
class NumberReader {
  #halves = new Uint32Array(2048);
  #present = new Uint8Array(1024);
  readonly #decimals: number;
  readonly #name: string;

  constructor(name: string, decimals: number) {
    this.#name = name;
    this.#decimals = decimals;
  }

  add(bytes: Buffer, field: Field, row: number): void {
    if (row === this.#present.length) this.#grow();
    let { start: at, end } = field;
    while (at < end && bytes[at] === 0x20) at++;
    while (end > at && bytes[end - 1] === 0x20) end--;
    if (at === end) return;
    const negative = bytes[at] === minus;
    if (negative || bytes[at] === plus) at++;
    let value = 0;
    let digits = 0;
    let after = -1;
    const start = at;
    for (; at < end; at++) {
      const byte = bytes[at]!;
      if (byte === point && after < 0) {
        after = 0;
        continue;
      }
      const digit = byte - zero;
      if (digit < 0 || digit > 9) throw this.#broken(row);
      if (after >= this.#decimals && digit === 0) continue;
      value = value * 10 + digit;
      if (value !== 0) digits++;
      if (after >= 0) after++;
    }
    if (end === start || (end === start + 1 && after === 0)) throw this.#broken(row);
    if (after > this.#decimals) {
      throw recordFault(row, `${this.#name} has more than ${this.#decimals} decimals`);
    }
    for (let more = Math.max(after, 0); more < this.#decimals; more++) {
      value *= 10;
      if (value !== 0) digits++;
    }
    this.#present[row] = 1;
    if (digits > digitsExact) this.#long(bytes.toString('latin1', start, end), negative, row);
    else {
      const signedValue = negative ? -value : value;
      this.#halves[row * 2] = signedValue;
      this.#halves[row * 2 + 1] = Math.floor(signedValue / 2 ** 32);
    }
  }

  end(rows: number): Numbers {
    while (rows > this.#present.length) this.#grow();
    return { values: new BigUint64Array(this.#halves.buffer, 0, rows), present: this.#present.subarray(0, rows) };
  }

  #long(text: string, negative: boolean, row: number): void {
    const value = scaled(text, this.#decimals);
    if (value > valueMax) {
      throw new ComputeError(
        'compute.overflow',
        `record ${row + 1}: ${this.#name} is beyond 2^62 units of its last decimal`,
      );
    }
    new BigUint64Array(this.#halves.buffer)[row] = BigInt.asUintN(64, negative ? -value : value);
  }

  /** The other parties are told it too: it says where, and never what stood there. */
  #broken(row: number): ComputeError {
    return recordFault(row, `${this.#name} is no number`);
  }

  #grow(): void {
    const [halves, present] = [new Uint32Array(this.#halves.length * 2), new Uint8Array(this.#present.length * 2)];
    halves.set(this.#halves);
    present.set(this.#present);
    [this.#halves, this.#present] = [halves, present];
  }
}

/** Decimal text without a sign as multiples of 10^-decimals; digits beyond are noughts. */
const scaled = (text: string, decimals: number): bigint => {
  const [whole = '', rest = ''] = text.split('.');
  return BigInt(`${whole}${rest.slice(0, decimals).padEnd(decimals, '0')}` || '0');
};

const grown = (codes: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> => {
  const out = new Uint32Array(codes.length * 2);
  out.set(codes);
  return out;
};

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Gives each text a number by a table of hashes of its bytes: a text of the language for each row would cost more than all else. */
class TextReader {
  #codes = new Uint32Array(1024);
  #slots = new Uint32Array(1024);
  #bytes = Buffer.alloc(1 << 14);
  #ends = [0];
  readonly #words: (string | null)[] = [null];
  readonly #name: string;
  /** Nobody can choose texts that meet in one slot. */
  readonly #start = randomBytes(4).readInt32LE();

  constructor(name: string) {
    this.#name = name;
  }

  add(bytes: Buffer, { start, end, doubled }: Field, row: number): void {
    if (row === this.#codes.length) this.#codes = grown(this.#codes);
    if (start === end) return;
    let hash = this.#start;
    for (let at = start; at < end; at++) hash = Math.imul(hash ^ bytes[at]!, 0x01000193);
    const mask = this.#slots.length - 1;
    let slot = (hash ^ (hash >>> 15)) & mask;
    let code = this.#slots[slot]!;
    while (code !== 0 && !this.#isWord(code, bytes, start, end)) {
      slot = (slot + 1) & mask;
      code = this.#slots[slot]!;
    }
    this.#codes[row] = code === 0 ? this.#take(bytes.subarray(start, end), doubled, row, slot) : code;
  }

  #isWord(code: number, bytes: Buffer, start: number, end: number): boolean {
    const from = this.#ends[code - 1]!;
    if (this.#ends[code]! - from !== end - start) return false;
    const held = this.#bytes;
    for (let n = 0; n < end - start; n++) if (held[from + n] !== bytes[start + n]) return false;
    return true;
  }

  #take(field: Buffer, doubled: boolean, row: number, slot: number): number {
    this.#words.push(this.#decoded(field, doubled, row));
    const code = this.#words.length - 1;
    const from = this.#ends[code - 1]!;
    while (from + field.length > this.#bytes.length) this.#bytes = Buffer.concat([this.#bytes], this.#bytes.length * 2);
    field.copy(this.#bytes, from);
    this.#ends.push(from + field.length);
    this.#slots[slot] = code;
    if (code * 2 > this.#slots.length) this.#spread();
    return code;
  }

  /** Twice as many slots. */
  #spread(): void {
    const slots = new Uint32Array(this.#slots.length * 2);
    for (let code = 1; code < this.#words.length; code++) {
      let hash = this.#start;
      for (let at = this.#ends[code - 1]!; at < this.#ends[code]!; at++) {
        hash = Math.imul(hash ^ this.#bytes[at]!, 0x01000193);
      }
      let slot = (hash ^ (hash >>> 15)) & (slots.length - 1);
      while (slots[slot] !== 0) slot = (slot + 1) & (slots.length - 1);
      slots[slot] = code;
    }
    this.#slots = slots;
  }

  end(rows: number): Texts {
    while (rows > this.#codes.length) this.#codes = grown(this.#codes);
    return { codes: this.#codes.subarray(0, rows), words: this.#words };
  }

  #decoded(field: Buffer, doubled: boolean, row: number): string {
    try {
      const text = utf8.decode(field);
      return doubled ? text.replaceAll('""', '"') : text;
    } catch {
      throw recordFault(row, `${this.#name} is not UTF-8`);
    }
  }
}

export interface Table {
  rows: number;
  /** SHA-256 of the file. */
  digest: Buffer;
  numbers: Map<string, Numbers>;
  texts: Map<string, Texts>;
}

/** What makes a table of a file's records as they are read. */
export interface TableReader {
  columns: readonly string[];
  /** `fields` in the order of the columns. */
  add(bytes: Buffer, fields: readonly Field[], row: number): void;
  end(scanned: Scanned): Table;
}

/** Takes the columns that the plan asks of this owner. */
export const tableReader = (plan: Plan, role: Role, decimals: number): TableReader => {
  const { numbers, texts } = columnsOf(plan, role);
  const numberReaders = numbers.map((name) => new NumberReader(name, decimals));
  const textReaders = texts.map((name) => new TextReader(name));
  return {
    columns: [...numbers, ...texts],
    add(bytes, fields, row) {
      for (let n = 0; n < numberReaders.length; n++) numberReaders[n]!.add(bytes, fields[n]!, row);
      for (let n = 0; n < textReaders.length; n++) textReaders[n]!.add(bytes, fields[numbers.length + n]!, row);
    },
    end: ({ rows, digest }) => ({
      rows,
      digest,
      numbers: new Map(numbers.map((name, n) => [name, numberReaders[n]!.end(rows)])),
      texts: new Map(texts.map((name, n) => [name, textReaders[n]!.end(rows)])),
    }),
  };
};

export const readTable = async (path: string, plan: Plan, role: Role, decimals: number): Promise<Table> => {
  const reader = tableReader(plan, role, decimals);
  return reader.end(await scanTable(path, reader.columns, (bytes, { fields }, row) => reader.add(bytes, fields, row)));
};

/** No sum of some of these values can pass `most` then; that is known before anything is shared. */
export const requireSummable = (values: BigUint64Array, name: string, most = columnMax): void => {
  const halves = new Int32Array(values.buffer, values.byteOffset, values.length * 2);
  // Exact as long as it is below 2^53; beyond, it is counted again.
  let rough = 0;
  for (let n = 0; n < values.length; n++) rough += Math.abs(halves[n * 2 + 1]!) + 1;
  if (rough < 2 ** 30) return;
  let exact = 0n;
  for (const value of values) exact += signed(value) < 0n ? -signed(value) : signed(value);
  if (exact > most) {
    const bits = most === columnMax ? 63 : 62;
    throw new ComputeError(
      'compute.overflow',
      `the values of ${name} could add up to more than 2^${bits} units of the last decimal`,
    );
  }
};

/**
 * A row for each distinct key, in the order of `places`: its numbers are added up, its texts are those of all its rows. Rows at `none` take
 * no part. Throws `compute.overflow`, and `compute.input` where the rows of a key have different texts: of which group would it be?
 */
export const byKey = (table: Table, places: Uint32Array, keys: number, none: number, most: bigint): Table => {
  const summed = ([name, { values }]: [string, Numbers]): [string, Numbers] => {
    const [taken, out] = [values.slice(), new BigUint64Array(keys)];
    const [from, to] = [halvesOf(taken), halvesOf(out)];
    for (let row = 0; row < places.length; row++) {
      if (places[row] === none) from[row * 2] = from[row * 2 + 1] = 0;
    }
    requireSummable(taken, name, most);
    for (let row = 0; row < places.length; row++) {
      if (places[row] === none) continue;
      const at = places[row]! * 2;
      const low = to[at]! + from[row * 2]!;
      to[at] = low;
      to[at + 1] = to[at + 1]! + from[row * 2 + 1]! + (low >= 2 ** 32 ? 1 : 0);
    }
    return [name, { values: out, present: new Uint8Array(keys).fill(1) }];
  };
  const same = ([name, { codes, words }]: [string, Texts]): [string, Texts] => {
    const out = new Uint32Array(keys);
    const seen = new Uint8Array(keys);
    for (let row = 0; row < places.length; row++) {
      const at = places[row]!;
      if (at === none) continue;
      if (seen[at] === 1 && out[at] !== codes[row]) {
        throw recordFault(row, `its key has another ${name} elsewhere`);
      }
      seen[at] = 1;
      out[at] = codes[row]!;
    }
    return [name, { codes: out, words }];
  };
  return {
    rows: keys,
    digest: table.digest,
    numbers: new Map([...table.numbers].map(summed)),
    texts: new Map([...table.texts].map(same)),
  };
};

/** Only these rows, in this order. */
export const aligned = (table: Table, rows: Uint32Array): Table => ({
  rows: rows.length,
  digest: table.digest,
  numbers: new Map(
    [...table.numbers].map(([name, { values, present }]) => [
      name,
      {
        values: picked(values, rows),
        present: Uint8Array.from(rows, (row) => present[row]!),
      },
    ]),
  ),
  texts: new Map(
    [...table.texts].map(([name, { codes, words }]) => [
      name,
      { codes: Uint32Array.from(rows, (row) => codes[row]!), words },
    ]),
  ),
});

/** SQL's three values of truth. */
type Truth = 0 | 1 | 2;
const unknown: Truth = 2;
type Test = (row: number) => Truth;

const holds: Record<Comparison, (order: number) => boolean> = {
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
  '=': (order) => order === 0,
  '<>': (order) => order !== 0,
};

/** Texts are compared by code point, as SQL does without a collation. */
const textOrder = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

const comparedText = ({ codes, words }: Texts, by: Comparison, text: string): Test => {
  const truths = words.map((word): Truth => (word === null ? unknown : holds[by](textOrder(word, text)) ? 1 : 0));
  return (row) => truths[codes[row]!]!;
};

/** A constant may have more decimals than the column: then it lies between two values of it. */
const comparedNumber = ({ values, present }: Numbers, by: Comparison, text: string, decimals: number): Test => {
  const negative = text.startsWith('-');
  const digits = negative ? text.slice(1) : text;
  const more = Math.max(0, (digits.split('.')[1] ?? '').length - decimals);
  const factor = 10n ** BigInt(more);
  const constant = scaled(digits, decimals + more) * (negative ? -1n : 1n);
  const column = new BigInt64Array(values.buffer, values.byteOffset, values.length);
  const test = holds[by];
  if (more === 0 && constant === signed(BigInt.asUintN(64, constant))) {
    // As two halves, without an object for each row.
    const [high, low] = [Number(constant >> 32n), Number(constant & 0xffffffffn)];
    const [highs, lows] = [new Int32Array(column.buffer, column.byteOffset), halvesOf(values)];
    return (row) => {
      if (present[row] === 0) return unknown;
      return test(highs[row * 2 + 1]! - high || lows[row * 2]! - low) ? 1 : 0;
    };
  }
  return (row) => {
    if (present[row] === 0) return unknown;
    const value = more === 0 ? column[row]! : column[row]! * factor;
    return test(value < constant ? -1 : value > constant ? 1 : 0) ? 1 : 0;
  };
};

const testOf = (table: Table, condition: Condition, decimals: number): Test => {
  switch (condition.kind) {
    case 'compare': {
      const { column, by, constant } = condition;
      return 'text' in constant
        ? comparedText(table.texts.get(column)!, by, constant.text)
        : comparedNumber(table.numbers.get(column)!, by, constant.number, decimals);
    }
    case 'null': {
      const present = presentIn(table, condition.column);
      return (row) => (present(row) ? 0 : 1);
    }
    case 'not': {
      const test = testOf(table, condition.of, decimals);
      return (row) => {
        const truth = test(row);
        return truth === unknown ? unknown : truth === 1 ? 0 : 1;
      };
    }
    default: {
      const tests = condition.of.map((one) => testOf(table, one, decimals));
      const decisive: Truth = condition.kind === 'and' ? 0 : 1;
      return (row) => {
        let truth: Truth = decisive === 0 ? 1 : 0;
        for (const test of tests) {
          const one = test(row);
          if (one === decisive) return decisive;
          if (one === unknown) truth = unknown;
        }
        return truth;
      };
    }
  }
};

export const presentIn = (table: Table, name: string): ((row: number) => boolean) => {
  const numbers = table.numbers.get(name);
  if (numbers) return (row) => numbers.present[row] === 1;
  const { codes } = table.texts.get(name)!;
  return (row) => codes[row] !== 0;
};

/** 1 for each row that this owner's own conditions take, and that has all numbers which are compared with the other owner's. */
export const selectedIn = (table: Table, plan: Plan, role: Role, decimals: number): Uint8Array => {
  const tests = plan.filters[role].map((one) => testOf(table, one, decimals));
  const needed = plan.compared.map(({ left, right }) => presentIn(table, left.owner === role ? left.name : right.name));
  const out = new Uint8Array(table.rows).fill(1);
  for (const test of tests) for (let row = 0; row < out.length; row++) if (test(row) !== 1) out[row] = 0;
  for (const present of needed) for (let row = 0; row < out.length; row++) if (!present(row)) out[row] = 0;
  return out;
};
