/**
 * Replicated secret sharing among three, of whom no two collude (Araki, Furukawa, Lindell, Nof, Ohara, *High-Throughput Semi-Honest Secure
 * Three-Party Computation with an Honest Majority*, 2016). Every function is called by all three at once; the parts of each are told apart
 * by `mesh.place`. All that a party receives is masked by what it cannot draw.
 */
import { ComputeError } from '../problem.ts';
import type { Arithmetic, Known, Segments } from './arithmetic.ts';
import { elementsOf, inverted, planesOf, type Width, xor } from './bits.ts';
import { digitsOf, inBlocks, joinedBits, planesToCompare, signAndRest } from './comparing.ts';
import { type Source, through } from './kernels.ts';
import { after, before, type Mesh, type Place } from './mesh.ts';
import {
  minus,
  type Pair,
  picked,
  placed,
  plus,
  products,
  ringBits,
  running,
  type Shared,
  type SharedBits,
  total,
  totalsAt,
} from './ring.ts';

const thirdOf = (one: Place, another: Place): Place => (3 - one - another) as Place;

const nought = (rows: number): BigUint64Array => new BigUint64Array(rows);

/** What `owner` alone knows: share `owner` is drawn with the party before, the next makes up the rest, the third is nought. */
const sharedBy = async <Column extends Uint32Array | BigUint64Array>(
  mesh: Mesh,
  owner: Place,
  none: Column,
  drawn: () => Column,
  by: 'minus' | 'xor',
  values: Column | undefined,
): Promise<Pair<Column>> => {
  if (mesh.place === owner) {
    const own = drawn();
    await mesh.sendColumn(after(owner), none, (from, until) => {
      through(by, [values!.subarray(from, until), own.subarray(from, until)], [none.subarray(from, until)]);
    });
    return { own, next: none };
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
    'minus',
    values,
  );

export const shareBits = (mesh: Mesh, owner: Place, words: number, bits?: Uint32Array): Promise<SharedBits> =>
  sharedBy(
    mesh,
    owner,
    new Uint32Array(words),
    () => (mesh.place === owner ? mesh.own : mesh.next).words(words),
    'xor',
    bits,
  );

/** What is known to two parties, or one: both share at once where they are two, which then have a link of their own each. */
const bothShared = async (
  mesh: Mesh,
  owners: readonly [Place, Place],
  words: number,
  bits: readonly [Uint32Array | undefined, Uint32Array | undefined],
): Promise<[SharedBits, SharedBits]> => {
  const one = shareBits(mesh, owners[0], words, bits[0]);
  if (owners[0] === owners[1]) await one;
  return Promise.all([one, shareBits(mesh, owners[1], words, bits[1])]);
};

/** What the two parties that have share `index` both know, with no word between them. */
const sharedAt = <Column>(mesh: Mesh, index: Place, none: Column, known: () => Column): Pair<Column> => ({
  own: mesh.place === index ? known() : none,
  next: after(mesh.place) === index ? known() : none,
});

/** Each party's part, masked by shares of nought that nobody exchanges, goes to the party before. */
const reshare = async (
  mesh: Mesh,
  column: BigUint64Array,
  fill: (added: Source, taken: Source, from: number, into: BigUint64Array) => void,
): Promise<Shared> => {
  const [next] = await mesh.passOn([column], (from, until) => {
    fill(mesh.own, mesh.next, from, column.subarray(from, until));
  });
  return { own: column, next: next! };
};

export const multiply = (mesh: Mesh, x: Shared, y: Shared): Promise<Shared> =>
  reshare(mesh, nought(x.own.length), (added, taken, from, into) => products(x, y, added, taken, from, into));

export const sum = (x: Shared): Shared => ({ own: total(x.own), next: total(x.next) });

export const and = async (mesh: Mesh, x: SharedBits, y: SharedBits): Promise<SharedBits> => {
  const own = new Uint32Array(x.own.length);
  const [next] = await mesh.passOn([own], (from, until) => {
    const [x0, x1, y0, y1, into] = rowsOf(from, until, x.own, x.next, y.own, y.next, own);
    through('conjunction', [x0!, x1!, y0!, y1!, mesh.own, mesh.next], [into!]);
  });
  return { own, next: next! };
};

const rowsOf = (from: number, until: number, ...columns: Uint32Array[]): Uint32Array[] =>
  columns.map((one) => one.subarray(from, until));

const either = (x: SharedBits, y: SharedBits): SharedBits => ({ own: xor(x.own, y.own), next: xor(x.next, y.next) });

export const not = (mesh: Mesh, x: SharedBits): SharedBits => ({
  own: mesh.place === 0 ? inverted(x.own) : x.own,
  next: after(mesh.place) === 0 ? inverted(x.next) : x.next,
});

const part = (x: SharedBits, from: number, until: number): SharedBits => ({
  own: x.own.subarray(from, until),
  next: x.next.subarray(from, until),
});

const together = (...all: readonly SharedBits[]): SharedBits => ({
  own: joinedBits(...all.map((one) => one.own)),
  next: joinedBits(...all.map((one) => one.next)),
});

/** What carries, and what passes on what comes in. */
interface Carries {
  carries: SharedBits;
  passes: SharedBits;
}

/**
 * What is carried out of the highest place of x + y, where two parties know the planes of x and y. Of each two neighbouring places that is
 * a sum of products of what one party knows with what the other knows, one message for each; from there on it is a tree: a pair carries if
 * the upper one does, or passes on what the lower one carries. A round for each halving, two bits for each pair.
 */
const carryOf = async (
  mesh: Mesh,
  owners: readonly [Place, Place],
  planes: readonly [Uint32Array | undefined, Uint32Array | undefined],
  words: number,
  width: Width,
): Promise<SharedBits> => {
  const length = (width / 2) * words;
  const known = [planes[0] && digitsOf(planes[0]), planes[1] && digitsOf(planes[1])] as const;
  const [x, y] = await bothShared(mesh, owners, length * 3, known);
  const digits = (of: SharedBits, from: number, until: number) =>
    [0, 1, 2].flatMap((kind) => {
      const { own, next } = part(of, kind * length + from, kind * length + until);
      return [own, next];
    });
  let found = await carried(mesh, length, (from, until, into) => {
    const inputs = [...digits(x, from, until), ...digits(y, from, until)] as [Uint32Array, ...Uint32Array[]];
    through('digits', [...inputs, mesh.own, mesh.next, mesh.own, mesh.next], into);
  });
  for (let planesLeft = width / 2; planesLeft > 2; planesLeft /= 2) found = await paired(mesh, found);
  return top(mesh, found);
};

const carried = async (
  mesh: Mesh,
  length: number,
  fill: (from: number, until: number, into: [Uint32Array, Uint32Array]) => void,
): Promise<Carries> => {
  const [carries, passes] = [new Uint32Array(length), new Uint32Array(length)];
  const [nextCarries, nextPasses] = await mesh.passOn([carries, passes], (from, until) => {
    fill(from, until, [carries.subarray(from, until), passes.subarray(from, until)]);
  });
  return { carries: { own: carries, next: nextCarries! }, passes: { own: passes, next: nextPasses! } };
};

/** Of twice as many places, the upper ones of pairs behind all lower ones. */
const paired = (mesh: Mesh, { carries, passes }: Carries): Promise<Carries> => {
  const half = carries.own.length / 2;
  return carried(mesh, half, (from, until, into) => {
    const [lower, upper] = [part(carries, from, until), part(carries, half + from, half + until)];
    const [low, high] = [part(passes, from, until), part(passes, half + from, half + until)];
    const inputs = [high.own, high.next, lower.own, lower.next, low.own, low.next, upper.own] as const;
    through('pairs', [...inputs, mesh.own, mesh.next, mesh.own, mesh.next], into);
  });
};

/** Of the last pair. */
const top = async (mesh: Mesh, { carries, passes }: Carries): Promise<SharedBits> => {
  const half = carries.own.length / 2;
  const upper = part(carries, half, half * 2);
  return either(upper, await and(mesh, part(passes, half, half * 2), part(carries, 0, half)));
};

/** x < y of whole numbers that two parties know: what x + y carries is the sign, the other way round. Three bits for each place. */
export const less = async (mesh: Mesh, x: Known, y: Known, rows: number, width: Width): Promise<SharedBits> =>
  together(
    ...(await inBlocks(rows, (slice, words) =>
      carryOf(mesh, [x.owner, y.owner], planesToCompare(slice(x), slice(y), width), words, width),
    )),
  );

/** x = y of numbers that two parties know: all places are the same. A bit for each place. */
export const equal = async (mesh: Mesh, x: Known, y: Known, rows: number, width: Width): Promise<SharedBits> =>
  together(
    ...(await inBlocks(rows, async (slice, words) => {
      const planes = [x, y].map((one) => slice(one).values).map((values) => values && planesOf(values, width));
      const [p, q] = await bothShared(mesh, [x.owner, y.owner], words * width, [planes[0], planes[1]]);
      let same = not(mesh, either(p, q));
      for (let left = width / 2; left >= 1; left /= 2) {
        same = await and(mesh, part(same, 0, left * words), part(same, left * words, left * words * 2));
      }
      return same;
    })),
  );

/** x + y < 0, of two parties' parts of numbers whose sums lie between −2^63 and 2^63: the signs, and what the 63 places below carry. */
export const negative = async (mesh: Mesh, x: Known, y: Known, rows: number): Promise<SharedBits> =>
  together(
    ...(await inBlocks(rows, async (slice, words) => {
      const owners = [x.owner, y.owner] as const;
      const [p, q] = [slice(x).values, slice(y).values].map(
        (values, side) => values && signAndRest(values, side === 0),
      );
      const signs = await bothShared(mesh, owners, words, [p?.sign, q?.sign]);
      return either(either(...signs), await carryOf(mesh, owners, [p?.planes, q?.planes], words, ringBits));
    })),
  );

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
 * Of shared bits the owner of values knows two shares together, u, and both others know the third, v; value·bit is value·u +
 * value·(1 − 2u)·v. So the owner keeps value·u and hands out the rest, value·(1 − 2u), masked.
 */
const ownShares = (bits: SharedBits, rows: number): BigUint64Array => elementsOf(xor(bits.own, bits.next), rows);
const thirdShare = (mesh: Mesh, owner: Place, bits: SharedBits, rows: number): BigUint64Array =>
  elementsOf(mesh.place === after(owner) ? bits.next : bits.own, rows);

/** Sends the rest; the sum of what is kept comes back. */
export const handOut = async (
  mesh: Pick<Mesh, 'sendColumn'>,
  to: Place,
  mask: Source | BigUint64Array,
  values: BigUint64Array,
  kept: BigUint64Array,
): Promise<bigint> => {
  const rest = nought(values.length);
  let whole = 0n;
  await mesh.sendColumn(to, rest, (from, until) => {
    const rows = [values, kept].map((one) => one.subarray(from, until)) as [BigUint64Array, BigUint64Array];
    const taken = 'draw' in mask ? mask : mask.subarray(from, until);
    whole += through('weigh', [...rows, taken], [rest.subarray(from, until)]);
  });
  return BigInt.asUintN(ringBits, whole);
};

/** The sum of what `owner` knows over rows whose bit is one. 8 bytes a row, once. */
export const weighedSum = async (
  mesh: Mesh,
  owner: Place,
  bits: SharedBits,
  rows: number,
  values?: BigUint64Array,
): Promise<Shared> => {
  let own: bigint;
  if (mesh.place === owner) own = await handOut(mesh, before(owner), mesh.next, values!, ownShares(bits, rows));
  else {
    const v = thirdShare(mesh, owner, bits, rows);
    if (mesh.place === after(owner)) own = through('dot', [v, mesh.own]);
    else {
      own = 0n;
      const rest = nought(rows);
      await mesh.receiveColumn(owner, rest, (from, until) => {
        own += through('dot', [v.subarray(from, until), rest.subarray(from, until)]);
      });
    }
  }
  const part = BigUint64Array.of(BigInt.asUintN(ringBits, own));
  return reshare(mesh, nought(1), (added, taken, _, into) => {
    through('plus', [part, added], [into]);
    through('minus', [into, taken], [into]);
  });
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
  const out = nought(rows);
  if (mesh.place === owner) {
    const kept = ownShares(bits, rows);
    await handOut(mesh, third, mesh.with(other), values!, kept);
    through('times', [values!, kept], [out]);
    through('plus', [out, mesh.with(third)], [out]);
    return out;
  }
  const v = thirdShare(mesh, owner, bits, rows);
  if (mesh.place === other) {
    through('times', [v, mesh.with(owner)], [v]);
    await mesh.receiveColumn(third, out, (from, until) => {
      const into = out.subarray(from, until);
      through('plus', [into, v.subarray(from, until)], [into]);
    });
    return out;
  }
  await mesh.receiveColumn(owner, out, (from, until) => {
    const into = out.subarray(from, until);
    through('times', [into, v.subarray(from, until)], [into]);
  });
  await mesh.sendColumn(other, out, masked(out, mesh.with(owner)));
  return undefined;
};

/** Takes masks from what is about to leave. */
const masked =
  (column: BigUint64Array, mask: Source) =>
  (from: number, until: number): void => {
    const into = column.subarray(from, until);
    through('minus', [into, mask], [into]);
  };

/**
 * Sums by groups that `owner` alone knows, of columns in two parts, in two parts again; a part that is left out is nought. Nobody else
 * learns which row is in which group, nor how large one is: rows are put in order by a permutation of which the other owner and the third
 * each see half, and that half is random; running sums are mixed by a second one, after which those at the ends of groups are picked. The
 * other owner learns the number of groups. 20 bytes a row and column.
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
  if (mesh.place === owner) return groupsAtOwner(mesh, other, third, rows, columns, segments!);
  return mesh.place === other
    ? groupsAtOther(mesh, owner, third, rows, columns, groupsMax)
    : groupsAtThird(mesh, owner, other, rows, columns.length);
};

const groupsAtOwner = async (
  mesh: Mesh,
  other: Place,
  third: Place,
  rows: number,
  columns: readonly (BigUint64Array | undefined)[],
  { order, ends }: Segments,
): Promise<BigUint64Array[]> => {
  // First half: both owners draw it. Second half: what the order needs beyond it.
  const drawn = mesh.with(other).permutation(rows);
  const rest = new Uint32Array(rows);
  for (let n = 0; n < rows; n++) rest[n] = drawn[order[n]!]!;
  await mesh.sendColumn(third, rest);
  const sums = columns.map((column) => {
    const mask = totalsAt(mesh.with(other).elements(rows), rest, ends);
    return column ? plus(mask, totalsAt(column, order, ends)) : mask;
  });
  const again = mesh.with(third).permutation(rows + 1);
  const wanted = Uint32Array.from([0, ...ends], (end) => again[end]!);
  await sendWanted(mesh, other, wanted);
  return sums.map((one) => plus(one, differences(picked(mesh.with(third).elements(rows + 1), wanted))));
};

const groupsAtOther = async (
  mesh: Mesh,
  owner: Place,
  third: Place,
  rows: number,
  columns: readonly (BigUint64Array | undefined)[],
  groupsMax: number,
): Promise<BigUint64Array[]> => {
  const drawn = mesh.with(owner).permutation(rows);
  for (const column of columns) {
    const mixed = placed(column ?? nought(rows), drawn);
    await mesh.sendColumn(third, mixed, masked(mixed, mesh.with(owner)));
  }
  const wanted = await receiveWanted(mesh, owner, rows, groupsMax);
  const found: BigUint64Array[] = [];
  for (const _ of columns) found.push(differences(picked(await mesh.receiveColumn(third, nought(rows + 1)), wanted)));
  return found;
};

const groupsAtThird = async (
  mesh: Mesh,
  owner: Place,
  other: Place,
  rows: number,
  columns: number,
): Promise<BigUint64Array[]> => {
  const again = mesh.with(owner).permutation(rows + 1);
  const rest = await mesh.receiveColumn(owner, new Uint32Array(rows));
  const sums: BigUint64Array[] = [];
  for (let n = 0; n < columns; n++)
    sums.push(placed(running(await mesh.receiveColumn(other, nought(rows)), rest), again));
  // Only now: the other reads nothing before it has sent all of its columns.
  for (const one of sums) await mesh.sendColumn(other, one, masked(one, mesh.with(owner)));
  return [];
};

export const differences = (sums: BigUint64Array): BigUint64Array => minus(sums.subarray(1), sums.subarray(0, -1));

export const sendWanted = async (mesh: Pick<Mesh, 'sendColumn'>, to: Place, wanted: Uint32Array): Promise<void> => {
  await mesh.sendColumn(to, new Uint32Array([wanted.length]));
  await mesh.sendColumn(to, wanted);
};

export const receiveWanted = async (
  mesh: Pick<Mesh, 'receiveColumn'>,
  owner: Place,
  rows: number,
  groupsMax: number,
): Promise<Uint32Array> => {
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

/** Parts of parties 0 and 1 are compared; the third has none. */
const knownIn = (mesh: Mesh, x: Shared): [Known, Known] => {
  const part = inTwo(mesh, x, 0, 1);
  const known = (owner: Place): Known => ({ owner, values: mesh.place === owner ? part : undefined });
  return [known(0), known(1)];
};

export const replicated = (mesh: Mesh): Arithmetic<Shared, SharedBits> => ({
  wires: mesh,
  linear: (all, map) => ({ own: map(all.map((x) => x.own)), next: map(all.map((x) => x.next)) }),
  constant: (column) => sharedAt(mesh, 0, nought(column.length), () => column),
  not: (bits) => not(mesh, bits),
  share: (owner, rows, values) => share(mesh, owner, rows, values),
  shareBits: (owner, words, bits) => shareBits(mesh, owner, words, bits),
  fromTwo: (owner, other, rows, own) => fromTwo(mesh, owner, other, rows, own),
  and: (x, y) => and(mesh, x, y),
  less: (x, y, rows, width) => less(mesh, x, y, rows, width),
  equal: (x, y, rows, width) => equal(mesh, x, y, rows, width),
  negative: (x) => negative(mesh, ...knownIn(mesh, x), x.own.length),
  numbersOf: (bits, rows) => numbersOf(mesh, bits, rows),
  multiply: (x, y) => multiply(mesh, x, y),
  weighedSum: (owner, bits, rows, values) => weighedSum(mesh, owner, bits, rows, values),
  weighed: (owner, other, bits, rows, values) => weighed(mesh, owner, other, bits, rows, values),
  sumByGroup: (owner, other, rows, columns, groupsMax, segments) =>
    sumByGroup(mesh, owner, other, rows, columns, groupsMax, segments),
  open: (x, to) => open(mesh, x, to),
});
