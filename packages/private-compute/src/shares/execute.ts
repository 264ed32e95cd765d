/** A plan, played by all three at once: the same steps in the same order, each with what it has. */
import type { Role } from '../intersect/agree.ts';
import { ComputeError } from '../problem.ts';
import type { Aligned } from './align.ts';
import { elementsOf, packed, type Width, widthOf, widths, wordsFor } from './bits.ts';
import { type Mesh, type Place, placeOf, tellAll } from './mesh.ts';
import { drawSeals, type Name, passNames, receiveSealed, sealElements, sendSealed } from './names.ts';
import { openSome, type Selected } from './opening.ts';
import { type ColumnOf, type Plan, payloadOf } from './plan.ts';
import * as protocol from './protocol.ts';
import { plus, type Shared, type SharedBits, total } from './ring.ts';
import { Stream } from './stream.ts';
import { columnMax, selectedIn, type Table, type Texts, valueMax } from './table.ts';
import { type Answer, answerOf, keptIn, keyOfOutput, type Target, targetsOf } from './targets.ts';
import { type SharesTerms, sharesLimits } from './terms.ts';

const roles: readonly Role[] = ['first', 'second'];
export const recipientsOf = ({ recipient }: SharesTerms): Place[] =>
  recipient === 'both' ? [0, 1] : [placeOf(recipient)];

class Run {
  readonly #mesh: Mesh;
  readonly #terms: SharesTerms;
  readonly #rows: number;
  readonly #table: Table | undefined;
  /** Of this party, where it is an owner with rows. */
  readonly #selected: Uint8Array | undefined;
  /** Whose distinct keys the rows are, where matches stay with the helper; and of the helper, which match. */
  readonly #payload: Place | undefined;
  readonly #matches: Uint32Array | undefined;
  readonly #sharedBits = new Map<Place, SharedBits>();

