/** What the room keeps, as its code sees it. Fen are bigint here and decimal strings on the wire. */

import type { PricePlan, SettlementWay, SplitResult, SplitRule } from '@shugu/ledger';
import type { CreditTier } from './credit-rules.ts';

export type Fen = bigint;

/** A business day in the bank's calendar, `YYYY-MM-DD` in China. */
export type Day = string;

export interface SubAccount {
  id: string;
  participant: string;
  bankAccount: string | null;
  name: string;
  state: 'opening' | 'open';
}

export type HoldPurposeKind = 'order' | 'dispute' | 'bill';
export type HoldState = 'waiting' | 'placing' | 'placed' | 'refused' | 'cancelled';
export interface Hold {
  id: string;
  participant: string;
  purpose: HoldPurposeKind;
  /** Order, dispute or statement. */
  subject: string;
  /** Order or dispute by which the bank knows the frozen money. */
  heldFor: string;
  fen: Fen;
  state: HoldState;
  createdAt: Date;
  placedAt: Date | null;
}

/** What follows when the bank has carried an instruction out. `subject` names the hold, statement, payout, refund or fee. */
export type Effect =
  | 'holdPlaced'
  | 'holdReleased'
  | 'splitPaid'
  | 'payoutPaid'
  | 'feePaid'
  | 'feeReturned'
  | `refund:${string}`;
export type InstructionKind = 'freeze' | 'unfreeze' | 'transfer' | 'payout';
export type InstructionState = 'planned' | 'sent' | 'acknowledged' | 'executed' | 'refused';
export interface Instruction {
  id: string;
  participant: string;
  kind: InstructionKind;
  fen: Fen;
  holdKey: string | null;
  source: 'frozen' | 'available' | null;
  legs: { party: string; fen: string }[];
  effect: Effect;
  subject: string;
  attempt: number;
  state: InstructionState;
  reason: string | null;
  bankSerial: string | null;
  bankDay: Day | null;
  lastError: string | null;
  createdAt: Date;
  finishedAt: Date | null;
}

export interface OrderTerms {
  id: string;
  /** The buyer. */
  participant: string;
  supplier: string;
  contract: string;
  title: string;
  way: SettlementWay;
  plan: PricePlan;
  /** A fraction: "0.06" is six per cent. */
  taxRate: string;
  splitRule: SplitRule;
  estimateFen: Fen;
  /** By another node, at whose bank it is frozen; null: what is owed is frozen here. */
  guaranteedFen: Fen | null;
  state: 'open' | 'final' | 'settled' | 'released';
  createdAt: Date;
}

export type StatementState = 'issued' | 'differing' | 'agreed' | 'invoiced' | 'paying' | 'settled';
export interface Statement {
  id: string;
  participant: string;
  supplier: string;
  order: string;
  number: string;
  periodKey: string;
  from: Date;
  until: Date;
  way: SettlementWay;
  state: StatementState;
  /** Sum of the rated lines. */
  ratedFen: Fen;
  /** What is owed: the rated sum, or what both sides agreed on instead. */
  totalFen: Fen;
  split: SplitResult;
  netFen: Fen;
  taxFen: Fen;
  /** Up to where usage was taken, as metering said it: for whoever recomputes. */
  cut: Record<string, unknown>;
  final: boolean;
  buyerFen: Fen | null;
  supplierFen: Fen | null;
  differenceReason: string | null;
  captured: boolean;
  createdAt: Date;
  agreedAt: Date | null;
  settledAt: Date | null;
}

/** Measured use of one kind, to be rated into one line. */
export interface UsageLine {
  title: string;
  /** In the unit the plan measures: copies, periods, calls, rows or bytes. */
  quantity: bigint;
}

export interface Payout {
  id: string;
  participant: string;
  fen: Fen;
  bankName: string;
  accountMasked: string;
  state: 'requested' | 'checked' | 'approved' | 'paid' | 'refused';
  twoPeople: boolean;
  requestedBy: string;
  checkedBy: string | null;
  approvedBy: string | null;
  reason: string | null;
  createdAt: Date;
  finishedAt: Date | null;
}

