/** The only SQL that writes federation's tables. */
import { type Sent, type Sql, sql, type Tx } from '../kernel/db/db.ts';
import type { Attested } from './identity/identity.ts';
import type { Agreement, Connector, Message, Process } from './model.ts';
import { messageColumns, processColumns } from './reads.ts';

const jsonOf = (value: unknown): string | null =>
  value === null || value === undefined ? null : JSON.stringify(value);

export const saveConnector = (tx: Tx, one: Connector): Promise<number> =>
  tx.exec(sql`insert into federation_connectors (participant, node, market, name, rules, opened_at, closed_at)
    values (${one.participant}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.name}, ${JSON.stringify(one.rules)}, ${one.opened_at},
      ${one.closed_at})
    on conflict (participant) do update set rules = excluded.rules, opened_at = excluded.opened_at, closed_at = excluded.closed_at`);

export const insertProcess = (tx: Tx, one: Process): Promise<number> =>
  tx.exec(sql`insert into federation_processes (id, node, market, participant, kind, side, counterparty, their_pid, address, state,
      suspended_by, version, taken, subject, offer, own_offer, own_last, price, tiers, agreement, format, data_address, held, traded, reference, clearance, title, created_at,
      changed_at)
    values (${one.id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.participant}, ${one.kind}, ${one.side}, ${one.counterparty},
      ${one.their_pid}, ${one.address}, ${one.state}, ${one.suspended_by}, ${one.version}, ${jsonOf(one.taken)}, ${one.subject},
      ${jsonOf(one.offer)}, ${jsonOf(one.own_offer)}, ${jsonOf(one.own_last)}, ${one.price}, ${jsonOf(one.tiers)}, ${jsonOf(one.agreement)}, ${one.format}, ${jsonOf(one.data_address)},
      ${jsonOf(one.held)}, ${one.traded}, ${one.reference}, ${jsonOf(one.clearance)}, ${one.title}, ${one.created_at}, ${one.changed_at})
    on conflict (participant, kind, side, counterparty, their_pid) where their_pid is not null do nothing`);

/** What has changed, on the version that was read; the transaction fails before its commit when another writer came first. */
export const saveProcess = (tx: Tx, one: Process): void => {
  const change = sql`update federation_processes set their_pid = ${one.their_pid}, state = ${one.state},
      suspended_by = ${one.suspended_by}, version = version + 1, taken = ${jsonOf(one.taken)}, offer = ${jsonOf(one.offer)},
      own_offer = ${jsonOf(one.own_offer)}, own_last = ${jsonOf(one.own_last)}, agreement = ${jsonOf(one.agreement)}, data_address = ${jsonOf(one.data_address)},
      held = ${jsonOf(one.held)}, reference = ${one.reference}, clearance = ${jsonOf(one.clearance)}, changed_at = ${tx.now}
    where id = ${one.id} and version = ${one.version}`;
  tx.send(change, (touched) => {
    if (touched !== 1) throw new Error(`process ${one.id} has changed meanwhile`);
  });
  one.version++;
};

export const lockProcess = (tx: Tx, id: string): Promise<Process | undefined> =>
  tx.first<Process>(sql`select ${processColumns} from federation_processes where id = ${id} for update`);

export const insertMessage = (tx: Tx, one: Message): Sent =>
  tx.send(sql`insert into federation_messages (id, node, market, participant, process, direction, act, digest, body, state, attempts,
      due_at, created_at, done_at)
    values (${one.id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.participant}, ${one.process}, ${one.direction}, ${one.act},
      ${one.digest}, ${JSON.stringify(one.body)}, ${one.state}, ${one.attempts}, ${one.due_at}, ${one.created_at}, ${one.done_at})`);

/** One try more: until `dueAt` nobody else takes it. Undefined when it is not due or not waiting any more. */
export const claimMessage = (tx: Tx, process: string, dueAt: Date): Promise<Message | undefined> =>
  tx.first<Message>(sql`update federation_messages set attempts = attempts + 1, due_at = ${dueAt}
    where process = ${process} and state = 'waiting' and due_at <= ${tx.now} returning ${messageColumns}`);

/** A key to data lies in its message only until that has been sent: what stays is its digest. */
export const messageEnd = (tx: Tx, id: string, state: 'sent' | 'dropped', fault: string | null = null): Sql =>
  sql`update federation_messages set state = ${state}, due_at = null, done_at = ${tx.now}, fault = ${fault},
      body = body #- '{dataAddress,sealed}'
    where id = ${id} and state = 'waiting'`;

