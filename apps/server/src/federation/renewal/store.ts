/** SQL of token renewal. */
import { type Reader, type Sql, sql, type Tx } from '../../kernel/db/db.ts';
import type { GivenToken, Renewal } from './model.ts';

const givenColumns = sql`process, participant, digest, access_digest, before_digest, before_access_digest, renewals, given_at`;
const renewalColumns = sql`process, participant, digest, expires_at, due_at, attempts, fault`;

export const givenByDigest = (read: Reader, participant: string, digest: string): Promise<GivenToken | undefined> =>
  read.first(sql`select ${givenColumns} from federation_refresh_tokens where participant = ${participant}
    and (digest = ${digest} or before_digest = ${digest})`);

export const givenOf = (read: Reader, process: string): Promise<GivenToken | undefined> =>
  read.first(sql`select ${givenColumns} from federation_refresh_tokens where process = ${process}`);

/** In the place of the one before. */
export const saveGiven = (tx: Tx, one: Omit<GivenToken, 'renewals' | 'given_at'>): Promise<number> =>
  tx.exec(sql`insert into federation_refresh_tokens as t (process, node, market, participant, digest, access_digest, before_digest,
      before_access_digest, given_at)
    values (${one.process}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.participant}, ${one.digest}, ${one.access_digest},
      ${one.before_digest}, ${one.before_access_digest}, ${tx.now})
    on conflict (process) do update set digest = excluded.digest, access_digest = excluded.access_digest,
      before_digest = excluded.before_digest, before_access_digest = excluded.before_access_digest, renewals = t.renewals + 1,
      given_at = excluded.given_at`);

export const renewalOfProcess = (read: Reader, process: string): Promise<Renewal | undefined> =>
  read.first(sql`select ${renewalColumns} from federation_renewals where process = ${process}`);

export const saveRenewal = (tx: Tx, one: Renewal): Promise<number> =>
  tx.exec(sql`insert into federation_renewals (process, node, market, participant, digest, expires_at, due_at, attempts, fault, changed_at)
    values (${one.process}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.participant}, ${one.digest}, ${one.expires_at},
      ${one.due_at}, ${one.attempts}, ${one.fault}, ${tx.now})
    on conflict (process) do update set digest = excluded.digest, expires_at = excluded.expires_at, due_at = excluded.due_at,
      attempts = excluded.attempts, fault = excluded.fault, changed_at = excluded.changed_at`);

/** The transfer is over: nothing of it is renewed by anybody. */
export const endRenewals = async (tx: Tx, process: string): Promise<void> => {
  await tx.exec(sql`delete from federation_refresh_tokens where process = ${process}`);
  await tx.exec(sql`delete from federation_renewals where process = ${process}`);
};

export const endRenewal = (tx: Tx, process: string): Promise<number> =>
  tx.exec(sql`delete from federation_renewals where process = ${process}`);

/** Whether one is due. */
export const renewalsDue = (at: Sql): Sql => sql`exists (select 1 from federation_renewals where due_at <= ${at})`;

export const dueRenewals = async (read: Reader, now: Date, max: number): Promise<string[]> =>
  (
    await read.rows<{ process: string }>(sql`select process from federation_renewals where due_at <= ${now}
      order by due_at limit ${max}`)
  ).map(({ process }) => process);

/** The data address alone: a renewal is no move of the process. */
export const saveDataAddress = (tx: Tx, process: string, address: unknown): Promise<number> =>
  tx.exec(sql`update federation_processes set data_address = ${JSON.stringify(address)} where id = ${process}`);

/** Tries of a process that died; only where no other server renews. */
export const forgetRenewalTries = (tx: Tx): Promise<number> =>
  tx.exec(sql`update federation_renewals set due_at = ${tx.now} where attempts > 0 and due_at > ${tx.now}`);
