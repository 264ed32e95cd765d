/**
 * Whether a query shows no more than its owners permit. It looks at the tree that DuckDB's own parser gives of SQL that the
 * gate for templates (package gateway) has already let pass, and knows one form alone: aggregates over inner joins, each
 * part a plain column. Whatever is not named here is refused, so that a new version of the parser opens nothing.
 *
 * Differencing: a contract has one query, and a parameter only picks the rows in which one open column equals it. Two runs
 * see the same rows or none in common, so no difference of two results is about fewer entities than a result is.
 */
import { type ColumnType, type Disclosure, type Place, permits } from './disclosure.ts';
import { type JointFinding, jointFinding, refuse } from './findings.ts';

export interface JointTable {
  name: string;
  entity: string;
  /** As for all recipients together (`ruleFor`). */
  columns: readonly { name: string; type: ColumnType; rule: Disclosure }[];
}

export interface Joint {
  /** What each group must fulfil, to be put behind the query. */
  having: string;
  /** Columns by which the result is grouped, and what each aggregate is made of: for those who are asked to sign. */
  groups: string[];
  sums: { name: string; of: string }[];
  /** Columns of the result, in their order; `of` is `table.column`, or * where rows are counted. */
  selected: ({ group: string } | { aggregate: 'count' | 'sum' | 'avg'; of: string })[];
  joins: { left: string; right: string }[];
  filters: string[];
  /** Whose entities each group must have enough of: data sets in the order in which they are joined. */
  sources: { alias: string; table: string; entity: string }[];
  /** Columns that something is made of, each once: enough entities must have a value there, else a sum of many could be that of one. */
  aggregated: { alias: string; table: string; column: string }[];
}

type Tree = { [member: string]: unknown };
interface Source {
  alias: string;
  table: JointTable;
}
interface Column {
  source: Source;
  name: string;
  type: ColumnType;
  rule: Disclosure;
}
interface Walk {
  sources: Source[];
  parameters: Map<string, number>;
  joins: Joint['joins'];
  filters: Set<string>;
}

const aggregates = new Set(['count_star', 'count', 'sum', 'avg']);
const numeric: readonly ColumnType[] = ['integer', 'decimal'];
/** Of one storage each: decimals of two lengths would be cast, and the value that does not fit would show itself. */
const joinable: readonly ColumnType[] = ['string', 'integer', 'date'];

/** `tree`: what `json_serialize_sql` says of the gate's own SQL. */
export const checkJoint = (
  tree: string,
  tables: readonly JointTable[],
  parameters: readonly string[],
  entitiesMin: number,
): Joint | JointFinding => {
  try {
    return look(nodeOf(tree), tables, parameters, entitiesMin);
  } catch (error) {
    const found = jointFinding(error);
    if (found) return found;
    throw error;
  }
};

const nodeOf = (json: string): Tree => {
  const { statements } = JSON.parse(json) as { statements?: { node: Tree }[] };
  const [only, ...more] = statements ?? [];
  if (!only || more.length > 0) throw refuse('form', 'SELECT');
  return only.node;
};

const look = (node: Tree, tables: readonly JointTable[], parameters: readonly string[], entitiesMin: number): Joint => {
  requireForm(node);
  const walk: Walk = { sources: [], parameters: new Map(), joins: [], filters: new Set() };
  const byName = new Map(tables.map((table) => [table.name.toLowerCase(), table]));
  takeFrom(node.from_table as Tree, byName, walk);
  const unread = tables.find((table) => !walk.sources.some((source) => source.table === table));
  if (unread) throw refuse('tableUnused', unread.name);
  if (node.where_clause !== null) takePredicate(node.where_clause as Tree, walk, true);
  const wrong = parameters.find((name) => walk.parameters.get(name) !== 1);
  if (wrong !== undefined) throw refuse('parameter', `$${wrong}`);
  const groups = takeGroups(node, walk);
  const sources = walk.sources.map(({ alias, table: { name, entity } }) => ({ alias, table: name, entity }));
  const { columns, ...selected } = takeSelected(node, walk, groups);
  const aggregated = [...new Map(columns.map((one) => [nameOf(one), one])).values()].map(
    ({ source, name: column }) => ({
      ...{ alias: source.alias, table: source.table.name, column },
    }),
  );
  const having = everyDistinct({ sources, aggregated }, entitiesMin);
  return { having, groups, ...selected, ...told(walk), sources, aggregated };
};

const told = ({ joins, filters }: Walk) => ({ joins, filters: [...filters] });

const selectMembers = new Set(
  `type modifiers cte_map select_list from_table where_clause group_expressions group_sets aggregate_handling having sample
  qualify`.split(/\s+/),
);

