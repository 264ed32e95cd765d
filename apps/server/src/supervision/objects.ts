/** What the objects of every room are called, by their identifiers: for whoever reads a log. */
import { empty, type Reader, type Sql, sql } from '../kernel/db/db.ts';

interface Named {
  id: string;
  name: string;
}

// By the prefix of the identifier. `parties`: who may know it, beside those who oversee the market.
const sources: Record<string, { from: Sql; name: Sql; parties: Sql }> = {
  cas: { from: sql`cases`, name: sql`title`, parties: sql`array[participant, handler]` },
  ppr: { from: sql`papers`, name: sql`number`, parties: sql`array[participant] || parties` },
  res: { from: sql`resources`, name: sql`name`, parties: sql`array[participant]` },
  crt: { from: sql`certificates`, name: sql`code`, parties: sql`array[participant, registrar]` },
  prd: { from: sql`products`, name: sql`name`, parties: sql`array[participant]` },
  lst: {
    from: sql`(select l.*, v.about ->> 'name' as name from listings l join product_versions v on v.id = l.version) l`,
    name: sql`name`,
    parties: sql`array[participant]`,
  },
  rep: { from: sql`reports`, name: sql`number`, parties: sql`array[participant, body]` },
  ord: { from: sql`orders`, name: sql`number`, parties: sql`array[participant, supplier]` },
  con: {
    from: sql`contracts`,
    name: sql`coalesce(number, product_name)`,
    parties: sql`array[participant, buyer_participant]`,
  },
  grt: { from: sql`delivery_grants`, name: sql`product_name`, parties: sql`array[participant, buyer]` },
  stm: { from: sql`statements`, name: sql`number`, parties: sql`array[participant, supplier]` },
  fil: { from: sql`filings`, name: sql`number`, parties: sql`array[participant]` },
  enq: { from: sql`enquiries`, name: sql`title`, parties: sql`array[participant, asked]` },
  dir: { from: sql`directives`, name: sql`number`, parties: sql`array[participant] || addressees` },
  // Whom a warning concerns is not told of it.
  rsk: { from: sql`risks`, name: sql`target_name`, parties: sql`array[]::text[]` },
  tsk: { from: sql`regulator_tasks`, name: sql`title`, parties: sql`array[participant]` },
};

/** `concerning`: only what this organisation is a party to; absent: of everybody. Ids of other kinds stay without a name. */
export const objectNames = async (
  read: Reader,
  ids: readonly string[],
  concerning: string | undefined,
): Promise<Map<string, string>> => {
  const parts = Object.entries(sources).flatMap(([prefix, { from, name, parties }]) => {
    const own = ids.filter((id) => id.startsWith(`${prefix}_`));
    if (own.length === 0) return [];
    const known = concerning === undefined ? empty : sql`and ${concerning} = any(${parties})`;
    return [sql`select id, ${name} as name from ${from} where id = any(${own}) ${known}`];
  });
  if (parts.length === 0) return new Map();
  const rows = await read.rows<Named>(parts.reduce((all, part) => sql`${all} union all ${part}`));
  return new Map(rows.map((row) => [row.id, row.name]));
};
