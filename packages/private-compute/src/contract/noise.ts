/**
 * Noise under a computation contract. How much one entity weighs is bounded before anything is joined: of each data set at most so many
 * of its rows count, and what is summed up is clamped. Data sets are joined by their entities alone, so an entity of one is the same
 * one of all, and what it moves in the joined rows is at most the product of its rows. Groups are a list that the contract names.
 */
import { varianceFor } from '../noise/account.ts';
import type { Chance } from '../noise/chance.ts';
import { decimal, type Ratio, ratio, times, toNumber } from '../noise/ratio.ts';
import { discreteGaussian } from '../noise/samplers.ts';
import type { Joint, JointTable } from './joint.ts';

export interface Noise {
  /** Rows of one entity that count, for each data set. */
  rows: { table: string; rowsMax: number }[];
  /** Of each column that is summed up (`table.column`): whole numbers as text. What lies outside counts as the bound. */
  bounds: { column: string; lower: string; upper: string }[];
  /** The values of each grouped column that are told, whether anybody has them or not; others never are. */
  groups: { column: string; values: string[] }[];
  /** How a use ended is told that many seconds after it was reserved, or twice that, and so on. Left out of contracts before there was this. */
  answerSeconds?: number | undefined;
}

/** The first step that is not before `now`. Times in milliseconds. */
export const answerAt = (reserved: number, now: number, answerSeconds: number): number => {
  const step = answerSeconds * 1000;
  return reserved + step * Math.max(1, Math.ceil((now - reserved) / step));
};

export const noiseLimits = {
  rowsMax: 1000,
  /** Joined rows of one entity. */
  weightMax: 1_000_000,
  cellsMax: 1000,
  boundDigitsMax: 12,
} as const;

export type NoiseFault =
  | 'rhoMissing'
  | 'noiseMissing'
  | 'rows'
  | 'weight'
  | 'join'
  | 'average'
  | 'bounds'
  | 'groups'
  | 'cells';

const joinedRows = ({ rows }: Noise): number => rows.reduce((product, { rowsMax }) => product * rowsMax, 1);
const same = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && new Set(a).size === a.length && a.every((one) => b.includes(one));

/** What is wrong with noise for a query that has been looked at; undefined when nothing is. Pure. */
export const noiseFault = (
  noise: Noise | undefined,
  rho: string | null,
  joint: Joint,
  tables: readonly JointTable[],
): { fault: NoiseFault; path: string } | undefined => {
  if (rho === null) return noise && { fault: 'rhoMissing', path: 'release.rho' };
  if (!noise) return { fault: 'noiseMissing', path: 'noise' };
  if (decimal(rho).over <= 0n) return { fault: 'rhoMissing', path: 'release.rho' };
  const fault = (what: NoiseFault, path: string) => ({ fault: what, path: `noise.${path}` });
  const names = tables.map(({ name }) => name);
  if (
    !same(
      noise.rows.map(({ table }) => table),
      names,
    )
  )
    return fault('rows', 'rows');
  if (joinedRows(noise) > noiseLimits.weightMax) return fault('weight', 'rows');
  // An entity is one only where the keys are the entities themselves.
  const entities = tables.map(({ name, entity }) => `${name}.${entity}`);
  if (joint.joins.some(({ left, right }) => !entities.includes(left) || !entities.includes(right)))
    return { fault: 'join', path: 'query.sql' };
  if (joint.selected.some((one) => 'aggregate' in one && one.aggregate === 'avg'))
    return { fault: 'average', path: 'query.sql' };
  const summed = [
    ...new Set(joint.selected.flatMap((one) => ('aggregate' in one && one.aggregate === 'sum' ? [one.of] : []))),
  ];
  const typeOf = (column: string) =>
    tables
      .flatMap(({ name, columns }) => columns.map((one) => ({ ...one, full: `${name}.${one.name}` })))
      .find(({ full }) => full === column)?.type;
  const sound = noise.bounds.every(
    ({ column, lower, upper }) => typeOf(column) === 'integer' && BigInt(lower) <= BigInt(upper),
  );
  if (
    !sound ||
    !same(
      noise.bounds.map(({ column }) => column),
      summed,
    )
  )
    return fault('bounds', 'bounds');
  const selected = joint.selected.flatMap((one) => ('group' in one ? [one.group] : []));
  const listed = noise.groups.map(({ column }) => column);
  const plain = noise.groups.every(
    ({ column, values }) => typeOf(column) === 'string' && new Set(values).size === values.length,
  );
  if (!plain || !same(listed, joint.groups) || !same(selected, joint.groups)) return fault('groups', 'groups');
  if (cellsOf(noise) > noiseLimits.cellsMax) return fault('cells', 'groups');
  return undefined;
};