/** One SELECT without anything before, behind or beside it: ORDER BY and LIMIT too would pick single rows out. */
const requireForm = (node: Tree): void => {
  if (node.type !== 'SELECT_NODE') throw refuse('form', String(node.type).replaceAll('_', ' '));
  const extra = Object.keys(node).find((member) => !selectMembers.has(member));
  if (extra) throw refuse('form', extra);
  const [modifier] = node.modifiers as Tree[];
  if (modifier) throw refuse('form', String(modifier.type).replaceAll('_', ' '));
  if ((node.cte_map as { map: unknown[] }).map.length > 0) throw refuse('form', 'WITH');
  for (const part of ['having', 'sample', 'qualify'] as const)
    if (node[part] !== null) throw refuse('form', part.toUpperCase());
  if (node.aggregate_handling !== 'STANDARD_HANDLING') throw refuse('form', 'GROUP BY ALL');
};

const takeFrom = (node: Tree, tables: ReadonlyMap<string, JointTable>, walk: Walk): void => {
  if (node.type === 'BASE_TABLE') {
    takeTable(node, tables, walk);
    return;
  }
  if (node.type !== 'JOIN') throw refuse('form', String(node.type).replaceAll('_', ' '));
  const { join_type: kind, ref_type: reference, using_columns: using, condition, sample } = node;
  const plain = kind === 'INNER' && reference === 'REGULAR' && (using as unknown[]).length === 0 && !sample;
  if (!plain || !condition) throw refuse('join');
  takeFrom(node.left as Tree, tables, walk);
  const right = node.right as Tree;
  if (right.type !== 'BASE_TABLE') throw refuse('join');
  takeTable(right, tables, walk);
  const alias = walk.sources.at(-1)!.alias;
  for (const pair of conjuncts(condition as Tree)) takePair(pair, alias, walk);
};

const takeTable = (node: Tree, tables: ReadonlyMap<string, JointTable>, walk: Walk): void => {
  const { table_name: name, alias, schema_name: schema, catalog_name: catalog, sample } = node;
  const table = tables.get(String(name).toLowerCase());
  const renamed = (node.column_name_alias as unknown[]).length > 0;
  if (!table || schema || catalog || sample || node.at_clause || renamed) throw refuse('form', String(name));
  const called = String(alias || name).toLowerCase();
  if (walk.sources.some((one) => one.alias === called || one.table === table)) throw refuse('tableTwice', table.name);
  walk.sources.push({ alias: called, table });
};

const conjuncts = (node: Tree): Tree[] =>
  node.type === 'CONJUNCTION_AND' ? (node.children as Tree[]).flatMap(conjuncts) : [node];

/** Each pair ties the table that is joined on to one before it, by keys of one type, so that no cast can fail on a value. */
const takePair = (node: Tree, alias: string, walk: Walk): void => {
  if (node.type !== 'COMPARE_EQUAL') throw refuse('join');
  const [left, right] = [node.left, node.right].map((side) => columnAt(side as Tree, walk, 'join')) as [Column, Column];
  const ties = (left.source.alias === alias) !== (right.source.alias === alias);
  const alike = left.type === right.type && joinable.includes(left.type);
  if (!ties || !alike) throw refuse('join', `${nameOf(left)} = ${nameOf(right)}`);
  walk.joins.push({ left: nameOf(left), right: nameOf(right) });
};

const compared = new Set(
  'COMPARE_EQUAL COMPARE_NOTEQUAL COMPARE_LESSTHAN COMPARE_GREATERTHAN COMPARE_LESSTHANOREQUALTO COMPARE_GREATERTHANOREQUALTO'.split(
    ' ',
  ),
);

/** `outermost`: reached through AND alone. Elsewhere, as under OR or NOT, a parameter would not part the rows. */
const takePredicate = (node: Tree, walk: Walk, outermost: boolean): void => {
  const type = String(node.type);
  const children = (node.children ?? []) as Tree[];
  if (type === 'CONJUNCTION_AND' || type === 'CONJUNCTION_OR' || type === 'OPERATOR_NOT') {
    for (const one of children) takePredicate(one, walk, outermost && type === 'CONJUNCTION_AND');
  } else if (compared.has(type)) {
    const sides = [node.left, node.right] as Tree[];
    const [left, right] = sides[0]!.type === 'COLUMN_REF' ? sides : sides.toReversed();
    const column = filteredBy(left!, walk);
    if (outermost && type === 'COMPARE_EQUAL' && takeParameter(right!, walk, column)) return;
    requireConstant(right!, column);
  } else if (type === 'COMPARE_IN' || type === 'COMPARE_NOT_IN') {
    const column = filteredBy(children[0]!, walk);
    for (const one of children.slice(1)) requireConstant(one, column);
  } else if (type === 'COMPARE_BETWEEN' || type === 'COMPARE_NOT_BETWEEN') {
    const column = filteredBy(node.input as Tree, walk);
    for (const bound of [node.lower, node.upper]) requireConstant(bound as Tree, column);
  } else if (type === 'OPERATOR_IS_NULL' || type === 'OPERATOR_IS_NOT_NULL') filteredBy(children[0]!, walk);
  else throw refuse('filter', type.replaceAll('_', ' '));
};

