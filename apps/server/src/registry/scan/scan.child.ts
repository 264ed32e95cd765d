import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { openDuck, sqlName, sqlText } from '../../kernel/child/duck.ts';
import { serveChild } from '../../kernel/child/serve.ts';
import { readSchema } from '../ingest/ingest.ts';
import { type ColumnScan, scanColumn } from './scan.ts';
import type { TableScanInput } from './table.ts';

serveChild<TableScanInput, ColumnScan[]>(async (input, context) => {
  const schema = readSchema(input.folder);
  const spillFolder = input.folder;
  const duck = await openDuck({ folders: [input.folder], spillFolder, memoryLimitMB: 300, threads: 1 });
  try {
    const stride = Math.max(1, Math.ceil(schema.rowCount / input.valuesPerColumnMax));
    const table = `read_parquet(${sqlText(join(input.folder, schema.normal.file))}, file_row_number=true)`;
    const scans: ColumnScan[] = [];
    // Column by column: a wide table's sample would not fit the memory at once.
    for (const column of schema.columns) {
      const sql = `SELECT CAST(${sqlName(column.name)} AS VARCHAR) FROM ${table} WHERE file_row_number % ${stride} = 0 ORDER BY file_row_number`;
      const values = (await duck.runAndReadAll(sql)).getColumnsJS()[0] as (string | null)[] | undefined;
      scans.push(scanColumn({ name: column.name, values: values ?? [] }, input));
      context.progress({ columns: scans.length, of: schema.columns.length });
    }
    return scans;
  } finally {
    duck.closeSync();
    rmSync(join(spillFolder, 'spill'), { recursive: true, force: true });
  }
});
