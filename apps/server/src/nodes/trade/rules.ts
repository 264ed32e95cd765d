/** What a purchase at another node may become, and what its node's statement is held against. Pure. */
import { parsePricePlan, rate } from '@shugu/ledger';
import { addMonths, dayOf } from '../../kernel/calendar/calendar.ts';
import type { Difference, DifferenceKind, PurchaseState, StatementLine } from '../model.ts';

const moves: Record<PurchaseState, readonly PurchaseState[]> = {
  holding: ['guaranteeing', 'failed'],
  guaranteeing: ['negotiating', 'failed'],
  negotiating: ['withdrawing', 'bought', 'failed'],
  withdrawing: ['bought', 'failed'],
  bought: ['settled'],
  settled: [],
  failed: [],
};

export const mayBecome = (from: PurchaseState, to: PurchaseState): boolean => moves[from].includes(to);

/** What the debtor's node holds of a purchase of this very creditor. */
export interface HeldPurchase {
  state: PurchaseState;
  plan: unknown;
  estimateFen: bigint;
  owedFen: bigint;
  closed: boolean;
}

/** The purchase ended without anything more to bill: a plan's minimum charge is not owed for it. */
export const isClosing = ({ quantity, fen, final }: Pick<StatementLine, 'quantity' | 'fen' | 'final'>): boolean =>
  final && quantity === '0' && fen === '0';

const rated = (plan: unknown, quantity: string): bigint => rate(parsePricePlan(plan), BigInt(quantity)).amountFen;

/**
 * Line by line what differs; none: the debtor's node owes exactly this. Every amount is rated anew by the plan that was bought, and all
 * of a purchase together stay within what was frozen for it. `before`: statements of the creditor that were signed already.
 */
export const compareLines = (
  lines: readonly StatementLine[],
  held: ReadonlyMap<string, HeldPurchase>,
  before: ReadonlySet<string>,
): Difference[] => {
  const seen = new Set(before);
  const owed = new Map([...held].map(([id, one]) => [id, one.owedFen]));
  const closed = new Set([...held].filter(([, one]) => one.closed).map(([id]) => id));
  const differences: Difference[] = [];
  for (const line of lines) {
    const one = held.get(line.purchase);
    const ours = one && (isClosing(line) ? 0n : rated(one.plan, line.quantity));
    const differs = (why: DifferenceKind): void =>
      void differences.push({
        statement: line.statement,
        purchase: line.purchase,
        why,
        theirs: line.fen,
        ours: ours === undefined ? null : ours.toString(),
      });
    if (!one || ours === undefined) differs('unknownPurchase');
    else if (seen.has(line.statement)) differs('statedBefore');
    else if (one.state !== 'bought' || closed.has(line.purchase)) differs('ended');
    else if (ours !== BigInt(line.fen)) differs('amountDiffers');
    else if (owed.get(line.purchase)! + ours > one.estimateFen) differs('aboveHeld');
    else {
      owed.set(line.purchase, owed.get(line.purchase)! + ours);
      if (line.final) closed.add(line.purchase);
    }
    seen.add(line.statement);
  }
  return differences;
};

/**
 * Lines of a correction: those of the statement that differed as they are billed now, without what nothing is asked for. Where that was
 * the last of a purchase, a line of nothing closes it, so that its money goes back.
 */
export const correctedLines = (
  before: readonly (Pick<StatementLine, 'purchase' | 'statement' | 'final'> & { difference: Difference | null })[],
  billed: readonly StatementLine[],
  leaveOut: ReadonlySet<string>,
): StatementLine[] =>
  before.flatMap(({ purchase, statement, final, difference }) => {
    const now = billed.find((one) => one.statement === statement && one.purchase === purchase);
    if (!now) return [];
    if (!leaveOut.has(statement)) return [now];
    const closes =
      final && (difference === null || difference.why === 'amountDiffers' || difference.why === 'aboveHeld');
    return closes ? [{ ...now, quantity: '0', fen: '0', final: true }] : [];
  });

/** What the debtor's node reckons in all: of what it does not know, or was stated before, nothing. */
export const reckonedTotal = (
  lines: readonly (Pick<StatementLine, 'fen'> & { difference: Difference | null })[],
): bigint =>
  lines.reduce(
    (sum, { fen, difference }) =>
      sum +
      (difference === null ? BigInt(fen) : difference.why === 'amountDiffers' ? BigInt(difference.ours ?? 0) : 0n),
    0n,
  );

/** The month, `2026-07`, whose statements are due by now: from the given day of a month on, that month's. */
export const dueMonth = (now: Date, fromDay: number): string => {
  const day = dayOf(now);
  return (Number(day.slice(8)) >= fromDay ? day : addMonths(`${day.slice(0, 7)}-01`, -1)).slice(0, 7);
};

export const totalOf = (lines: readonly Pick<StatementLine, 'fen'>[]): bigint =>
  lines.reduce((sum, { fen }) => sum + BigInt(fen), 0n);
