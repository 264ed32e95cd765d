/** SQL of issuing: holders elsewhere, what they asked for. */
import { type Moment, type Reader, type Sql, sql, type Tx } from '../../kernel/db/db.ts';
import { type CredentialRequest, type Holder, issuingLimits as limits } from './model.ts';

const holderColumns = sql`participant, did, registered_at, offer_attempts, offer_due_at, offered_at, fault`;

export const holderOf = (read: Reader, participant: string): Promise<Holder | undefined> =>
  read.first(sql`select ${holderColumns} from federation_holders where participant = ${participant}`);

export const holderByDid = (read: Reader, did: string): Promise<Holder | undefined> =>
  read.first(sql`select ${holderColumns} from federation_holders where did = ${did}`);

/** One writer at a time for what is issued to it and taken back. */
export const lockHolderElsewhere = (tx: Tx, participant: string): Promise<Holder | undefined> =>
  tx.first(sql`select ${holderColumns} from federation_holders where participant = ${participant} for update`);

/** 0 where the DID is another member's. */
export const saveHolder = (tx: Tx, participant: string, did: string): Promise<number> =>
  tx.exec(sql`insert into federation_holders (participant, node, market, did, registered_at, offer_due_at)
    select ${participant}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${did}, ${tx.now}, ${tx.now}
    where not exists (select from federation_holders where did = ${did} and participant <> ${participant})
    on conflict (participant) do update set did = excluded.did, registered_at = excluded.registered_at, offer_attempts = 0,
      offer_due_at = excluded.offer_due_at, offered_at = null, fault = null`);

export const deleteHolder = (tx: Tx, participant: string): Promise<number> =>
  tx.exec(sql`delete from federation_holders where participant = ${participant}`);

const due = (column: Sql, at: Moment): Sql => sql`${column} <= ${at}`;
const again = (tx: Tx, attempts: Sql): Sql =>
  sql`${tx.now}::timestamptz + make_interval(secs => ${limits.againSeconds}::float8 * 2 ^ ${attempts})`;

export const offersDue = (at: Moment): Sql =>
  sql`exists (select from federation_holders where ${due(sql`offer_due_at`, at)})`;

/** Until their next turn nobody else takes them. A row that is locked is waited for: a delivery holds it, and tells nobody when it is done. */
export const claimOffers = (tx: Tx): Promise<Holder[]> =>
  tx.rows(sql`update federation_holders set offer_attempts = offer_attempts + 1, offer_due_at = ${again(tx, sql`offer_attempts`)}
    where participant in (select participant from federation_holders where ${due(sql`offer_due_at`, tx.now)}
      order by offer_due_at limit ${limits.turnMax} for update)
    returning ${holderColumns}`);

export const offerLater = (tx: Tx, participant: string): Promise<number> =>
  tx.exec(
    sql`update federation_holders set offer_due_at = ${tx.now}, offer_attempts = 0 where participant = ${participant}`,
  );

/** Told, or given up with the fault. What was asked for anew since it was claimed stays due. */
export const offerEnded = (
  tx: Tx,
  { participant, did, offer_due_at: claimed }: Holder,
  fault: string | null,
): Promise<number> =>
  tx.exec(sql`update federation_holders set fault = ${fault},
      offer_due_at = case when offer_due_at is distinct from ${claimed}::timestamptz then offer_due_at end,
      offered_at = ${fault === null ? sql`${tx.now}::timestamptz` : sql`offered_at`}
    where participant = ${participant} and did = ${did}`);

/** Whose credential is to be asked for again: it ends soon, or was signed by a key or in a name of the node from before. */
export const offerWhatEnds = (
  tx: Tx,
  { keyId, issuer, soon, before }: { keyId: string; issuer: string; soon: Date; before: Date },
): Promise<number> =>
  tx.exec(sql`update federation_holders h set offer_due_at = ${tx.now}, offer_attempts = 0
    where offer_due_at is null and (offered_at is null or offered_at < ${before}) and exists (select from federation_credentials c
      where c.participant = h.participant and c.subject = h.did and c.asked_as is not null and c.replaced_at is null
        and c.revoked_at is null and (c.valid_until <= ${soon} or c.key_id <> ${keyId} or c.issuer <> ${issuer}))`);

const requestColumns = sql`id, participant, holder, holder_pid, credentials, state, sealed_access, attempts, reason, created_at`;

export const insertRequest = (
  tx: Tx,
  one: Pick<CredentialRequest, 'id' | 'participant' | 'holder' | 'holder_pid' | 'credentials' | 'sealed_access'>,
): Promise<number> =>
  tx.exec(sql`insert into federation_credential_requests (id, node, market, participant, holder, holder_pid, credentials, state,
      sealed_access, due_at, created_at, changed_at)
    values (${one.id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.participant}, ${one.holder}, ${one.holder_pid}, ${one.credentials},
      'RECEIVED', ${one.sealed_access}, ${tx.now}, ${tx.now}, ${tx.now})`);

export const findRequest = (read: Reader, id: string): Promise<CredentialRequest | undefined> =>
  read.first(sql`select ${requestColumns} from federation_credential_requests where id = ${id}`);

export const requestsOf = (read: Reader, participant: string): Promise<CredentialRequest[]> =>
  read.rows(sql`select ${requestColumns} from federation_credential_requests where participant = ${participant}
    order by created_at desc, id desc limit ${limits.shownMax}`);

export const requestsSince = (
  read: Reader,
  participant: string,
  since: Date,
): Promise<{ waiting: number; all: number }> =>
  read.one(sql`select count(*) filter (where state = 'RECEIVED')::int as waiting, count(*) filter (where created_at > ${since})::int as all
    from federation_credential_requests where participant = ${participant} and (state = 'RECEIVED' or created_at > ${since})`);

export const requestsDue = (at: Moment): Sql =>
  sql`exists (select from federation_credential_requests where ${due(sql`due_at`, at)})`;

export const claimRequests = (tx: Tx): Promise<CredentialRequest[]> =>
  tx.rows(sql`update federation_credential_requests set attempts = attempts + 1, due_at = ${again(tx, sql`attempts`)}
    where id in (select id from federation_credential_requests where ${due(sql`due_at`, tx.now)}
      order by due_at limit ${limits.turnMax} for update skip locked)
    returning ${requestColumns}`);

export const concludeRequest = (
  tx: Tx,
  { id, state, reason }: Pick<CredentialRequest, 'id' | 'state' | 'reason'>,
): Promise<number> =>
  tx.exec(sql`update federation_credential_requests set state = ${state}, reason = ${reason}, due_at = null, sealed_access = null,
    changed_at = ${tx.now} where id = ${id} and state = 'RECEIVED'`);

/** Of a holder that is registered no longer. */
export const giveUpRequests = (tx: Tx, participant: string, reason: string): Promise<number> =>
  tx.exec(sql`update federation_credential_requests set state = 'REJECTED', reason = ${reason}, due_at = null, sealed_access = null,
    changed_at = ${tx.now} where participant = ${participant} and state = 'RECEIVED'`);
