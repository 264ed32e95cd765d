/**
 * Loops over columns of 64 bits as WebAssembly, which multiplies and adds such numbers as the processor does and is compiled before its
 * first row: in TypeScript each would be an object until the compiler has caught up, and a party's process is over by then. The module is
 * put together here, byte by byte (WebAssembly Core 2.0, section 5).
 */

/** A piece of a column that fits the processor's cache; columns go through piece by piece. */
const pieceBytes = 1 << 17;
const slots = { out: 6, carried: 7, all: 8 };
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
const map = (value: Expression): number[] => loop([code.get, at, ...value, code.store, ...memory(slots.out)]);
const fold = (value: Expression, more: Expression = []): number[] =>
  loop([...of(i64.add, [code.get, sum], value), code.set, sum, ...more]);

const [a, b, c, d, e, f] = [0, 1, 2, 3, 4, 5].map(column) as [
  Expression,
  Expression,
  Expression,
  Expression,
  Expression,
  Expression,
];
/** x_i·y_i + x_i·y_{i+1} + x_{i+1}·y_i of x = (a, b) and y = (c, d). */
const product = of(i64.add, of(i64.mul, a, of(i64.add, c, d)), of(i64.mul, b, c));
const conjunction = of(i64.xor, of(i64.and, a, of(i64.xor, c, d)), of(i64.and, b, c));

const loops = {
  plus: map(of(i64.add, a, b)),
  minus: map(of(i64.sub, a, b)),
  xor: map(of(i64.xor, a, b)),
  product: map(of(i64.sub, of(i64.add, product, e), f)),
  conjunction: map(of(i64.xor, of(i64.xor, conjunction, e), f)),
  times: map(of(i64.mul, a, b)),
  total: fold(a),
  dot: fold(of(i64.mul, a, b)),
  running: fold(a, [code.get, at, code.get, sum, code.store, ...memory(slots.out)]),
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

/** Columns of one length; the last element of words may be half of one. `out` may be one of the inputs. Answers what was summed up. */
export const through = (name: Loop, inputs: readonly Columns[], out?: Columns): bigint => {
  const columns = inputs.map(bytesOf);
  const into = out && bytesOf(out);
  const { length } = columns[0]!;
  carried[0] = 0n;
  for (let from = 0; from < length; from += pieceBytes) {
    const until = Math.min(length, from + pieceBytes);
    for (let slot = 0; slot < columns.length; slot++) {
      held.set(columns[slot]!.subarray(from, until), slot * pieceBytes);
    }
    exported[name](until - from);
    into?.set(slotAt(slots.out).subarray(0, until - from), from);
  }
  return carried[0]!;
};
