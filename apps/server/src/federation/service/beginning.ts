/** What our own people begin or answer. */
import type { Tier } from '@shugu/wire/federation-terms';
import type { Reader, Tx } from '../../kernel/db/db.ts';
import { kernelProblems } from '../../kernel/problem.ts';
import { changedTerms } from '../counter.ts';
import type { Act, Connector, OfferBody, Process, Saying, Terms } from '../model.ts';
import { keptPrices, listedOf, listedPrices } from '../prices.ts';
import { problems } from '../problems.ts';
import { connectorOf, findAgreement, findDataset, waitingOf } from '../reads.ts';
import { isFault, step } from '../rules.ts';
import { endMessage, insertProcess, lockProcess, saveProcess } from '../store.ts';
import { termsOf } from '../terms.ts';
import { dropClearance, newProcess, type ProcessDraft, queueAct, say } from './moves.ts';
import { type Room, spacesOfCounterparty } from './room.ts';

const ownConnector = async (tx: Tx): Promise<Connector> => {
  const connector = await connectorOf(tx, tx.actor.participant);
  if (!connector) throw problems.connectorClosed();
  return connector;
};

const plainAddress = (room: Room, address: string): string => {
  if (room.outgoing.fault(address)) throw problems.addressRefused({ field: 'body.address' });
  return address.replace(/\/+$/, '');
};

const start = async (
  room: Room,
  tx: Tx,
  connector: Connector,
  draft: Omit<ProcessDraft, 'participant'>,
  act: Act,
  saying: Saying,
): Promise<Process> => {
  const process = newProcess(tx, { ...draft, participant: connector.participant });
  await insertProcess(tx, process);
  await queueAct(room, tx, { connector, process }, act, saying);
  return process;
};

export interface Asking {
  counterparty: string;
  address: string;
  dataset: string;
}

export const requestContract = async (
  room: Room,
  tx: Tx,
  asked: Asking & {
    id?: string;
    offer: string;
    terms: Terms;
    changes?: Saying['changes'];
    title?: string | undefined;
    price?: string | undefined;
    tiers?: Tier[] | undefined;
  },
): Promise<Process> => {
  const connector = await ownConnector(tx);
  const { counterparty, dataset } = asked;
  const listed = keptPrices(listedOf({ price: asked.price ?? null, tiers: asked.tiers ?? null }));
  const terms = asked.changes ? changedTerms(asked.terms, asked.changes, listedOf(listed)) : termsOf(asked.terms);
  if (!terms) throw problems.pricesUnfit({ field: 'body.changes' });
  const offer: OfferBody = { '@id': asked.offer, '@type': 'Offer', target: dataset, ...terms };
  const address = plainAddress(room, asked.address);
  const draft = {
    kind: 'negotiation',
    side: 'consumer',
    counterparty,
    address,
    subject: dataset,
    own_offer: offer,
    title: asked.title ?? null,
    ...listed,
    ...(asked.id === undefined ? {} : { id: asked.id }),
  } as const;
  return start(room, tx, connector, draft, 'request', {});
};

export interface Offering extends Asking, Pick<Saying, 'terms' | 'changes'> {
  /** Of the catalogue; the first one otherwise. */
  offer?: string | undefined;
}

export const offerContract = async (room: Room, tx: Tx, asked: Offering): Promise<Process> => {
  const connector = await ownConnector(tx);
  const { counterparty, dataset, terms, changes } = asked;
  const spaces = await spacesOfCounterparty(room, tx, counterparty);
  const found = await findDataset(tx, connector.participant, dataset, spaces);
  const published = found?.body.hasPolicy.find((one) => asked.offer === undefined || one['@id'] === asked.offer);
  if (!found || !published) throw problems.datasetUnknown({ field: found ? 'body.offer' : 'body.dataset' });
  const own_offer = { ...published, target: dataset } as OfferBody;
  const address = plainAddress(room, asked.address);
  const draft = {
    kind: 'negotiation',
    side: 'provider',
    counterparty,
    address,
    subject: dataset,
    own_offer,
    ...keptPrices(listedPrices(found.body, published['@id'])),
    traded: found.traded,
  } as const;
  return start(room, tx, connector, draft, 'offer', { terms, changes });
};

/** Where the other side of an agreement of ours is reached now. @throws federation.agreementUnknown, and as `Discover` does */
export const addressBehind = async (room: Room, read: Reader, participant: string, id: string): Promise<string> => {
  const agreement = await findAgreement(read, participant, id);
  if (!agreement) throw problems.agreementUnknown({ field: 'body.agreement' });
  return room.discover(read, agreement.counterparty, 'body.agreement');
};

export const requestTransfer = async (
  room: Room,
  tx: Tx,
  asked: { agreement: string; address: string; format: string; dataAddress?: unknown },
): Promise<Process> => {
  const connector = await ownConnector(tx);
  const agreement = await findAgreement(tx, connector.participant, asked.agreement);
  if (agreement?.side !== 'consumer' || agreement.ended_at)
    throw problems.agreementUnknown({ field: 'body.agreement' });
  const { counterparty } = agreement;
  const address = plainAddress(room, asked.address);
  const { format, dataAddress } = asked;
  const draft = { kind: 'transfer', side: 'consumer', counterparty, address, subject: agreement.id, format } as const;
  return start(room, tx, connector, draft, 'request', { dataAddress });
};

/** A person's answer. What a rule had prepared and not yet tried gives way to it. */
export const actOn = async (room: Room, tx: Tx, id: string, act: Act, saying: Saying): Promise<Process> => {
  const connector = await ownConnector(tx);
  const process = await lockProcess(tx, id);
  if (process?.participant !== connector.participant) throw kernelProblems.unknown();
  const moved = step(process, act, process.side);
  if (isFault(moved) || process.state === null) throw problems.notNow({ detail: isFault(moved) ? moved : act });
  const waiting = await waitingOf(tx, id);
  if (waiting && waiting.attempts > 0) throw problems.underWay();
  if (waiting) await endMessage(tx, waiting.id, 'dropped', 'overtaken');
  process.held = null;
  await dropClearance(tx, process);
  saveProcess(tx, process);
  await say(room, tx, { connector, process }, act, saying);
  return process;
};
