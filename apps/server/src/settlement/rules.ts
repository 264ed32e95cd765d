/** Pure decisions of the room: what is owed, who gets it, what comes next. No clock, no chance, no database. */
import {
  type Decimal,
  decimalFromInteger,
  multiplyDecimal,
  type PricePlan,
  parseDecimal,
  rate,
  type SplitPart,
  type SplitResult,
  type SplitRule,
  type StatementLine,
  split,
  sumFen,
  taxInside,
  transferLegs,
} from '@shugu/ledger';
import { addDays, type Day } from '../kernel/calendar/calendar.ts';
import type { RulePack } from '../kernel/rulepack/model.ts';
import type { Fee, FeeFacts, FeeState, Fen, Refund, StatementState, UsageLine } from './model.ts';

/** How the bank names a hold; orders and disputes never share one. */
export const holdKeyOf = (purpose: 'order' | 'dispute' | 'bill', heldFor: string): string =>
  `${purpose === 'dispute' ? 'dispute' : 'order'}:${heldFor}`;

export interface MoneyRules {
  /** Service fee of the exchange as a fraction of the price. */
  feeShare: Decimal;
  /** Tax inside the service fee, in per cent. */
  feeTaxPercent: Decimal;
  /** Working days to pay a fee that is not taken out of a split. */
  feeDays: number;
  /** Working days for each turn of a refund that the parties settle themselves, and from its notice of lateness to silence closing it. */
  refundDays: Record<RefundTurn | 'silence', number>;
  /** Largest payout that goes out on the member's own request; above it two people of the operator look. */
  payoutAloneFenMax: Fen;
  /** Days after which a day that is over must have been compared with the bank; longer, and payouts stop. */
  reconciliationOverdueDays: number;
  /** Largest refund that one person of the operator may order. */
  refundAloneFenMax: Fen;
}

/** Without a rule in the operator's data: ten working days for a fee or to pay back, five to answer, 100,000 yuan for payouts, 10,000 yuan for refunds. */
export const fallbackRules = {
  feeDays: 10,
  refundDays: { answer: 5, repay: 10, receive: 5, silence: 5 },
  payoutAloneFenMax: 10_000_000n,
  refundAloneFenMax: 1_000_000n,
  reconciliationOverdueDays: 2,
} as const;

/** A day counts as overdue when more than `days` days lie between it and today. */
export const reconciliationOverdue = (firstUncompared: Day | undefined, today: Day, days: number): boolean =>
  firstUncompared !== undefined && addDays(firstUncompared, days) < today;

const percent = (pack: RulePack | undefined, id: string): Decimal => {
  const value = pack?.rules.get(id)?.value;
  return parseDecimal(typeof value === 'number' ? String(value) : '0');
};
const daysRule = (pack: RulePack | undefined, id: string, fallback: number): number => {
  const value = pack?.rules.get(id)?.value;
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : fallback;
};
const fenRule = (pack: RulePack | undefined, id: string, fallback: Fen): Fen => {
  const value = pack?.rules.get(id)?.value;
  return typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : fallback;
};

/** The operator's data of the moment; an order keeps what it was contracted under. */
export const moneyRules = (pack: RulePack | undefined): MoneyRules => ({
  feeShare: multiplyDecimal(percent(pack, 'serviceFeePercent'), parseDecimal('0.01')),
  feeTaxPercent: percent(pack, 'serviceFeeTaxPercent'),
  feeDays: daysRule(pack, 'serviceFeeDays', fallbackRules.feeDays),
  refundDays: {
    answer: daysRule(pack, 'refundAnswerDays', fallbackRules.refundDays.answer),
    repay: daysRule(pack, 'refundRepayDays', fallbackRules.refundDays.repay),
    receive: daysRule(pack, 'refundReceiptDays', fallbackRules.refundDays.receive),
    silence: daysRule(pack, 'refundSilenceDays', fallbackRules.refundDays.silence),
  },
  payoutAloneFenMax: fenRule(pack, 'payoutAloneFenMax', fallbackRules.payoutAloneFenMax),
  refundAloneFenMax: fenRule(pack, 'refundAloneFenMax', fallbackRules.refundAloneFenMax),
  reconciliationOverdueDays: daysRule(pack, 'reconciliationOverdueDays', fallbackRules.reconciliationOverdueDays),
});

