/** What was done, by whom, in the transaction that did it. */
import { sql, type Tx } from './db/db.ts';

export interface AuditEntry {
  /** `room.noun.verb`. */
  action: string;
  subject: string;
  /** Whose record this concerns; the actor's organisation unless said. */
  participant?: string;
  data?: Record<string, unknown>;
  /** Only looked at, nothing done: kept as an access log, not as a record of acts. */
  access?: boolean;
}

export const audit = async (tx: Tx, entry: AuditEntry): Promise<void> => {
  tx.send(sql`insert into audit (at, node, market, participant, actor_kind, actor, action, subject, data, request, retention_class)
    values (${tx.now}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${entry.participant ?? tx.actor.participant}, ${tx.actor.kind},
      ${tx.actor.id}, ${entry.action}, ${entry.subject}, ${JSON.stringify(entry.data ?? {})}, ${tx.actor.requestId ?? null},
      ${entry.access ? 'access-log' : 'audit'})`);
};
