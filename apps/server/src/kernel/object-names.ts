/** Whether anything in the database names an object: before its bytes go. */
import { type Reader, raw, sql } from './db/db.ts';

/** Columns that may name an object, whatever room they belong to; copies made for contracts are their owner's to ask about. */
const columnsWithNames = (read: Reader): Promise<{ name: string; column: string }[]> =>
  read.rows(sql`select table_name as name, column_name as "column" from information_schema.columns
    where table_schema = current_schema() and data_type = 'text' and (column_name = 'object' or column_name like '%digest')
      and table_name <> 'delivery_file_copies' order by 1, 2`);

export const isNamed = async (read: Reader, digest: string): Promise<boolean> => {
  for (const { name, column } of await columnsWithNames(read)) {
    const found = await read.first(
      sql`select from ${raw(`"${name}"`)} where ${raw(`"${column}"`)} = ${digest} limit 1`,
    );
    if (found) return true;
  }
  return false;
};
