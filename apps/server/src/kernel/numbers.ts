/** Gapless numbers of papers and codes: taken in the transaction that issues, so that a rollback gives them back. */
import { sql, type Tx } from './db/db.ts';

/** Next value of a named series, from 1. Holds the series' row until commit: issue last in a transaction. */
export const nextNumber = async (tx: Tx, name: string): Promise<number> => {
  const row = await tx.one<{
    value: number;
  }>(sql`insert into counters (name, value) values (${`${tx.tenancy.node}/${tx.tenancy.market}/${name}`}, 1)
    on conflict (name) do update set value = counters.value + 1 returning value`);
  return row.value;
};