/** Everything to the supplier after the exchange's fee: what holds where the contract names no other right holders. */
export const plainSplit = (supplier: string, operator: string, { feeShare }: MoneyRules): SplitRule => ({
  legs: [{ party: supplier, role: 'supplier', share: parseDecimal('1') }],
  fee: { party: operator, share: feeShare },
});

/** Everyone who can get money of an order. */
export const partiesOf = (rule: SplitRule): string[] => [
  ...new Set([...rule.legs.map(({ party }) => party), ...(rule.fee ? [rule.fee.party] : [])]),
];

/** What a plan measures, for people and screens. */
export const unitOf = (plan: PricePlan): 'copy' | 'period' | 'call' | 'row' | 'byte' => {
  switch (plan.kind) {
    case 'oneOff':
    case 'quotation':
      return 'copy';
    case 'subscription':
      return 'period';
    case 'perRow':
      return 'row';
    case 'perGigabyte':
      return 'byte';
    case 'tiered':
      return plan.unit === 'gigabyte' ? 'byte' : plan.unit;
    default:
      return 'call';
  }
};

/** What was measured, in all units; each plan takes its own. Absent means none. */
export interface Usage {
  title: string;
  copies?: bigint;
  periods?: bigint;
  calls?: bigint;
  rows?: bigint;
  bytes?: bigint;
}

/** The quantity a plan is rated on: copies, periods, calls, rows, or bytes for gigabyte prices. */
export const quantityFor = (plan: PricePlan, usage: Omit<Usage, 'title'>): bigint => {
  const measured = { copy: usage.copies, period: usage.periods, call: usage.calls, row: usage.rows, byte: usage.bytes };
  return measured[unitOf(plan)] ?? 0n;
};

export interface Rated {
  title: string;
  line: StatementLine;
}

/** Each line rated and rounded once; the sum is what is billed. */
export const rateLines = (plan: PricePlan, usage: readonly UsageLine[]): { lines: Rated[]; ratedFen: Fen } => {
  const lines = usage.map(({ title, quantity }) => ({ title, line: rate(plan, quantity) }));
  return { lines, ratedFen: sumFen(lines.map(({ line }) => line.amountFen)) };
};

/** What an order is expected to cost: the hold of a custody order. */
export const estimateFenOf = (plan: PricePlan, quantity: bigint): Fen => rate(plan, quantity).amountFen;

/** "0.06" → "6": the ledger takes tax in per cent. */
export const taxPercent = (taxRate: string): Decimal =>
  multiplyDecimal(parseDecimal(taxRate), decimalFromInteger(100n));

export interface Amounts {
  totalFen: Fen;
  netFen: Fen;
  taxFen: Fen;
  split: SplitResult;
}

/** Total of a statement divided: tax inside the price for the invoice, and who gets what. */
export const amountsOf = (totalFen: Fen, terms: { taxRate: string; splitRule: SplitRule }): Amounts => {
  const { net, tax } = taxInside(totalFen, taxPercent(terms.taxRate));
  return { totalFen, netFen: net, taxFen: tax, split: split(terms.splitRule, totalFen) };
};

/** The part of a split that one party gets, the fee included: one bank instruction's worth of a refund. */
export const partyResult = (result: SplitResult, party: string): SplitResult => {
  const parts: SplitPart[] = result.parts.filter((part) => part.party === party && part.fen > 0n);
  const feeFen = result.feeParty === party ? result.feeFen : 0n;
  return {
    totalFen: sumFen(parts.map(({ fen }) => fen)) + feeFen,
    feeFen,
    feeParty: feeFen > 0n ? party : null,
    parts,
  };
};

/** What is left of a paid split after earlier refunds, whose parts stand in the same order as the split's. */
export const remainingSplit = (paid: SplitResult, refunded: readonly SplitResult[]): SplitResult => {
  const parts = paid.parts.map((part, index) => ({
    ...part,
    fen: part.fen - sumFen(refunded.map((one) => one.parts[index]!.fen)),
  }));
  const feeFen = paid.feeFen - sumFen(refunded.map((one) => one.feeFen));
  return { totalFen: sumFen(parts.map(({ fen }) => fen)) + feeFen, feeFen, feeParty: paid.feeParty, parts };
};

