/** The bit work of oblivious transfer extension, in WebAssembly with 128-bit vectors, put together at the first use. */
import {
  add,
  type Code,
  compile,
  count,
  type Exports,
  type Func,
  get,
  i32,
  load32,
  type Memory,
  set,
  store32,
  times,
  v128,
} from './wasm.ts';

/** Width of the code, which is the number of base transfers. */
export const codeBits = 448;
export const codeBytes = codeBits / 8;
/** In memory a row is followed by its number (8 bytes): together they are one block of BLAKE2s. */
export const rowBytes = 64;
/** As many bits of each column are transposed at once. */
export const tileBits = 128;
/** What is kept of a hash. */
export const hashBytes = 16;
const quarters = [0, 1, 2, 3] as const;

/**
 * Bit j of column i becomes bit i of row j, least significant bits first. Each lane of 32 vectors is a square of 32 × 32 bits, exchanged
 * across its diagonal by halves (Warren, Hacker's Delight, section 7-3).
 */
const transpose = (): Func => {
  const [columns, stride, rows, tiles, tile, from, to] = [0, 1, 2, 3, 4, 5, 6];
  const line = (at: number) => 7 + at;
  const swapped = line(32);
  const lines = Array.from({ length: 32 }, (_, at) => at);
  const exchange: Code[] = [];
  for (let half = 16; half > 0; half >>= 1) {
    const mask = lines.reduce((sum, bit) => ((bit & half) === 0 ? sum | (1 << bit) : sum), 0);
    for (const at of lines.filter((one) => (one & half) === 0)) {
      const [a, b] = [line(at), line(at + half)];
      exchange.push(
        set(swapped, v128.and(v128.xor(v128.right(get(a), half), get(b)), v128.words(mask, mask, mask, mask))),
        set(a, v128.xor(get(a), v128.left(get(swapped), half))),
        set(b, v128.xor(get(b), get(swapped))),
      );
    }
  }
  const start = add(get(rows), times(get(tile), i32(tileBits * rowBytes)));
  return {
    name: 'transpose',
    parameters: 4,
    numbers: 3,
    vectors: 33,
    body: [
      count(tile, get(tiles), 1, [
        set(from, add(get(columns), times(get(tile), i32(tileBits / 8)))),
        set(to, start),
        // 32 columns are one word of each row.
        count(to, add(start, i32(codeBytes)), 4, [
          ...lines.map((at) => [...set(line(at), v128.load(get(from))), ...set(from, add(get(from), get(stride)))]),
          ...exchange,
          ...lines.flatMap((at) =>
            quarters.map((lane) => v128.storeLane(get(to), get(line(at)), lane, (lane * 32 + at) * rowBytes)),
          ),
        ]),
      ]),
    ],
  };
};

/** Writes the numbers from `first` on behind rows. */
const number = (): Func => {
  const [rowsMax, rows, first, at, row] = [0, 1, 2, 3, 4];
  return {
    name: 'number',
    parameters: 3,
    numbers: 2,
    vectors: 0,
    body: [
      count(at, get(rowsMax), 1, [
        set(row, add(get(rows), times(get(at), i32(rowBytes)))),
        store32(get(row), add(get(first), get(at)), codeBytes),
        store32(get(row), i32(0), codeBytes + 4),
      ]),
    ],
  };
};

/** The quarter of an item's code word: words lie in four planes, as the cipher writes them. */
const codeOf = (planes: number, stride: number, at: number, quarter: number): Code =>
  v128.load(add(add(get(planes), times(get(at), i32(16))), times(get(stride), i32(quarter))));

/** Rows of both columns' sets and the code word, added up and packed: what the other party gets. */
const mask = (): Func => {
  const [rowsMax, rows, others, planes, stride, out, at, row, other, to] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
  const sum = (quarter: number) =>
    v128.xor(
      v128.xor(v128.load(get(row), quarter * 16), v128.load(get(other), quarter * 16)),
      codeOf(planes, stride, at, quarter),
    );
  return {
    name: 'mask',
    parameters: 6,
    numbers: 4,
    vectors: 0,
    body: [
      count(at, get(rowsMax), 1, [
        set(row, add(get(rows), times(get(at), i32(rowBytes)))),
        set(other, add(get(others), times(get(at), i32(rowBytes)))),
        set(to, add(get(out), times(get(at), i32(codeBytes)))),
        v128.store(get(to), sum(0)),
        v128.store(get(to), sum(1), 16),
        v128.store(get(to), sum(2), 32),
        v128.storeHalf(get(to), sum(3), 48),
      ]),
    ],
  };
};

