/** The room's rows that go by themselves: what everybody has taken and something later has replaced. */
import { sql } from '../kernel/db/db.ts';
import type { Prunable } from '../kernel/retention/prune.ts';

/** Of a generation that is over, anything; of the present one what the hub holds. Its last one stays: it says how far it goes. */
const changeIsOver = sql`exists (select 1 from node_uplinks u where u.id = node_changes.uplink
  and (u.state in ('refused', 'revoked') or u.generation > node_changes.generation or (u.held >= node_changes.sequence
    and exists (select 1 from node_changes later where later.uplink = node_changes.uplink and later.generation = node_changes.generation
      and later.sequence > node_changes.sequence and (later.subject = node_changes.subject or node_changes.content is null)))))`;

/** A node that has not heard of an end still holds the demand, so ends wait for every active one; the last one stays. */
const relayIsOver = sql`exists (select 1 from node_relays later where later.subject = node_relays.subject
    and later.node_id is not distinct from node_relays.node_id and later.sequence > node_relays.sequence)
  or (node_relays.content is null and node_relays.sequence < (select max(sequence) from node_relays)
    and not exists (select 1 from nodes where nodes.state = 'active' and nodes.told < node_relays.sequence))`;

export const prunables: Prunable[] = [
  { table: 'node_recognitions', since: sql`at`, about: ['participant', 'actor', 'id'] },
  { table: 'node_changes', since: sql`at`, only: changeIsOver, about: ['participant', 'subject'] },
  { table: 'node_relays', since: sql`at`, only: sql`(${relayIsOver})`, about: ['participant', 'subject'] },
];
