/** What other nodes say: believed under the key by which the hub names them, meant for this node, taken once. */
import { peerMessage } from '@shugu/wire/nodes-trade';
import { audit } from '../../kernel/audit.ts';
import type { Tx } from '../../kernel/db/db.ts';
import { newId } from '../../kernel/ids.ts';
import { type Envelope, openWords, payloadDigest, sealWords } from '../envelope.ts';
import type { NodesDeps, PeerAnswer, PeerMessage } from '../model.ts';
import { problems } from '../problems.ts';
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

/** @throws nodes.peerUnknown, nodes.signatureInvalid, nodes.messageInvalid, nodes.wrongRecipient, nodes.replayed */
export const takePeerMessage = async (deps: NodesDeps, tx: Tx, sent: Envelope): Promise<Envelope> => {
  const peer = (await believed(deps, tx)).find(({ key }) => key.keyId === sent.keyId);
  if (!peer) throw problems.peerUnknown();
  const said = openWords(peer.key, sent, peerMessage);
  if (said.to !== (await deps.identity(tx)).signer.keyId) throw problems.wrongRecipient();
  return said.kind === 'guarantee'
    ? takeGuarantee(deps, tx, { peer, sent, said })
    : takeStatement(deps, tx, { peer, sent, said });
};