/** Adds packed rows, where the choice bits are set, to rows. */
const unmask = (): Func => {
  const [rowsMax, packed, choices, rows, at, row, from] = [0, 1, 2, 3, 4, 5, 6];
  return {
    name: 'unmask',
    parameters: 4,
    numbers: 3,
    vectors: 0,
    body: [
      count(at, get(rowsMax), 1, [
        set(row, add(get(rows), times(get(at), i32(rowBytes)))),
        set(from, add(get(packed), times(get(at), i32(codeBytes)))),
        ...quarters.map((quarter) => {
          const came = (quarter === 3 ? v128.loadHalf : v128.load)(get(from), quarter * 16);
          const chosen = v128.and(came, v128.load(get(choices), quarter * 16));
          return v128.store(get(row), v128.xor(v128.load(get(row), quarter * 16), chosen), quarter * 16);
        }),
      ]),
    ],
  };
};

/** RFC 7693, section 2.6 and 2.7. */
const initial = [
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
] as const;
const schedule = [
  '0123456789abcdef',
  'ea489fd61c02b753',
  'b8c052fdae367194',
  '7931dcbe265a40f8',
  '905724afe1bc683d',
  '2c6a0b834d75fe19',
  'c51fed4a0763928b',
  'db7ec13950f4862a',
  '6fe9b308c2d714a5',
  'a2847615fb9e3cd0',
];
const all = (word: number): Code => v128.words(word, word, word, word);
const byTwo = [2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13];
const byOne = [1, 2, 3, 0, 5, 6, 7, 4, 9, 10, 11, 8, 13, 14, 15, 12];

/** BLAKE2s (RFC 7693) of four messages at once, a lane each: 16 working vectors from local `v` on, 16 of the message from `m` on. */
const rounds = (v: number, m: number): Code[] => {
  const out: Code[] = [];
  const rotated = (x: number, bits: number): Code =>
    bits === 16
      ? v128.shuffle(get(x), get(x), byTwo)
      : bits === 8
        ? v128.shuffle(get(x), get(x), byOne)
        : v128.or(v128.right(get(x), bits), v128.left(get(x), 32 - bits));
  const mix = (places: readonly number[], x: number, y: number): void => {
    const [a, b, c, d] = places.map((place) => v + place) as [number, number, number, number];
    for (const [word, forD, forB] of [
      [x, 16, 12],
      [y, 8, 7],
    ] as const) {
      out.push(set(a, v128.add(v128.add(get(a), get(b)), get(m + word))));
      out.push(set(d, v128.xor(get(d), get(a))), set(d, rotated(d, forD)));
      out.push(set(c, v128.add(get(c), get(d))));
      out.push(set(b, v128.xor(get(b), get(c))), set(b, rotated(b, forB)));
    }
  };
  for (const line of schedule) {
    const word = (at: number) => Number.parseInt(line[at]!, 16);
    for (const n of quarters) mix([n, 4 + n, 8 + n, 12 + n], word(2 * n), word(2 * n + 1));
    for (const n of quarters) {
      mix([n, 4 + ((n + 1) & 3), 8 + ((n + 2) & 3), 12 + ((n + 3) & 3)], word(8 + 2 * n), word(9 + 2 * n));
    }
  }
  return out;
};

/** The working vectors before the rounds: of a state at local or constant `h`, for the block that ends after `bytes`. */
const begin = (v: number, h: (at: number) => Code, bytes: number, last: boolean): Code[] => [
  ...initial.map((_, at) => set(v + at, h(at))),
  ...initial.map((word, at) => set(v + 8 + at, all(at === 4 ? word ^ bytes : at === 6 && last ? ~word : word))),
];

/** The state after a first block that all messages have in common, in all lanes. */
const start = (): Func => {
  const [block, state] = [0, 1];
  const [v, m] = [2, 18];
  const first = (at: number): Code => all(at === 0 ? initial[0] ^ 0x01010020 : initial[at]!);
  return {
    name: 'start',
    parameters: 2,
    numbers: 0,
    vectors: 32,
    body: [
      ...Array.from({ length: 16 }, (_, at) => set(m + at, v128.splat(load32(get(block), at * 4)))),
      ...begin(v, first, 64, false),
      ...rounds(v, m),
      ...initial.map((_, at) =>
        v128.store(get(state), v128.xor(first(at), v128.xor(get(v + at), get(v + 8 + at))), at * 16),
      ),
    ],
  };
};

