import { CONSTANT_TYPES, FUNCTIONS, SYNTAX_NODES, TYPES } from './allowed.ts';
import { type Finding, finding } from './finding.ts';
import { QUERY_LIMITS } from './template.ts';

type Tree = { [member: string]: unknown };

/** What a template says, as the engine's own parser has it; `parameters` are the names it uses. */
export type Syntax = { parameters: ReadonlySet<string> };

/**
 * Looks at the tree that `json_serialize_sql` gives: exactly one SELECT, and of every node, function, type and table only
 * what is listed. A node of a kind that nobody thought of is refused, so that a new version of the engine opens nothing.
 */
export function checkSyntax(json: string, tables: readonly string[]): Syntax | Finding {
  const parsed = JSON.parse(json) as Tree;
  if (parsed.error)
    return parsed.error_type === 'not implemented' ? finding('notSelect') : finding('syntax', parserWords(parsed));
  const statements = parsed.statements as unknown[];
  if (!Array.isArray(statements) || statements.length !== 1) return finding('notSelect');
  const walk: Walk = { tables: new Set(tables), named: new Set(), parameters: new Set(), nodes: 0 };
  collectNames(statements[0], walk);
  const found = visit(statements[0], walk);
  return found ?? { parameters: walk.parameters };
}

type Walk = { tables: ReadonlySet<string>; named: Set<string>; parameters: Set<string>; nodes: number };

const parserWords = ({ error_message: text }: Tree): string => String(text).split('\n')[0]?.slice(0, 200) ?? '';

/** Names of common table expressions: those may be read besides the tables. They can only hide a table, never open one. */
function collectNames(node: unknown, walk: Walk): void {
  if (node === null || typeof node !== 'object') return;
  const { cte_map: named, cte_name: single } = node as { cte_map?: { map?: { key?: unknown }[] }; cte_name?: unknown };
  for (const { key } of named?.map ?? []) walk.named.add(String(key));
  if (typeof single === 'string') walk.named.add(single);
  for (const value of Object.values(node)) collectNames(value, walk);
}

function visit(node: unknown, walk: Walk): Finding | null {
  if (Array.isArray(node)) return first(node, walk);
  if (node === null || typeof node !== 'object') return null;
  const tree = node as Tree;
  if (typeof tree.type === 'string') walk.nodes += 1;
  if (walk.nodes > QUERY_LIMITS.nodesMax) return finding('tooLarge');
  return visitNode(tree, walk) ?? first(Object.values(tree), walk);
}

function first(nodes: readonly unknown[], walk: Walk): Finding | null {
  for (const one of nodes) {
    const found = visit(one, walk);
    if (found) return found;
  }
  return null;
}

function visitNode(tree: Tree, walk: Walk): Finding | null {
  const { type } = tree;
  if (typeof type === 'string' && !SYNTAX_NODES.has(type)) return finding('construct', type.replaceAll('_', ' '));
  if (tree.sample !== undefined && tree.sample !== null) return finding('construct', 'SAMPLE');
  if (tree.at_clause !== undefined && tree.at_clause !== null) return finding('construct', 'AT');
  if (typeof tree.id === 'string' && 'type_info' in tree && !CONSTANT_TYPES.has(tree.id))
    return finding('type', tree.id);
  const cast = tree.cast_type as { id?: string } | undefined;
  if (cast && !TYPES.has(String(cast.id))) return finding('type', String(cast.id));
  if ('function_name' in tree) {
    const name = String(tree.function_name).toLowerCase();
    if (!FUNCTIONS.has(name)) return finding('function', name);
    if (tree.schema || tree.catalog) return finding('function', `${tree.catalog}.${tree.schema}.${name}`);
  }
  // The row's number in the file would tell of refused rows.
  const column = type === 'COLUMN_REF' ? (tree.column_names as string[]).at(-1) : undefined;
  if (column?.toLowerCase() === 'rowid') return finding('construct', 'rowid');
  if (type === 'BASE_TABLE') return checkTable(tree, walk);
  if (type === 'VALUE_PARAMETER') {
    const name = String(tree.identifier);
    if (!/^[a-z]/i.test(name)) return finding('parameterUnnamed');
    walk.parameters.add(name);
  }
  return null;
}

/** Exact names only: `FROM 'file'` looks like a table whose name is a path. */
function checkTable(
  { table_name: table, schema_name: schema, catalog_name: catalog }: Tree,
  walk: Walk,
): Finding | null {
  const name = String(table);
  if (schema || catalog) return finding('table', [catalog, schema, name].filter(Boolean).join('.'));
  return walk.tables.has(name) || walk.named.has(name) ? null : finding('table', name);
}
