/**
 * Replicated secret sharing among three, of whom no two collude (Araki, Furukawa, Lindell, Nof, Ohara, *High-Throughput Semi-Honest Secure
 * Three-Party Computation with an Honest Majority*, 2016). Every function is called by all three at once; the parts of each are told apart
 * by `mesh.place`. All that a party receives is masked by what it cannot draw.
 */
import { ComputeError } from '../problem.ts';
import { elementsOf, inverted, planeOf, planesOf, wordsFor, xor } from './bits.ts';
import { through } from './kernels.ts';
import { after, before, type Mesh, type Place } from './mesh.ts';
import {
  innerProduct,
  inverse,
  minus,
  negated,
  type Pair,
  picked,
  plus,
  products,
  ringBits,
  running,
  type Shared,
  type SharedBits,
  total,
} from './ring.ts';

/** Comparisons of more rows go one block after the other, in memory of one. */
const blockRows = 1 << 20;

const nought = (rows: number): BigUint64Array => new BigUint64Array(rows);

/** What `owner` alone knows: share `owner` is drawn with the party before, the next makes up the rest, the third is nought. */
const sharedBy = async <Column extends Uint32Array | BigUint64Array>(
  mesh: Mesh,
  owner: Place,
  none: Column,
  drawn: () => Column,
  masked: (mask: Column) => Column,
): Promise<Pair<Column>> => {
  if (mesh.place === owner) {
    const own = drawn();
    const next = masked(own);
    await mesh.sendColumn(after(owner), next);
    return { own, next };
  }
  if (mesh.place === before(owner)) return { own: none, next: drawn() };
  return { own: await mesh.receiveColumn(owner, none.slice() as Column), next: none };
};

/** `values` is given by the owner alone. */
export const share = (mesh: Mesh, owner: Place, rows: number, values?: BigUint64Array): Promise<Shared> =>
  sharedBy(
    mesh,
    owner,
    nought(rows),
    () => (mesh.place === owner ? mesh.own : mesh.next).elements(rows),
    (mask) => minus(values!, mask),
  );

export const shareBits = (mesh: Mesh, owner: Place, words: number, bits?: Uint32Array): Promise<SharedBits> =>
  sharedBy(
    mesh,
    owner,
    new Uint32Array(words),
    () => (mesh.place === owner ? mesh.own : mesh.next).words(words),
    (mask) => xor(bits!, mask),
  );

/** What the two parties that have share `index` both know, with no word between them. */
const sharedAt = <Column>(mesh: Mesh, index: Place, none: Column, known: () => Column): Pair<Column> => ({
  own: mesh.place === index ? known() : none,
  next: after(mesh.place) === index ? known() : none,
});

/** Each party's part, masked by shares of nought that nobody exchanges, goes to the party before. */
const reshare = async (
  mesh: Mesh,
  column: BigUint64Array,
  fill: (added: BigUint64Array, taken: BigUint64Array, from: number, into: BigUint64Array) => void,
): Promise<Shared> => {
  const [, next] = await Promise.all([
    mesh.sendColumn(before(mesh.place), column, (from, until) => {
      const rows = until - from;
      fill(mesh.own.elements(rows), mesh.next.elements(rows), from, column.subarray(from, until));
    }),
    mesh.receiveColumn(after(mesh.place), nought(column.length)),
  ]);
  return { own: column, next };
};

export const multiply = (mesh: Mesh, x: Shared, y: Shared): Promise<Shared> =>
  reshare(mesh, nought(x.own.length), (added, taken, from, into) => products(x, y, added, taken, from, into));

/** The sum of x·y over all rows: one element, however many rows. */
export const dot = (mesh: Mesh, x: Shared, y: Shared): Promise<Shared> =>
  reshare(mesh, nought(1), (added, taken, _, into) => into.set(minus(plus(innerProduct(x, y), added), taken)));

export const sum = (x: Shared): Shared => ({ own: total(x.own), next: total(x.next) });

export const and = async (mesh: Mesh, x: SharedBits, y: SharedBits): Promise<SharedBits> => {
  const own = new Uint32Array(x.own.length);
  const columns = [x.own, x.next, y.own, y.next];
  const [, next] = await Promise.all([
    mesh.sendColumn(before(mesh.place), own, (from, until) => {
      const masks = [mesh.own.words(until - from), mesh.next.words(until - from)];
      const parts = columns.map((one) => one.subarray(from, until));
      through('conjunction', [...parts, ...masks], own.subarray(from, until));
    }),
    mesh.receiveColumn(after(mesh.place), new Uint32Array(own.length)),
  ]);
  return { own, next };
};

const either = (x: SharedBits, y: SharedBits): SharedBits => ({ own: xor(x.own, y.own), next: xor(x.next, y.next) });

export const not = (mesh: Mesh, x: SharedBits): SharedBits => ({
  own: mesh.place === 0 ? inverted(x.own) : x.own,
  next: after(mesh.place) === 0 ? inverted(x.next) : x.next,
});

const part = (x: SharedBits, from: number, until: number): SharedBits => ({
  own: x.own.subarray(from, until),
  next: x.next.subarray(from, until),
});

