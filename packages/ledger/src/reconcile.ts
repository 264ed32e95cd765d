import { parseAccount } from './accounts.ts';
import type { Entry } from './entry.ts';
import type { Fen } from './fen.ts';
import { LedgerError } from './problem.ts';

/** What changes at the bank: its balance (deposit, transfer, payout, charge) or only the frozen part of it. */
export type BankLineKind = 'deposit' | 'freeze' | 'unfreeze' | 'transfer' | 'payout' | 'charge';

/** One movement of one sub-account, as either side's books show it. */
export interface BankLine {
  /** Business day, YYYY-MM-DD, in the bank's calendar. */
  day: string;
  /** The member whose sub-account it is. */
  account: string;
  /** Reference of the instruction or deposit; what both sides know it by. */
  reference: string;
  kind: BankLineKind;
  /** Signed: + increases the balance (or the frozen part for freeze), − decreases it. */
  fen: Fen;
}

export interface Reconciliation {
  matched: { ours: BankLine; theirs: BankLine }[];
  /** The bank has it, we do not. */
  missingHere: BankLine[];
  /** We have it, the bank does not. */
  missingThere: BankLine[];
  amountDiffers: { ours: BankLine; theirs: BankLine; differenceFen: Fen }[];
  /** Sum of balance movements per day and sub-account, bank minus ours; only where it is not zero. */
  differences: { day: string; account: string; fen: Fen }[];
  ok: boolean;
}

export const linesMax = 200_000;

/** Compares both sides' lines. Order does not matter; equal lines are paired one to one, so a doubled line shows up. */
export function reconcile(ours: readonly BankLine[], theirs: readonly BankLine[]): Reconciliation {
  if (ours.length > linesMax || theirs.length > linesMax) {
    throw new LedgerError('reconciliation-invalid', `more than ${linesMax} lines: reconcile a day at a time`);
  }
  const result: Reconciliation = {
    matched: [],
    missingHere: [],
    missingThere: [],
    amountDiffers: [],
    differences: differencesOf(ours, theirs),
    ok: false,
  };
  const theirsByKey = Map.groupBy(theirs, keyOf);
  for (const [key, mine] of Map.groupBy(ours, keyOf)) {
    pair(result, mine, theirsByKey.get(key) ?? []);
    theirsByKey.delete(key);
  }
  for (const rest of theirsByKey.values()) result.missingHere.push(...rest);
  result.ok = !result.missingHere.length && !result.missingThere.length && !result.amountDiffers.length;
  return result;
}

function keyOf(line: BankLine): string {
  return JSON.stringify([line.day, line.account, line.reference, line.kind]);
}

/** Lines of one key: equal amounts pair first; what remains is paired as differing, then reported missing. */
function pair(result: Reconciliation, mine: readonly BankLine[], bank: readonly BankLine[]): void {
  const byAmount = Map.groupBy(bank, (line) => line.fen);
  const unmatched = mine.filter((line) => {
    const theirs = byAmount.get(line.fen)?.shift();
    if (theirs) result.matched.push({ ours: line, theirs });
    return !theirs;
  });
  const rest = [...byAmount.values()].flat();
  for (const line of unmatched) {
    const theirs = rest.shift();
    if (theirs) result.amountDiffers.push({ ours: line, theirs, differenceFen: theirs.fen - line.fen });
    else result.missingThere.push(line);
  }
  result.missingHere.push(...rest);
}

function differencesOf(ours: readonly BankLine[], theirs: readonly BankLine[]): Reconciliation['differences'] {
  const sums = new Map<string, Fen>();
  const collect = (line: BankLine, sign: bigint) => {
    if (line.kind === 'freeze' || line.kind === 'unfreeze') return;
    const key = JSON.stringify([line.day, line.account]);
    sums.set(key, (sums.get(key) ?? 0n) + sign * line.fen);
  };
  for (const line of theirs) collect(line, 1n);
  for (const line of ours) collect(line, -1n);
  return [...sums].flatMap(([key, fen]) => {
    const [day, account] = JSON.parse(key) as [string, string];
    return fen === 0n ? [] : [{ day, account, fen }];
  });
}

const lineKindOf: Record<string, BankLineKind> = {
  depositSeen: 'deposit',
  splitPaid: 'transfer',
  feeTaken: 'transfer',
  feePaid: 'transfer',
  feeReturned: 'transfer',
  refunded: 'transfer',
  payoutPaid: 'payout',
  bankChargeSeen: 'charge',
};

/**
 * The bank lines that our entries say must be at the bank: one per entry and sub-account. Captured money is still
 * frozen at the bank, so a capture moves nothing there, and only the sum of held and due counts as frozen. A parked
 * difference follows the bank and would hide what it parks: it gives no line.
 * `dayOf` gives the business day, normally from the bank's confirmation.
 */
export function bankLinesOf(entries: Iterable<Entry>, dayOf: (entry: Entry) => string): BankLine[] {
  const lines: BankLine[] = [];
  for (const entry of entries) {
    const movedAs = lineKindOf[entry.kind.replace(/Reversed$/, '')];
    for (const [member, { balanceFen, frozenFen }] of movementsOf(entry)) {
      const common = { day: dayOf(entry), account: member, reference: entry.bankReference ?? entry.key };
      if (balanceFen !== 0n) {
        if (movedAs) lines.push({ ...common, kind: movedAs, fen: balanceFen });
      } else if (frozenFen !== 0n) {
        lines.push({ ...common, kind: frozenFen > 0n ? 'freeze' : 'unfreeze', fen: frozenFen });
      }
    }
  }
  return lines;
}

function movementsOf(entry: Entry): Map<string, { balanceFen: Fen; frozenFen: Fen }> {
  const movements = new Map<string, { balanceFen: Fen; frozenFen: Fen }>();
  for (const { account, fen } of entry.postings) {
    const { template, parts } = parseAccount(account);
    const custody = template.name === 'custody';
    if (!custody && template.name !== 'held' && template.name !== 'due') continue;
    const movement = movements.get(parts[0]!) ?? { balanceFen: 0n, frozenFen: 0n };
    if (custody) movement.balanceFen += fen;
    else movement.frozenFen -= fen;
    movements.set(parts[0]!, movement);
  }
  return movements;
}
