/** Data flows as a control plane sees them: Data Plane Signaling 1.0-RC3, “Data Flow State Machine”. */
import { bilingual, type Fault, fault, forbids } from '../fault.ts';

export const dataFlowStates = [
  'INITIALIZED',
  'PREPARING',
  'PREPARED',
  'STARTING',
  'STARTED',
  'SUSPENDED',
  'COMPLETED',
  'TERMINATED',
] as const;
export type DataFlowState = (typeof dataFlowStates)[number];

/** What a control plane tells a data plane. */
export const dataFlowSignals = ['prepare', 'start', 'started', 'suspend', 'resume', 'complete', 'terminate'] as const;
export type DataFlowSignal = (typeof dataFlowSignals)[number];

/** What a data plane tells a control plane, when it does so later. `errored` leaves the state as it is. */
export const dataFlowNotices = ['prepared', 'started', 'completed', 'errored'] as const;
export type DataFlowNotice = (typeof dataFlowNotices)[number];

export const isDataFlowOver = (state: DataFlowState | null): boolean => state === 'COMPLETED' || state === 'TERMINATED';

type Move = { from: readonly (DataFlowState | null)[]; to: DataFlowState; meanwhile?: DataFlowState };

/** Null: the data plane has not heard of it. `meanwhile`: answered with 202, its end is told later; all others are at once. */
const moves: Readonly<Record<Exclude<DataFlowSignal, 'terminate'>, Move>> = {
  prepare: { from: [null], to: 'PREPARED', meanwhile: 'PREPARING' },
  start: { from: [null, 'PREPARED'], to: 'STARTED', meanwhile: 'STARTING' },
  started: { from: ['PREPARED'], to: 'STARTED' },
  suspend: { from: ['STARTED'], to: 'SUSPENDED' },
  resume: { from: ['SUSPENDED'], to: 'STARTED' },
  complete: { from: ['STARTED'], to: 'COMPLETED' },
};

/** Where a signal leads, or why it may not be sent. */
export function signalled(
  state: DataFlowState | null,
  signal: DataFlowSignal,
): { to: DataFlowState; meanwhile?: DataFlowState } | Fault {
  if (signal === 'terminate') return isDataFlowOver(state) ? forbids(state, signal) : { to: 'TERMINATED' };
  const { from, ...move } = moves[signal];
  return from.includes(state) ? move : forbids(state, signal);
}

/** The state after an answer that names one: the signal's own, or the one on the way to it. */
export function answered(
  state: DataFlowState | null,
  signal: DataFlowSignal,
  told: DataFlowState,
): DataFlowState | Fault {
  const move = signalled(state, signal);
  if ('code' in move) return move;
  if (told === move.to || told === move.meanwhile) return told;
  const words = bilingual(`对 ${signal} 的应答不能是 ${told}`, `${told} is no answer to ${signal}`);
  return fault('stateForbids', '/state', words);
}

const before: Readonly<Record<Exclude<DataFlowNotice, 'errored'>, readonly [from: DataFlowState, to: DataFlowState]>> =
  {
    prepared: ['PREPARING', 'PREPARED'],
    started: ['STARTING', 'STARTED'],
    completed: ['STARTED', 'COMPLETED'],
  };

/** The state after a notice. The same again changes nothing. */
export function noticed(state: DataFlowState | null, notice: DataFlowNotice): DataFlowState | Fault {
  if (notice === 'errored') return state === null || isDataFlowOver(state) ? forbids(state, notice) : state;
  const [from, to] = before[notice];
  return state === from || state === to ? to : forbids(state, notice);
}