const low = [0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23];
const high = low.map((byte) => byte + 8);
const lowHalves = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23];
const highHalves = lowHalves.map((byte) => byte + 8);
/** Turns four vectors by their diagonal; `spare` and the three after it are overwritten. */
const turned = (x: readonly number[], spare: number): Code[] => [
  set(spare, v128.shuffle(get(x[0]!), get(x[1]!), low)),
  set(spare + 1, v128.shuffle(get(x[0]!), get(x[1]!), high)),
  set(spare + 2, v128.shuffle(get(x[2]!), get(x[3]!), low)),
  set(spare + 3, v128.shuffle(get(x[2]!), get(x[3]!), high)),
  set(x[0]!, v128.shuffle(get(spare), get(spare + 2), lowHalves)),
  set(x[1]!, v128.shuffle(get(spare), get(spare + 2), highHalves)),
  set(x[2]!, v128.shuffle(get(spare + 1), get(spare + 3), lowHalves)),
  set(x[3]!, v128.shuffle(get(spare + 1), get(spare + 3), highHalves)),
];

/**
 * For each of `itemsMax` items, a multiple of four: the hash, after the common block, of the row at its place plus its code word where the
 * choice bits are set. The row's number goes in as it stands.
 */
const evaluate = (): Func => {
  const [itemsMax, places, rows, planes, stride, choices, state, out, at, row] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
  const [v, m] = [10, 26];
  const gather: Code[] = [];
  for (const item of quarters) {
    const place = load32(add(get(places), times(get(at), i32(4))), item * 4);
    gather.push(set(row, add(get(rows), times(place, i32(rowBytes)))));
    for (const quarter of quarters) {
      const chosen = v128.and(
        v128.load(add(add(get(planes), times(get(at), i32(16))), times(get(stride), i32(quarter))), item * 16),
        v128.load(get(choices), quarter * 16),
      );
      gather.push(set(m + quarter * 4 + item, v128.xor(v128.load(get(row), quarter * 16), chosen)));
    }
  }
  const state4 = (n: number): Code => v128.load(get(state), n * 16);
  return {
    name: 'evaluate',
    parameters: 8,
    numbers: 2,
    vectors: 32,
    body: [
      count(at, get(itemsMax), 4, [
        ...gather,
        ...quarters.flatMap((quarter) =>
          turned(
            quarters.map((item) => m + quarter * 4 + item),
            v,
          ),
        ),
        ...begin(v, state4, 128, true),
        ...rounds(v, m),
        ...quarters.map((n) => set(v + n, v128.xor(state4(n), v128.xor(get(v + n), get(v + 8 + n))))),
        ...turned(
          quarters.map((n) => v + n),
          m,
        ),
        ...quarters.map((n) => v128.store(add(get(out), times(get(at), i32(hashBytes))), get(v + n), n * hashBytes)),
      ]),
    ],
  };
};

const pageBytes = 1 << 16;
let instance: (() => Exports) | undefined;

/** The kernels with a memory of their own. Regions are allotted once and never given back; addresses are bytes from its start. */
export class Kernels {
  readonly #memory: Memory;
  #end = 0;
  readonly transpose: (columns: number, stride: number, rows: number, tiles: number) => void;
  readonly number: (count: number, rows: number, first: number) => void;
  readonly mask: (count: number, rows: number, others: number, planes: number, planeBytes: number, out: number) => void;
  readonly unmask: (count: number, packed: number, choices: number, rows: number) => void;
  readonly start: (block: number, state: number) => void;
  readonly evaluate: (
    items: number,
    places: number,
    rows: number,
    planes: number,
    planeBytes: number,
    choices: number,
    state: number,
    out: number,
  ) => void;

  constructor() {
    instance ??= compile([transpose(), number(), mask(), unmask(), start(), evaluate()]);
    const exported = instance();
    this.#memory = exported.memory;
    this.transpose = exported.transpose!;
    this.number = exported.number!;
    this.mask = exported.mask!;
    this.unmask = exported.unmask!;
    this.start = exported.start!;
    this.evaluate = exported.evaluate!;
  }

  /** Room at a multiple of 64, filled with zeros. */
  allot(bytes: number): number {
    const at = this.#end;
    this.#end += (bytes + 63) & ~63;
    const missing = this.#end - this.#memory.buffer.byteLength;
    if (missing > 0) this.#memory.grow(Math.ceil(missing / pageBytes));
    return at;
  }

  /** Valid until more is allotted. */
  bytes(at: number, length: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#memory.buffer, at, length);
  }
  words(at: number, length: number): Uint32Array<ArrayBuffer> {
    return new Uint32Array(this.#memory.buffer, at, length);
  }
}
