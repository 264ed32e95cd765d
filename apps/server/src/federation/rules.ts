/** What may happen and what is done about it. Pure: the protocol's own tables are package `dataspace`'s. */
import {
  type Fault,
  isNegotiationOver,
  isTransferOver,
  type NegotiationAct,
  type NegotiationState,
  negotiate,
  otherSide,
  type Side,
  type TransferAct,
  type TransferState,
  transfer,
} from '@shugu/dataspace';
import { processActs, type ReactionRule } from '@shugu/wire/federation';
import { counterTerms, mayAgree, ownTerms } from './counter.ts';
import {
  type Act,
  type By,
  limits,
  type Message,
  type OfferBody,
  type Process,
  type State,
  USER_AGENT,
} from './model.ts';
import { amountsOf } from './prices.ts';
import { asksPurposes, exactly, sameTerms } from './terms.ts';

export type Standing = Pick<Process, 'kind' | 'state' | 'suspended_by'>;
export type Moved = { state: State; suspended_by: Side | null };

/** Where an act of one side leads, or why it may not be. */
export const step = (process: Standing, act: Act, by: Side): Moved | Fault => {
  if (process.kind === 'negotiation') {
    const state = negotiate(process.state as NegotiationState | null, act as NegotiationAct, by);
    return typeof state === 'string' ? { state, suspended_by: null } : state;
  }
  const before = process.state && { state: process.state as TransferState, suspendedBy: process.suspended_by };
  const after = transfer(before, act as TransferAct, by);
  return 'code' in after ? after : { state: after.state, suspended_by: after.suspendedBy };
};

export const isFault = (value: Moved | Fault): value is Fault => 'code' in value;

export const isOver = ({ kind, state }: Pick<Process, 'kind' | 'state'>): boolean =>
  state !== null &&
  (kind === 'negotiation' ? isNegotiationOver(state as NegotiationState) : isTransferOver(state as TransferState));

/** Said to mean no; everything else may be otherwise next time. */
export const isFinalAnswer = (status: number): boolean =>
  status >= 400 && status < 500 && ![401, 408, 425, 429].includes(status);

const actsOf = {
  negotiation: ['request', 'offer', 'accept', 'agree', 'verify', 'finalize', 'terminate'],
  transfer: ['request', 'start', 'suspend', 'complete', 'terminate'],
} as const satisfies Record<Process['kind'], readonly Act[]>;

/** What our side can do now. */
export const possible = (process: Standing & { side: Side }): Act[] =>
  process.state === null
    ? []
    : processActs.filter(
        (act) => (actsOf[process.kind] as readonly Act[]).includes(act) && !isFault(step(process, act, process.side)),
      );

export const sideOf = (process: Pick<Process, 'side'>, by: By): Side =>
  by === 'self' ? process.side : otherSide(process.side);

type Said = Pick<Message, 'id' | 'direction' | 'act' | 'state' | 'created_at' | 'done_at'>;

/**
 * Which state each message met and which it led to, by walking the protocol's table again over all messages of a process, given as
 * they were written. A message that moved nothing is not among them; where the walk ends elsewhere than the process, none is.
 */
export const retold = (
  process: Pick<Process, 'kind' | 'side' | 'state'>,
  messages: readonly Said[],
): Map<string, { before: State | null; after: State }> => {
  const moves = new Map<string, { before: State | null; after: State }>();
  let standing: Standing = { kind: process.kind, state: null, suspended_by: null };
  const arrived = messages.filter(({ state }) => state === 'taken' || state === 'sent');
  // Ours counts when it is taken, which may be after an answer to it has come.
  for (const { id, act, direction } of arrived.sort((one, other) => momentOf(one) - momentOf(other))) {
    const moved = step(standing, act, sideOf(process, direction === 'out' ? 'self' : 'other'));
    if (isFault(moved)) continue;
    moves.set(id, { before: standing.state, after: moved.state });
    standing = { ...standing, ...moved };
  }
  return standing.state === process.state ? moves : new Map();
};

const momentOf = ({ done_at, created_at }: Said): number => (done_at ?? created_at).getTime();

export interface Happening {
  act: Act;
  by: By;
  /** Messages of ours in this process so far, by act. */
  sent: Partial<Record<Act, number>>;
}

export type Reaction = Pick<ReactionRule, 'terms' | 'changes' | 'reason'> & {
  reaction: Act | 'hold' | 'nothing';
  pause: number;
  /** Place of the rule that fits; undefined: none. */
  rule: number | undefined;
};

const fits = (pattern: string | undefined, value: string): boolean =>
  pattern === undefined || (pattern.endsWith('*') ? value.startsWith(pattern.slice(0, -1)) : value === pattern);

/** Every price, where there are several. */
const within = (amounts: ReturnType<typeof amountsOf>, bound: (amount: bigint) => boolean): boolean =>
  amounts?.every(({ amount }) => bound(amount)) ?? false;