const filteredBy = (node: Tree, walk: Walk): Column => {
  const column = columnAt(node, walk, 'show');
  walk.filters.add(nameOf(column));
  return column;
};

const takeParameter = (node: Tree, { parameters }: Walk, column: Column): boolean => {
  const given = node.type === 'OPERATOR_CAST' ? (node.child as Tree) : node;
  if (given.type !== 'VALUE_PARAMETER') return false;
  if (column.type !== 'string') throw refuse('filter', nameOf(column));
  const name = String(given.identifier);
  parameters.set(name, (parameters.get(name) ?? 0) + 1);
  return true;
};

/** A text column against a number would be cast row by row, and the row that fails would show itself. */
const requireConstant = (node: Tree, column: Column): void => {
  const constant = node.type === 'OPERATOR_CAST' && column.type !== 'string' ? (node.child as Tree) : node;
  const id = (constant.value as { type?: { id?: string } } | undefined)?.type?.id;
  if (constant.type !== 'VALUE_CONSTANT' || (column.type === 'string' && id !== 'VARCHAR'))
    throw refuse('filter', nameOf(column));
};

const takeGroups = (node: Tree, walk: Walk): string[] => {
  const expressions = node.group_expressions as Tree[];
  const sets = JSON.stringify(node.group_sets);
  const whole = JSON.stringify(expressions.length > 0 ? [expressions.map((_, at) => at)] : []);
  if (sets !== whole) throw refuse('form', 'GROUPING SETS');
  return expressions.map((one) => nameOf(columnAt(one, walk, 'show')));
};

const takeSelected = (
  node: Tree,
  walk: Walk,
  groups: readonly string[],
): Pick<Joint, 'sums' | 'selected'> & { columns: Column[] } => {
  const columns: Column[] = [];
  const sums: Joint['sums'] = [];
  const selected: Joint['selected'] = [];
  for (const one of node.select_list as Tree[]) {
    if (one.type === 'COLUMN_REF') {
      const name = nameOf(columnAt(one, walk, 'show'));
      if (!groups.includes(name)) throw refuse('notGrouped', name);
      selected.push({ group: name });
    } else {
      const { aggregate, column, ...sum } = aggregateOf(one, walk);
      sums.push(sum);
      selected.push({ aggregate, of: column ? nameOf(column) : '*' });
      if (column) columns.push(column);
    }
  }
  if (sums.length === 0) throw refuse('noAggregate');
  return { sums, selected, columns };
};

/** A plain column and nothing around it: CASE, FILTER and arithmetic inside single out one row, or pack two values into one. */
type Aggregate = Joint['sums'][number] & { aggregate: 'count' | 'sum' | 'avg'; column: Column | null };
const aggregateOf = (node: Tree, walk: Walk): Aggregate => {
  const name = String(node.function_name);
  if (node.type !== 'FUNCTION' || !aggregates.has(name)) throw refuse('aggregate', name);
  const orders = (node.order_bys as { orders?: unknown[] } | null)?.orders ?? [];
  if (node.filter !== null || orders.length > 0) throw refuse('aggregate', `${name} FILTER`);
  const parts = node.children as Tree[];
  const alias = String(node.alias || name);
  if (name === 'count_star') return { name: alias, of: 'count(*)', aggregate: 'count', column: null };
  if (parts.length !== 1 || (node.distinct && name !== 'count')) throw refuse('aggregate', name);
  if (parts[0]!.type !== 'COLUMN_REF') throw refuse('aggregate', name);
  const column = columnAt(parts[0]!, walk, 'aggregate');
  if (name !== 'count' && !numeric.includes(column.type)) throw refuse('aggregate', `${name}(${nameOf(column)})`);
  const of = `${name}(${node.distinct ? 'distinct ' : ''}${nameOf(column)})`;
  return { name: alias, of, aggregate: name as Aggregate['aggregate'], column };
};

const columnAt = (node: Tree, { sources }: Walk, place: Place): Column => {
  const names = (node.type === 'COLUMN_REF' ? node.column_names : []) as string[];
  const [alias, name] = names.length === 1 && sources.length === 1 ? [sources[0]!.alias, names[0]!] : names;
  if (alias === undefined || name === undefined || names.length > 2) throw refuse('column', names.join('.'));
  const source = sources.find((one) => one.alias === alias.toLowerCase());
  const column = source?.table.columns.find((one) => one.name.toLowerCase() === name.toLowerCase());
  // A column that no rule names is hidden.
  if (!source || !column) throw refuse('hidden', names.join('.'));
  const found = { source, name: column.name, type: column.type, rule: column.rule };
  if (!permits(column.rule, place)) throw refuse(place, nameOf(found));
  return found;
};

