/** A plan, played by all three at once: the same steps in the same order, each with what it has. */
import type { Role } from '../intersect/agree.ts';
import { ComputeError } from '../problem.ts';
import { packed, wordsFor } from './bits.ts';
import type { Mesh, Place } from './mesh.ts';
import { type ColumnOf, decimalText, type Output, type Plan } from './plan.ts';
import * as protocol from './protocol.ts';
import { elementsFrom, halvesOf, plus, type Shared, type SharedBits, signed, total } from './ring.ts';
import { columnMax, presentIn, selectedIn, type Table } from './table.ts';
import { type SharesTerms, sharesLimits } from './terms.ts';

/** Numbers as decimal text; null where an average is of nothing. */
export interface Answer {
  columns: string[];
  rows: (string | null)[][];
}

const roles: readonly Role[] = ['first', 'second'];
export const placeOf = (role: Role): Place => (role === 'first' ? 0 : 1);
export const recipientsOf = ({ recipient }: SharesTerms): Place[] =>
  recipient === 'both' ? [0, 1] : [placeOf(recipient)];

/** Something that is summed up: a column's values, how many of them there are, or the rows themselves. */
interface Target {
  key: string;
  owner: Place;
  of: 'sum' | 'count' | 'rows';
  name: string;
}
const keyOf = (of: Target['of'], { owner, name }: ColumnOf): string => `${of} ${owner} ${name}`;

/** What each column of the result needs; an average needs two. */
const targetsOf = (plan: Plan, rowsOf: Place): Target[] => {
  const targets = new Map<string, Target>();
  const take = (of: Target['of'], column: ColumnOf): void => {
    const key = keyOf(of, column);
    targets.set(key, { key, owner: placeOf(column.owner), of, name: column.name });
  };
  for (const output of plan.outputs) {
    if (output.of === 'rows') targets.set('rows', { key: 'rows', owner: rowsOf, of: 'rows', name: '' });
    else if (output.of === 'avg') {
      take('sum', output.column);
      take('count', output.column);
    } else if (output.of !== 'group') take(output.of, output.column);
  }
  return [...targets.values()];
};

class Run {
  readonly #mesh: Mesh;
  readonly #terms: SharesTerms;
  readonly #rows: number;
  readonly #table: Table | undefined;
  /** Of this party, where it is an owner. */
  readonly #selected: Uint8Array | undefined;
  readonly #sharedSelections = new Map<Place, Shared>();

