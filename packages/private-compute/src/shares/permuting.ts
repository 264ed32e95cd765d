/**
 * The inner loop of a permutation, as WebAssembly: a million of its steps is over before the compiler of the language has caught up with
 * the same loop in TypeScript. The module is put together at the first use.
 */
import { add, type Code, compile, count, type Exports, type Func, get, i32, load32, set, store32 } from '../ot/wasm.ts';

const pageBytes = 1 << 16;
/** At nought stands how many are placed, then come words drawn, then the order. */
const wordsAt = 64;
/** Words that one call takes. */
export const wordsMax = 1 << 15;
const orderAt = wordsAt + wordsMax * 4;

const of = (operation: number, a: Code, b: Code): Code => [...a, ...b, operation];
const minus = (a: Code, b: Code): Code => of(0x6b, a, b);
const rest = (a: Code, b: Code): Code => of(0x70, a, b);
const scaled = (a: Code): Code => of(0x74, a, i32(2));
const isAtMost = (a: Code, b: Code): Code => of(0x4d, a, b);
const isAtLeast = (a: Code, b: Code): Code => of(0x4f, a, b);

/** As in `Stream.permutation`: a word that would favour some places is passed over, and all others place one more. */
const place = (): Func => {
  const [end, word, placed, luck, choices, at] = [0, 1, 2, 3, 4, 5];
  const favours: Code = [
    ...isAtLeast(get(luck), minus(i32(0), get(choices))),
    ...[0x04, 0x40],
    // 2^32 less the word is at most what 2^32 leaves over: neither needs a 33rd bit, as the word is not nought here.
    ...isAtMost(minus(i32(0), get(luck)), rest(minus(i32(0), get(choices)), get(choices))),
    ...[0x0d, 1, 0x0b],
  ];
  const addressOf = (index: Code): Code => add(i32(orderAt), scaled(index));
  return {
    name: 'place',
    parameters: 1,
    numbers: 5,
    vectors: 0,
    body: [
      set(placed, load32(i32(0))),
      set(word, i32(wordsAt)),
      count(word, get(end), 4, [
        [0x02, 0x40],
        set(luck, load32(get(word))),
        set(choices, add(get(placed), i32(1))),
        favours,
        set(at, addressOf(rest(get(luck), get(choices)))),
        store32(addressOf(get(placed)), load32(get(at))),
        store32(get(at), get(placed)),
        set(placed, get(choices)),
        [0x0b],
      ]),
      store32(i32(0), get(placed)),
    ],
  };
};

let instance: Exports | undefined;

/** A permutation of 0 … length − 1 in the making: one at a time, as its memory is used again. */
export class Permuting {
  readonly #exports: Exports;
  readonly #length: number;

  constructor(length: number) {
    instance ??= compile([place()])();
    this.#exports = instance;
    this.#length = length;
    const missing = orderAt + length * 4 - instance.memory.buffer.byteLength;
    if (missing > 0) instance.memory.grow(Math.ceil(missing / pageBytes));
    this.#words(0, 1)[0] = 0;
  }

  #words(at: number, length: number): Uint32Array<ArrayBuffer> {
    return new Uint32Array(this.#exports.memory.buffer, at, length);
  }

  /** At most `wordsMax` words, and no more than are left to place; answers how many are placed. */
  place(words: Uint32Array): number {
    this.#words(wordsAt, words.length).set(words);
    this.#exports.place!(wordsAt + words.length * 4);
    return this.#words(0, 1)[0]!;
  }

  order(): Uint32Array {
    return this.#words(orderAt, this.#length).slice();
  }
}
