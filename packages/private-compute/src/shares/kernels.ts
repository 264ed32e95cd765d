/**
 * Loops over columns of 64 bits as WebAssembly, which multiplies and adds such numbers as the processor does and is compiled before its
 * first row: in TypeScript each would be an object until the compiler has caught up, and a party's process is over by then. The module is
 * put together here, byte by byte (WebAssembly Core 2.0, section 5).
 */

/** A piece of a column that fits the processor's cache; columns go through piece by piece. */
const pieceBytes = 1 << 15;
const slots = { out: 16, second: 17, carried: 18, all: 20 };
const pageBytes = 1 << 16;

const type = { i64: 0x7e, i32: 0x7f } as const;
const code = {
  loop: 0x03,
  end: 0x0b,
  branchIf: 0x0d,
  get: 0x20,
  set: 0x21,
  tee: 0x22,
  load: 0x29,
  store: 0x37,
  i32: 0x41,
} as const;
const i32 = { less: 0x49, add: 0x6a } as const;
const i64 = { add: 0x7c, sub: 0x7d, mul: 0x7e, and: 0x83, xor: 0x85 } as const;

/** LEB128. */
const number = (value: number): number[] => (value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...number(value >>> 7)]);
const signedNumber = (value: number): number[] =>
  value < 0x40 ? [value] : [(value & 0x7f) | 0x80, ...signedNumber(value >>> 7)];
const counted = (parts: readonly (readonly number[])[]): number[] => [...number(parts.length), ...parts.flat()];
const sized = (bytes: readonly number[]): number[] => [...number(bytes.length), ...bytes];
const text = (value: string): number[] => sized([...Buffer.from(value)]);

type Expression = readonly number[];
const [count, at, sum] = [0, 1, 2];
const memory = (slot: number): number[] => [3, ...number(slot * pieceBytes)];
/** The element of a slot at which the loop stands. */
const column = (slot: number): Expression => [code.get, at, code.load, ...memory(slot)];
const of = (operation: number, left: Expression, right: Expression): Expression => [...left, ...right, operation];

/** For each element: `step` leaves nothing on the stack. What is summed up is carried from piece to piece in a slot of its own. */
const loop = (step: Expression): number[] => [
  ...[code.i32, 0, code.load, ...memory(slots.carried), code.set, sum],
  ...[code.loop, 0x40],
  ...step,
  ...[code.get, at, code.i32, ...signedNumber(8), i32.add, code.tee, at, code.get, count, i32.less, code.branchIf, 0],
  ...[code.end, code.i32, 0, code.get, sum, code.store, ...memory(slots.carried), code.end],
];
const store = (value: Expression, slot = slots.out): Expression => [
  ...[code.get, at],
  ...value,
  ...[code.store, ...memory(slot)],
];
const map = (value: Expression): number[] => loop(store(value));
const fold = (value: Expression, more: Expression = []): number[] =>
  loop([...of(i64.add, [code.get, sum], value), code.set, sum, ...more]);

const [a, b, c] = [column(0), column(1), column(2)];
const sumOf = (operation: number, first: Expression, ...more: readonly Expression[]): Expression =>
  more.reduce((all, one) => of(operation, all, one), first);
/** This party's part of a product: x_i·y_i + x_i·y_{i+1} + x_{i+1}·y_i, where x stands in the slots x and x + 1, and y likewise. */
const product = (x: number, y: number, [plus, times]: readonly [number, number]): Expression => {
  const [own, next] = [column(y), column(y + 1)];
  return of(plus, of(times, column(x), of(plus, own, next)), of(times, column(x + 1), own));
};
const both = (x: number, y: number): Expression => product(x, y, [i64.xor, i64.and]);
const either = (...all: readonly [Expression, ...Expression[]]): Expression => sumOf(i64.xor, ...all);
/** Of two places each, what x and y have at the odd one, the even one, and at both. */
const digit = { x: { odd: 0, even: 2, all: 4 }, y: { odd: 6, even: 8, all: 10 } };
const { x, y } = digit;
/** Of products that a dealer prepared: what is opened of one factor times a mask, and the other way round, and the product of masks. */
const triple = (d: number, other: number, e: number, mask: number, [plus, times]: readonly [number, number]) =>
  of(plus, of(times, column(d), column(other)), of(times, column(e), column(mask)));
const masked = (own: number, other: number): Expression => of(i64.xor, column(own), column(other));

