/** An owner's own columns and what it decides about its own rows alone. */
import type { Role } from '../intersect/agree.ts';
import { ComputeError } from '../problem.ts';
import { type Field, recordFault, scanTable } from '../table/records.ts';
import { type Comparison, type Condition, columnsOf, type Plan, payloadOf } from './plan.ts';
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

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

class TextReader {
  readonly #codes: number[] = [];
  readonly #byText = new Map<string, number>();
  readonly #words: (string | null)[] = [null];
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
  }

  add(bytes: Buffer, { start, end, doubled }: Field, row: number): void {
    if (start === end) {
      this.#codes.push(0);
      return;
    }
    // Bytes as Latin letters are told apart as the bytes are, and cost no decoding for each row.
    const raw = bytes.toString('latin1', start, end);
    let code = this.#byText.get(raw);
    if (code === undefined) {
      code = this.#words.length;
      this.#byText.set(raw, code);
      this.#words.push(this.#decoded(bytes.subarray(start, end), doubled, row));
    }
    this.#codes.push(code);
  }

  end(): Texts {
    return { codes: Uint32Array.from(this.#codes), words: this.#words };
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
  /** SHA-256 of the file; nothing where no column of it was read yet. */
  digest: Buffer;
  numbers: Map<string, Numbers>;
  texts: Map<string, Texts>;
}

/** Reads the columns that the plan asks of this owner, in one go. Where it asks for none and rows are matched by keys, they are read then. */
export const readTable = async (path: string, plan: Plan, role: Role, decimals: number): Promise<Table> => {
  const { numbers, texts } = columnsOf(plan, role);
  const numberReaders = numbers.map((name) => new NumberReader(name, decimals));
  const textReaders = texts.map((name) => new TextReader(name));
  const readers = [...numberReaders, ...textReaders];
  if (readers.length === 0 && payloadOf(plan) !== undefined) return { ...emptyTable };
  const { rows, digest } = await scanTable(path, [...numbers, ...texts], (bytes, { fields }, row) => {
    for (let n = 0; n < readers.length; n++) readers[n]!.add(bytes, fields[n]!, row);
  });
  return {
    rows,
    digest,
    numbers: new Map(numbers.map((name, n) => [name, numberReaders[n]!.end(rows)])),
    texts: new Map(texts.map((name, n) => [name, textReaders[n]!.end()])),
  };
};

const emptyTable: Table = { rows: 0, digest: Buffer.alloc(0), numbers: new Map(), texts: new Map() };

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
