/** What other nodes say: believed under the key by which the hub names them, meant for this node, taken once. */
import { peerMessage } from '@shugu/wire/nodes-trade';
import { audit } from '../../kernel/audit.ts';
import type { Tx } from '../../kernel/db/db.ts';
import { newId } from '../../kernel/ids.ts';
import { emit } from '../../kernel/outbox.ts';
import { type Envelope, openWords, payloadDigest, sealWords } from '../envelope.ts';
import type { NodesDeps, PeerAnswer, PeerMessage } from '../model.ts';
import { problems } from '../problems.ts';
import { requireRoom } from './exposure.ts';
import { believed } from './goods.ts';
import { didOfPeer, isMemberOf, type KnownPeer } from './peers.ts';
import { takeStatement } from './statements.ts';
import * as store from './store.ts';

/** Money frozen at the sender's bank for one negotiation of one of its members. Harmless to repeat. */
const takeGuarantee = async (
  deps: NodesDeps,
  tx: Tx,
  { peer, sent, said }: { peer: KnownPeer; sent: Envelope; said: Extract<PeerMessage, { kind: 'guarantee' }> },
): Promise<Envelope> => {
  // A node answers for its own members alone.
  if (!isMemberOf(peer, said.buyer)) throw problems.messageInvalid({ detail: 'buyer' });
  const { signer } = await deps.identity(tx);
  const digest = payloadDigest(peer.key.suite, sent);
  const { id: participant } = await deps.members.operatorOf(tx);
  const { purchase, negotiation, buyer, supplier, dataset, offer, quantity } = said;
  // The same again is no guarantee more.
  if (!(await store.guaranteeOf(tx, peer.key.keyId, purchase)))
    await requireRoom(deps, tx, { side: 'owed', peerKey: peer.key.keyId, fen: BigInt(said.fen) });
  const added = await store.insertGuarantee(tx, {
    ...{ id: newId('ngu', tx.now), participant, envelope: sent, digest },
    ...{ peer_key: peer.key.keyId, peer_name: peer.name, peer_did: didOfPeer(peer)! },
    ...{ purchase, negotiation, buyer, supplier, dataset, offer, quantity, fen: Number(said.fen) },
  });
  if (!added && (await store.guaranteeOf(tx, peer.key.keyId, purchase))?.digest !== digest)
    throw problems.replayed({ detail: purchase });
  if (added)
    await audit(tx, {
      action: 'nodes.guarantee.receive',
      subject: purchase,
      participant,
      data: { node: peer.name, buyer, fen: said.fen },
    });
  const about = payloadDigest(signer.suite, sent);
  return sealWords(signer, { kind: 'peerAnswer', to: peer.key.keyId, about, differences: [] } satisfies PeerAnswer);
};

/**
 * The buyer's node asks for its word back. Whether a contract is in force is for other rooms to say, so the first answer may be that it
 * is being looked at; the last one stands for good.
 */
const takeWithdrawal = async (
  deps: NodesDeps,
  tx: Tx,
  { peer, sent, said }: { peer: KnownPeer; sent: Envelope; said: Extract<PeerMessage, { kind: 'withdrawal' }> },
): Promise<Envelope> => {
  const { signer } = await deps.identity(tx);
  const found = await store.guaranteeOf(tx, peer.key.keyId, said.purchase);
  const one = found && (await store.lockGuarantee(tx, found.id));
  if (one && one.withdrawn === null) {
    await store.withdrawGuarantee(tx, one.id, 'asked');
    const { id: participant } = await deps.members.operatorOf(tx);
    await audit(tx, {
      action: 'nodes.guarantee.ask',
      subject: said.purchase,
      participant,
      data: { node: peer.name, buyer: one.buyer, fen: String(one.fen) },
    });
    await emit(tx, { type: 'nodes.guarantee.asked', subject: one.id, participant, data: {} });
  }
  const words: PeerAnswer = {
    kind: 'peerAnswer',
    to: peer.key.keyId,
    about: payloadDigest(signer.suite, sent),
    differences: [],
    // What was never guaranteed here binds nobody.
    withdrawal: one
      ? { state: one.withdrawn ?? 'asked', agreement: one.agreement }
      : { state: 'void', agreement: null },
  };
  return sealWords(signer, words);
};

/** @throws nodes.peerUnknown, nodes.signatureInvalid, nodes.messageInvalid, nodes.wrongRecipient, nodes.replayed */
export const takePeerMessage = async (deps: NodesDeps, tx: Tx, sent: Envelope): Promise<Envelope> => {
  const peer = (await believed(deps, tx)).find(({ key }) => key.keyId === sent.keyId);
  if (!peer) throw problems.peerUnknown();
  const said = openWords(peer.key, sent, peerMessage);
  if (said.to !== (await deps.identity(tx)).signer.keyId) throw problems.wrongRecipient();
  if (said.kind === 'guarantee') return takeGuarantee(deps, tx, { peer, sent, said });
  if (said.kind === 'withdrawal') return takeWithdrawal(deps, tx, { peer, sent, said });
  return takeStatement(deps, tx, { peer, sent, said });
};
