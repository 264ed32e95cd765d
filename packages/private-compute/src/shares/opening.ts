/** Opens of shared columns only what has enough rows, and of that only the first ones in order. */
import type { Mesh, Place } from './mesh.ts';
import * as protocol from './protocol.ts';
import { minus, negated, plus, type Shared, type SharedBits } from './ring.ts';
import { valueMax } from './table.ts';

export interface Selected {
  /** Elements with fewer rows stay closed. */
  atLeast?: { rows: Shared; least: number };
  /** Only so many open, in order of these numbers, which lie between −2^62 and 2^62. */
  top?: { by: Shared; descending: boolean; count: number };
}

export interface Opened {
  open: boolean[];
  /** Nought where an element stays closed. */
  columns: BigUint64Array[];
  /** From 0 on, of those that open; where an order is asked for. */
  ranks?: BigUint64Array;
}

/** The parties whose two parts are compared; the third has none. */
const [one, another]: [Place, Place] = [0, 1];

const constant = (mesh: Mesh, count: number, value: bigint): Shared => {
  const column = () => new BigUint64Array(count);
  return {
    own: mesh.place === 0 ? column().fill(BigInt.asUintN(64, value)) : column(),
    next: mesh.place === 2 ? column().fill(BigInt.asUintN(64, value)) : column(),
  };
};
const sumOf = (x: Shared, y: Shared): Shared => ({ own: plus(x.own, y.own), next: plus(x.next, y.next) });
const difference = (x: Shared, y: Shared): Shared => ({ own: minus(x.own, y.own), next: minus(x.next, y.next) });

const knownIn = (mesh: Mesh, x: Shared): [protocol.Known, protocol.Known] => {
  const part = protocol.inTwo(mesh, x, one, another);
  const values = (owner: Place) => (mesh.place === owner ? part : undefined);
  return [
    { owner: one, values: values(one) },
    { owner: another, values: values(another) },
  ];
};

const isNegative = (mesh: Mesh, x: Shared): Promise<SharedBits> =>
  protocol.negative(mesh, ...knownIn(mesh, x), x.own.length);

/** Where each stands in order; what stays closed comes last. */
const ranksOf = async (
  mesh: Mesh,
  { by, descending }: NonNullable<Selected['top']>,
  enough: SharedBits | undefined,
): Promise<Shared> => {
  const count = by.own.length;
  let order: Shared = descending ? by : { own: negated(by.own), next: negated(by.next) };
  if (enough) {
    const last = constant(mesh, count, -valueMax);
    const above = await protocol.multiply(mesh, await protocol.numbersOf(mesh, enough, count), difference(order, last));
    order = sumOf(above, last);
  }
  return protocol.ranks(mesh, ...knownIn(mesh, order), count);
};

/** All three call this at once. Nothing but which elements open, and what of them opens, comes to anybody, and that to recipients alone. */
export const openSome = async (
  mesh: Mesh,
  columns: readonly Shared[],
  count: number,
  { atLeast, top }: Selected,
  recipients: readonly Place[],
): Promise<Opened | undefined> => {
  const enough =
    atLeast &&
    protocol.not(mesh, await isNegative(mesh, difference(atLeast.rows, constant(mesh, count, BigInt(atLeast.least)))));
  let taken = enough;
  let ranks: Shared | undefined;
  if (top) {
    ranks = await ranksOf(mesh, top, enough);
    const first = await isNegative(mesh, difference(ranks, constant(mesh, count, BigInt(top.count))));
    taken = taken ? await protocol.and(mesh, taken, first) : first;
  }
  if (!taken) throw new Error('nothing says what opens');
  const flags = await protocol.numbersOf(mesh, taken, count);
  const all = [...columns, ...(ranks ? [ranks] : [])];
  const kept = await protocol.multiply(mesh, protocol.inOne(all), protocol.inOne(all.map(() => flags)));
  const whole = protocol.inOne([kept, flags]);
  let opened: BigUint64Array | undefined;
  for (const to of recipients) opened = (await protocol.open(mesh, whole, to)) ?? opened;
  if (!opened) return undefined;
  const column = (at: number) => opened.subarray(at * count, (at + 1) * count);
  const told = all.map((_, at) => column(at));
  return {
    open: Array.from(column(all.length), (flag) => flag === 1n),
    columns: told.slice(0, columns.length),
    ...(ranks ? { ranks: told.at(-1)! } : {}),
  };
};