export type Side = 'buyer' | 'supplier';

/** What the supplier owes of a statement that the parties settle themselves; each figure only grows. */
export interface FeeFacts {
  fen: Fen;
  reversedFen: Fen;
  paidFen: Fen;
  returnedFen: Fen;
}
export type FeeState = 'owed' | 'paying' | 'paid' | 'reversed';
export interface Fee extends FeeFacts {
  id: string;
  /** Who owes it. */
  participant: string;
  statement: string;
  order: string;
  /** Last day to pay. */
  dueOn: Day;
  state: FeeState;
  createdAt: Date;
  finishedAt: Date | null;
}

export interface Refund {
  id: string;
  /** The buyer who gets the money back. */
  participant: string;
  statement: string;
  fen: Fen;
  split: SplitResult;
  reason: string;
  /** Approved and paid by the parties themselves: owed by the supplier until the buyer says that it arrived. */
  state: 'proposed' | 'approved' | 'done' | 'refused';
  twoPeople: boolean;
  askedBy: 'operator' | Side;
  /** Why a side declined it. */
  answer: string | null;
  /** The supplier says that it paid back on this day, where the parties settle themselves. */
  repaidOn: Day | null;
  /** First moment after the time of the side whose turn it is. */
  dueAt: Date | null;
  remindedAt: Date | null;
  /** When silence closes it; known from the notice on. */
  closesAt: Date | null;
  bySilence: boolean;
  proposedBy: string;
  approvedBy: string | null;
  createdAt: Date;
  finishedAt: Date | null;
}

export type CreditState = 'proposed' | 'accepted' | 'contested' | 'settled' | 'refused';
export type { CreditTier };

/** What a broken service level gives back, as proposed to the supplier. */
export interface Credit {
  id: string;
  /** The buyer. */
  participant: string;
  supplier: string;
  order: string;
  grant: string;
  assessment: string;
  period: string;
  from: Date;
  until: Date;
  spread: { from: Date; until: Date } | null;
  findings: {
    level: 'availability' | 'latency' | 'freshness' | 'completeness';
    target: number;
    measured: number | null;
    withinMs?: number;
    missedPercent: number;
  }[];
  requests: number;
  digest: string;
  /** Thousandths of a per cent of the period's fee. */
  milli: number;
  tiers: CreditTier[];
  state: CreditState;
  /** The supplier's time to answer; null for notes from before there was one. */
  dueAt: Date | null;
  remindedAt: Date | null;
  /** Silence counts as acceptance from here on. */
  closesAt: Date | null;
  bySilence: boolean;
  /** What was ordered. */
  title: string;
  answer: string | null;
  answeredAt: Date | null;
  waitsFor: 'statement' | 'redInvoice' | 'payeeFunds' | null;
  fen: Fen | null;
  refunds: string[];
  settledAt: Date | null;
  createdAt: Date;
}

export const limits = {
  /** Lines of one statement, a paper's table holds 2,000. */
  linesMax: 500,
  /** Attempts at one instruction before a person has to look. */
  attemptsMax: 5,
  /** With the attempts that people order and those for want of money; the table holds two digits. */
  attemptsEverMax: 99,
  instructionsPerRunMax: 200,
  /** Orders looked at in one go when a cycle ends. */
  ordersPerCycleMax: 200,
  proofBytesMax: 5_000_000,
  /** Entries in one journal; above it the journal is asked for up to an earlier day. */
  journalEntriesMax: 100_000,
  /** Late fees told of, and fees given back, in one run. */
  feesPerRunMax: 200,
  /** Refunds told of, or closed by silence, in one run. */
  refundsPerRunMax: 200,
  /** Accepted credit notes looked at in one run. */
  creditsPerRunMax: 200,
  /** Days reconciled in one run after a long stop. */
  reconciledDaysMax: 400,
} as const;
