/**
 * Replicated secret sharing among three, of whom no two collude (Araki, Furukawa, Lindell, Nof, Ohara, *High-Throughput Semi-Honest Secure
 * Three-Party Computation with an Honest Majority*, 2016). Every function is called by all three at once; the parts of each are told apart
 * by `mesh.place`. All that a party receives is masked by what it cannot draw.
 */
import { ComputeError } from '../problem.ts';
import { elementsOf, inverted, planeOf, planesOf, type Width, wordsFor, xor } from './bits.ts';
import { through } from './kernels.ts';
import { after, before, type Mesh, type Place } from './mesh.ts';
import {
  dot,
  inverse,
  minus,
  type Pair,
  picked,
  plus,
  products,
  ringBits,
  running,
  type Shared,
  type SharedBits,
  times,
  total,
} from './ring.ts';

/** Comparisons of more rows go one block after the other, in memory of one. */
const blockRows = 1 << 20;

const thirdOf = (one: Place, another: Place): Place => (3 - one - another) as Place;

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

/** Columns one behind the other. */
export const inOne = (all: readonly Shared[]): Shared => ({
  own: oneColumn(all.map((x) => x.own)),
  next: oneColumn(all.map((x) => x.next)),
});
const oneColumn = (all: readonly BigUint64Array[]): BigUint64Array => {
  const out = nought(all.reduce((length, one) => length + one.length, 0));
  let at = 0;
  for (const one of all) {
    out.set(one, at);
    at += one.length;
  }
  return out;
};

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

/** A column that one party knows; the others name whose it is. */
export interface Known {
  owner: Place;
  values?: BigUint64Array;
}

const planesBy = (
  mesh: Mesh,
  { owner, values }: Known,
  words: number,
  width: Width,
  turned: (values: BigUint64Array, width: Width) => Uint32Array = planesOf,
): Promise<SharedBits> => shareBits(mesh, owner, words * width, values && turned(values, width));

/**
 * What is carried out of the highest of so many planes: a tree in which a pair of neighbours carries if the upper one does, or passes on
 * what the lower one carries. Two bits for each place, and a round for each halving.
 */
const carried = async (
  mesh: Mesh,
  carriesOf: SharedBits,
  passesOf: SharedBits,
  count: number,
  words: number,
): Promise<SharedBits> => {
  let [carries, passes] = [carriesOf, passesOf];
  for (let planes = count; planes > 1; ) {
    const half = (planes + 1) >> 1;
    const [low, from, pairs] = [half * words, half * words, (planes - half) * words];
    const upper = part(passes, from, from + pairs);
    const wantsPass = half > 1;
    const left = wantsPass ? together(upper, upper) : upper;
    const right = wantsPass ? together(part(carries, 0, pairs), part(passes, 0, pairs)) : part(carries, 0, pairs);
    const made = await and(mesh, left, right);
    const above = either(part(carries, from, from + pairs), part(made, 0, pairs));
    // Of an odd number one is left without a neighbour.
    carries = together(above, part(carries, pairs, low));
    passes = wantsPass ? together(part(made, pairs, pairs * 2), part(passes, pairs, low)) : passes;
    planes = half;
  }
  return carries;
};

/** In blocks of rows, each in memory of one. */
const inBlocks = async (
  rows: number,
  look: (slice: (one: Known) => Known, words: number) => Promise<SharedBits>,
): Promise<SharedBits> => {
  const found: SharedBits[] = [];
  for (let from = 0; from < rows; from += blockRows) {
    const until = Math.min(rows, from + blockRows);
    const slice = ({ owner, values }: Known): Known => ({ owner, values: values?.subarray(from, until) });
    found.push(await look(slice, wordsFor(until - from)));
  }
  return together(...found);
};

/**
 * x < y of whole numbers that two parties know and that fit `width` bits: at a place where x has 0 and y 1 something is carried, and passed
 * on by places above where both have the same; at the highest place, the sign, it is the other way round. Three bits for each place.
 */
export const less = (mesh: Mesh, x: Known, y: Known, rows: number, width: Width): Promise<SharedBits> =>
  inBlocks(rows, async (slice, words) => {
    const p = await planesBy(mesh, slice(x), words, width, inOrder);
    const q = await planesBy(mesh, slice(y), words, width, inOrder);
    const absent = not(mesh, p);
    return carried(mesh, await and(mesh, absent, q), either(absent, q), width, words);
  });

