/**
 * Additive sharing between two (Semi2k as the field calls it): each has one part of every number, and of every bit. What both hold in parts is
 * multiplied by what a dealer prepared (`correlations.ts`); all that leaves a party is masked by what the other cannot draw, but the opened
 * result. What one party knows alone is shared without a word: the other’s part is nought.
 */

import { ComputeError } from '../problem.ts';
import type { Arithmetic, Known, Segments } from './arithmetic.ts';
import { elementsOf, inverted, planesOf, type Width, xor } from './bits.ts';
import { digitsOf, inBlocks, joinedBits, planesToCompare, signAndRest } from './comparing.ts';
import type { Demand, Half, Side } from './correlations.ts';
import { through } from './kernels.ts';
import type { Place, Wires } from './mesh.ts';
import { differences, handOut, receiveWanted, sendWanted } from './protocol.ts';
import { dot, minus, negated, picked, plus, ringBits, times, totalsAt } from './ring.ts';

const nought = (rows: number): BigUint64Array => new BigUint64Array(rows);
const halves = (column: Uint32Array): [Uint32Array, Uint32Array] => {
  const half = column.length / 2;
  return [column.subarray(0, half), column.subarray(half)];
};

/** What carries, and what passes on what comes in. */
interface Carries {
  carries: Uint32Array;
  passes: Uint32Array;
}

export class Additive implements Arithmetic<BigUint64Array, Uint32Array> {
  readonly wires: Wires;
  readonly #take: (one: Demand) => Half;
  readonly #side: Side;
  readonly #other: Side;

  /** `take`: this party’s half of what was dealt for a step, once. */
  constructor(wires: Wires, take: (one: Demand) => Half) {
    this.wires = wires;
    this.#take = take;
    this.#side = wires.place === 0 ? 0 : 1;
    this.#other = this.#side === 0 ? 1 : 0;
  }

  linear(all: readonly BigUint64Array[], map: (parts: readonly BigUint64Array[]) => BigUint64Array): BigUint64Array {
    return map(all);
  }

  constant(column: BigUint64Array): BigUint64Array {
    return this.#side === 0 ? column : nought(column.length);
  }

  not(bits: Uint32Array): Uint32Array {
    return this.#side === 0 ? inverted(bits) : bits;
  }

  async share(owner: Place, rows: number, values?: BigUint64Array): Promise<BigUint64Array> {
    return owner === this.#side ? values! : nought(rows);
  }

  async shareBits(owner: Place, words: number, bits?: Uint32Array): Promise<Uint32Array> {
    return owner === this.#side ? bits! : new Uint32Array(words);
  }

  async fromTwo(_owner: Place, _other: Place, _rows: number, own: BigUint64Array | undefined): Promise<BigUint64Array> {
    return own!;
  }

