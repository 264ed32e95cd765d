import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
// Not the whole package: that would be most of this process's time.
import { buildPointStore, type PointTable } from '@shugu/gateway/points';
import { openDuck, sqlName, sqlText } from '../../kernel/child/duck.ts';
import { ChildError } from '../../kernel/child/error.ts';
import { type ChildContext, serveChild } from '../../kernel/child/serve.ts';
import { readSchema } from './ingest.ts';
import type { Column } from './schema.ts';
import type { TableStoreInput } from './tablestore.ts';

type Rows = Extract<PointTable['rows'], AsyncIterable<unknown>>;

serveChild<TableStoreInput, { rows: number }>(async (input, context) => {
  const schema = readSchema(input.folder);
  const known = new Map(schema.columns.map((column) => [column.name, column]));
  const find = (name: string): Column => {
    const column = known.get(name);
    if (!column)
      throw new ChildError({
        code: 'tablestore.column',
        zh: `表中没有列“${name}”`,
        en: `The table has no column ${name}`,
        details: { column: name },
      });
    return column;
  };
  const columns = (input.columns ?? [...known.keys()]).map(find);
  for (const name of input.indexes.flat()) find(name);
  const duck = await openDuck({ folders: [input.folder], spillFolder: input.folder, memoryLimitMB: 200, threads: 1 });
  try {
    const source = sqlText(join(input.folder, schema.normal.file));
    const [key = []] = input.indexes;
    // In the order of the key the store is written from left to right: a tree built in any other order is read and written over
    // and over once it has outgrown memory.
    const order = key.length > 0 ? ` ORDER BY ${key.map((name) => readSql(find(name))).join(', ')}` : '';
    const rows = readRows(duck, `SELECT ${columns.map(readSql).join(', ')} FROM ${source}${order}`, context);
    const table: PointTable = {
      name: input.table,
      columns: columns.map(({ name, nullable, ...column }) => ({ name, type: storeType(column), filled: !nullable })),
      indexes: input.indexes,
      rows,
    };
    const counts = await buildPointStore(input.path, [table]);
    return { rows: counts[input.table] ?? 0 };
  } catch (error) {
    if (error instanceof RangeError) {
      throw new ChildError({
        code: 'tablestore.invalid',
        zh: '该表不能建成点查存储',
        en: 'This table cannot become a point store',
        details: { text: error.message },
      });
    }
    throw error;
  } finally {
    duck.closeSync();
    rmSync(join(input.folder, 'spill'), { recursive: true, force: true });
  }
});

async function* readRows(duck: DuckDBConnection, sql: string, context: ChildContext): Rows {
  const result = await duck.stream(sql);
  let done = 0;
  for await (const batch of result.yieldRowsJs()) {
    yield batch;
    done += batch.length;
    context.progress({ rows: done });
  }
}

function storeType({ type, storage }: Pick<Column, 'type' | 'storage'>): 'text' | 'integer' | 'real' {
  if (type === 'integer' || type === 'boolean') return 'integer';
  return storage === 'DOUBLE' ? 'real' : 'text';
}

/** In the form in which the store keeps it: decimals and times as text, true as 1. */
function readSql(column: Column): string {
  const name = sqlName(column.name);
  if (column.type === 'boolean') return `CAST(${name} AS BIGINT)`;
  return storeType(column) === 'text' ? `CAST(${name} AS VARCHAR)` : name;
}
