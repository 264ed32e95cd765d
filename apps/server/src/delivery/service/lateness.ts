/** Data that is older than its data contract promises: told once, not at the end of the month when it is judged. */
import { sql, type Tx } from '../../kernel/db/db.ts';
import { emit } from '../../kernel/outbox.ts';

interface Late {
  participant: string;
  version: string;
  product: string;
  number: number;
  hours: number;
}

/** Newest revisions whose time is over, marked in the same step. */
const markLate = (tx: Tx): Promise<Late[]> =>
  tx.rows<Late>(sql`with late as (
      select distinct on (r.version) r.id, g.product, (g.service_levels ->> 'freshnessHours')::int as hours
      from delivery_revisions r join delivery_grants g on g.version = r.version and g.ended_at is null and g.contract is not null
      where r.late_at is null and r.published_at + make_interval(hours => (g.service_levels ->> 'freshnessHours')::int) < ${tx.now}
        and r.number = (select max(n.number) from delivery_revisions n where n.version = r.version)
      order by r.version, hours limit 200)
    update delivery_revisions r set late_at = ${tx.now} from late where r.id = late.id
    returning r.participant, r.version, late.product, r.number, late.hours`);

export const tellLate = async (tx: Tx): Promise<number> => {
  const late = await markLate(tx);
  for (const { participant, version, product, number, hours } of late)
    await emit(tx, {
      type: 'delivery.revision.late',
      subject: version,
      participant,
      data: { version, product, number, hours },
    });
  return late.length;
};
