/**
 * A query over two owners' tables as a plan: what each owner does with its own rows alone, and what is left to be computed on shares. Made
 * from the tree of DuckDB's own parser (`json_serialize_sql`). Whatever is not named here is refused.
 */

import type { Role } from '../intersect/agree.ts';
import { ComputeError } from '../problem.ts';

export const comparisons = ['<', '<=', '>', '>=', '=', '<>'] as const;
export type Comparison = (typeof comparisons)[number];

export interface ColumnOf {
  owner: Role;
  name: string;
}

/** A number is its decimal text. */
export type Constant = { number: string } | { text: string };

/** What an owner decides by itself, row by row, with SQL's three values of truth. */
export type Condition =
  | { kind: 'compare'; column: string; by: Comparison; constant: Constant }
  | { kind: 'null'; column: string }
  | { kind: 'and' | 'or'; of: Condition[] }
  | { kind: 'not'; of: Condition };

export type Output =
  | { name: string; of: 'group'; column: string }
  | { name: string; of: 'rows' }
  | { name: string; of: 'count' | 'sum' | 'avg'; column: ColumnOf };

export interface Plan {
  /**
   * Rows of both tables belong together by their place, or by equal keys. With `payload` nobody but the helper, who sees no keys, learns
   * which keys are common: the rows are then that owner's distinct keys, with its own groups and sums alone.
   */
  align: 'place' | { first: string; second: string; payload?: Role };
  filters: Record<Role, Condition[]>;
  /** Between a number of one owner and one of the other: on shares. */
  compared: { left: ColumnOf; by: Comparison; right: ColumnOf }[];
  groups: { owner: Role; columns: string[] } | null;
  outputs: Output[];
  /** Rows that a group, or the whole, must have for anything of it to open: `HAVING count(*) >= n`. */
  atLeast?: number;
  /** Only so many groups open, in the order of that column of the result. */
  top?: { output: number; descending: boolean; count: number };
}

export const planLimits = {
  outputs: 16,
  conditions: 64,
  compared: 4,
  groupColumns: 4,
  nameBytes: 128,
  atLeast: 1_000_000,
  top: 1000,
};

/** That a row has a value there. */
export const isThere = (column: string): Condition => ({ kind: 'not', of: { kind: 'null', column } });

/** Whose distinct keys the rows are, where matches stay hidden. */
export const payloadOf = ({ align }: Pick<Plan, 'align'>): Role | undefined =>
  align === 'place' ? undefined : align.payload;

/**
 * Count and sum of one owner's rows whose keys the other has, by groups of the former, without anybody learning which keys they are. Rows without
 * a number to sum up take no part: else a sum over many could be that of one.
 */
export const sumPlan = (asked: {
  first: string;
  second: string;
  payload: Role;
  sum: string;
  group?: string;
  atLeast: number;
}): Plan => {
  const { first, second, payload, sum, group, atLeast } = asked;
  const plan: Plan = {
    align: { first, second, payload },
    filters: { first: [], second: [], [payload]: [isThere(sum)] },
    compared: [],
    groups: group === undefined ? null : { owner: payload, columns: [group] },
    outputs: [
      ...(group === undefined ? [] : [{ name: group, of: 'group' as const, column: group }]),
      { name: 'count', of: 'rows' },
      { name: 'sum', of: 'sum', column: { owner: payload, name: sum } },
    ],
    atLeast,
  };
  requirePlan(plan);
  return plan;
};

const roles: readonly Role[] = ['first', 'second'];
type Tree = { [member: string]: unknown };

const refuse = (why: string): ComputeError => new ComputeError('compute.query', why);

/** `names`: what the query calls the tables of the first and the second owner. Throws `compute.query` with what is not understood. */
export const planOf = (tree: string, names: readonly [string, string]): Plan => {
  const { error, error_message: why, statements } = JSON.parse(tree) as Tree & { statements?: { node: Tree }[] };
  if (error) throw refuse(`not one SELECT: ${String(why)}`);
  const [only, ...more] = statements ?? [];
  if (!only || more.length > 0) throw refuse('exactly one SELECT is taken');
  const plan = new Reader(names).read(only.node);
  requirePlan(plan);
  return plan;
};

