/** Stops and frees use through the doors of delivery, market and members: at once, in the caller's transaction. */

import type { SuspensionTarget } from '../delivery/index.ts';
import { type Reader, sql, type Tx } from '../kernel/db/db.ts';
import type { Effect, Hold, SupervisionDeps } from './model.ts';
import * as store from './store.ts';

const others = (read: Reader, hold: Hold) =>
  read.first<{ id: string }>(
    sql`select id from use_holds where target_kind = ${hold.kind} and target = ${hold.target} and lifted_at is null limit 1`,
  );

const suspensionTarget = ({ kind, target }: Hold): SuspensionTarget => ({ [kind]: target }) as SuspensionTarget;

/** Products whose listing stands: of the product itself, or of all of an organisation. */
const standing = (read: Reader, target: string) =>
  read.rows<{ product: string }>(
    sql`select product from listings where state = 'listed' and (product = ${target} or participant = ${target}) order by product`,
  );

const place = async (deps: SupervisionDeps, tx: Tx, source: string, hold: Hold, reason: string): Promise<Effect> => {
  await store.lockTarget(tx, hold);
  const first = !(await others(tx, hold));
  if (hold.kind === 'standing') {
    // Who was suspended before is not ours to restore.
    const member = await deps.members.organisation(tx, hold.target);
    if (first && member?.status !== 'active') return { grants: 0, listings: 0 };
    await store.insertHold(tx, source, hold, reason);
    if (first) await deps.members.setStanding(tx, hold.target, 'suspended', reason);
    return { grants: 0, listings: 0 };
  }
  if (!(await store.insertHold(tx, source, hold, reason))) return { grants: 0, listings: 0 };
  if (hold.kind !== 'listing')
    return {
      grants: first ? await deps.delivery.suspend(tx, suspensionTarget(hold), reason) : 0,
      listings: 0,
    };
  const listed = await standing(tx, hold.target);
  for (const { product } of listed) await deps.market.suspendListingsOf(tx, product, reason);
  return { grants: 0, listings: listed.length };
};

/** Harmless to repeat for one source. What stopped by it. */
export const placeHolds = async (
  deps: SupervisionDeps,
  tx: Tx,
  source: string,
  holds: readonly Hold[],
  reason: string,
): Promise<Effect> => {
  const effect = { grants: 0, listings: 0 };
  for (const hold of holds) {
    const done = await place(deps, tx, source, hold, reason);
    effect.grants += done.grants;
    effect.listings += done.listings;
  }
  return effect;
};

/** Lets go what `source` holds; use goes on where no other source holds it. Listings are resumed by the operator by hand. */
export const releaseHolds = async (deps: SupervisionDeps, tx: Tx, source: string, reason: string): Promise<void> => {
  const held = await tx.rows<Hold>(
    sql`select target_kind as kind, target from use_holds where source = ${source} and lifted_at is null order by target_kind, target`,
  );
  for (const hold of held) {
    await store.lockTarget(tx, hold);
    await store.liftHold(tx, source, hold);
    if (hold.kind === 'listing' || (await others(tx, hold))) continue;
    if (hold.kind !== 'standing') {
      await deps.delivery.resume(tx, suspensionTarget(hold));
      continue;
    }
    const member = await deps.members.organisation(tx, hold.target);
    if (member?.status === 'suspended') await deps.members.setStanding(tx, hold.target, 'active', reason);
  }
};

/** The reason why no listing of a product may stand now; undefined when it may. */
export const listingHeld = async (read: Reader, product: string): Promise<string | undefined> =>
  (
    await read.first<{
      reason: string;
    }>(sql`select h.reason from use_holds h where h.lifted_at is null and h.target_kind = 'listing'
      and (h.target = ${product} or h.target = (select participant from products where id = ${product})) order by h.id limit 1`)
  )?.reason;