const nameOf = ({ source, name }: Column): string => `${source.table.name}.${name}`;
const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

const columnIn = ({ alias, entity }: Joint['sources'][number]): string => `${quoted(alias)}.${quoted(entity)}`;

type Threshold = Pick<Joint, 'sources' | 'aggregated'>;

const withValue = ({ alias, column }: Joint['aggregated'][number]): string =>
  ` FILTER (WHERE ${quoted(alias)}.${quoted(column)} IS NOT NULL)`;

/**
 * Distinct entities of every owner, not rows: a join that repeats a row makes no more people of it. And of those as many with a value in
 * each column that something is made of.
 */
const everyDistinct = ({ sources, aggregated }: Threshold, entitiesMin: number): string =>
  ['', ...aggregated.map(withValue)]
    .flatMap((who) => sources.map((source) => `count(DISTINCT ${columnIn(source)})${who} >= ${entitiesMin}`))
    .join(' AND ');

/** What the profiles of the data sets prove, as `table.column`: `single`, no value stands in two rows, nulls aside; `whole`, a value in every row. */
export interface Profiled {
  single: ReadonlySet<string>;
  whole: ReadonlySet<string>;
}

/**
 * What each group must fulfil, said in the cheapest way that decides the same. Entities that the joins make equal are as many on either
 * side and counted once; where none of them can stand in two joined rows, their rows are counted. Who has a value is asked only of columns
 * that some row has none in; and where it is asked, those that have one are enough, so that all are.
 */
export const leanHaving = (
  { sources, joins, aggregated }: Threshold & Pick<Joint, 'joins'>,
  entitiesMin: number,
  { single, whole }: Profiled,
): string => {
  const asked = aggregated.filter(({ table, column }) => !whole.has(`${table}.${column}`)).map(withValue);
  const classes: Joint['sources'][] = [];
  for (const source of sources) {
    const equal = equalTo(`${source.table}.${source.entity}`, joins);
    const known = classes.find(([one]) => equal.has(`${one!.table}.${one!.entity}`));
    if (known) known.push(source);
    else classes.push([source]);
  }
  return classes
    .flatMap((members) => {
      const once = members.find((member) => standsOnce(member, joins, single));
      const counted = once ? columnIn(once) : `DISTINCT ${columnIn(members[0]!)}`;
      return (asked.length > 0 ? asked : ['']).map((who) => `count(${counted})${who} >= ${entitiesMin}`);
    })
    .join(' AND ');
};

/** Columns that have the same value in every joined row. */
const equalTo = (column: string, joins: Joint['joins']): ReadonlySet<string> => {
  const found = new Set([column]);
  // A set that grows is walked to its end.
  for (const one of found)
    for (const { left, right } of joins) {
      if (left === one) found.add(right);
      if (right === one) found.add(left);
    }
  return found;
};

const tableOf = (column: string): string => column.slice(0, column.indexOf('.'));

/** No entity stands in two joined rows: in one row of its own data set, to which every join adds one row of the next at most. */
const standsOnce = (
  { table, entity }: Joint['sources'][number],
  joins: Joint['joins'],
  single: ReadonlySet<string>,
): boolean => {
  if (!single.has(`${table}.${entity}`)) return false;
  const tables = new Set(joins.flatMap(({ left, right }) => [tableOf(left), tableOf(right)]));
  const reached = new Set([table]);
  for (const one of reached)
    for (const { left, right } of joins) {
      if (tableOf(left) === one && single.has(right)) reached.add(tableOf(right));
      if (tableOf(right) === one && single.has(left)) reached.add(tableOf(left));
    }
  return [...tables].every((one) => reached.has(one));
};

/** Whether two trees say the same, but that the second has a HAVING: that putting it there changed nothing else. */
export const sameButHaving = (before: string, now: string): boolean => {
  const [one, other] = [nodeOf(before), nodeOf(now)];
  return other.having !== null && JSON.stringify(bare(one)) === JSON.stringify(bare({ ...other, having: null }));
};

/** Whether the second is the first, as the one thing that it reads from: that what was put around it changed nothing in it. */
export const sameInside = (before: string, now: string): boolean => {
  const { type, subquery } = nodeOf(now).from_table as Tree;
  const inner = (subquery as { node?: Tree } | undefined)?.node;
  return (
    type === 'SUBQUERY' && inner !== undefined && JSON.stringify(bare(nodeOf(before))) === JSON.stringify(bare(inner))
  );
};

/** Without places in the text. */
const bare = (value: unknown): unknown => {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(bare);
  const { query_location: _, ...node } = value as Tree;
  return Object.fromEntries(Object.entries(node).map(([member, inner]) => [member, bare(inner)]));
};
