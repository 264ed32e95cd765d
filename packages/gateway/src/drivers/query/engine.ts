import { createRequire } from 'node:module';
import type { DuckDBConnection, DuckDBType, DuckDBValue } from '@duckdb/node-api';
import type { GateEngine } from '../../query/gate.ts';
import type { BoundValue, BoundValues } from '../../query/template.ts';
import { sqlName, sqlText, viewSql } from '../../query/views.ts';
import { openNative } from './library.ts';
import type { BoundTable, QueryTable, Setup } from './protocol.ts';

// Not imported: for the names that it exports Node would read all its files.
const { BIGINT, BOOLEAN, DATE, DECIMAL, DuckDBDateValue, DuckDBDecimalValue, DuckDBInstance, VARCHAR } = createRequire(
  import.meta.url,
)('@duckdb/node-api') as typeof import('@duckdb/node-api');

/**
 * An engine that can read the named files and nothing else, has no extension, spills nothing to disk and cannot be
 * unlocked. Only ever in a process of its own: the engine's makers promise no boundary inside one.
 */
export async function openEngine(setup: Setup): Promise<DuckDBConnection> {
  const instance = new DuckDBInstance(await openNative());
  const connection = await instance.connect();
  // Each file's index is read once: for its columns, for its view and for every query it would be again.
  await connection.run(`SET memory_limit='${setup.memoryMB}MB'; SET TimeZone='UTC'; SET parquet_metadata_cache=true`);
  if (setup.kind === 'gate') for (const table of setup.tables) await connection.run(emptySql(table));
  else for (const table of setup.tables) await connection.run(await viewOf(connection, table, setup));
  const [paths, folders] =
    setup.kind === 'grant' ? [setup.tables.map(({ path }) => sqlText(path)), [sqlText(`${setup.folder}/`)]] : [[], []];
  await connection.run(`SET allowed_paths=[${paths.join(', ')}]`);
  await connection.run(`SET allowed_directories=[${folders.join(', ')}]`);
  await connection.run('SET enable_external_access=false');
  await connection.run('SET lock_configuration=true');
  return connection;
}

/** For the gate, so that the plan names it. Types come from us, never from whoever wrote the query. */
function emptySql(table: BoundTable): string {
  if ('path' in table)
    return `CREATE TABLE ${sqlName(table.name)} AS SELECT * FROM read_parquet(${sqlText(table.path)}) LIMIT 0`;
  const columns = table.columns.map(({ name, type }) => `${sqlName(name)} ${type}`);
  return `CREATE TABLE ${sqlName(table.name)} (${columns.join(', ')})`;
}

/** For a grant a view of what is granted. */
async function viewOf(
  connection: DuckDBConnection,
  { name, path }: QueryTable,
  setup: Extract<Setup, { kind: 'grant' }>,
): Promise<string> {
  const source = `read_parquet(${sqlText(path)})`;
  const result = await connection.runAndReadAll(`SELECT * FROM ${source} LIMIT 0`);
  const types = result.columnTypes();
  const columns = result.columnNames().map((column, at) => ({ name: column, type: String(types[at]) }));
  return viewSql({ name, source, columns }, { ...setup.effects, maskKey: setup.maskKey });
}

export async function gateEngine(connection: DuckDBConnection): Promise<GateEngine> {
  const one = async (sql: string, values?: DuckDBValue[]) =>
    String((await connection.runAndReadAll(sql, values)).getRowsJson()[0]?.[0]);
  return {
    version: await one('select version()'),
    ask: (sql, text) => one(sql, [text]),
    answerOf: async (sql) => {
      const statement = await connection.prepare(sql);
      try {
        return Array.from({ length: statement.columnCount }, (_, at) => ({
          name: statement.columnName(at),
          type: String(statement.columnType(at)),
        }));
      } finally {
        statement.destroySync();
      }
    },
  };
}

/** Values and their types as the engine binds them: no value is ever part of the SQL. */
export function bindings(values: BoundValues): [Record<string, DuckDBValue>, Record<string, DuckDBType>] {
  const entries = Object.entries(values).map(([name, value]) => [name, ...binding(value)] as const);
  return [
    Object.fromEntries(entries.map(([name, value]) => [name, value])),
    Object.fromEntries(entries.map(([name, , type]) => [name, type])),
  ];
}

function binding(value: BoundValue): [DuckDBValue, DuckDBType] {
  switch (value.type) {
    case 'BIGINT':
      return [value.value, BIGINT];
    case 'DECIMAL':
      return [new DuckDBDecimalValue(value.unscaled, 18, value.scale), DECIMAL(18, value.scale)];
    case 'VARCHAR':
      return [value.value, VARCHAR];
    case 'DATE':
      return [new DuckDBDateValue(value.days), DATE];
    case 'BOOLEAN':
      return [value.value, BOOLEAN];
  }
}
