/** Shapes on the wire of the bank simulator. Fen are decimal integer strings, days YYYY-MM-DD in the bank's calendar. */

/** Stands in every answer: nobody shall take these books for a bank's. */
export const simulatorLabel = '存管银行模拟器 SIMULATOR';

export type InstructionKind = 'freeze' | 'unfreeze' | 'transfer' | 'payout';
export type LineKind = 'deposit' | InstructionKind;
export type InstructionStatus = 'accepted' | 'done' | 'refused';

/** Why the bank did not carry out an accepted instruction. */
export type RefusalReason = 'insufficient-available' | 'insufficient-frozen' | 'simulated-refusal';

export interface TransferLeg {
  account: string;
  fen: string;
}

export interface InstructionRequest {
  /** The client's idempotency key: the same reference is never carried out twice. */
  reference: string;
  kind: InstructionKind;
  /** Number of the sub-account that is frozen, released, or pays. */
  account: string;
  /** Total; for a transfer the sum of its legs. */
  fen: string;
  /** The hold this belongs to (an order or a dispute). Needed for freeze, unfreeze, and transfers from frozen money. */
  order?: string;
  /** Transfer only: payees. */
  legs?: TransferLeg[];
  /** Transfer only; `available` is for a payee who gives money back. Default `frozen`. */
  from?: 'frozen' | 'available';
  /** Transaction time in the client's calendar, a UTC instant. Moves the bank's business day forward, never back. */
  at?: string;
}

export interface InstructionAnswer {
  simulator: string;
  reference: string;
  /** The bank's own serial number (流水号). */
  serial: string;
  kind: InstructionKind | 'deposit';
  account: string;
  fen: string;
  order: string | null;
  status: InstructionStatus;
  reason: RefusalReason | null;
  /** Business day on which it was booked; null until it is. */
  day: string | null;
}

export interface DepositRequest {
  reference: string;
  account: string;
  fen: string;
  at?: string;
}

export interface AccountRequest {
  reference: string;
  member: string;
  name: string;
}

export interface AccountAnswer {
  simulator: string;
  account: string;
  member: string;
  name: string;
  balanceFen: string;
  frozenFen: string;
  availableFen: string;
  holds: { order: string; fen: string }[];
}

export interface StatementLine {
  serial: string;
  reference: string;
  kind: LineKind;
  /** Change of the balance; for freeze and unfreeze the change of the frozen part. */
  fen: string;
  order: string | null;
}

export interface StatementAccount {
  account: string;
  member: string;
  openingFen: string;
  closingFen: string;
  openingFrozenFen: string;
  closingFrozenFen: string;
  lines: StatementLine[];
}

export interface StatementAnswer {
  simulator: string;
  day: string;
  /** A closed day never changes again. */
  closed: boolean;
  accounts: StatementAccount[];
}

/** Faults are drawn from the seed, the reference and the attempt: the same run gives the same faults. */
export interface Faults {
  /** Time between acceptance and execution, drawn between the two. */
  delayMsMin: number;
  delayMsMax: number;
  /** Share of instructions refused for no reason of theirs. */
  refusalRatio: number;
  /** Share of answers whose connection drops after the work was done. */
  lostAnswerRatio: number;
  /** Share of callbacks that are sent twice, or never. */
  duplicateCallbackRatio: number;
  lostCallbackRatio: number;
  /** Callbacks wait up to this long, each its own time, so that they overtake one another. */
  callbackDelayMsMax: number;
}

export const noFaults: Faults = {
  delayMsMin: 0,
  delayMsMax: 0,
  refusalRatio: 0,
  lostAnswerRatio: 0,
  duplicateCallbackRatio: 0,
  lostCallbackRatio: 0,
  callbackDelayMsMax: 0,
};
