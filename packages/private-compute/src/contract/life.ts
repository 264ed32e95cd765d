/** The life of a computation contract and of each of its uses, as tables. */
export const contractStates = ['draft', 'signed', 'active', 'exhausted', 'expired', 'revoked'] as const;
export type ContractState = (typeof contractStates)[number];
export const useStates = ['reserved', 'running', 'held', 'released', 'failed', 'returned'] as const;
export type UseState = (typeof useStates)[number];

type Actor = 'owner' | 'recipient' | 'system';

export const contractMoves = [
  { move: 'sign', from: ['draft'], to: 'draft', by: 'owner' },
  // The last owner has signed.
  { move: 'bind', from: ['draft'], to: 'signed', by: 'system' },
  { move: 'begin', from: ['signed'], to: 'active', by: 'system' },
  { move: 'reserve', from: ['active'], to: 'active', by: 'recipient' },
  { move: 'exhaust', from: ['active'], to: 'exhausted', by: 'system' },
  // All parties signed that a use touched no data.
  { move: 'giveBack', from: ['active', 'exhausted'], to: 'active', by: 'system' },
  { move: 'expire', from: ['draft', 'signed', 'active'], to: 'expired', by: 'system' },
  // One owner is enough: nobody computes on data against the will of whose they are.
  { move: 'revoke', from: ['draft', 'signed', 'active', 'exhausted'], to: 'revoked', by: 'owner' },
] as const satisfies readonly { move: string; from: readonly ContractState[]; to: ContractState; by: Actor }[];

/**
 * A use counts from its reservation on, whatever becomes of it: nobody can prove that a broken run read nothing. It is given back only where
 * every owner signs that its own data were not touched.
 */
export const useMoves = [
  { move: 'run', from: ['reserved'], to: 'running' },
  // What it gave waits for every owner's second look.
  { move: 'hold', from: ['running'], to: 'held' },
  // Result and evidence are committed together.
  { move: 'release', from: ['running', 'held'], to: 'released' },
  { move: 'fail', from: ['reserved', 'running', 'held'], to: 'failed' },
  { move: 'giveBack', from: ['reserved', 'running'], to: 'returned' },
] as const satisfies readonly { move: string; from: readonly UseState[]; to: UseState }[];

export type ContractMove = (typeof contractMoves)[number]['move'];
export type UseMove = (typeof useMoves)[number]['move'];

interface Moves<S extends string> {
  move: string;
  from: readonly S[];
  to: S;
}
const after = <S extends string>(table: readonly Moves<S>[], state: S, move: string): S | undefined => {
  const found = table.find((one) => one.move === move);
  return found?.from.includes(state) ? found.to : undefined;
};

/** The state after a move; undefined where it is not open. */
export const nextContractState = (state: ContractState, move: ContractMove) => after(contractMoves, state, move);
export const nextUseState = (state: UseState, move: UseMove) => after(useMoves, state, move);

export interface Standing {
  state: ContractState;
  /** Without those that were given back. */
  usesTaken: number;
  usesTotal: number;
  /** Of the period that it is, where the contract limits those, too. */
  period?: { taken: number; most: number } | undefined;
  from: Date;
  until: Date;
}

export type Refusal = 'unsigned' | 'notYet' | 'expired' | 'revoked' | 'exhausted' | 'periodUsed';

/** Why a use cannot be reserved now; undefined when it can. Time counts even where nobody has noted yet that it is over. */
export const refusalOf = (
  { state, usesTaken, usesTotal, period, from, until }: Standing,
  now: Date,
): Refusal | undefined => {
  if (state === 'revoked') return 'revoked';
  if (state === 'expired' || now >= until) return 'expired';
  if (state === 'exhausted' || usesTaken >= usesTotal) return 'exhausted';
  if (state === 'draft') return 'unsigned';
  if (state === 'signed' || now < from) return 'notYet';
  return period && period.taken >= period.most ? 'periodUsed' : undefined;
};
