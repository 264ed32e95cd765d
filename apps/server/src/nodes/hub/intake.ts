/** What a registered node says. Everything of one message is taken in one transaction, or nothing of it. */
import { publicKeyFromJwk } from '@shugu/evidence';
import { message as messageShape, nodeLimits } from '@shugu/wire/nodes';
import type { Reader, Tx } from '../../kernel/db/db.ts';
import { Problem } from '../../kernel/problem.ts';
import { digestOf, type Envelope, openWords, payloadDigest, sealWords } from '../envelope.ts';
import type { Answer, Changes, Message, NodesDeps } from '../model.ts';
import { problems } from '../problems.ts';
import { hasEnded, takesNodes, taking } from '../rules.ts';
import type { Moved } from './address.ts';
import { hubItself, peerOf } from './peers.ts';
import { activate, certify } from './registration.ts';
import { lastRelay, relay, relayEndOfAll, relaysAfter } from './relays.ts';
import { rosterAfter, rosterVersion } from './roster.ts';
import * as store from './store.ts';
import { credentialOf, entryView } from './view.ts';

interface Asked {
  /** How far the node holds what the hub tells all nodes. */
  told?: number;
  /** It held more before: what ended since may not be told any more, so it begins anew. */
  anew?: boolean;
  /** The log whose node it asks for. */
  origin?: string;
  /** The nodes after this one. */
  roster?: string;
  browse?: Extract<Message, { kind: 'browse' }>;
}

/** Listings only: demands are told to all. */
export const browsed = async (
  read: Reader,
  { q, node, subject, after }: Omit<Extract<Message, { kind: 'browse' }>, 'kind' | 'to'>,
) => {
  const query = {
    kind: 'listing',
    q,
    ...(node ? { node } : {}),
    ...(subject ? { subject } : {}),
    ...(after ? { after } : {}),
  };
  const { items, next } = await store.entryPage(read, { ...query, limit: nodeLimits.browsedMax });
  return { items: items.map(entryView), next };
};

const relaysTo = async (deps: NodesDeps, read: Reader, told: number) => {
  const { name } = await deps.members.operatorOf(read);
  return relaysAfter(read, told, nodeLimits.relayedMax, { id: hubItself, name, url: new URL(deps.publicUrl()).origin });
};

/** The hub's signed word about a node, in answer to one message. */
export const answerTo = async (
  deps: NodesDeps,
  read: Reader,
  sent: Envelope,
  { told, anew = false, origin, roster, browse }: Asked = {},
): Promise<Envelope> => {
  const { keyId } = sent;
  const one = (await store.nodeOfKey(read, keyId))!;
  const { signer } = await deps.identity(read);
  const said: Answer = {
    kind: 'answer',
    to: keyId,
    about: payloadDigest(signer.suite, sent),
    node: one.id,
    state: one.state,
    reason: one.reason,
    number: one.number,
    generation: one.generation,
    held: one.held,
    beatSeconds: deps.settings.beatSeconds,
    credential: await credentialOf(deps, read, one.paper),
    relay: await lastRelay(read),
    anew,
    demands: told === undefined || anew || one.state !== 'active' ? [] : await relaysTo(deps, read, told),
    peer: origin === undefined || one.state !== 'active' ? null : await peerOf(deps, read, origin),
    roster: one.state === 'active' ? await rosterVersion(read) : null,
    nodes: roster === undefined || one.state !== 'active' ? null : await rosterAfter(read, roster),
    entries: browse === undefined || one.state !== 'active' ? null : await browsed(read, browse),
  };
  return sealWords(signer, said);
};

const takeChanges = async (tx: Tx, one: store.NodeRow, said: Changes): Promise<void> => {
  if (one.state !== 'active') throw problems.wrongState({ detail: one.state });
  const suite = publicKeyFromJwk(one.public_key).suite;
  for (const { content, digest } of said.changes)
    if (digest !== (content === null ? null : digestOf(suite, content))) throw problems.digestDiffers();
  const decided = taking(one, { generation: said.generation, first: said.first, count: said.changes.length });
  if (decided instanceof Problem) throw decided;
  const { take, anew } = decided;
  if (anew) {
    await relayEndOfAll(tx, one.participant, one.id);
    await store.dropEntries(tx, one.id);
  }
  const fresh = said.changes.slice(take);
  const held = said.first + take - 1;
  for (const [place, change] of fresh.entries()) {
    await store.putEntry(tx, one, change, held + 1 + place);
    const { kind, subject, content } = change;
    if (kind === 'demand') await relay(tx, { participant: one.participant, node: one.id, subject, content });
  }
  // There are never more entries than changes: only a long history is counted.
  const many =
    held + fresh.length > nodeLimits.entriesMax && (await store.countEntries(tx, one.id)) > nodeLimits.entriesMax;
  const demanded = fresh.some(({ kind, content }) => kind === 'demand' && content !== null);
  if (many || (demanded && (await store.countEntries(tx, one.id, 'demand')) > nodeLimits.demandsMax))
    throw problems.entriesFull();
  if (anew || fresh.length > 0)
    await store.holdChanges(tx, one, { generation: said.generation, held: held + fresh.length });
};

export interface Intake {
  /** After commit: a node says that it is found at another address. */
  moved(one: Moved): void;
}

type Numbered = Extract<Message, { number: number }>;

const hear = async (deps: NodesDeps & Intake, tx: Tx, one: store.NodeRow, said: Numbered): Promise<void> => {
  // A refusal tells how far it is: a node that was restored goes on from there.
  if (said.number <= one.number) throw problems.replayed({ detail: String(one.number) });
  if (said.kind === 'certification') await certify(deps, tx, one, said);
  if (said.kind === 'activation') await activate(deps, tx, one);
  await store.hearNode(tx, one, {
    number: said.number,
    ...(said.kind === 'heartbeat'
      ? { told: said.demands, announced: said.generation === one.generation ? said.last : one.announced }
      : {}),
  });
  if (said.kind === 'heartbeat' && said.url !== one.url && one.state === 'active')
    tx.afterCommit(() => deps.moved({ id: one.id, keyId: one.key_id, url: said.url }));
};

/** Takes in one message and answers it. */
export const takeMessage = async (deps: NodesDeps & Intake, tx: Tx, sent: Envelope): Promise<Envelope> => {
  if (!takesNodes(deps.settings.kind)) throw problems.notHub();
  const one = await store.nodeOfKey(tx, sent.keyId, true);
  if (!one) throw problems.nodeUnknown();
  const said = openWords(publicKeyFromJwk(one.public_key), sent, messageShape);
  if (said.to !== (await deps.identity(tx)).signer.keyId) throw problems.wrongRecipient();
  if (said.kind === 'changes') {
    if (hasEnded(one.state)) throw problems.nodeEnded({ detail: one.reason });
    await takeChanges(tx, one, said);
    return answerTo(deps, tx, sent);
  }
  if (said.kind === 'enquiry') return answerTo(deps, tx, sent, { origin: said.origin });
  if (said.kind === 'roster') return answerTo(deps, tx, sent, { roster: said.after });
  if (said.kind === 'browse') return answerTo(deps, tx, sent, { browse: said });
  // A node whose registration has ended may still ask why; nothing of it is written.
  if (!hasEnded(one.state)) await hear(deps, tx, one, said);
  if (said.kind !== 'heartbeat') return answerTo(deps, tx, sent);
  return answerTo(deps, tx, sent, { told: said.demands, anew: said.demands > 0 && said.demands < one.told });
};