/** With the other bit at the highest place, numbers are in order from the most negative on. */
const inOrder = (values: BigUint64Array, width: Width): Uint32Array => {
  const planes = planesOf(values, width);
  const words = wordsFor(values.length);
  const at = planeOf(width - 1, width) * words;
  planes.set(inverted(planes.subarray(at, at + words)), at);
  return planes;
};

/** x = y of numbers that two parties know: all places are the same. A bit for each place. */
export const equal = (mesh: Mesh, x: Known, y: Known, rows: number, width: Width): Promise<SharedBits> =>
  inBlocks(rows, async (slice, words) => {
    let same = not(
      mesh,
      either(await planesBy(mesh, slice(x), words, width), await planesBy(mesh, slice(y), words, width)),
    );
    for (let planes = width / 2; planes >= 1; planes /= 2) {
      same = await and(mesh, part(same, 0, planes * words), part(same, planes * words, planes * words * 2));
    }
    return same;
  });

/** x + y < 0, of two parties' parts of numbers whose sums lie between −2^63 and 2^63. */
export const negative = (mesh: Mesh, x: Known, y: Known, rows: number): Promise<SharedBits> =>
  inBlocks(rows, async (slice, words) => {
    const p = await planesBy(mesh, slice(x), words, ringBits);
    const q = await planesBy(mesh, slice(y), words, ringBits);
    const all = either(p, q);
    // The highest plane, the sign, gets what the 63 below carry.
    const top = planeOf(ringBits - 1) * words;
    const carries = await and(mesh, part(p, 0, top), part(q, 0, top));
    return either(part(all, top, top + words), await carried(mesh, carries, part(all, 0, top), ringBits - 1, words));
  });

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

/** A column as two parts that add up to it, `owner`’s and `other`’s; the third party has neither. */
export const inTwo = (mesh: Mesh, x: Shared, owner: Place, other: Place): BigUint64Array | undefined => {
  if (mesh.place === owner) return plus(x.own, x.next);
  if (mesh.place !== other) return undefined;
  return other === after(owner) ? x.next : x.own;
};

/** The way back. */
export const fromTwo = async (
  mesh: Mesh,
  owner: Place,
  other: Place,
  rows: number,
  own: BigUint64Array | undefined,
): Promise<Shared> => {
  const x = await share(mesh, owner, rows, mesh.place === owner ? own : undefined);
  const y = await share(mesh, other, rows, mesh.place === other ? own : undefined);
  return { own: plus(x.own, y.own), next: plus(x.next, y.next) };
};

/**
 * What `owner` has of its values where a bit is one, and what it would have more where it is not as the owner sees it: of shared bits the
 * owner knows two shares together, u, and both others know the third, v; value·bit is value·u + value·(1 − 2u)·v.
 */
const weighedBy = (bits: SharedBits, values: BigUint64Array): { kept: BigUint64Array; rest: BigUint64Array } => {
  const kept = times(values, elementsOf(xor(bits.own, bits.next), values.length));
  return { kept, rest: minus(values, plus(kept, kept)) };
};
const thirdShare = (mesh: Mesh, owner: Place, bits: SharedBits, rows: number): BigUint64Array =>
  elementsOf(mesh.place === after(owner) ? bits.next : bits.own, rows);

/** The sum of what `owner` knows over rows whose bit is one. 8 bytes a row, once. */
export const weighedSum = async (
  mesh: Mesh,
  owner: Place,
  bits: SharedBits,
  rows: number,
  values?: BigUint64Array,
): Promise<Shared> => {
  let own: BigUint64Array;
  if (mesh.place === owner) {
    const { kept, rest } = weighedBy(bits, values!);
    await mesh.sendColumn(before(owner), minus(rest, mesh.next.elements(rows)));
    own = total(kept);
  } else {
    const part = mesh.place === after(owner) ? mesh.own.elements(rows) : await mesh.receiveColumn(owner, nought(rows));
    own = dot(part, thirdShare(mesh, owner, bits, rows));
  }
  return reshare(mesh, nought(1), (added, taken, _, into) => into.set(minus(plus(own, added), taken)));
};