  constructor(mesh: Mesh, terms: SharesTerms, { rows, table, matches }: Omit<Aligned, 'commitments'>) {
    this.#mesh = mesh;
    this.#terms = terms;
    this.#rows = rows;
    this.#table = table;
    this.#matches = matches;
    const role = roles[mesh.place];
    const payload = payloadOf(terms.plan);
    this.#payload = payload && placeOf(payload);
    this.#selected =
      table && role && (payload ? new Uint8Array(rows).fill(1) : selectedIn(table, terms.plan, role, terms.decimals));
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
  async #compared(): Promise<SharedBits | undefined> {
    const mesh = this.#mesh;
    const { compared } = this.#terms.plan;
    if (compared.length === 0) return undefined;
    let bits = await protocol.and(mesh, await this.#bitsOf(0), await this.#bitsOf(1));
    for (const { left, by, right } of compared) {
      const [x, y] = [this.#known(left), this.#known(right)];
      const width = await this.#widthOf(x, y);
      const rows = this.#rows;
      const [found, inverse] =
        by === '=' || by === '<>'
          ? [await protocol.equal(mesh, x, y, rows, width), by === '<>']
          : by === '<' || by === '>='
            ? [await protocol.less(mesh, x, y, rows, width), by === '>=']
            : [await protocol.less(mesh, y, x, rows, width), by === '<='];
      bits = await protocol.and(mesh, bits, inverse ? protocol.not(mesh, found) : found);
    }
    return bits;
  }

  #known({ owner, name }: ColumnOf): protocol.Known {
    const place = placeOf(owner);
    return { owner: place, values: this.#own(place, () => this.#table!.numbers.get(name)!.values) };
  }

  /** Both tell how wide their numbers are, to one of three widths, so that no more places are compared than there are. */
  async #widthOf(x: protocol.Known, y: protocol.Known): Promise<Width> {
    const told: number[] = [];
    for (const { owner, values } of [x, y]) told.push(await tellAll(this.#mesh, owner, values && widthOf(values)));
    const width = widths.find((one) => one === Math.max(...told));
    if (width === undefined) throw new ComputeError('compute.peerMalformed', 'a column has no such width');
    return width;
  }

  #own<T>(owner: Place, make: () => T): T | undefined {
    return this.#mesh.place === owner ? make() : undefined;
  }

  /** Which rows an owner takes, or which match at the helper, as shared bits; made once. */
  async #bitsOf(place: Place): Promise<SharedBits> {
    const found = this.#sharedBits.get(place);
    if (found) return found;
    const own = this.#own(place, () => this.#matches ?? packed(this.#selected!));
    const made = await protocol.shareBits(this.#mesh, place, wordsFor(this.#rows), own);
    this.#sharedBits.set(place, made);
    return made;
  }

  /** What the owner of a target has of it: nought where it leaves the row out. */
  #kept(target: Target): BigUint64Array {
    if (this.#matches) return elementsOf(this.#matches, this.#rows);
    // Sums that are put in order are compared by the sign of a difference.
    return keptIn(this.#table!, this.#selected!, target, this.#terms.plan.top ? valueMax : columnMax);
  }

  /** Bits of the rows that others than a target’s owner take. */
  async #takenBeside(owner: Place, both: SharedBits | undefined): Promise<SharedBits | undefined> {
    if (this.#payload !== undefined) return owner === this.#payload ? this.#bitsOf(2) : undefined;
    const other = (1 - owner) as Place;
    return both ?? (this.#filters(other) ? this.#bitsOf(other) : undefined);
  }

  async #whole(both: SharedBits | undefined): Promise<Answer | undefined> {
    const mesh = this.#mesh;
    const { plan } = this.#terms;
    const targets = targetsOf(plan, this.#payload !== undefined ? 2 : this.#filters(0) ? 0 : 1);
    const sums: Shared[] = [];
    for (const target of targets) {
      const { owner } = target;
      const taken = await this.#takenBeside(owner, both);
      const kept = () => this.#kept(target);
      sums.push(
        taken
          ? await protocol.weighedSum(mesh, owner, taken, this.#rows, this.#own(owner, kept))
          : await protocol.share(
              mesh,
              owner,
              1,
              this.#own(owner, () => total(kept())),
            ),
      );
    }
    if (plan.atLeast) return this.#some(targets, sums, [[]]);
    const all = protocol.inOne(sums);
    let answer: Answer | undefined;
    for (const to of recipientsOf(this.#terms)) {
      const opened = await protocol.open(mesh, all, to);
      if (opened) {
        const whole = Array.from(opened, (value) => BigUint64Array.of(value));
        answer = answerOf(this.#terms, targets, [[]], whole);
      }
    }
    return answer;
  }

  async #byGroup(groups: NonNullable<Plan['groups']>, both: SharedBits | undefined): Promise<Answer | undefined> {
    const mesh = this.#mesh;
    const { plan } = this.#terms;
    const owner = placeOf(groups.owner);
    const other = this.#payload !== undefined ? 2 : ((1 - owner) as Place);
    const targets = targetsOf(plan, other === 2 || this.#filters(other) ? other : owner);
    const columns: (BigUint64Array | undefined)[] = [];
    for (const target of targets) columns.push(await this.#inTwo(target, owner, other, both));
    const grouped = this.#own(owner, () => groupsIn(this.#table!, groups.columns, this.#selected!, mesh.draw));
    const parts = await protocol.sumByGroup(mesh, owner, other, this.#rows, columns, sharesLimits.groups, grouped);
    if (plan.atLeast || plan.top) return this.#someGroups(targets, owner, other, parts, grouped?.keys);
    let answer: Answer | undefined;
    for (const to of recipientsOf(this.#terms)) {
      const from = (1 - to) as Place;
      if (mesh.place === 2) continue;
      const keys = to === owner ? grouped?.keys : await passNames(mesh, owner, to, grouped?.keys);
      if (mesh.place === from) for (const one of parts) await mesh.sendColumn(to, one);
      else {
        const whole: BigUint64Array[] = [];
        for (const one of parts) whole.push(plus(one, await mesh.receiveColumn(from, new BigUint64Array(one.length))));
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
    both: SharedBits | undefined,
  ): Promise<BigUint64Array | undefined> {
    const mesh = this.#mesh;
    const { owner } = target;
    const kept = () => this.#kept(target);
    const taken = both || owner === groupOwner ? await this.#takenBeside(owner, both) : undefined;
    if (taken) {
      const beside = owner === groupOwner ? other : groupOwner;
      return protocol.weighed(mesh, owner, beside, taken, this.#rows, this.#own(owner, kept));
    }
    return this.#own(owner, kept);
  }

  async #someGroups(
    targets: readonly Target[],
    owner: Place,
    other: Place,
    parts: readonly BigUint64Array[],
    keys: Name[] | undefined,
  ): Promise<Answer | undefined> {
    const mesh = this.#mesh;
    const count = await tellAll(mesh, owner, keys?.length);
    const most = this.#terms.plan.top ? sharesLimits.groupsOrdered : sharesLimits.groups;
    if (count > most) throw new ComputeError('compute.sizeCap', `${count} groups; at most ${most} are taken here`);
    if (mesh.place === other && parts[0]!.length !== count)
      throw new ComputeError('compute.peerMalformed', 'groups do not fit sums');
    const sums: Shared[] = [];
    for (const at of targets.keys()) sums.push(await protocol.fromTwo(mesh, owner, other, count, parts[at]));
    return this.#some(targets, sums, keys, owner);
  }

  /**
   * Opens what has enough rows, and of that so many as are asked for in order; the rest comes as nought. Names of groups go to a recipient
   * that is not their owner under keys of which it gets those of the groups that open.
   */
  async #some(
    targets: readonly Target[],
    sums: readonly Shared[],
    keys: Name[] | undefined,
    owner?: Place,
  ): Promise<Answer | undefined> {
    const mesh = this.#mesh;
    const { plan } = this.#terms;
    const count = sums[0]!.own.length;
    const sumFor = (key: string): Shared => sums[targets.findIndex((one) => one.key === key)]!;
    const { top, atLeast } = plan;
    const asked: Selected = {};
    if (atLeast) asked.atLeast = { rows: sumFor('rows'), least: atLeast };
    if (top) asked.top = { ...top, by: sumFor(keyOfOutput(plan.outputs[top.output]!)) };
    const own = owner === undefined ? undefined : this.#own(owner, () => drawSeals(mesh, count));
    const seals: Shared[] = [];
    for (let n = 0; owner !== undefined && n < sealElements; n++)
      seals.push(await protocol.share(mesh, owner, count, own?.[n]));
    const recipients = recipientsOf(this.#terms);
    const found = await openSome(mesh, [...sums, ...seals], count, asked, recipients);
    for (const to of recipients) {
      if (owner === undefined || to === owner) continue;
      if (mesh.place === owner) await sendSealed(mesh, to, keys!, own!);
      else if (mesh.place === to)
        keys = await receiveSealed(mesh, owner, found!.columns.slice(sums.length), found!.open);
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

/** All three call this at once; owners bring their table, rows side by side. Answers at whom the terms name. */
export const execute = (
  mesh: Mesh,
  terms: SharesTerms,
  beside: Omit<Aligned, 'commitments'>,
): Promise<Answer | undefined> => new Run(mesh, terms, beside).answer();

interface Grouped extends protocol.Segments {
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
