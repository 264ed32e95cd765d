/**
 * Legal holds (封存): what one covers is neither erased nor pruned until it is lifted or ends. The kernel keeps them and honours
 * them; who may order one, and over what, is a room's matter.
 */
import { type Moment, type Reader, type Sql, sql, type Tx } from '../db/db.ts';
import { kernelProblems } from '../problem.ts';

export type LegalHoldState = 'proposed' | 'declined' | 'effective' | 'lifting' | 'lifted' | 'expired';

export interface LegalHold {
  id: string;
  /** Who ordered it. */
  participant: string;
  state: LegalHoldState;
  target_kind: 'organisation' | 'resource' | 'order' | 'contract' | 'case';
  target: string;
  target_name: string;
  /** The target, and the organisations it concerns with all that is theirs. */
  covers: string[];
  basis: string;
  reason: string;
  until: Date | null;
  proposed_by: string;
  confirmed_by: string | null;
  lift_proposed_by: string | null;
  lift_reason: string | null;
  lifted_by: string | null;
  created_at: Date;
  effective_at: Date | null;
  ended_at: Date | null;
}

export const legalHoldColumns = sql`id, participant, state, target_kind, target, target_name, covers, basis, reason, until, proposed_by,
  confirmed_by, lift_proposed_by, lift_reason, lifted_by, created_at, effective_at, ended_at`;

/** Of `legal_holds`: in force at the moment. One whose lifting waits for its second person still holds. */
export const inForce = (now: Date): Sql => sql`state in ('effective', 'lifting') and (until is null or until > ${now})`;

const lockName = 'legal-holds';

/** Deletions share it, placing a hold takes it alone: no deletion commits after a hold that it has not seen. */
const lockForDeleting = (tx: Tx) => tx.first(sql`select pg_advisory_xact_lock_shared(hashtext(${lockName}))`);
const lockForPlacing = (tx: Tx) => tx.first(sql`select pg_advisory_xact_lock(hashtext(${lockName}))`);

/** The condition under which rows may be deleted, their identifiers given as columns; takes the lock that keeps it true. */
export const notHeld = async (tx: Tx, identifiers: Sql): Promise<Sql> => {
  await lockForDeleting(tx);
  return sql`not exists (select 1 from legal_holds where ${inForce(tx.now)} and covers && array[${identifiers}]::text[])`;
};

/** Before anything is erased: `ids` are the object's own and those of the organisations whose it is. @throws kernel.held */
export const refuseHeld = async (tx: Tx, ids: readonly string[]): Promise<void> => {
  await lockForDeleting(tx);
  const hold = await tx.first<LegalHold>(
    sql`select ${legalHoldColumns} from legal_holds where ${inForce(tx.now)} and covers && ${[...ids]}::text[] order by id limit 1`,
  );
  if (hold) throw kernelProblems.held({ detail: `${hold.id}: ${hold.basis}` });
};

export const lockLegalHold = (tx: Tx, id: string): Promise<LegalHold | undefined> =>
  tx.first<LegalHold>(sql`select ${legalHoldColumns} from legal_holds where id = ${id} for update`);

const past = (at: Moment): Sql => sql`from legal_holds where state in ('effective', 'lifting') and until <= ${at}`;

/** Holds whose time is over. */
export const legalHoldsPast = (read: Reader, now: Date): Promise<{ id: string }[]> =>
  read.rows(sql`select id ${past(now)} order by until limit 100`);
export const legalHoldsDue = (at: Moment): Sql => sql`exists (select ${past(at)})`;

export const insertLegalHold = (tx: Tx, one: LegalHold): Promise<number> =>
  tx.exec(sql`insert into legal_holds (id, node, market, participant, state, target_kind, target, target_name, covers, basis, reason,
      until, proposed_by, created_at)
    values (${one.id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.participant}, ${one.state}, ${one.target_kind}, ${one.target},
      ${one.target_name}, ${one.covers}, ${one.basis}, ${one.reason}, ${one.until}, ${one.proposed_by}, ${one.created_at})`);

export const saveLegalHold = async (tx: Tx, one: LegalHold): Promise<void> => {
  if (one.state === 'effective') await lockForPlacing(tx);
  await tx.exec(sql`update legal_holds set state = ${one.state}, confirmed_by = ${one.confirmed_by},
      lift_proposed_by = ${one.lift_proposed_by}, lift_reason = ${one.lift_reason}, lifted_by = ${one.lifted_by},
      effective_at = ${one.effective_at}, ended_at = ${one.ended_at} where id = ${one.id}`);
};
