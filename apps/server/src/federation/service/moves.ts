/** What an act changes, whoever did it, and what a rule or a person answers: in the transaction of the change. */
import { randomUUID } from 'node:crypto';
import type { Tx } from '../../kernel/db/db.ts';
import { newId } from '../../kernel/ids.ts';
import { emit } from '../../kernel/outbox.ts';
import { nameTowards } from '../claims/dids.ts';
import { counterTerms } from '../counter.ts';
import { bodyOf, digestOf } from '../messages.ts';
import type { Act, AgreementBody, By, Connector, Json, Message, OfferBody, Process, Saying, Terms } from '../model.ts';
import { follow, handOver } from '../planes/signals.ts';
import { problems } from '../problems.ts';
import { sentOf } from '../reads.ts';
import { followRenewal } from '../renewal/following.ts';
import { claimedUntil, isOver, type Moved, react } from '../rules.ts';
import { insertAgreement, insertMessage, messageEnd, removeParcels, saveProcess } from '../store.ts';
import { termsOf } from '../terms.ts';
import { addressOf, type Room } from './room.ts';
import { keyless, sealAddress, sealMessage } from './secrets.ts';

export type ProcessDraft = Pick<Process, 'participant' | 'kind' | 'side' | 'counterparty' | 'address' | 'subject'> &
  Partial<
    Pick<
      Process,
      'id' | 'their_pid' | 'taken' | 'own_offer' | 'price' | 'tiers' | 'format' | 'traded' | 'reference' | 'title'
    >
  >;

export const newProcess = (tx: Tx, draft: ProcessDraft): Process => ({
  their_pid: null,
  taken: null,
  own_offer: null,
  price: null,
  tiers: null,
  format: null,
  traded: false,
  reference: null,
  title: null,
  id: newId(draft.kind === 'negotiation' ? 'neg' : 'tra', tx.now),
  ...draft,
  state: null,
  suspended_by: null,
  version: 0,
  offer: null,
  own_last: null,
  agreement: null,
  data_address: null,
  held: null,
  clearance: null,
  created_at: tx.now,
  changed_at: tx.now,
});

/**
 * The act is done: state and what the message carried, its data address sealed. Nothing is written yet. Our own people, who give
 * the data, have no business with the key to it.
 */
export const apply = (process: Process, act: Act, by: By, moved: Moved, body: Json): void => {
  process.state = moved.state;
  process.suspended_by = moved.suspended_by;
  process.held = null;
  if (process.kind === 'negotiation') {
    if (act === 'request' || act === 'offer') process.offer = body.offer as OfferBody;
    if (by === 'self' && process.offer && (act === 'request' || act === 'offer')) {
      process.own_offer ??= process.offer;
      process.own_last = process.offer;
    }
    if (act === 'agree') process.agreement = body.agreement as AgreementBody;
  } else if (body.dataAddress !== undefined)
    process.data_address = by === 'self' ? keyless(body.dataAddress) : body.dataAddress;
};

/** After `apply`: kept, told, and answered by the rules. `waiting`: what was still to be said when this happened. */
export const settleMove = async (
  room: Room,
  tx: Tx,
  of: { connector: Connector; process: Process; waiting: Message | undefined },
  did: { act: Act; by: By },
): Promise<void> => {
  const { connector, process, waiting } = of;
  const underWay = dropUntried(tx, waiting);
  await dropClearance(tx, process);
  if (did.act === 'finalize') await keepAgreement(tx, process);
  const counts = connector.rules.some(({ timesMax }) => timesMax !== undefined);
  const sent = counts ? await sentOf(tx, process.id) : {};
  const reaction = react(connector.rules, process, { ...did, sent });
  if (reaction.reaction === 'hold') process.held = did;
  saveProcess(tx, process);
  const { kind, state, side, reference } = process;
  await emit(tx, {
    type: 'federation.process.moved',
    subject: process.id,
    participant: process.participant,
    data: { kind, state, ...did, held: process.held !== null, side, reference },
  });
  await follow(room, tx, process, did);
  await followRenewal(room, tx, process, did.act);
  if (process.kind === 'transfer' && isOver(process)) await removeParcels(tx, process.id);
  if (reaction.reaction === 'hold' || reaction.reaction === 'nothing' || underWay) return;
  await say(room, tx, { connector, process }, reaction.reaction, reaction);
};

/** What was to be said before this happened, and never tried, is not said any more. True: one that was tried waits on. */
const dropUntried = (tx: Tx, waiting: Message | undefined): boolean => {
  if (!waiting || waiting.attempts > 0) return waiting !== undefined;
  tx.send(messageEnd(tx, waiting.id, 'dropped', 'overtaken'));
  return false;
};

