/** The kernel's own rows that go by themselves. */
import { sql } from '../db/db.ts';
import type { Consumer } from '../outbox.ts';
import type { Prunable } from './prune.ts';

/** An event stays while any consumer of its type has yet to pass it, or handle it later. One that never ran has passed nothing. */
const passedByAll = (consumers: readonly Pick<Consumer, 'name' | 'types'>[]) => {
  const waiting = JSON.stringify(consumers.flatMap(({ name, types }) => types.map((type) => ({ name, type }))));
  return sql`not exists (select 1 from jsonb_to_recordset(${waiting}::jsonb) as reader (name text, type text)
    left join event_cursors on event_cursors.consumer = reader.name
    where reader.type = events.type and coalesce(event_cursors.sequence, 0) < events.sequence)
    and not exists (select 1 from stalled_events where stalled_events.event = events.sequence)`;
};

export const kernelPrunables = (consumers: readonly Pick<Consumer, 'name' | 'types'>[]): Prunable[] => [
  { table: 'idempotency', since: sql`at`, about: ['participant', 'actor'] },
  { table: 'sessions', since: sql`least(ended_at, expires_at)`, about: ['participant', 'person'] },
  { table: 'events', since: sql`at`, only: passedByAll(consumers), about: ['participant', 'subject'] },
  // A dead job waits for a person.
  { table: 'jobs', since: sql`finished_at`, only: sql`state in ('done', 'cancelled')`, about: ['participant', 'id'] },
  { table: 'audit', since: sql`at`, about: ['participant', 'actor', 'subject'] },
];
