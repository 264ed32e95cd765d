/** What a message may do and how a node stands, decided of what is known. */
import { kindsOfNode } from '@shugu/wire/node-kinds';
import { nodeLimits } from '@shugu/wire/nodes';
import { backoffSeconds } from '../kernel/backoff.ts';
import type { Problem } from '../kernel/problem.ts';
import type { NodeKind, NodeState } from './model.ts';
import { problems } from './problems.ts';

/** Node type of the infrastructure's access rules: 0 业务节点, 1 区域/行业, 2 全域. */
export const nodeType = (kind: NodeKind): 0 | 1 | 2 => kindsOfNode[kind].type;
/** Whether it takes registrations of others, of any kind. */
export const takesNodes = (kind: NodeKind): boolean => kindsOfNode[kind].takes.length > 0;

export const hasEnded = (state: NodeState): boolean => state === 'refused' || state === 'revoked';

export interface Vital {
  state: NodeState;
  heartbeatAt: Date | null;
  behindSince: Date | null;
}

export const standingOf = (one: Vital, now: Date, beatSeconds: number) => {
  if (one.state !== 'active') return one.state;
  const silence = one.heartbeatAt ? now.getTime() - one.heartbeatAt.getTime() : Number.POSITIVE_INFINITY;
  if (silence > nodeLimits.missedBeatsMax * beatSeconds * 1000) return 'offline' as const;
  const behind = one.behindSince ? now.getTime() - one.behindSince.getTime() : 0;
  return behind > nodeLimits.lagSecondsMax * 1000 ? ('alarm' as const) : ('online' as const);
};

export interface Held {
  generation: number;
  held: number;
}

export type Taking =
  /** Changes from this place of the batch on; `anew`: what is held of an earlier generation goes first. */
  { take: number; anew: boolean } | Problem;

/**
 * Exactly once: what is held already is passed over, what leaves a gap is refused. A generation begins at 1, and one that is
 * over never comes back, so an old batch that somebody recorded can undo nothing.
 */
export const taking = (have: Held, batch: { generation: number; first: number; count: number }): Taking => {
  if (batch.generation < have.generation) return problems.replayed({ detail: String(have.generation) });
  const anew = batch.generation > have.generation;
  const held = anew ? 0 : have.held;
  if (batch.first > held + 1) return problems.gap({ detail: String(held) });
  return { take: Math.min(batch.count, held + 1 - batch.first), anew };
};

export const restSecondsMax = 60;
/** A hub that does not answer is asked again after 2, 4, 8 … seconds. */
export const restSeconds = (failures: number): number => backoffSeconds(failures, restSecondsMax);