const members = new Set(
  `type modifiers cte_map select_list from_table where_clause group_expressions group_sets aggregate_handling having sample
  qualify`.split(/\s+/),
);
const byType: Record<string, Comparison> = {
  COMPARE_LESSTHAN: '<',
  COMPARE_LESSTHANOREQUALTO: '<=',
  COMPARE_GREATERTHAN: '>',
  COMPARE_GREATERTHANOREQUALTO: '>=',
  COMPARE_EQUAL: '=',
  COMPARE_NOTEQUAL: '<>',
};
/** What a number of rows must be at least, where it is compared so. */
const leastOf: Partial<Record<Comparison, (count: number) => number>> = {
  '>=': (count) => count,
  '>': (count) => count + 1,
};
const turned: Record<Comparison, Comparison> = { '<': '>', '<=': '>=', '>': '<', '>=': '<=', '=': '=', '<>': '<>' };

class Reader {
  readonly #roles: Map<string, Role>;
  readonly #plan: Plan = {
    align: 'place',
    filters: { first: [], second: [] },
    compared: [],
    groups: null,
    outputs: [],
  };

  constructor(names: readonly [string, string]) {
    this.#roles = new Map(names.map((name, at) => [name.toLowerCase(), roles[at]!]));
  }

  read(node: Tree): Plan {
    this.#requireForm(node);
    this.#takeTables(node.from_table as Tree);
    if (node.where_clause !== null) for (const one of conjuncts(node.where_clause as Tree)) this.#takeFilter(one);
    this.#takeGroups(node);
    this.#plan.outputs = (node.select_list as Tree[]).map((one) => this.#output(one));
    if (node.having !== null) this.#plan.atLeast = this.#least(node.having as Tree);
    this.#takeOrder(node.modifiers as Tree[]);
    return this.#plan;
  }

  #least({ type, left, right }: Tree): number {
    const by = byType[String(type)];
    const isCount = (of: unknown) => (of as Tree | undefined)?.function_name === 'count_star';
    const [counted, how, constant] = isCount(left) ? [left, by, right] : [right, by && turned[by], left];
    const least = how && isCount(counted) ? leastOf[how] : undefined;
    if (!least) throw refuse('HAVING is "count(*) >= a whole number"');
    requirePlainCall(counted as Tree);
    return least(wholeOf(constant as Tree));
  }

  /** ORDER BY one column of the result, with LIMIT: which groups those are, and their order, is all that opens. */
  #takeOrder(modifiers: Tree[]): void {
    if (modifiers.length === 0) return;
    const [order, limit, ...more] = modifiers;
    const orders = (order!.orders ?? []) as Tree[];
    if (order!.type !== 'ORDER_MODIFIER' || limit?.type !== 'LIMIT_MODIFIER' || limit.offset || more.length > 0) {
      throw refuse('without "ORDER BY … LIMIT n" rows of the result come in order of their groups');
    }
    const [by, ...others] = orders;
    if (!by || others.length > 0) throw refuse('ORDER BY takes one count or sum of the result');
    const output = this.#ordered(by.expression as Tree);
    this.#plan.top = { output, descending: by.type === 'DESCENDING', count: wholeOf(limit.limit as Tree) };
  }

  #ordered(expression: Tree): number {
    const { outputs } = this.#plan;
    if (expression.type === 'FUNCTION') {
      const wanted = JSON.stringify({ ...this.#output(expression), name: '' });
      return outputs.findIndex((one) => JSON.stringify({ ...one, name: '' }) === wanted);
    }
    const [name, ...more] = (expression.type === 'COLUMN_REF' ? expression.column_names : []) as string[];
    return more.length > 0 ? -1 : outputs.findIndex((one) => one.name.toLowerCase() === name?.toLowerCase());
  }

  #requireForm(node: Tree): void {
    if (node.type !== 'SELECT_NODE') throw refuse(`${String(node.type)} is not taken`);
    const extra = Object.keys(node).find((member) => !members.has(member));
    if (extra) throw refuse(`${extra} is not taken`);
    if ((node.cte_map as { map: unknown[] }).map.length > 0) throw refuse('WITH is not taken');
    for (const part of ['sample', 'qualify']) if (node[part] !== null) throw refuse(`${part} is not taken`);
    if (node.aggregate_handling !== 'STANDARD_HANDLING') throw refuse('GROUP BY ALL is not taken');
  }

  #takeTables(node: Tree): void {
    const { left, right, type, ref_type: reference, join_type: kind, condition, using_columns: using } = node;
    const isJoin = type === 'JOIN' && kind === 'INNER' && !node.sample && (using as unknown[]).length === 0;
    if (!isJoin) throw refuse('FROM is "a POSITIONAL JOIN b" or "a JOIN b ON a.key = b.key"');
    const owners = [this.#table(left as Tree), this.#table(right as Tree)];
    if (owners[0] === owners[1]) throw refuse('the two tables belong to two owners');
    if (reference === 'POSITIONAL') return;
    const on = condition as Tree | null;
    if (reference !== 'REGULAR' || on?.type !== 'COMPARE_EQUAL')
      throw refuse('tables are joined by one pair of equal keys');
    const keys = [this.#column(on.left as Tree), this.#column(on.right as Tree)];
    const key = (role: Role) => keys.find(({ owner }) => owner === role)?.name;
    const [first, second] = [key('first'), key('second')];
    if (first === undefined || second === undefined) throw refuse('a key of each owner is needed');
    this.#plan.align = { first, second };
  }

  #table(node: Tree): Role {
    const { type, table_name: name, alias, schema_name: schema, catalog_name: catalog, sample, at_clause: at } = node;
    const role = this.#roles.get(String(name).toLowerCase());
    const renamed = ((node.column_name_alias as unknown[] | undefined) ?? []).length > 0;
    if (type !== 'BASE_TABLE' || !role || schema || catalog || sample || at || renamed) {
      throw refuse(`the tables are called ${[...this.#roles.keys()].join(' and ')}`);
    }
    if (alias && String(alias).toLowerCase() !== String(name).toLowerCase()) {
      this.#roles.set(String(alias).toLowerCase(), role);
    }
    return role;
  }

  #column(node: Tree): ColumnOf {
    const [table, name, ...more] = (node.type === 'COLUMN_REF' ? node.column_names : []) as string[];
    const owner = this.#roles.get(table?.toLowerCase() ?? '');
    if (!owner || name === undefined || more.length > 0) throw refuse('columns are written as table.column');
    return { owner, name };
  }

  /** What one owner knows alone is its own; a number of one against a number of the other is left for shares. */
  #takeFilter(node: Tree): void {
    const by = byType[String(node.type)];
    if (by && isColumn(node.left) && isColumn(node.right)) {
      const [left, right] = [this.#column(node.left as Tree), this.#column(node.right as Tree)];
      if (left.owner === right.owner) throw refuse('two columns of one owner are not compared');
      this.#plan.compared.push({ left, by, right });
      return;
    }
    const owners = new Set<Role>();
    const condition = this.#condition(node, owners);
    const [owner, other] = owners;
    if (!owner || other) throw refuse('OR and NOT hold columns of one owner only');
    this.#plan.filters[owner].push(condition);
  }

  #condition(node: Tree, owners: Set<Role>): Condition {
    const type = String(node.type);
    const children = (node.children ?? []) as Tree[];
    const column = (of: unknown): string => {
      const { owner, name } = this.#column(of as Tree);
      owners.add(owner);
      return name;
    };
    const compare = (of: unknown, by: Comparison, constant: unknown): Condition => ({
      kind: 'compare',
      column: column(of),
      by,
      constant: constantOf(constant as Tree),
    });
    const not = (of: Condition): Condition => ({ kind: 'not', of });
    const by = byType[type];
    if (by)
      return isColumn(node.left) ? compare(node.left, by, node.right) : compare(node.right, turned[by], node.left);
    switch (type) {
      case 'CONJUNCTION_AND':
      case 'CONJUNCTION_OR':
        return {
          kind: type === 'CONJUNCTION_AND' ? 'and' : 'or',
          of: children.map((one) => this.#condition(one, owners)),
        };
      case 'OPERATOR_NOT':
        return not(this.#condition(children[0]!, owners));
      case 'OPERATOR_IS_NULL':
        return { kind: 'null', column: column(children[0]) };
      case 'OPERATOR_IS_NOT_NULL':
        return isThere(column(children[0]));
      case 'COMPARE_IN':
      case 'COMPARE_NOT_IN': {
        const any: Condition = { kind: 'or', of: children.slice(1).map((one) => compare(children[0], '=', one)) };
        return type === 'COMPARE_IN' ? any : not(any);
      }
      case 'COMPARE_BETWEEN':
      case 'COMPARE_NOT_BETWEEN': {
        const of = [compare(node.input, '>=', node.lower), compare(node.input, '<=', node.upper)];
        return type === 'COMPARE_BETWEEN' ? { kind: 'and', of } : not({ kind: 'and', of });
      }
      default:
        throw refuse(`${type.replaceAll('_', ' ')} is not taken in WHERE`);
    }
  }

  #takeGroups(node: Tree): void {
    const expressions = node.group_expressions as Tree[];
    const whole = JSON.stringify(expressions.length > 0 ? [expressions.map((_, at) => at)] : []);
    if (JSON.stringify(node.group_sets) !== whole) throw refuse('GROUPING SETS are not taken');
    if (expressions.length === 0) return;
    const columns = expressions.map((one) => this.#column(one));
    const { owner } = columns[0]!;
    if (columns.some((one) => one.owner !== owner)) throw refuse('all columns of GROUP BY belong to one owner');
    this.#plan.groups = { owner, columns: columns.map(({ name }) => name) };
  }

  #output(node: Tree): Output {
    if (node.type === 'COLUMN_REF') {
      const { owner, name } = this.#column(node);
      const { groups } = this.#plan;
      if (groups?.owner !== owner || !groups.columns.includes(name)) throw refuse(`${name} is not in GROUP BY`);
      return { name: String(node.alias || name), of: 'group', column: name };
    }
    const called = String(node.function_name);
    requirePlainCall(node);
    const name = String(node.alias || called);
    if (called === 'count_star') return { name: String(node.alias || 'count'), of: 'rows' };
    const [column, ...more] = node.children as Tree[];
    if ((called !== 'count' && called !== 'sum' && called !== 'avg') || !column || more.length > 0) {
      throw refuse(`${called} is not taken; count, sum and avg are`);
    }
    return { name, of: called, column: this.#column(column) };
  }
}