const joined = (...all: Uint32Array[]): Uint32Array => {
  const out = new Uint32Array(all.reduce((length, one) => length + one.length, 0));
  let at = 0;
  for (const one of all) {
    out.set(one, at);
    at += one.length;
  }
  return out;
};
const together = (...all: SharedBits[]): SharedBits => ({
  own: joined(...all.map((one) => one.own)),
  next: joined(...all.map((one) => one.next)),
});

/**
 * A difference in planes of bits, as two numbers that add up to it: what party 0 knows of it (shares 0 and 1), and share 2, which the other
 * two know. `turned` takes the second with the other sign.
 */
const halvesOf = async (mesh: Mesh, difference: Shared, turned: boolean): Promise<[SharedBits, SharedBits]> => {
  const words = wordsFor(difference.own.length) * ringBits;
  const p = await shareBits(
    mesh,
    0,
    words,
    mesh.place === 0 ? planesOf(plus(difference.own, difference.next)) : undefined,
  );
  const share2 = mesh.place === 2 ? difference.own : difference.next;
  const q = sharedAt(mesh, 2, new Uint32Array(words), () => planesOf(turned ? negated(share2) : share2));
  return [p, q];
};

const blockOf = (x: Shared, from: number): Shared => ({
  own: x.own.subarray(from, from + blockRows),
  next: x.next.subarray(from, from + blockRows),
});

const differences = async (
  mesh: Mesh,
  x: Shared,
  y: Shared,
  look: (mesh: Mesh, difference: Shared) => Promise<SharedBits>,
): Promise<SharedBits> => {
  const found: SharedBits[] = [];
  for (let from = 0; from < x.own.length; from += blockRows) {
    const [a, b] = [blockOf(x, from), blockOf(y, from)];
    found.push(await look(mesh, { own: minus(a.own, b.own), next: minus(a.next, b.next) }));
  }
  return together(...found);
};

/**
 * The sign of a difference: place 63 of p + q is p ⊕ q ⊕ what is carried into it, and that comes from a tree over the places below, in
 * which a pair of neighbours carries if the upper one does, or passes on what the lower one carries. 186 bits a row, seven rounds.
 */
const negative = async (mesh: Mesh, difference: Shared): Promise<SharedBits> => {
  const words = wordsFor(difference.own.length);
  const [p, q] = await halvesOf(mesh, difference, false);
  const all = either(p, q);
  const top = planeOf(ringBits - 1) * words;
  let passes = part(all, 0, top);
  let carries = await and(mesh, part(p, 0, top), part(q, 0, top));
  for (let planes = ringBits - 1; planes > 1; ) {
    const half = (planes + 1) >> 1;
    const [low, from, pairs] = [half * words, half * words, (planes - half) * words];
    const upper = part(passes, from, from + pairs);
    const wantsPass = half > 1;
    const left = wantsPass ? together(upper, upper) : upper;
    const right = wantsPass ? together(part(carries, 0, pairs), part(passes, 0, pairs)) : part(carries, 0, pairs);
    const made = await and(mesh, left, right);
    const carried = either(part(carries, from, from + pairs), part(made, 0, pairs));
    // Only in the first step one is left without a neighbour.
    carries = together(carried, part(carries, pairs, low));
    passes = wantsPass ? together(part(made, pairs, pairs * 2), part(passes, pairs, low)) : passes;
    planes = half;
  }
  return either(part(all, top, top + words), carries);
};

/** p = −q where all places of both are the same: 63 bits a row, six rounds. */
const zero = async (mesh: Mesh, difference: Shared): Promise<SharedBits> => {
  const words = wordsFor(difference.own.length);
  const [p, q] = await halvesOf(mesh, difference, true);
  let same = not(mesh, either(p, q));
  for (let planes = ringBits / 2; planes >= 1; planes /= 2) {
    same = await and(mesh, part(same, 0, planes * words), part(same, planes * words, planes * words * 2));
  }
  return same;
};

/** x < y, of numbers between −2^62 and 2^62: their difference must keep its sign. */
export const less = (mesh: Mesh, x: Shared, y: Shared): Promise<SharedBits> => differences(mesh, x, y, negative);
export const equal = (mesh: Mesh, x: Shared, y: Shared): Promise<SharedBits> => differences(mesh, x, y, zero);

/** Shared bits as shared numbers 0 and 1: t = u + v − 2·u·v, where party 0 knows u and the other two v. */
export const numbersOf = async (mesh: Mesh, bits: SharedBits, rows: number): Promise<Shared> => {
  const known = mesh.place === 0 ? elementsOf(xor(bits.own, bits.next), rows) : undefined;
  const u = await share(mesh, 0, rows, known);
  const share2 = mesh.place === 2 ? bits.own : bits.next;
  const v = sharedAt(mesh, 2, nought(rows), () => elementsOf(share2, rows));
  const uv = await multiply(mesh, u, v);
  const side = (which: 'own' | 'next') => minus(plus(u[which], v[which]), plus(uv[which], uv[which]));
  return { own: side('own'), next: side('next') };
};

