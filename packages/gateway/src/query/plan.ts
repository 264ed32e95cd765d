import { PLAN_FUNCTIONS, PLAN_OPERATORS } from './allowed.ts';
import { type Finding, finding } from './finding.ts';

type Tree = { [member: string]: unknown };
export type ColumnsRead = Record<string, string[]>;

/**
 * Looks at the bound plan (`json_serialize_plan`, not optimised), where stars, `COLUMNS(…)` and sub-queries are columns of
 * tables: what the query really reads. It must have been bound against tables that bear exactly the product's names.
 */
export function columnsRead(json: string, tables: readonly string[]): ColumnsRead | Finding {
  const parsed = JSON.parse(json) as Tree;
  if (parsed.error) return finding('meaning', binderWords(parsed));
  const reads = new Map<string, Set<string>>();
  const found = visit(parsed.plans, new Set(tables), reads);
  if (found) return found;
  return Object.fromEntries([...reads].map(([table, columns]) => [table, [...columns].sort()]));
}

const binderWords = ({ error_message: text }: Tree): string => String(text).split('\n')[0]?.slice(0, 300) ?? '';

function visit(node: unknown, tables: ReadonlySet<string>, reads: Map<string, Set<string>>): Finding | null {
  if (node === null || typeof node !== 'object') return null;
  if (!Array.isArray(node)) {
    const tree = node as Tree;
    const { type, expression_class: expression, name } = tree;
    if (typeof type === 'string' && type.startsWith('LOGICAL_')) {
      if (!PLAN_OPERATORS.has(type)) return finding('construct', type.slice('LOGICAL_'.length).replaceAll('_', ' '));
      const found = type === 'LOGICAL_GET' ? noteRead(tree, tables, reads) : null;
      if (found) return found;
    }
    // What looks like a column may be bound as a function: current_date, or a whole row as a structure.
    if ((expression === 'BOUND_FUNCTION' || expression === 'BOUND_AGGREGATE') && !PLAN_FUNCTIONS.has(String(name)))
      return finding('function', String(name));
  }
  for (const one of Object.values(node)) {
    const found = visit(one, tables, reads);
    if (found) return found;
  }
  return null;
}

function noteRead(get: Tree, tables: ReadonlySet<string>, reads: Map<string, Set<string>>): Finding | null {
  const {
    name,
    names,
    column_indexes: indexes,
    function_data: data,
  } = get as {
    name?: string;
    names?: string[];
    column_indexes?: { index: number }[];
    function_data?: { catalog?: string; schema?: string; table?: string };
  };
  const table = String(data?.table ?? name);
  const isOwn = name === 'seq_scan' && data?.catalog === 'memory' && data.schema === 'main' && tables.has(table);
  if (!isOwn || !Array.isArray(names) || !Array.isArray(indexes)) return finding('table', table);
  const columns = reads.get(table) ?? new Set();
  reads.set(table, columns);
  for (const { index } of indexes) {
    const column = names[index];
    // Beyond the names stand virtual columns; counting reads one. The row's number is refused by its name (syntax.ts).
    if (column !== undefined) columns.add(column);
  }
  return null;
}