const requirePlainCall = (node: Tree): void => {
  const orders = (node.order_bys as { orders?: unknown[] } | null)?.orders ?? [];
  if (node.type !== 'FUNCTION' || node.distinct || node.filter !== null || orders.length > 0) {
    throw refuse('results are count, sum and avg of plain columns');
  }
};

const isColumn = (node: unknown): boolean => (node as Tree).type === 'COLUMN_REF';

const conjuncts = (node: Tree): Tree[] =>
  node.type === 'CONJUNCTION_AND' ? (node.children as Tree[]).flatMap(conjuncts) : [node];

const wholeTypes = new Set(['TINYINT', 'SMALLINT', 'INTEGER', 'BIGINT']);

const constantOf = (node: Tree): Constant => {
  const {
    type,
    value,
    is_null: none,
  } = (node.value ?? {}) as {
    type?: { id?: string; type_info?: { scale?: number } | null };
    value?: unknown;
    is_null?: boolean;
  };
  if (node.type === 'VALUE_CONSTANT' && !none) {
    if (type?.id === 'VARCHAR') return { text: String(value) };
    // The tree is JSON: a number beyond 2^53 has lost digits on its way.
    if (Number.isSafeInteger(value)) {
      if (wholeTypes.has(type?.id ?? '')) return { number: String(value) };
      if (type?.id === 'DECIMAL') return { number: decimalText(BigInt(value as number), type.type_info?.scale ?? 0) };
    }
  }
  throw refuse('a column is compared with a text, a number, or a number of the other owner');
};

