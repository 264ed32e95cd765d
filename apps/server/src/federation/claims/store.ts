/** SQL of claims: credentials, requests for them, tokens that were used. */
import { empty, type Moment, type Reader, type Sql, sql, type Tx } from '../../kernel/db/db.ts';
import type { DidKeyRow } from './did-keys.ts';

export interface HeldCredential {
  id: string;
  participant: string;
  issuer: string;
  subject: string;
  types: string[];
  jwt: string;
  key_id: string | null;
  status_place: number | null;
  /** The object of our metadata that a holder elsewhere asked for; null: held here. */
  asked_as: string | null;
  valid_from: Date;
  valid_until: Date;
  received_at: Date;
  replaced_at: Date | null;
  revoked_at: Date | null;
  reason: string;
}

export interface Issuance {
  id: string;
  participant: string;
  issuer: string;
  credentials: string[];
  state: 'OFFERED' | 'REQUESTED' | 'ISSUED' | 'REJECTED';
  issuer_pid: string | null;
  attempts: number;
  due_at: Date | null;
  reason: string;
  created_at: Date;
  changed_at: Date;
}

const columns = sql`id, participant, issuer, subject, types, jwt, key_id, status_place::float8 as status_place, asked_as, valid_from, valid_until,
  received_at, replaced_at, revoked_at, reason`;

/** Newest first. `standing`: neither replaced nor revoked. `elsewhere`: those that we gave to the holder's own wallet. */
export const credentialsOf = (
  read: Reader,
  participant: string,
  { standing, count, elsewhere = false }: { standing: boolean; count: number; elsewhere?: boolean },
): Promise<HeldCredential[]> =>
  read.rows(sql`select ${columns} from federation_credentials where participant = ${participant}
    and ${elsewhere ? sql`asked_as is not null` : sql`asked_as is null`}
    ${standing ? sql`and replaced_at is null and revoked_at is null` : empty}
    order by received_at desc, id desc limit ${count}`);

/** The one of our own issuer that stands: here, or as a holder elsewhere asked for it. */
export const ownCredential = (
  read: Reader,
  participant: string,
  askedAs: string | null = null,
): Promise<HeldCredential | undefined> =>
  read.first(sql`select ${columns} from federation_credentials where participant = ${participant} and key_id is not null
    and asked_as is not distinct from ${askedAs}::text and replaced_at is null and revoked_at is null order by received_at desc, id desc limit 1`);

/** One writer at a time for what a participant holds. */
export const lockHolder = (tx: Tx, participant: string): Promise<unknown> =>
  tx.first(sql`select 1 from federation_connectors where participant = ${participant} for update`);

export const nextStatusPlace = async (tx: Tx): Promise<number> =>
  Number((await tx.one<{ place: string }>(sql`select nextval('federation_status_places') as place`)).place);

export const insertCredential = (
  tx: Tx,
  one: Omit<HeldCredential, 'received_at' | 'replaced_at' | 'revoked_at' | 'reason'>,
): Promise<number> =>
  tx.exec(sql`insert into federation_credentials (id, node, market, participant, issuer, subject, types, jwt, key_id, status_place,
      asked_as, valid_from, valid_until, received_at)
    values (${one.id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.participant}, ${one.issuer}, ${one.subject}, ${one.types}, ${one.jwt},
      ${one.key_id}, ${one.status_place}, ${one.asked_as}, ${one.valid_from}, ${one.valid_until}, ${tx.now})
    on conflict do nothing`);

/** The others of the same issuer and types, once this one stands in their place. Our own issuer may have had another DID before. */
export const replaceOthers = (
  tx: Tx,
  one: Pick<HeldCredential, 'id' | 'participant' | 'issuer' | 'types' | 'key_id' | 'asked_as'>,
): Promise<number> =>
  tx.exec(sql`update federation_credentials set replaced_at = ${tx.now} where participant = ${one.participant} and id <> ${one.id}
    and ${one.key_id === null ? sql`key_id is null and issuer = ${one.issuer}` : sql`key_id is not null`} and types = ${one.types}
    and asked_as is not distinct from ${one.asked_as}::text and replaced_at is null and revoked_at is null`);

/** All that our own issuer has given and that is still good, replaced ones too. `elsewhere`: to the holder's own wallet alone. */
export const revokeOwn = (tx: Tx, participant: string, reason: string, elsewhere = false): Promise<number> =>
  tx.exec(sql`update federation_credentials set revoked_at = ${tx.now}, reason = ${reason}
    where participant = ${participant} and key_id is not null ${elsewhere ? sql`and asked_as is not null` : empty}
      and revoked_at is null and valid_until > ${tx.now}`);

/** Revoked places from `from` on, below `to`. Expired ones need none any more. */
export const revokedPlaces = async (read: Reader, from: number, to: number, now: Date): Promise<number[]> =>
  (
    await read.rows<{ place: number }>(sql`select status_place::float8 as place from federation_credentials
      where revoked_at is not null and status_place >= ${from} and status_place < ${to} and valid_until > ${now}`)
  ).map(({ place }) => place);

/** Whether a status list has been begun. */
export const lastStatusPlace = async (read: Reader): Promise<number> =>
  Number(
    (
      await read.one<{ last: string | null }>(
        sql`select case when is_called then last_value end as last from federation_status_places`,
      )
    ).last ?? -1,
  );

/** Keys that signed what still stands, or is shown by a wallet elsewhere, which may keep what was replaced until it ends. */
export const standingKeys = async (read: Reader, now: Date): Promise<string[]> =>
  (
    await read.rows<{ key_id: string }>(sql`select distinct key_id from federation_credentials
      where key_id is not null and (replaced_at is null or asked_as is not null) and revoked_at is null and valid_until > ${now}`)
  ).map(({ key_id }) => key_id);

