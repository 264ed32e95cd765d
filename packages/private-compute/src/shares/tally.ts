/** What two parties will take of a dealer for a plan, found by going its steps without a number: by the dealer, and by each of them. */
import type { Arithmetic, Known } from './arithmetic.ts';
import { type Width, wordsFor } from './bits.ts';
import { inBlocks } from './comparing.ts';
import type { Demand } from './correlations.ts';
import { answered, type Sizes } from './execute.ts';
import { type Place, Wires } from './mesh.ts';
import { ringBits } from './ring.ts';
import type { SharesTerms } from './terms.ts';

const nought = (rows: number): BigUint64Array => new BigUint64Array(rows);
const side = (owner: Place): 0 | 1 => (owner === 0 ? 0 : 1);

/** Steps of `Additive`, each noted; bits are as many words as they would be. */
export class Tally implements Arithmetic<BigUint64Array, number> {
  readonly wires = new Wires(2, [], undefined, []);
  readonly demands: Demand[] = [];

  linear(all: readonly BigUint64Array[], map: (parts: readonly BigUint64Array[]) => BigUint64Array): BigUint64Array {
    return map(all);
  }
  constant(column: BigUint64Array): BigUint64Array {
    return column;
  }
  not(bits: number): number {
    return bits;
  }
  async share(_: Place, rows: number): Promise<BigUint64Array> {
    return nought(rows);
  }
  async shareBits(_: Place, words: number): Promise<number> {
    return words;
  }
  async fromTwo(_owner: Place, _other: Place, rows: number): Promise<BigUint64Array> {
    return nought(rows);
  }
  async and(words: number): Promise<number> {
    this.demands.push({ of: 'and', words });
    return words;
  }
  async multiply(x: BigUint64Array): Promise<BigUint64Array> {
    this.demands.push({ of: 'product', rows: x.length });
    return x;
  }
  #carryOf(words: number, width: Width): Promise<number> {
    this.demands.push({ of: 'digits', words: (width / 2) * words });
    for (let planesLeft = width / 2; planesLeft > 2; planesLeft /= 2)
      this.demands.push({ of: 'pairs', words: (planesLeft / 2) * words });
    return this.and(words);
  }
  async less(_x: Known, _y: Known, rows: number, width: Width): Promise<number> {
    await inBlocks(rows, (_, words) => this.#carryOf(words, width));
    return wordsFor(rows);
  }
  async equal(_x: Known, _y: Known, rows: number, width: Width): Promise<number> {
    await inBlocks(rows, async (_, words) => {
      for (let left = width / 2; left >= 1; left /= 2) await this.and(left * words);
    });
    return wordsFor(rows);
  }
  negative({ length }: BigUint64Array): Promise<number> {
    const none: Known = { owner: 2 };
    return this.less(none, none, length, ringBits);
  }
  async numbersOf(_: number, rows: number): Promise<BigUint64Array> {
    this.demands.push({ of: 'bits', rows });
    return nought(rows);
  }
  async weighedSum(owner: Place, _: number, rows: number): Promise<BigUint64Array> {
    this.demands.push({ of: 'sum', owner: side(owner), rows });
    return nought(1);
  }
  async weighed(owner: Place, _other: Place, _bits: number, rows: number): Promise<undefined> {
    this.demands.push({ of: 'weigh', owner: side(owner), rows });
  }
  async sumByGroup(owner: Place, _: Place, rows: number, { length: columns }: readonly unknown[]): Promise<[]> {
    this.demands.push({ of: 'groups', owner: side(owner), rows, columns });
    return [];
  }
  async open(): Promise<undefined> {}
}

export const demandsOf = async (terms: SharesTerms, sizes: Sizes): Promise<Demand[]> => {
  const tally = new Tally();
  const own = { rows: sizes.rows, table: undefined, selected: undefined, grouped: undefined };
  await answered(tally, terms, own, sizes);
  return tally.demands;
};