const wholeOf = (node: Tree): number => {
  const constant = constantOf(node);
  const whole = 'number' in constant ? Number(constant.number) : Number.NaN;
  if (!Number.isSafeInteger(whole) || whole < 1) throw refuse('HAVING and LIMIT name a whole number from 1 on');
  return whole;
};

/** A scaled whole number as people write it, without noughts at its end. */
export const decimalText = (scaled: bigint, decimals: number): string => {
  const digits = String(scaled < 0n ? -scaled : scaled).padStart(decimals + 1, '0');
  const whole = digits.slice(0, digits.length - decimals);
  const rest = digits.slice(digits.length - decimals).replace(/0+$/, '');
  return `${scaled < 0n ? '-' : ''}${whole}${rest ? `.${rest}` : ''}`;
};

/** Which columns of an owner are read as numbers and which as texts. Throws `compute.query` where one would be both. */
export const columnsOf = (plan: Plan, role: Role): { numbers: string[]; texts: string[] } => {
  const numbers = new Set<string>();
  const texts = new Set<string>();
  const look = (condition: Condition): void => {
    if (condition.kind === 'compare') ('text' in condition.constant ? texts : numbers).add(condition.column);
    else if (condition.kind === 'not') look(condition.of);
    else if (condition.kind !== 'null') condition.of.forEach(look);
  };
  plan.filters[role].forEach(look);
  for (const { left, right } of plan.compared) numbers.add(left.owner === role ? left.name : right.name);
  if (plan.groups?.owner === role) for (const name of plan.groups.columns) texts.add(name);
  for (const one of plan.outputs) {
    if ((one.of === 'sum' || one.of === 'avg') && one.column.owner === role) numbers.add(one.column.name);
  }
  const both = [...numbers].find((name) => texts.has(name));
  if (both !== undefined) throw refuse(`${both} is used as a number and as a text`);
  // Whether a value is there is asked of texts, where nothing else is.
  const asked = (condition: Condition): string[] =>
    condition.kind === 'null'
      ? [condition.column]
      : condition.kind === 'compare'
        ? []
        : [condition.of].flat().flatMap(asked);
  const present = plan.filters[role].flatMap(asked);
  for (const one of plan.outputs) if (one.of === 'count' && one.column.owner === role) present.push(one.column.name);
  for (const name of present) if (!numbers.has(name)) texts.add(name);
  return { numbers: [...numbers], texts: [...texts] };
};