/** The same row by row, as parts of `owner` and `other`. 16 bytes a row. */
export const weighed = async (
  mesh: Mesh,
  owner: Place,
  other: Place,
  bits: SharedBits,
  rows: number,
  values?: BigUint64Array,
): Promise<BigUint64Array | undefined> => {
  const third = thirdOf(owner, other);
  if (mesh.place === owner) {
    const { kept, rest } = weighedBy(bits, values!);
    await mesh.sendColumn(third, minus(rest, mesh.with(other).elements(rows)));
    return plus(kept, mesh.with(third).elements(rows));
  }
  const v = thirdShare(mesh, owner, bits, rows);
  if (mesh.place === other) {
    const own = times(mesh.with(owner).elements(rows), v);
    return plus(own, await mesh.receiveColumn(third, nought(rows)));
  }
  const part = times(await mesh.receiveColumn(owner, nought(rows)), v);
  await mesh.sendColumn(other, minus(part, mesh.with(owner).elements(rows)));
  return undefined;
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
  other: Place,
  rows: number,
  columns: readonly (BigUint64Array | undefined)[],
  groupsMax: number,
  segments?: Segments,
): Promise<BigUint64Array[]> => {
  const third = thirdOf(owner, other);
  const [isOwner, isOther] = [mesh.place === owner, mesh.place === other];
  // First half: both owners draw it. Second half: what the owner's order needs beyond it.
  const drawn = mesh.place === third ? undefined : mesh.with(isOwner ? other : owner).permutation(rows);
  const rest = new Uint32Array(rows);
  if (isOwner) {
    const at = inverse(drawn!);
    for (let n = 0; n < rows; n++) rest[n] = at[segments!.order[n]!]!;
    await mesh.sendColumn(third, rest);
  } else if (mesh.place === third) await mesh.receiveColumn(owner, rest);

  const sums: (BigUint64Array | undefined)[] = [];
  for (const column of columns) {
    if (isOther) {
      await mesh.sendColumn(third, minus(picked(column!, drawn!), mesh.with(owner).elements(rows)));
      sums.push(undefined);
    } else if (isOwner) {
      sums.push(running(picked(plus(picked(column!, drawn!), mesh.with(other).elements(rows)), rest)));
    } else sums.push(running(picked(await mesh.receiveColumn(other, nought(rows)), rest)));
  }

  const again = isOther ? undefined : mesh.with(isOwner ? third : owner).permutation(rows + 1);
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
    if (mesh.place === third) {
      await mesh.sendColumn(other, minus(picked(column!, again!), mesh.with(owner).elements(rows + 1)));
      continue;
    }
    const mixed = isOwner
      ? plus(picked(column!, again!), mesh.with(third).elements(rows + 1))
      : await mesh.receiveColumn(third, nought(rows + 1));
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

/**
 * For each of a few numbers between −2^62 and 2^62, in two parts, how many come before it in descending order; of equal ones the earlier
 * does. All pairs are compared, so that what is compared tells nothing.
 */
export const ranks = async (mesh: Mesh, x: Known, y: Known, count: number): Promise<Shared> => {
  const pairs = (count * (count - 1)) / 2;
  const differences = (of: BigUint64Array | undefined): BigUint64Array | undefined => {
    if (!of) return undefined;
    const out = nought(pairs);
    let at = 0;
    for (let n = 0; n < count; n++) for (let m = n + 1; m < count; m++) out[at++] = of[n]! - of[m]!;
    return out;
  };
  const behind = await negative(
    mesh,
    { owner: x.owner, values: differences(x.values) },
    { owner: y.owner, values: differences(y.values) },
    pairs,
  );
  const swapped = await numbersOf(mesh, behind, pairs);
  const added = (column: BigUint64Array, base: boolean): BigUint64Array => {
    const out = nought(count);
    let at = 0;
    for (let n = 0; n < count; n++) {
      // Whoever stands earlier comes before, unless it is less.
      if (base) out[n]! += BigInt(n);
      for (let m = n + 1; m < count; m++) {
        out[n]! += column[at]!;
        out[m]! -= column[at++]!;
      }
    }
    return out;
  };
  return { own: added(swapped.own, mesh.place === 0), next: added(swapped.next, after(mesh.place) === 0) };
};