  constructor(mesh: Mesh, terms: SharesTerms, rows: number, table: Table | undefined) {
    this.#mesh = mesh;
    this.#terms = terms;
    this.#rows = rows;
    this.#table = table;
    const role = roles[mesh.place];
    this.#selected = table && role && selectedIn(table, terms.plan, role, terms.decimals);
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
  async #compared(): Promise<Shared | undefined> {
    const mesh = this.#mesh;
    const { compared } = this.#terms.plan;
    if (compared.length === 0) return undefined;
    const words = wordsFor(this.#rows);
    const own = (place: Place) => (mesh.place === place ? packed(this.#selected!) : undefined);
    let bits: SharedBits = await protocol.and(
      mesh,
      await protocol.shareBits(mesh, 0, words, own(0)),
      await protocol.shareBits(mesh, 1, words, own(1)),
    );
    for (const { left, by, right } of compared) {
      const x = await this.#shareNumbers(left);
      const y = await this.#shareNumbers(right);
      const [found, inverse] =
        by === '=' || by === '<>'
          ? [await protocol.equal(mesh, x, y), by === '<>']
          : by === '<' || by === '>='
            ? [await protocol.less(mesh, x, y), by === '>=']
            : [await protocol.less(mesh, y, x), by === '<='];
      bits = await protocol.and(mesh, bits, inverse ? protocol.not(mesh, found) : found);
    }
    return protocol.numbersOf(mesh, bits, this.#rows);
  }

  #shareNumbers({ owner, name }: ColumnOf): Promise<Shared> {
    const place = placeOf(owner);
    return protocol.share(
      this.#mesh,
      place,
      this.#rows,
      this.#own(place, () => this.#table!.numbers.get(name)!.values),
    );
  }

  #own<T>(owner: Place, make: () => T): T | undefined {
    return this.#mesh.place === owner ? make() : undefined;
  }

  /** One owner's selection as shared numbers, made once. */
  async #selection(owner: Place): Promise<Shared> {
    const found = this.#sharedSelections.get(owner);
    if (found) return found;
    const made = await protocol.share(
      this.#mesh,
      owner,
      this.#rows,
      this.#own(owner, () => elementsFrom(this.#selected!)),
    );
    this.#sharedSelections.set(owner, made);
    return made;
  }

  /** What the owner of a target has of it: nought where it leaves the row out. */
  #kept({ of, name }: Target): BigUint64Array {
    const selected = this.#selected!;
    if (of === 'rows') return elementsFrom(selected);
    if (of === 'count') {
      const present = presentIn(this.#table!, name);
      return elementsFrom(selected.map((taken, row) => (taken === 1 && present(row) ? 1 : 0)));
    }
    const kept = this.#table!.numbers.get(name)!.values.slice();
    const halves = halvesOf(kept);
    for (let row = 0; row < kept.length; row++) if (selected[row] === 0) halves[row * 2] = halves[row * 2 + 1] = 0;
    requireSummable(kept, name);
    return kept;
  }

  async #whole(both: Shared | undefined): Promise<Answer | undefined> {
    const mesh = this.#mesh;
    const targets = targetsOf(this.#terms.plan, this.#filters(0) ? 0 : 1);
    const sums: Shared[] = [];
    for (const target of targets) {
      const { owner, of } = target;
      const other = (1 - owner) as Place;
      const kept = () => this.#kept(target);
      if (both && of === 'rows') sums.push(protocol.sum(both));
      else if (both || this.#filters(other)) {
        const x = await protocol.share(mesh, owner, this.#rows, this.#own(owner, kept));
        sums.push(await protocol.dot(mesh, x, both ?? (await this.#selection(other))));
      } else
        sums.push(
          await protocol.share(
            mesh,
            owner,
            1,
            this.#own(owner, () => total(kept())),
          ),
        );
    }
    const all: Shared = { own: oneColumn(sums.map((one) => one.own)), next: oneColumn(sums.map((one) => one.next)) };
    let answer: Answer | undefined;
    for (const to of recipientsOf(this.#terms)) {
      const opened = await protocol.open(mesh, all, to);
      if (opened)
        answer = this.#told(
          targets,
          [[]],
          Array.from(opened, (value) => BigUint64Array.of(value)),
        );
    }
    return answer;
  }

  async #byGroup(groups: NonNullable<Plan['groups']>, both: Shared | undefined): Promise<Answer | undefined> {
    const mesh = this.#mesh;
    const owner = placeOf(groups.owner);
    const other = (1 - owner) as Place;
    const targets = targetsOf(this.#terms.plan, this.#filters(other) ? other : owner);
    const columns: (BigUint64Array | undefined)[] = [];
    for (const target of targets) columns.push(await this.#inTwo(target, owner, both));
    const grouped = this.#own(owner, () => groupsIn(this.#table!, groups.columns, this.#selected!));
    const parts = await protocol.sumByGroup(mesh, owner, this.#rows, columns, sharesLimits.groups, grouped);
    let answer: Answer | undefined;
    for (const to of recipientsOf(this.#terms)) {
      const from = (1 - to) as Place;
      if (mesh.place === 2) continue;
      const keys = to === owner ? grouped?.keys : await passKeys(mesh, owner, to, grouped?.keys);
      if (mesh.place === from) for (const one of parts) await mesh.sendColumn(to, one);
      else {
        const whole: BigUint64Array[] = [];
        for (const one of parts) whole.push(plus(one, await mesh.receiveColumn(from, new BigUint64Array(one.length))));
        if (keys!.length !== parts[0]!.length)
          throw new ComputeError('compute.peerMalformed', 'groups do not fit sums');
        answer = this.#told(targets, keys!, whole);
      }
    }
    return answer;
  }

  /** A target as two owners' parts, rows left out by either being nought; the group's owner leaves out its own later. */
  async #inTwo(target: Target, groupOwner: Place, both: Shared | undefined): Promise<BigUint64Array | undefined> {
    const mesh = this.#mesh;
    const { owner, of } = target;
    const kept = () => this.#kept(target);
    const factor =
      both ??
      (owner === groupOwner && this.#filters((1 - owner) as Place)
        ? await this.#selection((1 - owner) as Place)
        : undefined);
    if (both && of === 'rows') return protocol.inTwo(mesh, both, groupOwner);
    if (factor) {
      const x = await protocol.share(mesh, owner, this.#rows, this.#own(owner, kept));
      return protocol.inTwo(mesh, await protocol.multiply(mesh, x, factor), groupOwner);
    }
    if (mesh.place === 2) return undefined;
    return this.#own(owner, kept) ?? new BigUint64Array(this.#rows);
  }

  #told(targets: readonly Target[], keys: readonly (string | null)[][], sums: readonly BigUint64Array[]): Answer {
    const { plan, decimals } = this.#terms;
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
    order.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
    return {
      columns: plan.outputs.map(({ name }) => name),
      rows: order.map(({ group }) => plan.outputs.map((output) => cell(output, group))),
    };
  }
}

/** All three call this at once; owners bring their table, rows side by side. Answers at whom the terms name. */
export const execute = (
  mesh: Mesh,
  terms: SharesTerms,
  rows: number,
  table: Table | undefined,
): Promise<Answer | undefined> => new Run(mesh, terms, rows, table).answer();

const oneColumn = (all: readonly BigUint64Array[]): BigUint64Array => {
  const out = new BigUint64Array(all.length);
  for (const [n, one] of all.entries()) out[n] = one[0]!;
  return out;
};

/** No sum of some of these values can pass the ring’s end then; that is known before anything is shared. */
const requireSummable = (values: BigUint64Array, name: string): void => {
  const halves = new Int32Array(values.buffer, values.byteOffset, values.length * 2);
  // Exact as long as it is below 2^53; beyond, it is counted again.
  let rough = 0;
  for (let n = 0; n < values.length; n++) rough += Math.abs(halves[n * 2 + 1]!) + 1;
  if (rough < 2 ** 31) return;
  let exact = 0n;
  for (const value of values) exact += signed(value) < 0n ? -signed(value) : signed(value);
  if (exact > columnMax) {
    throw new ComputeError(
      'compute.overflow',
      `the values of ${name} could add up to more than 2^63 units of the last decimal`,
    );
  }
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

interface Grouped extends protocol.Segments {
  keys: (string | null)[][];
}

/** Puts selected rows in order of their groups by counting; the others come last. */
export const groupsIn = (table: Table, columns: readonly string[], selected: Uint8Array): Grouped => {
  const texts = columns.map((name) => table.texts.get(name)!);
  const group = new Int32Array(table.rows).fill(-1);
  const numbers = new Map<number | string, number>();
  const counts: number[] = [];
  const keys: (string | null)[][] = [];
  const [only] = texts;
  for (let row = 0; row < table.rows; row++) {
    if (selected[row] === 0) continue;
    const code = texts.length === 1 ? only!.codes[row]! : texts.map(({ codes }) => codes[row]).join();
    let number = numbers.get(code);
    if (number === undefined) {
      number = counts.length;
      if (number === sharesLimits.groups) {
        throw new ComputeError('compute.sizeCap', `more than ${sharesLimits.groups} groups`);
      }
      numbers.set(code, number);
      counts.push(0);
      keys.push(texts.map(({ codes, words }) => words[codes[row]!]!));
    }
    counts[number]!++;
    group[row] = number;
  }
  const ends = new Uint32Array(counts.length);
  const next = new Uint32Array(counts.length + 1);
  for (const [number, count] of counts.entries()) next[number + 1] = ends[number] = next[number]! + count;
  const order = new Uint32Array(table.rows);
  let rest = next[counts.length]!;
  for (let row = 0; row < table.rows; row++) {
    const number = group[row]!;
    order[number < 0 ? rest++ : next[number]!++] = row;
  }
  return { order, ends, keys };
};

/** The names of groups, from their owner to a recipient that is not. */
const passKeys = async (
  mesh: Mesh,
  owner: Place,
  to: Place,
  keys: (string | null)[][] | undefined,
): Promise<(string | null)[][] | undefined> => {
  if (mesh.place === owner) {
    const text = Buffer.from(JSON.stringify(keys));
    if (text.length > sharesLimits.groupTextBytes)
      throw new ComputeError('compute.sizeCap', 'the groups’ names are too long');
    const words = new Uint32Array((text.length + 3) >> 2);
    new Uint8Array(words.buffer).set(text);
    await mesh.sendColumn(to, Uint32Array.of(text.length));
    await mesh.sendColumn(to, words);
    return keys;
  }
  const [length] = await mesh.receiveColumn(owner, new Uint32Array(1));
  if (length! > sharesLimits.groupTextBytes)
    throw new ComputeError('compute.peerMalformed', 'the groups’ names are too long');
  const words = await mesh.receiveColumn(owner, new Uint32Array((length! + 3) >> 2));
  return readKeys(Buffer.from(words.buffer, 0, length!).toString('utf8'));
};

const readKeys = (text: string): (string | null)[][] => {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    found = undefined;
  }
  const sound =
    Array.isArray(found) &&
    found.every((key) => Array.isArray(key) && key.every((one) => one === null || typeof one === 'string'));
  if (!sound) throw new ComputeError('compute.peerMalformed', 'the groups’ names cannot be read');
  return found as (string | null)[][];
};
