import { createHash } from 'node:crypto';
import type { DepositRequest, Faults, InstructionRequest, LineKind, RefusalReason } from './wire.ts';

/** State of the paying account that an instruction is decided on. */
export interface PayerState {
  balanceFen: bigint;
  frozenFen: bigint;
  /** Frozen for the instruction's order. */
  holdFen: bigint;
}

/** What one instruction does to one sub-account; becomes one line of its statement. */
export interface Movement {
  account: string;
  kind: LineKind;
  balanceFen: bigint;
  frozenFen: bigint;
}

export type Decision = { refused: RefusalReason } | { movements: Movement[] };

/** Whether the bank can carry out an instruction now, and what moves then. Movements of a transfer sum to zero. */
export function decide(request: InstructionRequest, payer: PayerState): Decision {
  const fen = BigInt(request.fen);
  const free = payer.balanceFen - payer.frozenFen;
  const own = (balanceFen: bigint, frozenFen: bigint): Movement => ({
    account: request.account,
    kind: request.kind,
    balanceFen,
    frozenFen,
  });
  switch (request.kind) {
    case 'freeze':
      return free < fen ? { refused: 'insufficient-available' } : { movements: [own(0n, fen)] };
    case 'unfreeze':
      return payer.holdFen < fen ? { refused: 'insufficient-frozen' } : { movements: [own(0n, -fen)] };
    case 'payout':
      return free < fen ? { refused: 'insufficient-available' } : { movements: [own(-fen, 0n)] };
    case 'transfer': {
      const frozen = request.from !== 'available';
      if (frozen && payer.holdFen < fen) return { refused: 'insufficient-frozen' };
      if (!frozen && free < fen) return { refused: 'insufficient-available' };
      const payees = (request.legs ?? []).map((leg) => ({ ...own(BigInt(leg.fen), 0n), account: leg.account }));
      return { movements: [own(-fen, frozen ? -fen : 0n), ...payees] };
    }
  }
}

export function depositMovement({ account, fen }: DepositRequest): Movement {
  return { account, kind: 'deposit', balanceFen: BigInt(fen), frozenFen: 0n };
}

/**
 * Chance in [0, 1) that depends on nothing but the seed, what is drawn and for whom: the order in which requests
 * arrive does not matter, so a run under load repeats.
 */
export function draw(seed: number, name: keyof Faults, subject: string): number {
  const hash = createHash('sha256')
    .update(JSON.stringify([seed, name, subject]))
    .digest();
  return hash.readUIntBE(0, 6) / 2 ** 48;
}

export function executionDelayMs(seed: number, faults: Faults, reference: string): number {
  const span = faults.delayMsMax - faults.delayMsMin;
  return Math.floor(faults.delayMsMin + span * draw(seed, 'delayMsMax', reference));
}

/** Delays of the callbacks to send for one instruction: none, one or two. */
export function callbackDelaysMs(seed: number, faults: Faults, reference: string): number[] {
  if (draw(seed, 'lostCallbackRatio', reference) < faults.lostCallbackRatio) return [];
  const copies = draw(seed, 'duplicateCallbackRatio', reference) < faults.duplicateCallbackRatio ? 2 : 1;
  return Array.from({ length: copies }, (_, copy) =>
    Math.floor(faults.callbackDelayMsMax * draw(seed, 'callbackDelayMsMax', `${reference}#${copy}`)),
  );
}

const chinaOffsetMs = 8 * 60 * 60 * 1000;

/** The calendar day in China, which has had no summer time since 1992. */
export function dayInChina(ms: number): string {
  return new Date(ms + chinaOffsetMs).toISOString().slice(0, 10);
}

/** The same body whatever the order of its fields. */
export function canonicalBody(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) =>
    each !== null && typeof each === 'object' && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  );
}