const cellsOf = ({ groups }: Noise): number => groups.reduce((product, { values }) => product * values.length, 1);

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
/** How the engine calls the data themselves; no data set of a contract can have such a name. */
export const unboundedName = (table: string): string => `_${table}`;

/**
 * The query over data sets that have been bounded: its own text, unchanged, with each name standing for what is left of the data. Values
 * go out as text, so that no whole number loses digits. `reads`: columns of each table that the query reads.
 */
export const boundedSql = (
  sql: string,
  noise: Noise,
  tables: readonly JointTable[],
  reads: Readonly<Record<string, readonly string[]>>,
  output: readonly { name: string }[],
): string => {
  const sets = tables.map(({ name, entity }) => {
    const columns = [...new Set([entity, ...(reads[name] ?? [])])];
    const shown = columns.map((column) =>
      clamped(
        column,
        noise.bounds.find((one) => one.column === `${name}.${column}`),
      ),
    );
    const { rowsMax } = noise.rows.find(({ table }) => table === name)!;
    // By its own rows and nobody else's.
    const own = `row_number() OVER (PARTITION BY ${quoted(entity)} ORDER BY ${columns.map(quoted).join(', ')})`;
    return `${quoted(name)} AS (SELECT ${shown.join(', ')} FROM ${quoted(unboundedName(name))} QUALIFY ${own} <= ${rowsMax})`;
  });
  const texts = output.map(({ name }) => `CAST(${quoted(name)} AS VARCHAR) AS ${quoted(name)}`);
  return `WITH ${sets.join(', ')} SELECT ${texts.join(', ')} FROM (${sql}) AS answer`;
};

const clamped = (column: string, bounds: Noise['bounds'][number] | undefined): string => {
  const name = quoted(column);
  if (!bounds) return name;
  const [lower, upper] = [BigInt(bounds.lower), BigInt(bounds.upper)];
  return `CASE WHEN ${name} < ${lower} THEN ${lower} WHEN ${name} > ${upper} THEN ${upper} ELSE ${name} END AS ${name}`;
};

const shareOf = (rho: string, { selected }: Pick<Joint, 'selected'>): Ratio =>
  times(decimal(rho), ratio(1n, BigInt(selected.filter((one) => 'aggregate' in one).length)));

const weightOf = (noise: Noise, one: { aggregate: string; of: string }): bigint => {
  const rows = BigInt(joinedRows(noise));
  if (one.aggregate !== 'sum') return rows;
  const { lower, upper } = noise.bounds.find(({ column }) => column === one.of)!;
  const [a, b] = [BigInt(lower), BigInt(upper)].map((bound) => (bound < 0n ? -bound : bound)) as [bigint, bigint];
  const most = a > b ? a : b;
  return rows * (most > 0n ? most : 1n);
};

/** Variance of each aggregate's noise; rho is shared equally among them. One entity moves one of them by its weight at most (L2). */
export const noiseVariances = (noise: Noise, rho: string, joint: Pick<Joint, 'selected'>): (Ratio | null)[] => {
  const share = shareOf(rho, joint);
  return joint.selected.map((one) => ('aggregate' in one ? varianceFor(weightOf(noise, one) ** 2n, share) : null));
};

/** Standard deviations for people; null for columns that are no aggregate. */
export const noiseDeviations = (noise: Noise, rho: string, joint: Pick<Joint, 'selected'>): (number | null)[] =>
  noiseVariances(noise, rho, joint).map((variance) => variance && Math.sqrt(toNumber(variance)));

const combinations = (lists: readonly (readonly string[])[]): string[][] =>
  lists.reduce<string[][]>((all, values) => all.flatMap((cell) => values.map((value) => [...cell, value])), [[]]);

/**
 * Every named group with noise on each of its values, in the contract's order; a group that nobody is in has noise alone. `rows` are what
 * the bounded query gave, as text. Whole numbers; they may be negative, and cutting them at 0 is the reader's affair.
 */
export const noisyRows = (
  noise: Noise,
  rho: string,
  joint: Pick<Joint, 'selected' | 'groups'>,
  rows: readonly (readonly (string | null)[])[],
  chance: Chance,
): (string | bigint)[][] => {
  const { selected, groups } = joint;
  const places = groups.map((group) => selected.findIndex((one) => 'group' in one && one.group === group));
  const keyOf = (cells: readonly (string | null)[]) => JSON.stringify(cells);
  const found = new Map(rows.map((row) => [keyOf(places.map((place) => row[place]!)), row]));
  const variances = noiseVariances(noise, rho, joint);
  const listed = groups.map((group) => noise.groups.find(({ column }) => column === group)!.values);
  return combinations(listed).map((cell) => {
    const exact = found.get(keyOf(cell));
    return selected.map((one, at) => {
      if ('group' in one) return cell[groups.indexOf(one.group)]!;
      return BigInt(exact?.[at] ?? '0') + discreteGaussian(chance, variances[at]!);
    });
  });
};
