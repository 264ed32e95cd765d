/** Rows of feeds. */
import { empty, type Moment, type Reader, type Sql, sql, type Tx } from '../../kernel/db/db.ts';
import { idFloor } from '../../kernel/ids.ts';
import type { HeldManifest } from '../reads.ts';
import type { Position } from './events.ts';

export interface Feed {
  id: string;
  participant: string;
  webhook: string;
  grant: string | null;
  position: Position;
  failures: number;
  lastAnswer: string | null;
  deliveredAt: Date | null;
  createdAt: Date;
}

const columns = sql`id, participant, webhook, grant_id as "grant", position, failures, last_answer as "lastAnswer",
  delivered_at as "deliveredAt", created_at as "createdAt"`;

export const feedsOf = (read: Reader, participant: string): Promise<Feed[]> =>
  read.rows<Feed>(
    sql`select ${columns} from usage_feeds where participant = ${participant} and state = 'active' order by id`,
  );

export const findFeed = (read: Reader, id: string, lock = false): Promise<Feed | undefined> =>
  read.first<Feed>(
    sql`select ${columns} from usage_feeds where id = ${id} and state = 'active' ${lock ? sql`for update` : empty}`,
  );

/** False where the webhook has one for the same grants already. */
export const insertFeed = async (
  tx: Tx,
  one: Pick<Feed, 'id' | 'participant' | 'webhook' | 'grant' | 'position'>,
): Promise<boolean> =>
  (await tx.exec(sql`insert into usage_feeds (id, node, market, participant, webhook, grant_id, position, state, next_at, created_by, created_at)
    values (${one.id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.participant}, ${one.webhook}, ${one.grant},
      ${JSON.stringify(one.position)}, 'active', ${tx.now}, ${tx.actor.id}, ${tx.now}) on conflict do nothing`)) > 0;

/** From there on again; what is under way does not move it. */
export const moveFeed = (tx: Tx, id: string, position: Position): Promise<number> =>
  tx.exec(sql`update usage_feeds set position = ${JSON.stringify(position)}, failures = 0, next_at = ${tx.now}, leased_until = null
    where id = ${id}`);

export const removeFeed = (tx: Tx, id: string): Promise<number> =>
  tx.exec(sql`update usage_feeds set state = 'removed' where id = ${id}`);

const due = (at: Moment): Sql =>
  sql`state = 'active' and next_at <= ${at} and (leased_until is null or leased_until <= ${at})`;

/** Whether one is due. */
export const feedsDue = (at: Moment): Sql => sql`exists (select from usage_feeds where ${due(at)})`;

/** The next one that is due, leased: no other server pushes it meanwhile. */
export const leaseFeed = (tx: Tx, seconds: number, after: string): Promise<Feed | undefined> =>
  tx.first<Feed>(sql`update usage_feeds set leased_until = ${new Date(tx.now.getTime() + seconds * 1000)}
    where id = (select id from usage_feeds where ${due(tx.now)} and id > ${after} order by id limit 1 for update skip locked)
    returning ${columns}`);

/** Taken: moves on, unless somebody asked for a replay meanwhile. */
export const feedTaken = (tx: Tx, { id, position }: Feed, next: Position, answer: string | null): Promise<number> =>
  tx.exec(sql`update usage_feeds set position = ${JSON.stringify(next)}, failures = 0, leased_until = null, next_at = ${tx.now},
      last_answer = coalesce(${answer}, last_answer), delivered_at = ${answer === null ? sql`delivered_at` : tx.now}
    where id = ${id} and position = ${JSON.stringify(position)}::jsonb`);

/** Its webhook is paused. */
export const feedWaits = (tx: Tx, { id }: Feed, nextAt: Date): Promise<number> =>
  tx.exec(sql`update usage_feeds set leased_until = null, next_at = ${nextAt} where id = ${id}`);

export const feedFailed = (tx: Tx, { id }: Feed, answer: string, nextAt: Date): Promise<number> =>
  tx.exec(sql`update usage_feeds set failures = failures + 1, leased_until = null, next_at = ${nextAt}, last_answer = ${answer}
    where id = ${id}`);

/** Sealed segments of a source with uses of a buyer after a sequence, oldest first. */
export const segmentsOfBuyer = (
  read: Reader,
  { buyer, grant, source, after }: { buyer: string; grant: string | null; source: string; after: number },
  count: number,
): Promise<HeldManifest[]> =>
  read.rows<HeldManifest>(sql`select m.manifest, m.salt, m.log_entry as "logEntry" from segment_manifests m
    where m.source = ${source} and m.last_sequence > ${after} and exists (select 1 from segment_grants g
        join metered_grants d on d.id = g.grant_id
        where g.source = m.source and g.segment = m.segment and d.buyer = ${buyer} ${grant ? sql`and d.id = ${grant}` : empty})
    order by m.segment limit ${count}`);

export const sourcesOf = async (read: Reader): Promise<string[]> =>
  (await read.rows<{ source: string }>(sql`select source from metering_sources order by source`)).map(
    ({ source }) => source,
  );

export const grantsOfBuyer = async (read: Reader, buyer: string): Promise<Set<string>> =>
  new Set(
    (await read.rows<{ id: string }>(sql`select id from metered_grants where buyer = ${buyer}`)).map(({ id }) => id),
  );

/** Before every record that was admitted at `at` or later. */
export const positionAt = async (read: Reader, at: Date): Promise<Position> =>
  Object.fromEntries(
    (
      await read.rows<{
        source: string;
        sequence: number;
      }>(sql`select s.source, coalesce((select min(m.first_sequence) - 1
          from segment_manifests m where m.source = s.source and m.last_use >= ${idFloor('use', at.getTime())}), s.sequence)::bigint as sequence
        from metering_sources s order by s.source`)
    ).map(({ source, sequence }) => [source, sequence]),
  );
