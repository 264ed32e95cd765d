/** Just enough of the binary format of WebAssembly (core specification 2.0) to put a few kernels together at start: no binary is shipped. */

/** Instructions that leave one value, or none, on the stack. */
export type Code = readonly number[];

const unsigned = (value: number): number[] => {
  const out: number[] = [];
  for (let left = value; ; left = Math.floor(left / 128)) {
    if (left < 128) return [...out, left];
    out.push((left % 128) | 128);
  }
};
const signed = (value: number): number[] => {
  const out: number[] = [];
  for (let left = value | 0; ; left >>= 7) {
    if (left >= -64 && left < 64) return [...out, left & 127];
    out.push((left & 127) | 128);
  }
};
/** One after the other; much faster than `flat`. */
const joined = (parts: readonly Code[]): number[] => {
  const out: number[] = [];
  for (const part of parts) for (const byte of part) out.push(byte);
  return out;
};
const vector = (items: readonly Code[]): number[] => joined([unsigned(items.length), ...items]);
const simd = (opcode: number): number[] => [0xfd, ...unsigned(opcode)];
const text = (name: string): number[] => [...unsigned(name.length), ...Buffer.from(name)];

export const get = (local: number): Code => [0x20, ...unsigned(local)];
export const set = (local: number, value: Code): Code => [...value, 0x21, ...unsigned(local)];
export const i32 = (value: number): Code => [0x41, ...signed(value)];
export const add = (a: Code, b: Code): Code => [...a, ...b, 0x6a];
export const times = (a: Code, b: Code): Code => [...a, ...b, 0x6c];
export const load32 = (address: Code, offset = 0): Code => [...address, 0x28, 2, ...unsigned(offset)];
export const store32 = (address: Code, value: Code, offset = 0): Code => [
  ...address,
  ...value,
  0x36,
  2,
  ...unsigned(offset),
];
/** Runs `body`, then adds `step` to `local`, until it has reached `end`. Nothing runs where it starts there. */
export const count = (local: number, end: Code, step: number, body: readonly Code[]): Code => [
  ...[0x02, 0x40, 0x03, 0x40],
  ...[...get(local), ...end, 0x4f, 0x0d, 1],
  ...joined(body),
  ...set(local, add(get(local), i32(step))),
  ...[0x0c, 0, 0x0b, 0x0b],
];

/** Vectors of 16 bytes; lanes are 32-bit words. Addresses need no alignment. */
export const v128 = {
  load: (address: Code, offset = 0): Code => [...address, ...simd(0x00), 0, ...unsigned(offset)],
  /** Eight bytes, and zeros above. */
  loadHalf: (address: Code, offset = 0): Code => [...address, ...simd(0x5d), 0, ...unsigned(offset)],
  store: (address: Code, value: Code, offset = 0): Code => [
    ...address,
    ...value,
    ...simd(0x0b),
    0,
    ...unsigned(offset),
  ],
  storeHalf: (address: Code, value: Code, offset = 0): Code => [
    ...address,
    ...value,
    ...simd(0x5b),
    0,
    ...unsigned(offset),
    0,
  ],
  storeLane: (address: Code, value: Code, lane: number, offset = 0): Code => [
    ...address,
    ...value,
    ...simd(0x5a),
    0,
    ...unsigned(offset),
    lane,
  ],
  words: (...words: readonly [number, number, number, number]): Code => [
    ...simd(0x0c),
    ...words.flatMap((word) => [word & 255, (word >>> 8) & 255, (word >>> 16) & 255, word >>> 24]),
  ],
  splat: (value: Code): Code => [...value, ...simd(0x11)],
  and: (a: Code, b: Code): Code => [...a, ...b, ...simd(0x4e)],
  xor: (a: Code, b: Code): Code => [...a, ...b, ...simd(0x51)],
  or: (a: Code, b: Code): Code => [...a, ...b, ...simd(0x50)],
  add: (a: Code, b: Code): Code => [...a, ...b, ...simd(0xae)],
  left: (a: Code, bits: number): Code => [...a, ...i32(bits), ...simd(0xab)],
  right: (a: Code, bits: number): Code => [...a, ...i32(bits), ...simd(0xad)],
  /** Bytes of `a` (0 to 15) and `b` (16 to 31). */
  shuffle: (a: Code, b: Code, bytes: readonly number[]): Code => [...a, ...b, ...simd(0x0d), ...bytes],
};

export interface Func {
  name: string;
  /** All are i32. */
  parameters: number;
  /** Further locals, numbered after the parameters: first those of i32, then those of v128. */
  numbers: number;
  vectors: number;
  body: readonly Code[];
}

const i32Type = 0x7f;
const v128Type = 0x7b;
const section = (id: number, content: Code): number[] => joined([[id], unsigned(content.length), content]);

/** A module with one memory of `pages` pages of 64 KiB, exported as `memory`, and functions that return nothing. */
const moduleOf = (funcs: readonly Func[], pages: number): Uint8Array<ArrayBuffer> => {
  const types = funcs.map(({ parameters }) => [
    0x60,
    ...vector(Array.from({ length: parameters }, () => [i32Type])),
    0,
  ]);
  const bodies = funcs.map(({ numbers, vectors, body }) => {
    const locals = vector([
      [...unsigned(numbers), i32Type],
      [...unsigned(vectors), v128Type],
    ]);
    const content = joined([locals, ...body, [0x0b]]);
    return joined([unsigned(content.length), content]);
  });
  const exported = [[...text('memory'), 2, 0], ...funcs.map(({ name }, at) => [...text(name), 0, ...unsigned(at)])];
  return new Uint8Array(
    joined([
      [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      section(1, vector(types)),
      section(3, vector(funcs.map((_, at) => unsigned(at)))),
      section(5, [1, 0, ...unsigned(pages)]),
      section(7, vector(exported)),
      section(10, vector(bodies)),
    ]),
  );
};

export interface Memory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}
export type Exports = { readonly memory: Memory } & Readonly<Record<string, (...numbers: number[]) => void>>;

/** What is used of the engine: neither the language's library nor Node's types describe it. */
interface Engine {
  Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  Instance: new (module: object) => { readonly exports: unknown };
}
const engine = (globalThis as unknown as { WebAssembly: Engine }).WebAssembly;

/** Compiles once; each call of what comes back makes an instance with a memory of its own. */
export const compile = (funcs: readonly Func[]): (() => Exports) => {
  const module = new engine.Module(moduleOf(funcs, 1));
  return () => new engine.Instance(module).exports as Exports;
};
