/** What only time or the hub's word brings about: negotiations without end, purchases without money, and trade with a node that is believed no longer. */
import { systemActor } from '../../kernel/http/principal.ts';
import { emit } from '../../kernel/outbox.ts';
import { figure } from '../figures.ts';
import type { NodesDeps } from '../model.ts';
import { believed } from './goods.ts';
import { fail, withdraw } from './purchases.ts';
import * as store from './store.ts';

const actor = systemActor('nodes');
const dayMilliseconds = 86_400_000;

export const peerGone = '对方节点已不受信任 / the other node is believed no longer';
const overdue = '协商逾期未成 / nothing came of the negotiation in time';
const unpaid = '逾期未入金 / no money came in time';

const endOverdue = async (deps: NodesDeps, now: Date, push: () => void): Promise<number> => {
  const before = new Date(now.getTime() - figure(deps, 'negotiationDays', now) * dayMilliseconds);
  const late = await store.latePurchases(deps.database, before);
  for (const { id } of late)
    await deps.database.tx(actor, async (tx) => {
      const one = await store.lockPurchase(tx, id);
      if (one?.state === 'holding') await fail(tx, one, unpaid);
      else if (one) await withdraw(tx, one, overdue, push);
    });
  return late.length;
};

/**
 * Of a node that is gone nobody learns any more what came of a purchase. What is not bought has come to nothing; what is bought waits
 * for its last statement, should the node be let in again under its key, and then what is left of the money goes back.
 */
const leaveOne = async (deps: NodesDeps, id: string, gone: boolean, now: Date): Promise<boolean> =>
  deps.database.tx(actor, async (tx) => {
    const one = await store.lockPurchase(tx, id);
    if (!one) return false;
    if (!gone) return one.unbelieved_at !== null && (await store.noteUnbelieved(tx, id, null)) > 0;
    if (one.state !== 'bought') {
      await fail(tx, one, peerGone);
      return true;
    }
    const since = one.unbelieved_at ?? now;
    if (one.unbelieved_at === null) await store.noteUnbelieved(tx, id, now);
    const until = since.getTime() + figure(deps, 'goneNodeDays', now) * dayMilliseconds;
    if (now.getTime() < until) return one.unbelieved_at === null;
    await store.movePurchase(tx, one, { reason: peerGone });
    await store.owePurchase(tx, id, 0, true);
    await emit(tx, {
      type: 'nodes.purchase.abandoned',
      subject: id,
      participant: one.participant,
      data: { reason: peerGone },
    });
    return true;
  });

const leaveGone = async (deps: NodesDeps, now: Date): Promise<number> => {
  const keys = new Set((await believed(deps, deps.database)).map(({ key }) => key.keyId));
  let done = 0;
  for (const one of await store.openPurchases(deps.database)) {
    const gone = !keys.has(one.peer_key);
    if (one.closed || (!gone && one.unbelieved_at === null)) continue;
    if (await leaveOne(deps, one.id, gone, now)) done++;
  }
  for (const one of await store.guaranteesOfOthers(deps.database, [...keys])) {
    await deps.database.tx(actor, async (tx) => {
      const { id: participant } = await deps.members.operatorOf(tx);
      await store.noteUnbacked(tx, one.id);
      await emit(tx, { type: 'nodes.guarantee.unbacked', subject: one.id, participant, data: { reason: peerGone } });
    });
    done++;
  }
  return done;
};

export const watch = async (deps: NodesDeps, now: Date, push: () => void): Promise<number> =>
  (await endOverdue(deps, now, push)) + (await leaveGone(deps, now));
