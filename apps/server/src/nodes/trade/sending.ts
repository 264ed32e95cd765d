/** What this node says to others: money that it guarantees, statements of what their members owe. Tried again until it is taken. */
import { audit } from '../../kernel/audit.ts';
import { systemActor } from '../../kernel/http/principal.ts';
import { emit } from '../../kernel/outbox.ts';
import { sealWords } from '../envelope.ts';
import type { NodesDeps, PeerMessage } from '../model.ts';
import { restSeconds } from '../rules.ts';
import { type HubLine, HubRefused } from '../uplink/hub.ts';
import { believed } from './goods.ts';
import { bought, fail } from './purchases.ts';
import { settleAnswer } from './statements.ts';
import * as store from './store.ts';

const actor = systemActor('nodes');
/** Tries of a guarantee before the purchase has failed: about ten minutes. */
export const guaranteeTriesMax = 14;

const peerOf = async (deps: NodesDeps, keyId: string) => {
  const peer = (await believed(deps, deps.database)).find(({ key }) => key.keyId === keyId);
  if (!peer) throw new Error('该节点不再受信任 / the node is not believed here any more');
  return peer;
};

const tellGuarantee = async (deps: NodesDeps, line: HubLine, one: store.PurchaseRow): Promise<void> => {
  const peer = await peerOf(deps, one.peer_key);
  const buyer = await deps.dataspace.connector(deps.database, one.participant);
  if (!buyer) throw new Error('本单位的连接器未开通 / the organisation’s connector is not open');
  const { signer } = await deps.identity(deps.database);
  const words: PeerMessage = {
    kind: 'guarantee',
    to: peer.key.keyId,
    purchase: one.id,
    negotiation: one.negotiation,
    buyer: buyer.participant,
    supplier: one.supplier,
    dataset: one.dataset,
    offer: one.offer,
    quantity: one.quantity,
    fen: String(one.estimate_fen),
    // The same words at every try.
    at: one.changed_at.toISOString(),
  };
  await line.tell(peer, signer, await sealWords(signer, words));
  await deps.database.tx(actor, async (tx) => {
    const now = await store.lockPurchase(tx, one.id);
    if (now?.state !== 'guaranteeing') return;
    await store.movePurchase(tx, now, { state: 'negotiating', reason: '' });
    await emit(tx, { type: 'nodes.purchase.guaranteed', subject: one.id, participant: one.participant, data: {} });
    await audit(tx, { action: 'nodes.guarantee.issue', subject: one.id, participant: one.participant });
  });
};

/** Asks a guarantee back; what the seller's node answers decides. */
const tellWithdrawal = async (deps: NodesDeps, line: HubLine, one: store.PurchaseRow): Promise<void> => {
  const peer = await peerOf(deps, one.peer_key);
  const { signer } = await deps.identity(deps.database);
  const at = one.changed_at.toISOString();
  const words: PeerMessage = { kind: 'withdrawal', to: peer.key.keyId, purchase: one.id, at };
  const { withdrawal } = (await line.tell(peer, signer, await sealWords(signer, words))).said;
  if (!withdrawal || withdrawal.state === 'asked') throw new Error(one.reason);
  await deps.database.tx(actor, async (tx) => {
    const now = await store.lockPurchase(tx, one.id);
    if (now?.state !== 'withdrawing') return;
    await audit(tx, {
      action: 'nodes.guarantee.withdraw',
      subject: one.id,
      participant: one.participant,
      data: { state: withdrawal.state },
    });
    if (withdrawal.state === 'void') await fail(tx, now, now.reason);
    else await bought(tx, now.negotiation, withdrawal.agreement!);
  });
};

const tryWithdrawal = async (deps: NodesDeps, line: HubLine, one: store.PurchaseRow): Promise<void> => {
  try {
    await tellWithdrawal(deps, line, one);
  } catch (error) {
    deps.log.info({ err: error, purchase: one.id }, 'the seller’s node has not said yet what came of a purchase');
    const next = new Date(deps.now().getTime() + restSeconds(one.attempts + 1) * 1000);
    await deps.database.tx(actor, async (tx) => {
      const now = await store.lockPurchase(tx, one.id);
      if (now?.state !== 'withdrawing') return;
      await store.delayPurchase(tx, one.id, next, now.reason);
      if (now.attempts + 1 === guaranteeTriesMax)
        await emit(tx, { type: 'nodes.purchase.unanswered', subject: one.id, participant: one.participant, data: {} });
    });
  }
};

const wordsOf = (error: unknown): string =>
  error instanceof HubRefused ? `${error.code} ${error.detail}`.trim() : (error as Error).message;

const tryGuarantee = async (deps: NodesDeps, line: HubLine, one: store.PurchaseRow): Promise<void> => {
  try {
    await tellGuarantee(deps, line, one);
  } catch (error) {
    const reason = wordsOf(error);
    const next = new Date(deps.now().getTime() + restSeconds(one.attempts + 1) * 1000);
    await deps.database.tx(actor, async (tx) => {
      const now = await store.lockPurchase(tx, one.id);
      if (now?.state !== 'guaranteeing') return;
      const refused = error instanceof HubRefused && error.code === 'nodes.exposureReached';
      if (refused || now.attempts + 1 >= guaranteeTriesMax) await fail(tx, now, reason);
      else await store.delayPurchase(tx, one.id, next, reason);
    });
  }
};

const tryStatement = async (deps: NodesDeps, line: HubLine, one: store.MutualRow): Promise<void> => {
  const { signer } = await deps.identity(deps.database);
  try {
    const answer = await line.tell(await peerOf(deps, one.peer_key), signer, one.statement);
    await deps.database.tx(actor, (tx) => settleAnswer(deps, tx, one.id, answer));
  } catch (error) {
    const next = new Date(deps.now().getTime() + restSeconds(one.attempts + 1) * 1000);
    await deps.database.tx(actor, (tx) => store.delayMutual(tx, one.id, next, wordsOf(error)));
  }
};

/** Says everything that is due; how many. */
export const sayDue = async (deps: NodesDeps, line: HubLine): Promise<number> => {
  const now = deps.now();
  const [purchases, statements] = [
    await store.duePurchases(deps.database, now),
    await store.dueMutuals(deps.database, now),
  ];
  for (const one of purchases) await (one.state === 'withdrawing' ? tryWithdrawal : tryGuarantee)(deps, line, one);
  for (const one of statements) await tryStatement(deps, line, one);
  return purchases.length + statements.length;
};