const keepAgreement = async (tx: Tx, process: Process): Promise<void> => {
  const body = process.agreement!;
  const { participant, side, counterparty } = process;
  insertAgreement(tx, {
    participant,
    id: body['@id'],
    side,
    counterparty,
    dataset: body.target,
    body,
    negotiation: process.id,
    reference: process.reference,
    finalized_at: tx.now,
    ended_at: null,
  });
  await emit(tx, {
    type: 'federation.agreement.finalized',
    subject: process.id,
    participant,
    data: { agreement: body['@id'], side, counterparty, dataset: body.target },
  });
};

const newOffer = (process: Process, terms: Terms): OfferBody => ({
  '@id': `urn:uuid:${randomUUID()}`,
  '@type': 'Offer',
  target: process.subject,
  ...termsOf(terms),
});

/** Terms that were written out, or our own last ones with what changes; else our own first ones. */
const offerOf = (process: Process, { terms, changes }: Saying): OfferBody => {
  if (terms) return newOffer(process, terms);
  if (changes) {
    const changed = counterTerms(process, changes);
    if (!changed) throw problems.pricesUnfit({ field: 'body.changes' });
    return newOffer(process, changed);
  }
  return (process.own_offer ?? process.offer)!;
};

const newAgreement = (process: Process, connector: string, now: Date): AgreementBody => ({
  '@id': `urn:uuid:${randomUUID()}`,
  '@type': 'Agreement',
  target: process.subject,
  assigner: connector,
  assignee: process.counterparty,
  timestamp: now.toISOString(),
  ...termsOf(process.offer!),
});

const cleared: readonly Act[] = ['agree', 'finalize', 'start'];

/** Says an act, or, where a trade of this market stands behind it, asks its rooms first: `clear` or `refuse` answers. */
export const say = async (
  room: Room,
  tx: Tx,
  of: { connector: Connector; process: Process },
  act: Act,
  saying: Saying,
): Promise<void> => {
  const { process } = of;
  const asks = process.traded && process.side === 'provider' && cleared.includes(act);
  if (!asks) return queueAct(room, tx, of, act, saying);
  // A transfer that we suspended ourselves goes on with the access that it had.
  if (process.state === 'SUSPENDED') return queueAct(room, tx, of, act, { ...saying, dataAddress: undefined });
  const { terms, reason, dataAddress, pause } = saying;
  const kept = await sealAddress(room, tx, process, dataAddress);
  process.clearance = { act, saying: { terms, reason, dataAddress: kept, pause: pause ?? 0 } };
  saveProcess(tx, process);
  await emit(tx, {
    type: 'federation.clearance.asked',
    subject: process.id,
    participant: process.participant,
    data: { act, reference: process.reference },
  });
};

/** Something else happened before it was cleared. */
export const dropClearance = async (tx: Tx, process: Process): Promise<void> => {
  if (process.clearance === null) return;
  const { act } = process.clearance;
  process.clearance = null;
  await emit(tx, {
    type: 'federation.clearance.dropped',
    subject: process.id,
    participant: process.participant,
    data: { act, reference: process.reference },
  });
};

/** Says an act at once, or once the data plane that carries the transfer is ready for it. */
export const queueAct = async (
  room: Room,
  tx: Tx,
  of: { connector: Connector; process: Process },
  act: Act,
  saying: Saying,
): Promise<void> => {
  if (!(await handOver(room, tx, of, act, saying))) await writeAct(room, tx, of, act, saying);
};

/**
 * Writes a message of ours into the outbox. The state moves when the counter-party has taken it. What goes at once is written with
 * its first try claimed: one transaction less, and whoever dies before it is sent leaves what a try leaves that had no answer.
 */
export const writeAct = async (
  room: Room,
  tx: Tx,
  of: { connector: Connector; process: Process },
  act: Act,
  saying: Saying,
): Promise<void> => {
  const { connector, process } = of;
  const { reason, dataAddress, pause = 0 } = saying;
  const offers = process.kind === 'negotiation' && (act === 'request' || act === 'offer');
  const body = bodyOf(process, act, {
    ...(offers ? { offer: offerOf(process, saying) } : {}),
    ...(act === 'agree'
      ? { agreement: newAgreement(process, nameTowards(room.dids, connector, process.counterparty), tx.now) }
      : {}),
    callbackAddress: addressOf(room, process.participant),
    ...(dataAddress === undefined ? {} : { dataAddress }),
    ...(reason ? { reason } : {}),
  });
  const message: Message = {
    id: newId('dsm', tx.now),
    process: process.id,
    participant: process.participant,
    direction: 'out',
    act,
    digest: digestOf(body),
    body: await sealMessage(room, tx, process, body),
    state: 'waiting',
    attempts: pause > 0 ? 0 : 1,
    due_at: pause > 0 ? new Date(tx.now.getTime() + pause) : claimedUntil(tx.now, 1),
    fault: null,
    created_at: tx.now,
    done_at: null,
  };
  insertMessage(tx, message);
  tx.afterCommit(() => (pause > 0 ? room.wake(process.id, message.due_at!) : room.send({ ...of, message })));
};