/** Number of messages: none where it waits no more. */
export const endMessage = (tx: Tx, id: string, state: 'sent' | 'dropped', fault?: string): Promise<number> =>
  tx.exec(messageEnd(tx, id, state, fault));

/** Tries of a process that died; only where no other server sends. Number of messages. */
export const forgetTries = (tx: Tx): Promise<number> =>
  tx.exec(
    sql`update federation_messages set due_at = ${tx.now} where state = 'waiting' and attempts > 0 and due_at > ${tx.now}`,
  );

export const delayMessage = (tx: Tx, id: string, dueAt: Date, fault: string): Promise<number> =>
  tx.exec(
    sql`update federation_messages set due_at = ${dueAt}, fault = ${fault} where id = ${id} and state = 'waiting'`,
  );

export const insertAgreement = (tx: Tx, one: Agreement): Sent =>
  tx.send(sql`insert into federation_agreements (node, market, participant, id, side, counterparty, dataset, body, negotiation,
      reference, finalized_at)
    values (${tx.tenancy.node}, ${tx.tenancy.market}, ${one.participant}, ${one.id}, ${one.side}, ${one.counterparty}, ${one.dataset},
      ${JSON.stringify(one.body)}, ${one.negotiation}, ${one.reference}, ${one.finalized_at})
    on conflict do nothing`);

export const endAgreement = (tx: Tx, participant: string, id: string): Promise<number> =>
  tx.exec(sql`update federation_agreements set ended_at = ${tx.now}
    where participant = ${participant} and id = ${id} and ended_at is null`);

/** A file of a push transfer that its consumer has taken. Harmless to repeat. */
export const insertParcel = (
  tx: Tx,
  { id, participant }: Pick<Process, 'id' | 'participant'>,
  name: string,
): Promise<number> =>
  tx.exec(sql`insert into federation_parcels (process, node, market, participant, name, taken_at)
    values (${id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${participant}, ${name}, ${tx.now}) on conflict do nothing`);

export const removeParcels = (tx: Tx, process: string): Promise<number> =>
  tx.exec(sql`delete from federation_parcels where process = ${process}`);

const countChange = async (tx: Tx, participant: string, changed: number): Promise<number> => {
  if (changed > 0)
    await tx.exec(sql`insert into federation_catalogues (participant, node, market, changes)
      values (${participant}, ${tx.tenancy.node}, ${tx.tenancy.market}, 1)
      on conflict (participant) do update set changes = federation_catalogues.changes + 1`);
  return changed;
};

export const saveDataset = async (
  tx: Tx,
  one: {
    participant: string;
    id: string;
    body: unknown;
    offers: string[];
    digest: string;
    traded: boolean;
    space: string | null;
  },
): Promise<number> => {
  const changed =
    await tx.exec(sql`insert into federation_datasets (node, market, participant, id, body, offers, digest, traded, space, published_at)
    values (${tx.tenancy.node}, ${tx.tenancy.market}, ${one.participant}, ${one.id}, ${JSON.stringify(one.body)}, ${one.offers},
      ${one.digest}, ${one.traded}, ${one.space}, ${tx.now})
    on conflict (participant, id) do update set body = excluded.body, offers = excluded.offers, digest = excluded.digest,
      traded = excluded.traded, space = excluded.space, published_at = excluded.published_at
    where (federation_datasets.digest, federation_datasets.space) is distinct from (excluded.digest, excluded.space)`);
  return countChange(tx, one.participant, changed);
};

export const removeDataset = async (tx: Tx, participant: string, id: string): Promise<number> =>
  countChange(
    tx,
    participant,
    await tx.exec(sql`delete from federation_datasets where participant = ${participant} and id = ${id}`),
  );

/** Written where it says something else than before. */
export const saveAttestation = (
  tx: Tx,
  { participant, counterparty }: Pick<Process, 'participant' | 'counterparty'>,
  one: Attested,
): Promise<number> =>
  tx.exec(sql`insert into federation_attestations as held (participant, counterparty, node, market, name, credit_code, issuer,
      issuer_name, credential, seen_at)
    values (${participant}, ${counterparty}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.name}, ${one.creditCode}, ${one.issuer},
      ${one.issuerName}, ${one.credential}, ${tx.now})
    on conflict (participant, counterparty) do update set name = excluded.name, credit_code = excluded.credit_code,
      issuer = excluded.issuer, issuer_name = excluded.issuer_name, credential = excluded.credential, seen_at = excluded.seen_at
    where (held.name, held.credit_code, held.issuer, held.issuer_name, held.credential)
      is distinct from (excluded.name, excluded.credit_code, excluded.issuer, excluded.issuer_name, excluded.credential)`);
