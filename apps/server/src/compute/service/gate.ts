/** The gate of joint queries: that of query templates first, then what the owners permit; what passes is written anew. */
import { type BoundTable, isFinding, QueryBusy, QueryEnded, type QueryPool } from '@shugu/gateway';
import {
  boundedSql,
  type ColumnType,
  checkJoint,
  type DataSet,
  type Joint,
  type JointTable,
  type ListedParameter,
  type Noise,
  noiseFault,
  ruleFor,
  sameButHaving,
  sameInside,
  unboundedName,
} from '@shugu/private-compute';
import { problems } from '../problems.ts';

/** What the gate binds against; decimals of the files may be longer, which changes nothing that it looks at. */
export const engineTypes: Readonly<Record<ColumnType, string>> = {
  string: 'VARCHAR',
  integer: 'BIGINT',
  decimal: 'DECIMAL(18,4)',
  boolean: 'BOOLEAN',
  date: 'DATE',
  timestamp: 'TIMESTAMP',
};

export interface JointQuery {
  dataSets: readonly DataSet[];
  recipients: readonly string[];
  query: { sql: string; parameters: readonly ListedParameter[] };
  release: { entitiesMin: number; rho?: string | null };
  noise?: Noise | undefined;
}

export interface PassedQuery {
  /** With the least number of entities in it; this is what runs. */
  sql: string;
  output: { name: string; type: string }[];
  reads: Readonly<Record<string, readonly string[]>>;
  joint: Joint;
  /** The same without that number; null where noise takes its place. */
  unheld: string | null;
}

export type GatePool = Pick<QueryPool, 'check' | 'tree'>;

const field = 'body.query.sql';

const asked = async <T>(work: Promise<T>): Promise<T> =>
  work.catch((error) => {
    if (error instanceof QueryBusy) throw problems.busy();
    throw error instanceof QueryEnded ? problems.queryRefused({ field, detail: 'time' }) : error;
  });

/** The parser's tree of a text that no table of ours is behind; nothing is run. */
export const parseQuery = async (pool: GatePool, sql: string): Promise<string> => asked(pool.tree([], sql));

/** Throws compute.queryRefused with what the query shows beyond what it may. */
export const passJoint = async (
  pool: GatePool,
  { dataSets, recipients, query, release, noise }: JointQuery,
): Promise<PassedQuery> => {
  const bound: BoundTable[] = dataSets.map(({ table, columns }) => ({
    name: table,
    columns: columns.map(({ name, type }) => ({ name, type: engineTypes[type] })),
  }));
  const parameters = query.parameters.map(({ name, title, values }) => ({
    name,
    title,
    type: 'enumeration' as const,
    values,
  }));
  const gate = async (sql: string, over = bound) => {
    const found = await asked(pool.check(over, { name: 'joint', title: 'joint', sql, parameters }));
    if (isFinding(found)) throw problems.queryRefused({ field, detail: { zh: found.zh, en: found.en } });
    return found;
  };
  const first = await gate(query.sql);
  const tree = await asked(pool.tree(bound, first.sql));
  const tables: JointTable[] = dataSets.map(({ table, entity, columns }) => ({
    name: table,
    entity,
    columns: columns.map((column) => ({ name: column.name, type: column.type, rule: ruleFor(column, recipients) })),
  }));
  const joint = checkJoint(
    tree,
    tables,
    parameters.map(({ name }) => name),
    release.entitiesMin,
  );
  if ('code' in joint) throw problems.queryRefused({ field, detail: { zh: joint.zh, en: joint.en } });
  const output = first.answer.map(({ name, type }) => ({ name, type }));
  const wrong = noiseFault(noise, release.rho ?? null, joint, tables);
  if (wrong) throw problems.contractInvalid({ field: `body.${wrong.path}`, detail: wrong.fault });
  if (noise) {
    const data = bound.map((table) => ({ ...table, name: unboundedName(table.name) }));
    const whole = await gate(boundedSql(first.sql, noise, tables, first.reads, output), data);
    if (!sameInside(tree, await asked(pool.tree(data, whole.sql)))) throw new Error('the bounds changed the query');
    return { sql: whole.sql, output, reads: whole.reads, joint, unheld: null };
  }
  // A checked query ends with its WHERE or GROUP BY, so the threshold goes behind it.
  const whole = await gate(`${first.sql} HAVING ${joint.having}`);
  if (!sameButHaving(tree, await asked(pool.tree(bound, whole.sql))))
    throw new Error('the threshold changed the query');
  return { sql: whole.sql, output, reads: whole.reads, joint, unheld: first.sql };
};
