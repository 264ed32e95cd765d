/** What a plan sums up, what an owner has of it row by row, and the answer that opened sums amount to. */
import { type Place, placeOf } from './mesh.ts';
import type { Name } from './names.ts';
import { type ColumnOf, decimalText, type Output, type Plan } from './plan.ts';
import { elementsFrom, halvesOf, signed } from './ring.ts';
import { columnMax, presentIn, requireSummable, type Table } from './table.ts';
import type { SharesTerms } from './terms.ts';

/** Numbers as decimal text; null where an average is of nothing. */
export interface Answer {
  columns: string[];
  rows: (string | null)[][];
  /** Groups that do not open because they have too few rows, where that is asked and is all that is. */
  withheld?: number;
}

/** Something that is summed up: a column's values, how many of them there are, or the rows themselves. */
export interface Target {
  key: string;
  owner: Place;
  of: 'sum' | 'count' | 'rows';
  name: string;
}
const keyOf = (of: Target['of'], { owner, name }: ColumnOf): string => `${of} ${owner} ${name}`;

/** Of a column by which groups may be put in order. */
export const keyOfOutput = (output: Output): string =>
  output.of === 'sum' || output.of === 'count' ? keyOf(output.of, output.column) : 'rows';

/** What each column of the result needs; an average needs two. */
export const targetsOf = (plan: Plan, rowsOf: Place): Target[] => {
  const targets = new Map<string, Target>();
  const rows: Target = { key: 'rows', owner: rowsOf, of: 'rows', name: '' };
  if (plan.atLeast) targets.set('rows', rows);
  const take = (of: Target['of'], column: ColumnOf): void => {
    const key = keyOf(of, column);
    targets.set(key, { key, owner: placeOf(column.owner), of, name: column.name });
  };
  for (const output of plan.outputs) {
    if (output.of === 'rows') targets.set('rows', rows);
    else if (output.of === 'avg') {
      take('sum', output.column);
      take('count', output.column);
    } else if (output.of !== 'group') take(output.of, output.column);
  }
  return [...targets.values()];
};

/** What the owner of a target has of it, row by row: nought where it leaves the row out. Throws `compute.overflow`. */
export const keptIn = (
  table: Table,
  selected: Uint8Array,
  { of, name }: Target,
  most: bigint = columnMax,
): BigUint64Array => {
  if (of === 'rows') return elementsFrom(selected);
  if (of === 'count') {
    const present = presentIn(table, name);
    return elementsFrom(selected.map((taken, row) => (taken === 1 && present(row) ? 1 : 0)));
  }
  const kept = table.numbers.get(name)!.values.slice();
  const halves = halvesOf(kept);
  for (let row = 0; row < kept.length; row++) if (selected[row] === 0) halves[row * 2] = halves[row * 2 + 1] = 0;
  requireSummable(kept, name, most);
  return kept;
};

/** Of opened sums, a column for each target and an element for each group; in the order of `ranks`, or of the groups' names. */
export const answerOf = (
  { plan, decimals }: Pick<SharesTerms, 'plan' | 'decimals'>,
  targets: readonly Target[],
  keys: readonly Name[],
  sums: readonly BigUint64Array[],
  ranks?: BigUint64Array,
): Answer => {
  const at = new Map(targets.map(({ key }, place) => [key, sums[place]!]));
  const value = (key: string, group: number): bigint => signed(at.get(key)![group]!);
  const cell = (output: Output, group: number): string | null => {
    if (output.of === 'group') return keys[group]![plan.groups!.columns.indexOf(output.column)]!;
    if (output.of === 'rows') return String(value('rows', group));
    if (output.of === 'avg') {
      return averageText(
        value(keyOf('sum', output.column), group),
        value(keyOf('count', output.column), group),
        decimals,
      );
    }
    const found = value(keyOf(output.of, output.column), group);
    return output.of === 'sum' ? decimalText(found, decimals) : String(found);
  };
  const order = keys.map((key, group) => ({ key: key.map((one) => one ?? '').join('\0'), group }));
  order.sort((a, b) =>
    ranks ? Number(ranks[a.group]! - ranks[b.group]!) : a.key < b.key ? -1 : a.key > b.key ? 1 : 0,
  );
  return {
    columns: plan.outputs.map(({ name }) => name),
    rows: order.map(({ group }) => plan.outputs.map((output) => cell(output, group))),
  };
};

/** Places after the point that an average has beyond its values’. */
const averageDecimals = 6;

/** Rounded half away from nought. */
export const averageText = (sum: bigint, count: bigint, decimals: number): string | null => {
  if (count === 0n) return null;
  const most = sum < 0n ? -sum : sum;
  const scaledSum = most * 10n ** BigInt(averageDecimals);
  const rounded = (scaledSum * 2n + count) / (count * 2n);
  return decimalText(sum < 0n ? -rounded : rounded, decimals + averageDecimals);
};
