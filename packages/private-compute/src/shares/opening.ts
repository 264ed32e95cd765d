/** Opens of shared columns only what has enough rows, and of that only the first ones in order. */
import { type Arithmetic, difference, inOne, ranks, sumOf } from './arithmetic.ts';
import type { Place } from './mesh.ts';
import { negated } from './ring.ts';
import { valueMax } from './table.ts';

export interface Selected<Numbers> {
  /** Elements with fewer rows stay closed. */
  atLeast?: { rows: Numbers; least: number };
  /** Only so many open, in order of these numbers, which lie between −2^62 and 2^62. */
  top?: { by: Numbers; descending: boolean; count: number };
}

export interface Opened {
  open: boolean[];
  /** Nought where an element stays closed. */
  columns: BigUint64Array[];
  /** From 0 on, of those that open; where an order is asked for. */
  ranks?: BigUint64Array;
}

const constant = <Numbers, Bits>(on: Arithmetic<Numbers, Bits>, count: number, value: bigint): Numbers =>
  on.constant(new BigUint64Array(count).fill(BigInt.asUintN(64, value)));

/** Where each stands in order; what stays closed comes last. */
const ranksOf = async <Numbers, Bits>(
  on: Arithmetic<Numbers, Bits>,
  count: number,
  { by, descending }: NonNullable<Selected<Numbers>['top']>,
  enough: Bits | undefined,
): Promise<Numbers> => {
  let order = descending ? by : on.linear([by], ([part]) => negated(part!));
  if (enough !== undefined) {
    const last = constant(on, count, -valueMax);
    const above = await on.multiply(await on.numbersOf(enough, count), difference(on, order, last));
    order = sumOf(on, above, last);
  }
  return ranks(on, order, count);
};

/** All call this at once. Nothing but which elements open, and what of them opens, comes to anybody, and that to recipients alone. */
export const openSome = async <Numbers, Bits>(
  on: Arithmetic<Numbers, Bits>,
  columns: readonly Numbers[],
  count: number,
  { atLeast, top }: Selected<Numbers>,
  recipients: readonly Place[],
): Promise<Opened | undefined> => {
  const enough =
    atLeast && on.not(await on.negative(difference(on, atLeast.rows, constant(on, count, BigInt(atLeast.least)))));
  let taken = enough;
  let order: Numbers | undefined;
  if (top) {
    order = await ranksOf(on, count, top, enough);
    const first = await on.negative(difference(on, order, constant(on, count, BigInt(top.count))));
    taken = taken === undefined ? first : await on.and(taken, first);
  }
  if (taken === undefined) throw new Error('nothing says what opens');
  const flags = await on.numbersOf(taken, count);
  const all = [...columns, ...(order === undefined ? [] : [order])];
  const kept = await on.multiply(
    inOne(on, all),
    inOne(
      on,
      all.map(() => flags),
    ),
  );
  const whole = inOne(on, [kept, flags]);
  let opened: BigUint64Array | undefined;
  for (const to of recipients) opened = (await on.open(whole, to)) ?? opened;
  if (!opened) return undefined;
  const column = (at: number) => opened.subarray(at * count, (at + 1) * count);
  const told = all.map((_, at) => column(at));
  return {
    open: Array.from(column(all.length), (flag) => flag === 1n),
    columns: told.slice(0, columns.length),
    ...(order === undefined ? {} : { ranks: told.at(-1)! }),
  };
};
