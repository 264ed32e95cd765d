/** A plan, played by all parties at once: the same steps in the same order, each with what it has. */
import type { Role } from '../intersect/agree.ts';
import { ComputeError } from '../problem.ts';
import type { Aligned } from './align.ts';
import { type Arithmetic, inOne, type Known, type Segments } from './arithmetic.ts';
import { elementsOf, packed, type Width, widthOf, widths, wordsFor } from './bits.ts';
import { type Place, placeOf, tellAll, type Wires } from './mesh.ts';
import { drawSeals, type Name, passNames, receiveSealed, sealElements, sendSealed } from './names.ts';
import { openSome, type Selected } from './opening.ts';
import { type ColumnOf, type Plan, payloadOf } from './plan.ts';
import { plus, total } from './ring.ts';
import { Stream } from './stream.ts';
import { columnMax, selectedIn, type Table, type Texts, valueMax } from './table.ts';
import { type Answer, answerOf, keptIn, keyOfOutput, type Target, targetsOf } from './targets.ts';
import { type SharesTerms, sharesLimits } from './terms.ts';

const roles: readonly Role[] = ['first', 'second'];
export const recipientsOf = ({ recipient }: Pick<SharesTerms, 'recipient'>): Place[] =>
  recipient === 'both' ? [0, 1] : [placeOf(recipient)];

/** What a party has before anything is shared. */
interface Own extends Omit<Aligned, 'commitments' | 'rowsRead'> {
  /** Of an owner with rows. */
  selected: Uint8Array | undefined;
  /** Of the owner of the groups. */
  grouped: Grouped | undefined;
}

/** What all are told of sizes, and all that the course of a plan depends on beside it. */
export interface Sizes {
  rows: number;
  /** Of each comparison between owners: so many places of both numbers are looked at. */
  widths: Width[];
  /** How many there are, where only some of them open. */
  groups: number | null;
}

type Beside = Pick<Aligned, 'rows' | 'table' | 'matches'>;

export const ownOf = (
  { place, draw }: Wires,
  { plan, decimals }: SharesTerms,
  { rows, table, matches }: Beside,
): Own => {
  const role = roles[place];
  const selected =
    table && role && (payloadOf(plan) ? new Uint8Array(rows).fill(1) : selectedIn(table, plan, role, decimals));
  const { groups } = plan;
  const grouped =
    table && groups && groups.owner === role ? groupsIn(table, groups.columns, selected!, draw) : undefined;
  return { rows, table, matches, selected, grouped };
};

/** How wide numbers are is told to one of three widths, so that no more places are compared than there are. */
export const tellSizes = async (wires: Wires, { plan }: SharesTerms, { rows, table, grouped }: Own): Promise<Sizes> => {
  const found: Width[] = [];
  for (const { left, right } of plan.compared) {
    const told: number[] = [];
    for (const { owner, name } of [left, right]) {
      const own = roles[wires.place] === owner ? widthOf(table!.numbers.get(name)!.values) : undefined;
      told.push(await tellAll(wires, placeOf(owner), own));
    }
    const width = widths.find((one) => one === Math.max(...told));
    if (width === undefined) throw new ComputeError('compute.peerMalformed', 'a column has no such width');
    found.push(width);
  }
  const { groups, atLeast, top } = plan;
  if (!groups || !(atLeast || top)) return { rows, widths: found, groups: null };
  const count = await tellAll(wires, placeOf(groups.owner), grouped?.keys.length);
  requireOpenable(plan, count);
  return { rows, widths: found, groups: count };
};

export const requireOpenable = ({ top }: Plan, groups: number): void => {
  const most = top ? sharesLimits.groupsOrdered : sharesLimits.groups;
  if (groups > most) throw new ComputeError('compute.sizeCap', `${groups} groups; at most ${most} are taken here`);
};

class Run<Numbers, Bits> {
  readonly #on: Arithmetic<Numbers, Bits>;
  readonly #wires: Wires;
  readonly #terms: SharesTerms;
  readonly #own: Own;
  readonly #sizes: Sizes;
  /** Whose distinct keys the rows are, where matches stay with the helper. */
  readonly #payload: Place | undefined;
  readonly #sharedBits = new Map<Place, Bits>();