  #half<Column>(one: Demand): { masks: Column[]; parts: Column[] } {
    return this.#take(one) as { masks: Column[]; parts: Column[] };
  }

  /** Of masked parts, both parties’ together. */
  async #opened<Column extends Uint32Array | BigUint64Array>(
    masked: readonly [Column, ...Column[]],
  ): Promise<Column[]> {
    const theirs = await this.wires.swap(this.#other, this.#other, masked);
    const by = masked[0].BYTES_PER_ELEMENT === 4 ? 'xor' : 'plus';
    for (const [at, one] of theirs.entries()) through(by, [one, masked[at]!], [one]);
    return theirs;
  }

  /** From opened d = x − a and e = y − b: x·y = d·e + d·b + e·a + a·b, in parts; d·e is in the first owner’s. */
  #bitProduct(d: Uint32Array, e: Uint32Array, a: Uint32Array, b: Uint32Array, part: Uint32Array): Uint32Array {
    const out = new Uint32Array(d.length);
    through('beaver', [d, e, this.#side === 0 ? xor(e, b) : b, a, part], [out]);
    return out;
  }

  async and(x: Uint32Array, y: Uint32Array): Promise<Uint32Array> {
    const { masks, parts } = this.#half<Uint32Array>({ of: 'and', words: x.length });
    const [a, b] = masks as [Uint32Array, Uint32Array];
    const [d, e] = await this.#opened([xor(x, a), xor(y, b)]);
    return this.#bitProduct(d!, e!, a, b, parts[0]!);
  }

  async multiply(x: BigUint64Array, y: BigUint64Array): Promise<BigUint64Array> {
    const { masks, parts } = this.#half<BigUint64Array>({ of: 'product', rows: x.length });
    const [a, b] = masks as [BigUint64Array, BigUint64Array];
    const [d, e] = await this.#opened([minus(x, a), minus(y, b)]);
    const out = nought(x.length);
    through('beaverProduct', [d!, e!, this.#side === 0 ? plus(e!, b) : b, a, parts[0]!], [out]);
    return out;
  }

  /**
   * What is carried out of the highest place of x + y, where each party knows the planes of one of them. Of each two neighbouring places that
   * is a sum of products of what one party knows with what the other knows: each sends its three bits masked. From there on it is a tree.
   */
  async #carryOf(planes: Uint32Array, words: number, width: Width): Promise<Uint32Array> {
    const own = digitsOf(planes);
    let found = await this.#digits(own, (width / 2) * words);
    for (let planesLeft = width / 2; planesLeft > 2; planesLeft /= 2) found = await this.#paired(found);
    const [[lower, upper], [, high]] = [halves(found.carries), halves(found.passes)];
    return xor(upper, await this.and(high, lower));
  }

  async #digits(own: Uint32Array, length: number): Promise<Carries> {
    const { masks, parts } = this.#half<Uint32Array>({ of: 'digits', words: length });
    const mask = joinedBits(...masks);
    const [theirs] = await this.wires.swap(this.#other, this.#other, [xor(own, mask)]);
    // x·(y − b) + (x − a)·b + a·b = x·y, where the first owner knows x and the mask a.
    const [u, v] = this.#side === 0 ? [own, theirs!] : [theirs!, mask];
    const kind = (of: Uint32Array, at: number) => of.subarray(at * length, (at + 1) * length);
    const [odd, even, both] = [0, 1, 2];
    const out: [Uint32Array, Uint32Array] = [new Uint32Array(length), new Uint32Array(length)];
    const factors = [u, v].flatMap((of) => [kind(of, odd), kind(of, even), kind(of, both)]);
    through('known', [...(factors as [Uint32Array]), parts[0]!, parts[1]!, kind(own, both)], out);
    return { carries: out[0], passes: out[1] };
  }

  /** A pair carries if the upper one does, or passes on what the lower one carries. */
  async #paired({ carries, passes }: Carries): Promise<Carries> {
    const [[lower, upper], [low, high]] = [halves(carries), halves(passes)];
    const { masks, parts } = this.#half<Uint32Array>({ of: 'pairs', words: lower.length });
    const [a, b, c] = masks as [Uint32Array, Uint32Array, Uint32Array];
    const [d, e, f] = await this.#opened([xor(high, a), xor(lower, b), xor(low, c)]);
    return {
      carries: xor(upper, this.#bitProduct(d!, e!, a, b, parts[0]!)),
      passes: this.#bitProduct(d!, f!, a, c, parts[1]!),
    };
  }

  async less(x: Known, y: Known, rows: number, width: Width): Promise<Uint32Array> {
    return joinedBits(
      ...(await inBlocks(rows, (slice, words) => {
        const [left, right] = planesToCompare(slice(x), slice(y), width);
        return this.#carryOf((left ?? right)!, words, width);
      })),
    );
  }

  async equal(x: Known, y: Known, rows: number, width: Width): Promise<Uint32Array> {
    return joinedBits(
      ...(await inBlocks(rows, async (slice, words) => {
        // x + y of bits is what both have already.
        let same = this.not(planesOf((slice(x).values ?? slice(y).values)!, width));
        for (let left = width / 2; left >= 1; left /= 2) {
          same = await this.and(same.subarray(0, left * words), same.subarray(left * words));
        }
        return same;
      })),
    );
  }

  async negative(x: BigUint64Array): Promise<Uint32Array> {
    const mine: Known = { owner: this.#side, values: x };
    return joinedBits(
      ...(await inBlocks(x.length, async (slice, words) => {
        const { sign, planes } = signAndRest(slice(mine).values!, this.#side === 0);
        return xor(sign, await this.#carryOf(planes, words, ringBits));
      })),
    );
  }

  /** t = d + r − 2·d·r, where d = t ⊕ r is opened and r was dealt both as bits and as numbers. */
  async numbersOf(bits: Uint32Array, rows: number): Promise<BigUint64Array> {
    const { masks, parts } = this.#take({ of: 'bits', rows }) as { masks: Uint32Array[]; parts: BigUint64Array[] };
    const [opened] = await this.#opened([xor(bits, masks[0]!)]);
    const d = elementsOf(opened!, rows);
    const out = nought(rows);
    through('weigh', [parts[0]!, d, this.#side === 0 ? negated(d) : nought(rows)], [out]);
    return out;
  }

  /**
   * The owner of values has u of bits u ⊕ v. The other hands out v ⊕ t, t being random bits: with k = u ⊕ v ⊕ t, value·(u ⊕ v) is value·k +
   * value·(1 − 2k)·t, so the owner hands out value·(1 − 2k), masked by a number whose product with t was dealt.
   */
  async #handed(
    owner: Place,
    bits: Uint32Array,
    values: BigUint64Array | undefined,
    mask: Uint32Array | BigUint64Array,
    rows: number,
  ): Promise<{ kept: BigUint64Array; whole: bigint } | { bits: BigUint64Array; rest: BigUint64Array }> {
    const { wires } = this;
    if (owner === this.#side) {
      const theirs = await wires.receiveColumn(this.#other, new Uint32Array(bits.length));
      const kept = elementsOf(xor(bits, theirs), rows);
      return { kept, whole: await handOut(wires, this.#other, mask as BigUint64Array, values!, kept) };
    }
    await wires.sendColumn(owner, xor(bits, mask as Uint32Array));
    return { bits: elementsOf(mask as Uint32Array, rows), rest: await wires.receiveColumn(owner, nought(rows)) };
  }

  /** 8 bytes a row one way, a bit the other; one number is dealt. */
  async weighedSum(owner: Place, bits: Uint32Array, rows: number, values?: BigUint64Array): Promise<BigUint64Array> {
    const { masks, parts } = this.#take({ of: 'sum', owner: sideOf(owner), rows });
    const found = await this.#handed(owner, bits, values, masks[0]!, rows);
    const own = 'kept' in found ? BigUint64Array.of(found.whole) : dot(found.bits, found.rest);
    return plus(own, parts[0] as BigUint64Array);
  }

  /** The same bytes, and 8 a row are dealt. */
  async weighed(
    owner: Place,
    _: Place,
    bits: Uint32Array,
    rows: number,
    values?: BigUint64Array,
  ): Promise<BigUint64Array> {
    const { masks, parts } = this.#take({ of: 'weigh', owner: sideOf(owner), rows });
    const found = await this.#handed(owner, bits, values, masks[0]!, rows);
    const own = 'kept' in found ? times(values!, found.kept) : times(found.bits, found.rest);
    return plus(own, parts[0] as BigUint64Array);
  }

  /**
   * The owner of the groups has two dealt orders. Of the first it tells the other how to put its rows so that they come in order of the groups,
   * which is random to the other; its masked columns come back, and are summed up. Sums of the masks were dealt in two parts, the other’s
   * mixed by the second order: those at the ends of groups are named to it, which is random again.
   */
  async sumByGroup(
    owner: Place,
    _: Place,
    rows: number,
    columns: readonly (BigUint64Array | undefined)[],
    groupsMax: number,
    segments?: Segments,
  ): Promise<BigUint64Array[]> {
    const { wires } = this;
    const { masks, parts } = this.#take({ of: 'groups', owner: sideOf(owner), rows, columns: columns.length });
    const dealt = parts as BigUint64Array[];
    if (segments) {
      const [order, again] = masks as Uint32Array[];
      const wanted = Uint32Array.from([0, ...segments.ends], (end) => again![end]!);
      const put = new Uint32Array(rows);
      for (let n = 0; n < rows; n++) put[order![n]!] = segments.order[n]!;
      await wires.sendColumn(this.#other, put);
      await sendWanted(wires, this.#other, wanted);
      const found: BigUint64Array[] = [];
      for (const [at, column] of columns.entries()) {
        const theirs = await wires.receiveColumn(this.#other, nought(rows));
        const sums = totalsAt(theirs, order!, segments.ends);
        if (column) through('plus', [sums, totalsAt(column, segments.order, segments.ends)], [sums]);
        found.push(plus(sums, differences(picked(dealt[at]!, wanted))));
      }
      return found;
    }
    const put = await wires.receiveColumn(owner, new Uint32Array(rows));
    if (put.some((row) => row >= rows)) throw new ComputeError('compute.peerMalformed', 'an order names no row');
    const wanted = await receiveWanted(wires, owner, rows, groupsMax);
    for (const [at, column] of columns.entries()) {
      await wires.sendColumn(owner, plus(picked(column ?? nought(rows), put), masks[at] as BigUint64Array));
    }
    return dealt.map((column) => differences(picked(column, wanted)));
  }

  async open(x: BigUint64Array, to: Place): Promise<BigUint64Array | undefined> {
    if (to === this.#side) return plus(x, await this.wires.receiveColumn(this.#other, nought(x.length)));
    await this.wires.sendColumn(to, x);
    return undefined;
  }
}

const sideOf = (owner: Place): Side => (owner === 0 ? 0 : 1);
