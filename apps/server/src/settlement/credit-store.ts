/** Writes of credit notes. */
import { sql, type Tx } from '../kernel/db/db.ts';
import { newId } from '../kernel/ids.ts';
import type { Credit } from './model.ts';

export type NewCredit = Pick<
  Credit,
  | 'participant'
  | 'supplier'
  | 'order'
  | 'grant'
  | 'assessment'
  | 'period'
  | 'from'
  | 'until'
  | 'spread'
  | 'findings'
  | 'requests'
  | 'digest'
  | 'milli'
  | 'tiers'
  | 'dueAt'
>;

/** Its id; undefined when the assessment has one already. */
export const insertCredit = async (tx: Tx, one: NewCredit): Promise<string | undefined> => {
  const id = newId('crd', tx.now);
  const count =
    await tx.exec(sql`insert into service_credits (id, node, market, participant, supplier, order_id, grant_id, assessment, period,
      starts_at, ends_at, spread_from, spread_until, findings, requests, digest, credit_milli, tiers, state, due_at, created_at)
    values (${id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.participant}, ${one.supplier}, ${one.order}, ${one.grant},
      ${one.assessment}, ${one.period}, ${one.from}, ${one.until}, ${one.spread?.from ?? null}, ${one.spread?.until ?? null},
      ${JSON.stringify(one.findings)}, ${one.requests}, ${one.digest}, ${one.milli}, ${JSON.stringify(one.tiers)}, 'proposed', ${one.dueAt}, ${tx.now})
    on conflict (assessment) do nothing`);
  return count > 0 ? id : undefined;
};

type Change =
  | { state: 'accepted' | 'contested'; answer: string | null; bySilence: boolean }
  | { waitsFor: Credit['waitsFor'] }
  | { state: 'settled'; waitsFor: null; fen: bigint; refunds: string[] };

export const setCredit = (tx: Tx, id: string, change: Change): Promise<number> => {
  if ('fen' in change)
    return tx.exec(sql`update service_credits set state = 'settled', waits_for = null, fen = ${change.fen.toString()},
      refunds = ${change.refunds}, settled_at = ${tx.now} where id = ${id} and state = 'accepted'`);
  if ('answer' in change)
    return tx.exec(sql`update service_credits set state = ${change.state}, answer = ${change.answer}, answered_by = ${tx.actor.id},
      by_silence = ${change.bySilence}, answered_at = ${tx.now} where id = ${id} and state = 'proposed'`);
  return tx.exec(
    sql`update service_credits set waits_for = ${change.waitsFor} where id = ${id} and state = 'accepted'`,
  );
};

export const remindCredit = (tx: Tx, id: string, closesAt: Date): Promise<number> =>
  tx.exec(
    sql`update service_credits set reminded_at = ${tx.now}, closes_at = ${closesAt} where id = ${id} and state = 'proposed'`,
  );

/** What is left of it once a refund was refused; nothing left is a refusal. */
export const lessenCredit = (tx: Tx, id: string, fen: bigint): Promise<number> =>
  fen > 0n
    ? tx.exec(sql`update service_credits set fen = ${fen.toString()} where id = ${id} and state = 'settled'`)
    : tx.exec(
        sql`update service_credits set state = 'refused', settled_at = null where id = ${id} and state = 'settled'`,
      );