const holds = (rule: ReactionRule, process: Process, { act, by, sent }: Happening): boolean => {
  const { offer } = process;
  const own = ownTerms(process);
  const amounts = offer && amountsOf(process, offer);
  const ids = [offer?.['@id'], process.own_offer?.['@id']].filter((id) => id !== undefined);
  return (
    rule.kind === process.kind &&
    rule.on === act &&
    rule.by === by &&
    (rule.side === undefined || rule.side === process.side) &&
    fits(rule.subject, process.subject) &&
    (rule.offer === undefined || ids.some((id) => fits(rule.offer, id))) &&
    fits(rule.counterparty, process.counterparty) &&
    (rule.purposes === undefined || (offer !== null && asksPurposes(offer, rule.purposes))) &&
    (rule.amountFrom === undefined || within(amounts, (one) => one >= exactly(rule.amountFrom!))) &&
    (rule.amountUpTo === undefined || within(amounts, (one) => one <= exactly(rule.amountUpTo!))) &&
    (rule.unchanged === undefined || (offer && own ? sameTerms(offer, own) : false) === rule.unchanged) &&
    (rule.timesMax === undefined || (sent[rule.reaction as Act] ?? 0) < rule.timesMax) &&
    mayAgree(rule, process)
  );
};

/** Waiting for us, by the protocol: nobody else can go on. */
const oursToAnswer = (process: Process): boolean =>
  possible(process).some((act) => act !== 'terminate' && act !== 'suspend' && act !== 'complete');

/** A rule may count another number of tiers than what is listed has. */
const isSayable = (process: Process, { changes }: ReactionRule): boolean =>
  changes === undefined || process.kind !== 'negotiation' || counterTerms(process, changes) !== undefined;

/** The first rule that fits; without one a person is asked where the counter-party waits for us. */
export const react = (rules: readonly ReactionRule[], process: Process, happening: Happening): Reaction => {
  const none = { terms: undefined, changes: undefined, reason: undefined, pause: 0, rule: undefined };
  if (isOver(process)) return { ...none, reaction: 'nothing' };
  const place = rules.findIndex((one) => holds(one, process, happening));
  const rule = rules[place];
  if (!rule) return { ...none, reaction: happening.by === 'other' && oursToAnswer(process) ? 'hold' : 'nothing' };
  const { reaction, terms, changes, reason, pauseMilliseconds: pause } = rule;
  const acts = reaction !== 'hold' && reaction !== 'nothing';
  if (acts && (isFault(step(process, reaction, process.side)) || !isSayable(process, rule)))
    return { ...none, reaction: 'hold', rule: place };
  return { reaction, terms, changes, reason, pause, rule: place };
};

/** What rules would have answered, message by message, to what the other side said in a negotiation. */
export interface Tried extends Pick<Reaction, 'reaction' | 'rule' | 'changes'> {
  message: string;
  act: Act;
  at: Date;
  /** As it stood then. */
  process: Process;
  /** What we said next; null: nothing. */
  said: Act | null;
}

/** Messages as they were written, with their bodies. Nothing is done; what our side said stays what it was. */
export const tryOn = (rules: readonly ReactionRule[], process: Process, messages: readonly Message[]): Tried[] => {
  const arrived = messages
    .filter(({ state }) => state === 'taken' || state === 'sent')
    .sort((one, other) => momentOf(one) - momentOf(other));
  const tried: Tried[] = [];
  const sent: Partial<Record<Act, number>> = {};
  let then: Process = { ...process, state: null, suspended_by: null, offer: null, own_last: null };
  for (const [place, { id, act, direction, body, created_at }] of arrived.entries()) {
    const by = direction === 'out' ? 'self' : 'other';
    const moved = step(then, act, sideOf(process, by));
    if (isFault(moved)) continue;
    const offers = act === 'request' || act === 'offer';
    const offer = offers ? (body.offer as OfferBody) : then.offer;
    then = { ...then, ...moved, offer, own_last: offers && by === 'self' ? offer : then.own_last };
    if (by === 'self') {
      sent[act] = (sent[act] ?? 0) + 1;
      continue;
    }
    const { reaction, rule, changes } = react(rules, then, { act, by, sent });
    const next = arrived[place + 1];
    const said = next?.direction === 'out' ? next.act : null;
    tried.push({ message: id, act, at: created_at, process: then, reaction, rule, changes, said });
  }
  return tried;
};

/**
 * Milliseconds between a message that came and what we say to it. Whoever is still writing down what it told us may take an answer
 * badly (EDC begins its step anew, with another agreement); a node of this make has written it down before it tells it.
 */
export const courtesy = (userAgent: string | undefined): number =>
  userAgent === USER_AGENT ? 0 : limits.courtesyMilliseconds;

/** Milliseconds before a message is tried again that was tried so often. */
export const backoff = (attempts: number): number => Math.min(limits.backoffMillisecondsMax, 100 * 2 ** attempts);

/** Until when the given try of a message, counted from 1, is its sender's alone: an answer may take that long. */
export const claimedUntil = (now: Date, attempt: number): Date =>
  new Date(now.getTime() + limits.patienceSeconds * 1000 + backoff(attempt));