/** Tells one party what the shares add up to. Both others send what it lacks, so that a share which one of them changed shows. */
export const open = async (mesh: Mesh, x: Shared, to: Place): Promise<BigUint64Array | undefined> => {
  if (mesh.place !== to) {
    await mesh.sendColumn(to, mesh.place === after(to) ? x.next : x.own);
    return undefined;
  }
  const lacking = () => nought(x.own.length);
  const [one, other] = await Promise.all([
    mesh.receiveColumn(after(to), lacking()),
    mesh.receiveColumn(before(to), lacking()),
  ]);
  if (one.some((value, n) => value !== other[n])) {
    throw new ComputeError('compute.peerMalformed', 'two parties tell different shares of the result');
  }
  return plus(plus(x.own, x.next), one);
};

/** A column as two parts that add up to it, `owner`'s and the other owner's; the third party has neither. */
export const inTwo = (mesh: Mesh, x: Shared, owner: Place): BigUint64Array | undefined => {
  if (mesh.place === owner) return plus(x.own, x.next);
  if (mesh.place === 2) return undefined;
  return owner === 0 ? x.next : x.own;
};

export interface Segments {
  /** Rows in the order of the groups; rows of none come last. */
  order: Uint32Array;
  /** For each group, how many rows stand up to its end. */
  ends: Uint32Array;
}

/**
 * Sums by groups that `owner` alone knows, of columns in two parts, in two parts again. Nobody else learns which row is in which group, nor
 * how large one is: rows are put in order by a permutation of which the other owner and the third each see half, and that half is random;
 * running sums at the ends of groups are picked after a second one. The other owner learns the number of groups. 20 bytes a row and column.
 */
export const sumByGroup = async (
  mesh: Mesh,
  owner: Place,
  rows: number,
  columns: readonly (BigUint64Array | undefined)[],
  groupsMax: number,
  segments?: Segments,
): Promise<BigUint64Array[]> => {
  const other = (1 - owner) as Place;
  const [isOwner, isOther] = [mesh.place === owner, mesh.place === other];
  // First half: both owners draw it. Second half: what the owner's order needs beyond it.
  const drawn = mesh.place === 2 ? undefined : mesh.with(isOwner ? other : owner).permutation(rows);
  const rest = new Uint32Array(rows);
  if (isOwner) {
    const at = inverse(drawn!);
    for (let n = 0; n < rows; n++) rest[n] = at[segments!.order[n]!]!;
    await mesh.sendColumn(2, rest);
  } else if (mesh.place === 2) await mesh.receiveColumn(owner, rest);

  const sums: (BigUint64Array | undefined)[] = [];
  for (const column of columns) {
    if (isOther) {
      await mesh.sendColumn(2, minus(picked(column!, drawn!), mesh.with(owner).elements(rows)));
      sums.push(undefined);
    } else if (isOwner) {
      sums.push(running(picked(plus(picked(column!, drawn!), mesh.with(other).elements(rows)), rest)));
    } else sums.push(running(picked(await mesh.receiveColumn(other, nought(rows)), rest)));
  }

  const again = isOther ? undefined : mesh.with(isOwner ? 2 : owner).permutation(rows + 1);
  const wanted = isOther
    ? await receiveWanted(mesh, owner, rows, groupsMax)
    : isOwner
      ? wantedOf(segments!, again!)
      : undefined;
  if (isOwner) {
    const size = new Uint32Array([wanted!.length]);
    await mesh.sendColumn(other, size);
    await mesh.sendColumn(other, wanted!);
  }
  const found: BigUint64Array[] = [];
  for (const column of sums) {
    if (mesh.place === 2) {
      await mesh.sendColumn(other, minus(picked(column!, again!), mesh.with(owner).elements(rows + 1)));
      continue;
    }
    const mixed = isOwner
      ? plus(picked(column!, again!), mesh.with(2).elements(rows + 1))
      : await mesh.receiveColumn(2, nought(rows + 1));
    const ends = picked(mixed, wanted!);
    found.push(minus(ends.subarray(1), ends.subarray(0, -1)));
  }
  return found;
};

/** Where the running sums before the first group and at the end of each stand after the second permutation. */
const wantedOf = ({ ends }: Segments, again: Uint32Array): Uint32Array => {
  const at = inverse(again);
  return Uint32Array.from([0, ...ends], (end) => at[end]!);
};

const receiveWanted = async (mesh: Mesh, owner: Place, rows: number, groupsMax: number): Promise<Uint32Array> => {
  const [count] = await mesh.receiveColumn(owner, new Uint32Array(1));
  if (count! < 1 || count! > Math.min(rows, groupsMax) + 1) {
    throw new ComputeError('compute.sizeCap', `an owner has ${count! - 1} groups; at most ${groupsMax} are taken`);
  }
  const wanted = await mesh.receiveColumn(owner, new Uint32Array(count!));
  if (wanted.some((place) => place > rows)) {
    throw new ComputeError('compute.peerMalformed', 'a group ends behind the last row');
  }
  return wanted;
};