export interface CustodyFacts {
  state: 'open' | 'final' | 'settled' | 'released';
  /** Frozen for the order and not yet captured. */
  heldFen: Fen;
  /** A freeze, release or transfer of the order is under way. */
  busy: boolean;
  /** A hold waits for the buyer's deposit. */
  waiting: boolean;
  /** Oldest statement not settled. */
  statement?: { id: string; totalFen: Fen; state: StatementState; captured: boolean };
}

export type CustodyStep =
  | { do: 'nothing' }
  | { do: 'settleEmpty'; statement: string }
  | { do: 'topUp'; fen: Fen }
  | { do: 'capture'; statement: string }
  | { do: 'transfer'; statement: string }
  | { do: 'release'; fen: Fen }
  | { do: 'close' };

/** The next step of an order settled in custody. Asked again after each step until it says `nothing`. */
export const nextCustodyStep = (facts: CustodyFacts): CustodyStep => {
  const { statement, heldFen, busy, waiting, state } = facts;
  if (busy) return { do: 'nothing' };
  if (statement) {
    if (statement.captured) return { do: 'transfer', statement: statement.id };
    if (statement.totalFen === 0n) return { do: 'settleEmpty', statement: statement.id };
    if (heldFen >= statement.totalFen) return { do: 'capture', statement: statement.id };
    return waiting ? { do: 'nothing' } : { do: 'topUp', fen: statement.totalFen - heldFen };
  }
  if (state === 'open' || state === 'settled') return { do: 'nothing' };
  if (heldFen > 0n) return { do: 'release', fen: heldFen };
  return state === 'final' ? { do: 'close' } : { do: 'nothing' };
};

/** What both sides say of a bill: agreed only when they name the same amount. */
export const billVerdict = (buyerFen: Fen | null, supplierFen: Fen | null): 'waiting' | 'agreed' | 'differing' => {
  if (buyerFen === null || supplierFen === null) return 'waiting';
  return buyerFen === supplierFen ? 'agreed' : 'differing';
};

/** What is still to pay of a fee, and what is to be given back: never both. */
export const feeBalance = ({
  fen,
  reversedFen,
  paidFen,
  returnedFen,
}: FeeFacts): { owedFen: Fen; returnableFen: Fen } => {
  const net = fen - reversedFen - (paidFen - returnedFen);
  return net > 0n ? { owedFen: net, returnableFen: 0n } : { owedFen: 0n, returnableFen: -net };
};

/** Where a fee stands while no payment of it is under way. */
export const feeStateOf = (fee: FeeFacts): FeeState => {
  if (feeBalance(fee).owedFen > 0n) return 'owed';
  return fee.reversedFen === fee.fen ? 'reversed' : 'paid';
};

export const feeOverdue = ({ state, dueOn }: Pick<Fee, 'state' | 'dueOn'>, today: Day): boolean =>
  state === 'owed' && dueOn < today;

/** What the next side is to do with a refund that the parties settle themselves: answer it, pay it back, say that it came. */
export type RefundTurn = 'answer' | 'repay' | 'receive';
export const refundTurn = ({
  state,
  askedBy,
  repaidOn,
}: Pick<Refund, 'state' | 'askedBy' | 'repaidOn'>): RefundTurn | undefined => {
  if (state === 'proposed') return askedBy === 'operator' ? undefined : 'answer';
  if (state === 'approved') return repaidOn === null ? 'repay' : 'receive';
  return undefined;
};

/**
 * What time does while the next side keeps silent. Silence agrees to nothing, so a request lapses; whoever was told that the money was
 * paid back and of the day on which silence counts as its arrival, and says nothing, has it; a debt stays one, however late.
 */
export const refundOnSilence = (
  refund: Pick<Refund, 'state' | 'askedBy' | 'repaidOn' | 'dueAt' | 'remindedAt' | 'closesAt' | 'createdAt'>,
  now: Date,
): 'wait' | 'remind' | 'lapse' | 'receive' => {
  const turn = refundTurn(refund);
  if (!turn) return 'wait';
  if (!refund.remindedAt) return (refund.dueAt ?? refund.createdAt) <= now ? 'remind' : 'wait';
  if (turn === 'repay' || !refund.closesAt || refund.closesAt > now) return 'wait';
  return turn === 'answer' ? 'lapse' : 'receive';
};

export { transferLegs };
