import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { openDuck, sqlName, sqlText } from '../kernel/child/duck.ts';
import { serveChild } from '../kernel/child/serve.ts';
import { readSchema } from './ingest/ingest.ts';
import { type Sample, type SampleInput, sampleLimits } from './sample.ts';

serveChild<SampleInput, Sample>(async ({ folder, rowsMax }) => {
  const schema = readSchema(folder);
  const duck = await openDuck({ folders: [folder], spillFolder: folder, memoryLimitMB: 200, threads: 1 });
  try {
    const table = `read_parquet(${sqlText(join(folder, schema.normal.file))}, file_row_number=true)`;
    const cells = schema.columns.map(
      (column) => `left(CAST(${sqlName(column.name)} AS VARCHAR), ${sampleLimits.cellCharactersMax})`,
    );
    const sql = `SELECT ${cells.join(', ')} FROM ${table} WHERE file_row_number < ${rowsMax} ORDER BY file_row_number`;
    const rows = (await duck.runAndReadAll(sql)).getRowsJS() as (string | null)[][];
    return { columns: schema.columns.map((column) => column.name), rows };
  } finally {
    duck.closeSync();
    rmSync(join(folder, 'spill'), { recursive: true, force: true });
  }
});