/** Each names what its inputs are, two slots for a shared one; what masks the output comes last. */
const loops = {
  plus: map(of(i64.add, a, b)),
  minus: map(of(i64.sub, a, b)),
  xor: map(of(i64.xor, a, b)),
  and: map(of(i64.and, a, b)),
  /** x, y. */
  product: map(of(i64.sub, of(i64.add, product(0, 2, [i64.add, i64.mul]), column(4)), column(5))),
  /** x, y. */
  conjunction: map(either(both(0, 2), column(4), column(5))),
  /** Of x + y: what two places carry out, and whether they pass on what comes in. */
  digits: loop([
    ...store(either(both(x.odd, y.odd), both(x.all, y.even), both(x.even, y.all), column(12), column(13))),
    ...store(
      either(column(x.all), column(y.all), both(x.odd, y.even), both(x.even, y.odd), column(14), column(15)),
      slots.second,
    ),
  ]),
  /** Of a pair: whether the upper one passes on, what the lower one carries, whether that passes on, what the upper one carries. */
  pairs: loop([
    ...store(either(both(0, 2), column(6), column(7), column(8))),
    ...store(either(both(0, 4), column(9), column(10)), slots.second),
  ]),
  /** The same where one party knows u, and the other v: u and v at the odd place, the even one, at both; what is added to each. */
  known: loop([
    ...store(either(of(i64.and, a, column(3)), of(i64.and, c, column(4)), of(i64.and, b, column(5)), column(6))),
    ...store(either(of(i64.and, a, column(4)), of(i64.and, b, column(3)), column(7), column(8)), slots.second),
  ]),
  /** d, e, this party’s masks of e (with e itself at one of both) and of d, its part of the product of masks. */
  beaver: map(of(i64.xor, triple(0, 2, 1, 3, [i64.xor, i64.and]), column(4))),
  beaverProduct: map(of(i64.add, triple(0, 2, 1, 3, [i64.add, i64.mul]), column(4))),
  /** Two parties’ masks of each factor; one’s part of the product, which leaves the other’s. */
  triple: map(of(i64.xor, of(i64.and, masked(0, 1), masked(2, 3)), column(4))),
  tripleProduct: map(of(i64.sub, of(i64.mul, of(i64.add, a, b), of(i64.add, c, column(3))), column(4))),
  times: map(of(i64.mul, a, b)),
  /** Values, ones and noughts: values less twice what is kept of them; summed up, what is kept. */
  weigh: fold(of(i64.mul, a, b), store(of(i64.sub, of(i64.sub, a, of(i64.mul, a, of(i64.add, b, b))), c))),
  total: fold(a),
  dot: fold(of(i64.mul, a, b)),
  running: fold(a, store([code.get, sum])),
};
type Loop = keyof typeof loops;

const moduleBytes = (): Uint8Array<ArrayBuffer> => {
  const names = Object.keys(loops) as Loop[];
  const section = (id: number, parts: readonly (readonly number[])[]): number[] => [id, ...sized(counted(parts))];
  // Of each loop: an i32 of where to stop; then where it stands, and what is summed up.
  const bodies = names.map((name) =>
    sized([
      ...counted([
        [1, type.i32],
        [1, type.i64],
      ]),
      ...loops[name],
    ]),
  );
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [[0x60, 1, type.i32, 0]]),
    ...section(
      3,
      names.map(() => [0]),
    ),
    ...section(5, [[0, ...number((slots.all * pieceBytes) / pageBytes)]]),
    ...section(7, [[...text('memory'), 2, 0], ...names.map((name, n) => [...text(name), 0, n])]),
    ...section(10, bodies),
  ]);
};

/** What is used of it here: the types of Node leave it to those of browsers. */
declare const WebAssembly: {
  Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  Instance: new (module: object) => { exports: object };
};

const instance = new WebAssembly.Instance(new WebAssembly.Module(moduleBytes()));
const exported = instance.exports as Record<Loop, (bytes: number) => void> & { memory: { buffer: ArrayBuffer } };
const held = new Uint8Array(exported.memory.buffer);
const slotAt = (slot: number): Uint8Array => held.subarray(slot * pieceBytes, (slot + 1) * pieceBytes);
const carried = new BigUint64Array(exported.memory.buffer, slots.carried * pieceBytes, 1);

type Columns = BigUint64Array | Uint32Array;
const bytesOf = (column: Columns): Uint8Array => new Uint8Array(column.buffer, column.byteOffset, column.byteLength);

/** What gives other bytes each time: masks that are drawn as they are used, and kept nowhere. */
export interface Source {
  draw(bytes: number): Uint8Array;
}
const isSource = (one: Columns | Source): one is Source => 'draw' in one;

/**
 * Columns of one length, the first of them no source; the last element of words may be half of one. An output may be one of the inputs.
 * Answers what was summed up.
 */
export const through = (
  name: Loop,
  inputs: readonly [Columns, ...(Columns | Source)[]],
  outputs: readonly Columns[] = [],
): bigint => {
  const given = inputs.map((one) => (isSource(one) ? one : bytesOf(one)));
  const into = outputs.map(bytesOf);
  const length = inputs[0].byteLength;
  carried[0] = 0n;
  for (let from = 0; from < length; from += pieceBytes) {
    const until = Math.min(length, from + pieceBytes);
    for (let slot = 0; slot < given.length; slot++) {
      const one = given[slot]!;
      held.set('draw' in one ? one.draw(until - from) : one.subarray(from, until), slot * pieceBytes);
    }
    exported[name](until - from);
    for (let slot = 0; slot < into.length; slot++) {
      into[slot]!.set(slotAt(slots.out + slot).subarray(0, until - from), from);
    }
  }
  return carried[0]!;
};
