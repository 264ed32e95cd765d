/** Catalogues within the catalogue of a space: rows, and what they reach. Whether one is shown its own rules say at each look. */
import { type Reader, type Sql, sql, type Tx } from '../kernel/db/db.ts';
import { newId } from '../kernel/ids.ts';
import { withFar } from './foreign.ts';
import type { Elsewhere, NestedCatalogue, NestedRef } from './model.ts';
import { ofMember } from './reads.ts';

const columns = sql`c.id, c.space, c.child_space as "childSpace", c.child_node as "childNode", c.created_at as "createdAt", c.ended_at as "endedAt"`;
const open = sql`c.ended_at is null`;

export const nestedInAll = (read: Reader, spaces: readonly string[]): Promise<NestedCatalogue[]> =>
  read.rows<NestedCatalogue>(
    sql`select ${columns} from space_catalogues c where c.space = any(${[...spaces]}) and ${open} order by c.id`,
  );

export const nestedIn = (read: Reader, space: string): Promise<NestedCatalogue[]> => nestedInAll(read, [space]);

export const findNested = (read: Reader, space: string, id: string): Promise<NestedCatalogue | undefined> =>
  read.first<NestedCatalogue>(sql`select ${columns} from space_catalogues c where c.space = ${space} and c.id = ${id}`);

/** All that name a space, as the outer or the inner one, or a node. */
export const nestedWith = (read: Reader, by: { space: string } | { node: string }): Promise<NestedCatalogue[]> =>
  read.rows<NestedCatalogue>(sql`select ${columns} from space_catalogues c where ${open}
    and ${'space' in by ? sql`(c.space = ${by.space} or c.child_space = ${by.space})` : sql`c.child_node = ${by.node}`} order by c.id`);

/** Two that are put in at once, each harmless alone, may make a circle: one after the other. */
export const lockNesting = async (tx: Tx): Promise<void> => {
  await tx.first(sql`select pg_advisory_xact_lock(hashtext('spaces/nesting'))`);
};

/** Levels from a space on, itself included, over spaces that contain it or that it contains; there is no circle to go round in. */
const levels = (
  read: Reader,
  space: string,
  [from, to]: readonly [Sql, Sql],
): Promise<{ id: string; level: number }[]> =>
  read.rows(sql`with recursive reached (id, level) as (
      select ${space}::text, 1 union select ${to}, r.level + 1 from reached r join space_catalogues c on ${from} = r.id
      where ${open} and c.child_space is not null)
    select id, max(level)::int as level from reached group by id`);

export const below = (read: Reader, space: string) => levels(read, space, [sql`c.space`, sql`c.child_space`]);
export const above = (read: Reader, space: string) => levels(read, space, [sql`c.child_space`, sql`c.space`]);

/** Suppliers of what stands in these spaces, of members in standing; `inside`: spaces whose members' offers are shown, too. */
export const suppliersIn = (
  read: Reader,
  { spaces, inside, now }: { spaces: readonly string[]; inside: readonly string[]; now: Date },
): Promise<{ space: string; participant: string }[]> =>
  read.rows(sql`select distinct e.space, e.participant from space_entries e
    where e.space = any(${[...spaces]}) and e.ended_at is null and e.product is not null
      and (not e.members_only or e.space = any(${[...inside]})) and ${ofMember(now)} order by e.space, e.participant`);

/** Connectors of suppliers elsewhere whose goods stand in these spaces, put in by members in standing. */
export const connectorsIn = (
  elsewhere: Elsewhere,
  read: Reader,
  { spaces, now, limit }: { spaces: readonly string[]; now: Date; limit: number },
): Promise<{ space: string; by: string; address: string }[]> =>
  read.rows(sql`select e.space, f.connector ->> 'address' as address, min(f.by) as by from ${withFar(elsewhere)}
    where e.space = any(${[...spaces]}) and e.ended_at is null and f.connector is not null and ${ofMember(now)}
    group by 1, 2 order by 1, 2 limit ${limit}`);

export const insertNested = async (tx: Tx, space: string, ref: NestedRef): Promise<string> => {
  const id = newId('spk', tx.now);
  await tx.exec(sql`insert into space_catalogues (id, space, node, market, participant, child_space, child_node, created_at)
    values (${id}, ${space}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${tx.actor.participant},
      ${ref.kind === 'space' ? ref.space : null}, ${ref.kind === 'node' ? ref.node : null}, ${tx.now})`);
  return id;
};

export const endNested = (tx: Tx, id: string, reason: string): Promise<number> =>
  tx.exec(
    sql`update space_catalogues set ended_at = ${tx.now}, reason = ${reason} where id = ${id} and ended_at is null`,
  );