/** Participants with an open connector whose credential of ours is missing, old, or signed by a key that is not `keyId`. */
export const wantingCredential = async (
  read: Reader,
  { keyId, issuer, soon }: { keyId: string; issuer: string; soon: Date },
): Promise<string[]> =>
  (
    await read.rows<{ participant: string }>(sql`select c.participant from federation_connectors c
      where c.closed_at is null and not exists (select 1 from federation_credentials h where h.participant = c.participant and h.asked_as is null
        and h.key_id = ${keyId} and h.issuer = ${issuer} and h.replaced_at is null and h.revoked_at is null and h.valid_until > ${soon})
      order by c.participant`)
  ).map(({ participant }) => participant);

const issuanceColumns = sql`id, participant, issuer, credentials, state, issuer_pid, attempts, due_at, reason,
  created_at, changed_at`;

export const insertIssuance = (
  tx: Tx,
  one: Pick<Issuance, 'id' | 'participant' | 'issuer' | 'credentials' | 'state' | 'due_at'>,
): Promise<number> =>
  tx.exec(sql`insert into federation_issuances (id, node, market, participant, issuer, credentials, state, due_at, created_at, changed_at)
    values (${one.id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.participant}, ${one.issuer}, ${one.credentials}, ${one.state},
      ${one.due_at}, ${tx.now}, ${tx.now})`);

export const findIssuance = (read: Reader, participant: string, id: string): Promise<Issuance | undefined> =>
  read.first(
    sql`select ${issuanceColumns} from federation_issuances where id = ${id} and participant = ${participant}`,
  );

export const issuancesOf = (read: Reader, participant: string, count: number): Promise<Issuance[]> =>
  read.rows(sql`select ${issuanceColumns} from federation_issuances where participant = ${participant}
    order by created_at desc, id desc limit ${count}`);

/** Offers and requests of a participant that nobody has concluded. */
export const openIssuances = async (
  read: Reader,
  participant: string,
  state: 'OFFERED' | 'REQUESTED',
): Promise<number> =>
  (
    await read.one<{ count: number }>(sql`select count(*)::int as count from federation_issuances
      where participant = ${participant} and state = ${state}`)
  ).count;

export const concludeIssuance = (
  tx: Tx,
  one: { id: string; state: 'ISSUED' | 'REJECTED'; issuerPid: string; reason: string },
): Promise<number> =>
  tx.exec(sql`update federation_issuances set state = ${one.state}, issuer_pid = ${one.issuerPid}, reason = ${one.reason},
      due_at = null, changed_at = ${tx.now} where id = ${one.id}`);

/** Requests that are to be handed over now; until `dueAt` nobody else takes them. */
export const issuancesDue = (at: Moment): Sql => sql`exists (select from federation_issuances where due_at <= ${at})`;

export const claimIssuances = (tx: Tx, dueAt: Date, count: number): Promise<Issuance[]> =>
  tx.rows(sql`update federation_issuances set attempts = attempts + 1, due_at = ${dueAt} where id in
    (select id from federation_issuances where due_at <= ${tx.now} order by due_at limit ${count} for update skip locked)
    returning ${issuanceColumns}`);

/** The issuer has taken it. What it delivers may have come before. */
export const takenByIssuer = (tx: Tx, id: string, issuerPid: string | null): Promise<number> =>
  tx.exec(sql`update federation_issuances set due_at = null, issuer_pid = coalesce(issuer_pid, ${issuerPid}), changed_at = ${tx.now}
    where id = ${id} and state = 'REQUESTED'`);

export const giveUpIssuance = (tx: Tx, id: string, reason: string): Promise<number> =>
  tx.exec(sql`update federation_issuances set state = 'REJECTED', due_at = null, reason = ${reason}, changed_at = ${tx.now}
    where id = ${id} and state = 'REQUESTED'`);

/** Whether nobody has used it before: two that come at once meet at the primary key. */
export const firstUse = async (
  tx: Tx,
  { digest, participant, until }: { digest: string; participant: string; until: Date },
): Promise<boolean> =>
  (await tx.exec(sql`insert into federation_replays (digest, node, market, participant, until)
    values (${digest}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${participant}, ${until}) on conflict do nothing`)) ===
  1;

export const replaysOver = (at: Moment): Sql => sql`exists (select from federation_replays where until < ${at})`;

export const forgetReplays = (tx: Tx): Promise<number> =>
  tx.exec(sql`delete from federation_replays where digest in
    (select digest from federation_replays where until < ${tx.now} limit 10000)`);

const keyColumns = sql`id, participant, algorithm, public_jwk, sealed_private, created_at`;

export const currentDidKeys = (read: Reader, participant: string): Promise<DidKeyRow[]> =>
  read.rows(
    sql`select ${keyColumns} from federation_did_keys where participant = ${participant} and retired_at is null`,
  );

export const findDidKeys = (read: Reader, ids: readonly string[]): Promise<DidKeyRow[]> =>
  read.rows(sql`select ${keyColumns} from federation_did_keys where id = any(${[...ids]}) order by id`);

/** 0 where another of its kind has come before it. */
export const insertDidKey = (tx: Tx, one: Omit<DidKeyRow, 'created_at'>): Promise<number> =>
  tx.exec(sql`insert into federation_did_keys (id, node, market, participant, algorithm, public_jwk, sealed_private, created_at)
    values (${one.id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.participant}, ${one.algorithm}, ${JSON.stringify(one.public_jwk)},
      ${one.sealed_private}, ${tx.now}) on conflict do nothing`);

export const retireDidKeys = (tx: Tx, participant: string): Promise<number> =>
  tx.exec(
    sql`update federation_did_keys set retired_at = ${tx.now} where participant = ${participant} and retired_at is null`,
  );
