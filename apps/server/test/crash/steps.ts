/**
 * Every step that the protocol's tables allow either side, how the state before it is come to, and every moment at which somebody may
 * die of it. Nothing is listed by hand: a step that the tables come to know is struck with the others.
 */
import type { NegotiationAct, Side, TransferAct } from '@shugu/dataspace';
import type { Act, Kind, State } from '../../src/federation/model.ts';
import { isFault, type Moved, step } from '../../src/federation/rules.ts';

export interface Move {
  act: Act;
  by: Side;
  to: Moved;
}

export interface Step extends Move {
  kind: Kind;
  /** The shortest way to where it begins. */
  path: readonly Move[];
}

export const sides: readonly Side[] = ['provider', 'consumer'];

const negotiation: Record<NegotiationAct, true> = {
  request: true,
  offer: true,
  accept: true,
  agree: true,
  verify: true,
  finalize: true,
  terminate: true,
};
const transfer: Record<TransferAct, true> = {
  request: true,
  start: true,
  suspend: true,
  complete: true,
  terminate: true,
};
const acts: Record<Kind, Act[]> = {
  negotiation: Object.keys(negotiation) as Act[],
  transfer: Object.keys(transfer) as Act[],
};

const nowhere: Moved | { state: null; suspended_by: null } = { state: null, suspended_by: null };

const stepsOf = (kind: Kind): Step[] => {
  const found: Step[] = [];
  const known = new Set<string>();
  const open: (readonly Move[])[] = [[]];
  for (const path of open) {
    const at = path.at(-1)?.to ?? nowhere;
    const place = `${at.state} ${at.suspended_by}`;
    if (known.has(place)) continue;
    known.add(place);
    for (const act of acts[kind])
      for (const by of sides) {
        const to = step({ kind, ...at }, act, by);
        if (isFault(to)) continue;
        found.push({ kind, path, act, by, to });
        open.push([...path, { act, by, to }]);
      }
  }
  return found;
};

export const steps: readonly Step[] = [...stepsOf('negotiation'), ...stepsOf('transfer')];

export const nameOf = ({ kind, path, act, by }: Step): string =>
  `${kind} ${path.at(-1)?.to.state ?? 'none'}${path.at(-1)?.to.suspended_by ? ` by ${path.at(-1)!.to.suspended_by}` : ''}: ${by}'s ${act}`;

/** Said by a flow, once the trade behind it is cleared: one after the other. */
export const isCleared = ({ kind, act, by, path }: Step): boolean =>
  by === 'provider' &&
  (kind === 'negotiation'
    ? act === 'agree' || act === 'finalize'
    : act === 'start' && path.at(-1)!.to.state === 'REQUESTED');

/** Where both sides come to rest by the rules of this market. */
export const endOf = ({ kind, act, to }: Step): State => {
  if (kind === 'transfer') return act === 'request' ? 'STARTED' : to.state;
  return act === 'terminate' ? 'TERMINATED' : 'FINALIZED';
};

/** An order was placed on the way. */
export const isOrdered = (one: Step): boolean =>
  one.kind === 'negotiation' && (endOf(one) === 'FINALIZED' || one.path.some(({ act }) => act === 'agree'));

/**
 * The three transactions of a message: its sender writes it, its receiver takes it, its sender writes down that it was taken. Whoever dies,
 * dies while all of one stands but its commit; `kept`: of whoever dies that goes through all the same, with nobody left to act on it.
 */
export interface Stroke {
  at: 'written' | 'taken' | 'acknowledged';
  kept: boolean;
  victims: readonly Side[];
}

export const strokes: readonly Stroke[] = (['written', 'taken', 'acknowledged'] as const).flatMap((at) =>
  [false, true].flatMap((kept) =>
    [['provider'], ['consumer'], sides].map((victims) => ({ at, kept, victims: victims as Side[] })),
  ),
);

/** In whose database a stroke stops a step. */
export const stoppedAt = ({ at }: Stroke, { by }: Step): Side =>
  sides.find((side) => (side === by) === (at !== 'taken'))!;
