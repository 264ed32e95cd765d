/** A purchase at another node, at the buyer's: first the money, then the word about it to the seller's node, then the negotiation. */
import { LedgerError } from '@shugu/ledger';
import type { buyAbroad } from '@shugu/wire/nodes-trade';
import type { z } from 'zod';
import { audit } from '../../kernel/audit.ts';
import type { Actor, Tx } from '../../kernel/db/db.ts';
import { newId } from '../../kernel/ids.ts';
import { emit } from '../../kernel/outbox.ts';
import { kernelProblems } from '../../kernel/problem.ts';
import { isMetered, priceText } from '../../market/index.ts';
import type { NodesDeps } from '../model.ts';
import { problems } from '../problems.ts';
import type { HubLine } from '../uplink/hub.ts';
import { hasRoom, requireRoom } from './exposure.ts';
import { offeredFormat } from './fetching.ts';
import { costOf, goodsOf, type OfferAbroad } from './goods.ts';
import { mayBecome } from './rules.ts';
import * as store from './store.ts';

type Wanted = z.output<NonNullable<(typeof buyAbroad)['body']>>;

const reckoned = (offer: OfferAbroad, quantity: number): number => {
  if (!isMetered(offer.plan) && quantity !== 1)
    throw kernelProblems.invalid({
      field: 'body.quantity',
      detail: { zh: '此要约一次购买一份', en: 'of this offer one is bought at a time' },
    });
  try {
    const fen = costOf(offer, quantity);
    if (fen === undefined) throw problems.notSoldAbroad({ field: 'body.offer' });
    return Number(fen);
  } catch (error) {
    if (error instanceof LedgerError) throw kernelProblems.invalid({ field: 'body.quantity', detail: error.message });
    throw error;
  }
};

/** The seller's node and the supplier are asked before anything is written. Its money is frozen next. */
export const buy = async (
  deps: NodesDeps,
  line: HubLine,
  actor: Actor,
  { node, subject, offer, quantity, format }: Wanted,
): Promise<store.PurchaseRow> => {
  const { participant } = actor;
  const { entry, peer, connector, offers, formats } = await goodsOf(deps, line, { participant, node, subject });
  const chosen = offers.find((one) => one.offer === offer);
  if (!chosen)
    throw kernelProblems.invalid({
      field: 'body.offer',
      detail: { zh: '供方没有此项要约', en: 'no offer of the supplier' },
    });
  const estimate = reckoned(chosen, quantity);
  if (format !== undefined) offeredFormat(formats, format);
  return deps.database.tx(actor, async (tx) => {
    await requireRoom(deps, tx, { side: 'owing', peerKey: peer.key.keyId, fen: BigInt(estimate) });
    const id = newId('npu', tx.now);
    await store.insertPurchase(tx, {
      id,
      participant,
      peer: peer.id,
      peer_key: peer.key.keyId,
      peer_name: peer.name,
      subject,
      title: entry.title,
      supplier_name: entry.by,
      supplier: connector.participant,
      address: connector.address,
      dataset: connector.dataset,
      offer,
      terms: chosen.terms,
      plan: chosen.plan,
      plan_title: chosen.title,
      tax_rate: chosen.taxRate,
      quantity,
      estimate_fen: estimate,
      negotiation: newId('neg', tx.now),
      format: format ?? null,
    });
    await audit(tx, {
      action: 'nodes.purchase.create',
      subject: id,
      data: { node: peer.name, subject, fen: String(estimate) },
    });
    await emit(tx, { type: 'nodes.purchase.asked', subject: id, data: { node: peer.name } });
    return (await store.findPurchase(tx, id))!;
  });
};

const cancelled = '买方取消 / cancelled by the buyer';

/** Before the other node was told it is over at once; while the contract is negotiated that node is asked first. */
export const cancel = async (tx: Tx, id: string, push: () => void): Promise<store.PurchaseRow> => {
  const one = await store.lockPurchase(tx, id);
  if (one?.participant !== tx.actor.participant) throw kernelProblems.unknown();
  if (one.state !== 'holding' && one.state !== 'negotiating') throw problems.wrongState({ detail: one.state });
  await audit(tx, { action: 'nodes.purchase.cancel', subject: id });
  if (one.state === 'holding') await fail(tx, one, cancelled);
  else await withdraw(tx, one, cancelled, push);
  return (await store.findPurchase(tx, id))!;
};

/**
 * The negotiation leads nowhere, or nobody can be told: the seller's node is asked whether a contract came of it, and says which.
 * Harmless to repeat.
 */
export const withdraw = async (tx: Tx, one: store.PurchaseRow, reason: string, push: () => void): Promise<void> => {
  if (!mayBecome(one.state, 'withdrawing')) return;
  await store.movePurchase(tx, one, { state: 'withdrawing', reason });
  await emit(tx, {
    type: 'nodes.purchase.withdrawing',
    subject: one.id,
    participant: one.participant,
    data: { reason },
  });
  tx.afterCommit(push);
};

/** It came to nothing: what was frozen goes back. Harmless to repeat. */
export const fail = async (tx: Tx, one: store.PurchaseRow, reason: string): Promise<void> => {
  if (!mayBecome(one.state, 'failed')) return;
  await store.movePurchase(tx, one, { state: 'failed', reason });
  await emit(tx, { type: 'nodes.purchase.failed', subject: one.id, participant: one.participant, data: { reason } });
};

const exposed = '担保余额已达上限 / no more may be guaranteed between the two nodes now';

/** The bank has frozen all of it: now the seller's node is told, where there is room for it. Harmless to repeat. */
export const moneyHeld = async (deps: NodesDeps, tx: Tx, id: string, push: () => void): Promise<void> => {
  const one = await store.lockPurchase(tx, id);
  if (!one || !mayBecome(one.state, 'guaranteeing')) return;
  const wanted = { side: 'owing', peerKey: one.peer_key, fen: BigInt(one.estimate_fen) } as const;
  if (!(await hasRoom(deps, tx, wanted))) return fail(tx, one, exposed);
  await store.movePurchase(tx, one, { state: 'guaranteeing' });
  tx.afterCommit(push);
};

/** Both hold the agreement. */
export const bought = async (tx: Tx, negotiation: string, agreement: string): Promise<void> => {
  const one = await store.purchaseOfNegotiation(tx, negotiation);
  if (!one || !mayBecome(one.state, 'bought')) return;
  await store.movePurchase(tx, one, { state: 'bought', agreement });
  await emit(tx, { type: 'nodes.purchase.bought', subject: one.id, participant: one.participant, data: { agreement } });
};

/** Everything is paid, and what was left of the money has gone back. */
export const settled = async (tx: Tx, id: string): Promise<void> => {
  const one = await store.lockPurchase(tx, id);
  if (one && mayBecome(one.state, 'settled')) await store.movePurchase(tx, one, { state: 'settled' });
};

export const purchaseView = (one: store.PurchaseRow) => ({
  id: one.id,
  node: { id: one.peer, name: one.peer_name },
  subject: one.subject,
  title: one.title,
  supplier: one.supplier_name,
  participant: one.supplier,
  address: one.address,
  offer: one.offer,
  planTitle: one.plan_title,
  price: priceText(one.plan as never),
  quantity: one.quantity,
  estimate: String(one.estimate_fen),
  owed: String(one.owed_fen),
  state: one.state,
  reason: one.reason,
  negotiation: one.negotiation,
  agreement: one.agreement,
  format: one.format,
  createdAt: one.created_at.toISOString(),
  changedAt: one.changed_at.toISOString(),
});
