import { DuckDBInstance } from '@duckdb/node-api';

/** For tests: a Parquet file of these rows. `types` by column, in the engine's words. */
export async function writeParquet(
  path: string,
  types: Readonly<Record<string, string>>,
  rows: readonly Readonly<Record<string, unknown>>[],
): Promise<string> {
  const list = Object.entries(types).map(([name, type]) => `CAST(r."${name}" AS ${type}) AS "${name}"`);
  const literals = rows.map(
    (row) =>
      `{${Object.keys(types)
        .map((name) => `'${name}': ${literal(row[name])}`)
        .join(', ')}}`,
  );
  return writeParquetOf(path, `SELECT ${list.join(', ')} FROM (SELECT unnest([${literals.join(', ')}]) AS r)`);
}

export async function writeParquetOf(path: string, sql: string): Promise<string> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    await connection.run(`COPY (${sql}) TO '${path.replaceAll("'", "''")}' (FORMAT parquet)`);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
  return path;
}

function literal(value: unknown): string {
  if (value === null || value === undefined) return 'NULL';
  return typeof value === 'string' ? `'${value.replaceAll("'", "''")}'` : String(value);
}
