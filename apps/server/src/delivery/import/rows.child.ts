/** The engine over a table's rows as text, in a process of its own: counted, summed, and written as typed Parquet. */
import type { DuckDBConnection } from '@duckdb/node-api';
import { openDuck, sqlName, sqlText } from '../../kernel/child/duck.ts';
import { ChildError } from '../../kernel/child/error.ts';
import { serveChild } from '../../kernel/child/serve.ts';
import { duckSums } from '../push/columns.ts';
import type { RowsInput, WrittenRows } from './rows.ts';

const digitsMax = 38;

/** Digits before and behind the point that hold every value of a column of numbers without bounds. */
const measured = async (duck: DuckDBConnection, column: string): Promise<string | null> => {
  const whole = `length(ltrim(split_part(${column}, '.', 1), '-'))`;
  const read = await duck.runAndReadAll(
    `SELECT coalesce(max(${whole}), 1), coalesce(max(length(split_part(${column}, '.', 2))), 0),
      count(*) FILTER (NOT regexp_full_match(${column}, '-?[0-9]+([.][0-9]+)?')) FROM rows_read`,
  );
  const [before, behind, odd] = (read.getRowsJS()[0] as [bigint, bigint, bigint]).map(Number) as [
    number,
    number,
    number,
  ];
  return odd > 0 || before + behind > digitsMax ? null : `DECIMAL(${before + behind},${behind})`;
};

serveChild(async ({ folder, from, to, columns }: RowsInput): Promise<WrittenRows> => {
  const duck = await openDuck({ folders: [folder], spillFolder: folder, memoryLimitMB: 400, threads: 2 });
  try {
    const spec = ["'r': 'VARCHAR'", ...columns.map((_, at) => `'c${at}': 'VARCHAR'`)].join(', ');
    // Quoted rows may be long: a buffer must hold several of them.
    await duck.run(`CREATE VIEW rows_read AS SELECT * FROM read_csv(${sqlText(from)}, auto_detect=false, header=false, delim=',', quote='"',
      escape='"', nullstr='', allow_quoted_nulls=false, columns={${spec}}, max_line_size=67108864, buffer_size=134217728, parallel=false)`);
    const types: string[] = [];
    for (const [at, { name, as }] of columns.entries()) {
      const type = as === 'numeric' ? await measured(duck, `c${at}`) : as;
      if (type === null) throw misfit(name);
      types.push(type);
    }
    const cast = columns.map(({ name }, at) => `CAST(c${at} AS ${types[at]}) AS ${sqlName(name)}`).join(', ');
    await duck
      .run(`COPY (SELECT ${cast} FROM rows_read) TO ${sqlText(to)} (FORMAT parquet, COMPRESSION zstd)`)
      .catch(async (error) => {
        throw (await culprit(duck, columns, types)) ?? error;
      });
    // Its digests are taken of the words that came, so that they are the same whatever they are cast to.
    const read = await duck.runAndReadAll(duckSums(columns, 'rows_read'));
    const [rows, checksum] = read.getRowsJS()[0] as [bigint, string];
    return { rows: Number(rows), checksum, types };
  } finally {
    duck.closeSync();
  }
});

/** The first column with values that are not of its type, such as a date before all calendars. */
const culprit = async (duck: DuckDBConnection, columns: RowsInput['columns'], types: string[]) => {
  for (const [at, { name }] of columns.entries()) {
    const read = await duck.runAndReadAll(
      `SELECT count(*) FROM rows_read WHERE c${at} IS NOT NULL AND TRY_CAST(c${at} AS ${types[at]}) IS NULL`,
    );
    if (read.getRowsJS()[0]![0] !== 0n) return misfit(name);
  }
  return undefined;
};

function misfit(name: string): ChildError {
  return new ChildError({ code: 'import.value', zh: name, en: name, details: { column: name } });
}
