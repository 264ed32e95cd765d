/** Words of federation: connectors, processes (negotiations and transfers), messages, agreements. */
import type { NegotiationAct, Side, TransferAct } from '@shugu/dataspace';
import type { processStates, ReactionRule } from '@shugu/wire/federation';
import type { TermChanges, Tier } from '@shugu/wire/federation-terms';

export type Act = NegotiationAct | TransferAct;
export type Kind = 'negotiation' | 'transfer';
export type State = (typeof processStates)[number];
export type By = 'self' | 'other';
export type Json = Record<string, unknown>;

export interface Connector {
  participant: string;
  /** Its participant id, as others know it. */
  name: string;
  rules: ReactionRule[];
  opened_at: Date;
  closed_at: Date | null;
}

/** Rules and duties of an offer or agreement. */
export interface Terms {
  profile?: string | readonly string[];
  permission?: readonly unknown[];
  prohibition?: readonly unknown[];
  obligation?: readonly unknown[];
}
export interface OfferBody extends Terms {
  '@id': string;
  '@type': 'Offer';
  target: string;
}
export interface AgreementBody extends Terms {
  '@id': string;
  '@type': 'Agreement';
  target: string;
  assigner: string;
  assignee: string;
  timestamp: string;
}

export interface Process {
  /** Our own pid. */
  id: string;
  participant: string;
  kind: Kind;
  /** Ours. */
  side: Side;
  counterparty: string;
  their_pid: string | null;
  /** Base of the counter-party's endpoints. */
  address: string;
  /** Null until the counter-party has acknowledged our first message. */
  state: State | null;
  suspended_by: Side | null;
  version: number;
  taken: { digest: string; version: number } | null;
  subject: string;
  offer: OfferBody | null;
  /** What the negotiation is about: the offer of our catalogue, or what we asked for first. */
  own_offer: OfferBody | null;
  /** What we offered or asked for last, by a message of ours. */
  own_last: OfferBody | null;
  /** Of the offer that it is about, by the catalogue: an exact decimal; null: nobody said, or there is more than one. */
  price: string | null;
  /** Of the same plan, where it has more than one; null: nobody said, or it has not. */
  tiers: Tier[] | null;
  agreement: AgreementBody | null;
  format: string | null;
  data_address: unknown;
  held: Held | null;
  /** A trade of this market stands behind it, whose rooms clear some acts before they are said. */
  traded: boolean;
  /** Of that trade, as whoever clears it knows it. */
  reference: string | null;
  /** The act that is said once it is cleared. */
  clearance: Clearance | null;
  /** Of the data set, as its provider's catalogue told it. */
  title: string | null;
  created_at: Date;
  changed_at: Date;
}

export interface Clearance {
  act: Act;
  saying: Saying;
}

/** What goes with a message of ours. */
export interface Saying {
  terms?: Terms | undefined;
  /** The same, as changes of what we said last. */
  changes?: TermChanges | undefined;
  reason?: string | undefined;
  dataAddress?: unknown;
  /** Milliseconds before it is sent. */
  pause?: number;
}

export interface Held {
  act: Act;
  by: By;
  /** Why a message of ours was not taken. */
  fault?: string;
}

export interface Message {
  id: string;
  process: string;
  participant: string;
  direction: 'in' | 'out';
  act: Act;
  digest: string;
  body: Json;
  state: 'taken' | 'waiting' | 'sent' | 'dropped';
  attempts: number;
  due_at: Date | null;
  fault: string | null;
  created_at: Date;
  done_at: Date | null;
}

export interface Agreement {
  participant: string;
  id: string;
  side: Side;
  counterparty: string;
  dataset: string;
  body: AgreementBody;
  negotiation: string | null;
  reference: string | null;
  finalized_at: Date;
  ended_at: Date | null;
}

/** By which a node of this make says that it can be answered before its own message has been: it has written it down. */
export const USER_AGENT = 'shugu-dataspace/1';

export const limits = {
  bodyBytesMax: 262_144,
  answerBytesMax: 262_144,
  patienceSeconds: 10,
  /** A receiver of pushed data that reads nothing, or says nothing after the end, for so long is given up. */
  stallSeconds: 60,
  /** Between a message that came from a connector of another make and what we say to it. */
  courtesyMilliseconds: 30,
  /** A counter-party whose next step it is often takes it at once: what says so shows that ours has arrived, too. */
  answerMilliseconds: 20,
  /** Tries of one message before a person is asked. */
  attemptsMax: 12,
  backoffMillisecondsMax: 300_000,
  /** How long a reading waits for an answer that is on its way. */
  settleMilliseconds: 500,
  /** Negotiations and requested transfers of one counter-party that wait for their next step. */
  waitingWithMax: 1000,
  datasetsPerPage: 100,
  /** That a request with an offset may pass over; further on lead the links. */
  datasetsPassedMax: 100_000,
  /** Messages sent at the same time, to whomever. */
  sendingMax: 16,
} as const;