const conditionsIn = (condition: Condition): number =>
  condition.kind === 'compare' || condition.kind === 'null'
    ? 1
    : [condition.of].flat().reduce((count, one) => count + conditionsIn(one), 1);

/** Of plans from outside, too, since terms carry them. */
export const requirePlan = (plan: Plan): void => {
  const within = (count: number, most: number, what: string): void => {
    if (count > most) throw refuse(`at most ${most} ${what} are taken`);
  };
  within(plan.outputs.length, planLimits.outputs, 'columns of the result');
  within(plan.compared.length, planLimits.compared, 'comparisons between owners');
  const { atLeast = 1 } = plan;
  if (!Number.isInteger(atLeast) || atLeast < 1 || atLeast > planLimits.atLeast) {
    throw refuse(`what a group must have at least is a number of rows from 1 to ${planLimits.atLeast}`);
  }
  requireOrder(plan);
  requirePayload(plan);
  within(plan.groups?.columns.length ?? 0, planLimits.groupColumns, 'columns of GROUP BY');
  for (const role of roles) {
    within(
      plan.filters[role].reduce((count, one) => count + conditionsIn(one), 0),
      planLimits.conditions,
      'conditions of an owner',
    );
    const { numbers, texts } = columnsOf(plan, role);
    if ([...numbers, ...texts].some((name) => Buffer.byteLength(name) > planLimits.nameBytes)) {
      throw refuse(`a column’s name has at most ${planLimits.nameBytes} bytes`);
    }
  }
  if (!plan.outputs.some(({ of }) => of !== 'group')) throw refuse('a result has an aggregate: rows are not shown');
};

const requireOrder = ({ top, groups, outputs }: Plan): void => {
  if (!top) return;
  if (!groups) throw refuse('LIMIT is for groups');
  const by = outputs[top.output]?.of;
  if (by !== 'rows' && by !== 'count' && by !== 'sum') throw refuse('ORDER BY takes a count or a sum of the result');
  const sound = Number.isInteger(top.count) && top.count >= 1 && top.count <= planLimits.top;
  if (!sound) throw refuse(`LIMIT is at most ${planLimits.top}`);
};

/** What one owner has alone of keys that nobody else learns of. */
const requirePayload = (plan: Plan): void => {
  const { groups, compared, outputs, atLeast } = plan;
  const payload = payloadOf(plan);
  if (payload === undefined) return;
  const isOwn = (one: Output): boolean =>
    one.of === 'group' || one.of === 'rows' || (one.of === 'sum' && one.column.owner === payload);
  const sound = roles.includes(payload) && (groups === null || groups.owner === payload) && atLeast !== undefined;
  if (!sound || compared.length > 0 || !outputs.every(isOwn)) {
    throw refuse('where matches stay hidden, groups and sums are of one owner, with a least number of keys');
  }
};