  constructor(on: Arithmetic<Numbers, Bits>, terms: SharesTerms, own: Own, sizes: Sizes) {
    this.#on = on;
    this.#wires = on.wires;
    this.#terms = terms;
    this.#own = own;
    this.#sizes = sizes;
    const payload = payloadOf(terms.plan);
    this.#payload = payload && placeOf(payload);
  }

  async answer(): Promise<Answer | undefined> {
    const { plan } = this.#terms;
    const both = await this.#compared();
    const { groups } = plan;
    return groups ? this.#byGroup(groups, both) : this.#whole(both);
  }

  /** Everybody knows whether an owner leaves rows out, and nobody which. */
  #filters(owner: Place): boolean {
    const { filters, compared } = this.#terms.plan;
    return filters[roles[owner]!].length > 0 || compared.length > 0;
  }

  /** Which rows fulfil all comparisons between owners and the conditions of both, where there are such comparisons. */
  async #compared(): Promise<Bits | undefined> {
    const on = this.#on;
    const { compared } = this.#terms.plan;
    if (compared.length === 0) return undefined;
    let bits = await on.and(await this.#bitsOf(0), await this.#bitsOf(1));
    for (const [at, { left, by, right }] of compared.entries()) {
      const [x, y] = [this.#known(left), this.#known(right)];
      const [rows, width] = [this.#own.rows, this.#sizes.widths[at]!];
      const [found, inverse] =
        by === '=' || by === '<>'
          ? [await on.equal(x, y, rows, width), by === '<>']
          : by === '<' || by === '>='
            ? [await on.less(x, y, rows, width), by === '>=']
            : [await on.less(y, x, rows, width), by === '<='];
      bits = await on.and(bits, inverse ? on.not(found) : found);
    }
    return bits;
  }

  #known({ owner, name }: ColumnOf): Known {
    const place = placeOf(owner);
    return { owner: place, values: this.#at(place, () => this.#own.table!.numbers.get(name)!.values) };
  }

  #at<T>(owner: Place, make: () => T): T | undefined {
    return this.#wires.place === owner ? make() : undefined;
  }

  /** Which rows an owner takes, or which match at the helper, as shared bits; made once. */
  async #bitsOf(place: Place): Promise<Bits> {
    const found = this.#sharedBits.get(place);
    if (found !== undefined) return found;
    const { matches, selected, rows } = this.#own;
    const own = this.#at(place, () => matches ?? packed(selected!));
    const made = await this.#on.shareBits(place, wordsFor(rows), own);
    this.#sharedBits.set(place, made);
    return made;
  }

  /** What the owner of a target has of it: nought where it leaves the row out. */
  #kept(target: Target): BigUint64Array {
    const { matches, rows, table, selected } = this.#own;
    if (matches) return elementsOf(matches, rows);
    // Sums that are put in order are compared by the sign of a difference.
    return keptIn(table!, selected!, target, this.#terms.plan.top ? valueMax : columnMax);
  }

  /** Bits of the rows that others than a target’s owner take. */
  async #takenBeside(owner: Place, both: Bits | undefined): Promise<Bits | undefined> {
    if (this.#payload !== undefined) return owner === this.#payload ? this.#bitsOf(2) : undefined;
    const other = (1 - owner) as Place;
    return both ?? (this.#filters(other) ? this.#bitsOf(other) : undefined);
  }

  async #whole(both: Bits | undefined): Promise<Answer | undefined> {
    const on = this.#on;
    const { plan } = this.#terms;
    const targets = targetsOf(plan, this.#payload !== undefined ? 2 : this.#filters(0) ? 0 : 1);
    const sums: Numbers[] = [];
    for (const target of targets) {
      const { owner } = target;
      const taken = await this.#takenBeside(owner, both);
      const kept = () => this.#kept(target);
      sums.push(
        taken !== undefined
          ? await on.weighedSum(owner, taken, this.#own.rows, this.#at(owner, kept))
          : await on.share(
              owner,
              1,
              this.#at(owner, () => total(kept())),
            ),
      );
    }
    if (plan.atLeast) return this.#some(targets, sums, 1, [[]]);
    const all = inOne(on, sums);
    let answer: Answer | undefined;
    for (const to of recipientsOf(this.#terms)) {
      const opened = await on.open(all, to);
      if (opened) {
        const whole = Array.from(opened, (value) => BigUint64Array.of(value));
        answer = answerOf(this.#terms, targets, [[]], whole);
      }
    }
    return answer;
  }

  async #byGroup(groups: NonNullable<Plan['groups']>, both: Bits | undefined): Promise<Answer | undefined> {
    const wires = this.#wires;
    const { plan } = this.#terms;
    const { rows, grouped } = this.#own;
    const owner = placeOf(groups.owner);
    const other = this.#payload !== undefined ? 2 : ((1 - owner) as Place);
    const targets = targetsOf(plan, other === 2 || this.#filters(other) ? other : owner);
    const columns: (BigUint64Array | undefined)[] = [];
    for (const target of targets) columns.push(await this.#inTwo(target, owner, other, both));
    const parts = await this.#on.sumByGroup(owner, other, rows, columns, sharesLimits.groups, grouped);
    if (this.#sizes.groups !== null)
      return this.#someGroups(targets, owner, other, parts, this.#sizes.groups, grouped?.keys);
    let answer: Answer | undefined;
    for (const to of recipientsOf(this.#terms)) {
      const from = (1 - to) as Place;
      if (wires.place === 2) continue;
      const keys = to === owner ? grouped?.keys : await passNames(wires, owner, to, grouped?.keys);
      if (wires.place === from) for (const one of parts) await wires.sendColumn(to, one);
      else {
        const whole: BigUint64Array[] = [];
        for (const one of parts) whole.push(plus(one, await wires.receiveColumn(from, new BigUint64Array(one.length))));
        if (keys!.length !== parts[0]!.length)
          throw new ComputeError('compute.peerMalformed', 'groups do not fit sums');
        answer = answerOf(this.#terms, targets, keys!, whole);
      }
    }
    return answer;
  }

  /** A target as parts of the groups’ owner and one other, rows left out being nought; the groups’ owner leaves out its own later. */
  async #inTwo(
    target: Target,
    groupOwner: Place,
    other: Place,
    both: Bits | undefined,
  ): Promise<BigUint64Array | undefined> {
    const { owner } = target;
    const kept = () => this.#kept(target);
    const taken = both !== undefined || owner === groupOwner ? await this.#takenBeside(owner, both) : undefined;
    if (taken !== undefined) {
      const beside = owner === groupOwner ? other : groupOwner;
      return this.#on.weighed(owner, beside, taken, this.#own.rows, this.#at(owner, kept));
    }
    return this.#at(owner, kept);
  }

  async #someGroups(
    targets: readonly Target[],
    owner: Place,
    other: Place,
    parts: readonly BigUint64Array[],
    count: number,
    keys: Name[] | undefined,
  ): Promise<Answer | undefined> {
    if (this.#wires.place === other && parts.some(({ length }) => length !== count))
      throw new ComputeError('compute.peerMalformed', 'groups do not fit sums');
    const sums: Numbers[] = [];
    for (const at of targets.keys()) sums.push(await this.#on.fromTwo(owner, other, count, parts[at]));
    return this.#some(targets, sums, count, keys, owner);
  }

  /**
   * Opens what has enough rows, and of that so many as are asked for in order; the rest comes as nought. Names of groups go to a recipient
   * that is not their owner under keys of which it gets those of the groups that open.
   */
  async #some(
    targets: readonly Target[],
    sums: readonly Numbers[],
    count: number,
    keys: Name[] | undefined,
    owner?: Place,
  ): Promise<Answer | undefined> {
    const wires = this.#wires;
    const { plan } = this.#terms;
    const sumFor = (key: string): Numbers => sums[targets.findIndex((one) => one.key === key)]!;
    const { top, atLeast } = plan;
    const asked: Selected<Numbers> = {};
    if (atLeast) asked.atLeast = { rows: sumFor('rows'), least: atLeast };
    if (top) asked.top = { ...top, by: sumFor(keyOfOutput(plan.outputs[top.output]!)) };
    const own = owner === undefined ? undefined : this.#at(owner, () => drawSeals(wires, count));
    const seals: Numbers[] = [];
    for (let n = 0; owner !== undefined && n < sealElements; n++)
      seals.push(await this.#on.share(owner, count, own?.[n]));
    const recipients = recipientsOf(this.#terms);
    const found = await openSome(this.#on, [...sums, ...seals], count, asked, recipients);
    for (const to of recipients) {
      if (owner === undefined || to === owner) continue;
      if (wires.place === owner) await sendSealed(wires, to, keys!, own!);
      else if (wires.place === to)
        keys = await receiveSealed(wires, owner, found!.columns.slice(sums.length), found!.open);
    }
    if (!found) return undefined;
    const { open: opened, columns, ranks } = found;
    const groups = Array.from(opened.keys()).filter((group) => opened[group]);
    const cut = (column: BigUint64Array) => BigUint64Array.from(groups, (group) => column[group]!);
    const answer = answerOf(
      this.#terms,
      targets,
      groups.map((group) => keys![group]!),
      columns.slice(0, sums.length).map(cut),
      ranks && cut(ranks),
    );
    return top ? answer : { ...answer, withheld: count - groups.length };
  }
}

/** All call this at once; who deals for them, too, by `on` that notes what is used. Answers at whom the terms name. */
export const answered = <Numbers, Bits>(
  on: Arithmetic<Numbers, Bits>,
  terms: SharesTerms,
  own: Own,
  sizes: Sizes,
): Promise<Answer | undefined> => new Run(on, terms, own, sizes).answer();

/** The same from rows side by side. */
export const execute = async <Numbers, Bits>(
  on: Arithmetic<Numbers, Bits>,
  terms: SharesTerms,
  beside: Beside,
): Promise<Answer | undefined> => {
  const own = ownOf(on.wires, terms, beside);
  return answered(on, terms, own, await tellSizes(on.wires, terms, own));
};

interface Grouped extends Segments {
  keys: Name[];
}

/** Puts selected rows in order of their groups by counting; the others come last. The order of groups is drawn, and says nothing. */
export const groupsIn = (
  table: Table,
  columns: readonly string[],
  selected: Uint8Array,
  draw: (bytes: number) => Uint8Array,
): Grouped => {
  const texts = columns.map((name) => table.texts.get(name)!);
  const { codes, size } = jointCodes(texts, selected);
  const group = new Int32Array(table.rows).fill(-1);
  const numbers = new Int32Array(size).fill(-1);
  const counts: number[] = [];
  const keys: Name[] = [];
  for (let row = 0; row < table.rows; row++) {
    if (selected[row] === 0) continue;
    let number = numbers[codes[row]!]!;
    if (number < 0) {
      number = counts.length;
      requireGroups(number + 1);
      numbers[codes[row]!] = number;
      counts.push(0);
      keys.push(texts.map(({ codes: own, words }) => words[own[row]!]!));
    }
    counts[number]!++;
    group[row] = number;
  }
  const drawn = new Stream(draw(32)).permutation(counts.length);
  const ends = new Uint32Array(counts.length);
  const next = new Uint32Array(counts.length);
  let rest = 0;
  for (const [place, number] of drawn.entries()) {
    next[number] = rest;
    rest += counts[number]!;
    ends[place] = rest;
  }
  const order = new Uint32Array(table.rows);
  for (let row = 0; row < table.rows; row++) {
    const number = group[row]!;
    order[number < 0 ? rest++ : next[number]!++] = row;
  }
  return { order, ends, keys: Array.from(drawn, (number) => keys[number]!) };
};

const requireGroups = (groups: number): void => {
  if (groups > sharesLimits.groups)
    throw new ComputeError('compute.sizeCap', `more than ${sharesLimits.groups} groups`);
};

/** A number below `size` for the texts of a row in all columns; of rows that are not selected it says nothing. */
const jointCodes = ([first, ...more]: readonly Texts[], selected: Uint8Array): { codes: Uint32Array; size: number } => {
  let [joint, size] = [first!.codes, first!.words.length];
  for (const { codes, words } of more) {
    const numbers = new Map<number, number>();
    joint = joint.map((code, row) => {
      if (selected[row] === 0) return 0;
      const pair = code * words.length + codes[row]!;
      const found = numbers.get(pair);
      if (found !== undefined) return found;
      requireGroups(numbers.size + 1);
      numbers.set(pair, numbers.size);
      return numbers.size - 1;
    });
    size = Math.max(1, numbers.size);
  }
  return { codes: joint, size };
};
