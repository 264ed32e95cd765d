import { type Fault, forbids, wrongSide } from './fault.ts';
import type { NegotiationState } from './messages.ts';
import type { Side } from './protocol.ts';

/** What moves a negotiation: the message that is sent or taken. */
export type NegotiationAct = 'request' | 'offer' | 'accept' | 'agree' | 'verify' | 'finalize' | 'terminate';

type Move = { by: Side; to: NegotiationState };
type Moves = Partial<Record<Exclude<NegotiationAct, 'terminate'>, Move>>;

const request: Move = { by: 'consumer', to: 'REQUESTED' };
const offer: Move = { by: 'provider', to: 'OFFERED' };
const agree: Move = { by: 'provider', to: 'AGREED' };

/**
 * Specification, “Contract Negotiation Protocol”, state machine. `null`: before the first message. Either side may terminate in
 * every state that is not the last, as the prose has it; the diagram, which gives some terminations to one side, is stricter.
 */
const table: Readonly<Record<NegotiationState, Moves> & { none: Moves }> = {
  none: { request, offer },
  REQUESTED: { offer, agree },
  OFFERED: { request, accept: { by: 'consumer', to: 'ACCEPTED' } },
  ACCEPTED: { agree },
  AGREED: { verify: { by: 'consumer', to: 'VERIFIED' } },
  VERIFIED: { finalize: { by: 'provider', to: 'FINALIZED' } },
  FINALIZED: {},
  TERMINATED: {},
};

export const negotiationStates = Object.keys(table).filter((name) => name !== 'none') as NegotiationState[];
export const isNegotiationOver = (state: NegotiationState): boolean => state === 'FINALIZED' || state === 'TERMINATED';

/** The state after an act of one side, or why it may not act so. Nothing is changed by what is refused. */
export function negotiate(state: NegotiationState | null, act: NegotiationAct, by: Side): NegotiationState | Fault {
  if (act === 'terminate') return state === null || isNegotiationOver(state) ? forbids(state, act) : 'TERMINATED';
  const move = table[state ?? 'none'][act];
  if (move) return move.by === by ? move.to : wrongSide(act);
  // An act that is never this side's is told as such, in whatever state.
  return Object.values(table).some((moves) => moves[act]?.by === by) ? forbids(state, act) : wrongSide(act);
}
