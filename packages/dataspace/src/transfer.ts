import { bilingual, type Fault, fault, forbids, wrongSide } from './fault.ts';
import type { TransferState } from './messages.ts';
import type { Side } from './protocol.ts';

export type TransferAct = 'request' | 'start' | 'suspend' | 'complete' | 'terminate';

/** A transfer as far as its rules need it. `suspendedBy`: who may resume it. */
export type TransferStanding = { state: TransferState; suspendedBy: Side | null };

export const transferStates: readonly TransferState[] = [
  'REQUESTED',
  'STARTED',
  'SUSPENDED',
  'COMPLETED',
  'TERMINATED',
];
export const isTransferOver = (state: TransferState): boolean => state === 'COMPLETED' || state === 'TERMINATED';

/**
 * The standing after an act of one side, or why it may not act so (specification, “Transfer Process Protocol”, state machine).
 * The specification leaves open who may resume (its issues 167 and 252); here only the side that suspended, so that neither can
 * undo what the other has stopped.
 */
export function transfer(standing: TransferStanding | null, act: TransferAct, by: Side): TransferStanding | Fault {
  const state = standing?.state ?? null;
  if (act === 'request') {
    if (by === 'provider') return wrongSide(act);
    return state === null ? moved('REQUESTED') : forbids(state, act);
  }
  if (state === null || isTransferOver(state)) return forbids(state, act);
  if (act === 'terminate') return moved('TERMINATED');
  if (act === 'start') return started(standing!, by);
  if (state !== 'STARTED') return forbids(state, act);
  return act === 'suspend' ? { state: 'SUSPENDED', suspendedBy: by } : moved('COMPLETED');
}

function started({ state, suspendedBy }: TransferStanding, by: Side): TransferStanding | Fault {
  if (state === 'REQUESTED') return by === 'provider' ? moved('STARTED') : wrongSide('start');
  if (state !== 'SUSPENDED') return forbids(state, 'start');
  return suspendedBy === by
    ? moved('STARTED')
    : fault('notResumable', '', bilingual('只有暂停的一方可以恢复', 'only the side that suspended may resume'));
}

const moved = (state: TransferState): TransferStanding => ({ state, suspendedBy: null });
