/** What a broken service level is worth. Pure. */
import type { RulePack } from '../kernel/rulepack/model.ts';
import type { Credit, Fen, Statement } from './model.ts';

/** Missed by up to so many per cent of the target: so many per cent of the period's fee. Rising. */
export interface CreditTier {
  missedPercent: number;
  creditPercent: number;
}

/** Without a rule in the operator's data. Nobody's law: every exchange and contract sets its own. */
export const fallbackCredits = {
  tiers: ['1:5', '5:10', '100:30'],
  percentMax: 30,
  days: { answer: 10, silence: 5 },
} as const;

/** Whose silence: until `due_at` the supplier's time to answer, then, after notice, the time until silence counts. */
export type CreditTurn = 'answer' | 'silence';

/** `missed:credit`, as the rule pack lists them. */
const tiersFrom = (texts: readonly string[]): CreditTier[] =>
  texts.flatMap((text) => {
    const [missedPercent, creditPercent] = text.split(':').map(Number);
    return missedPercent! > 0 && creditPercent! >= 0
      ? [{ missedPercent: missedPercent!, creditPercent: creditPercent! }]
      : [];
  });

export interface CreditRules {
  tiers: CreditTier[];
  percentMax: number;
  /** Working days. */
  days: Record<CreditTurn, number>;
}

const daysOf = (pack: RulePack | undefined, id: string, fallback: number): number => {
  const value = pack?.rules.get(id)?.value;
  return typeof value === 'number' && Number.isInteger(value) && value > 0 ? value : fallback;
};

export const creditRules = (pack: RulePack | undefined): CreditRules => {
  const [tiers, max] = [
    pack?.rules.get('serviceCreditTiers')?.value,
    pack?.rules.get('serviceCreditPercentMax')?.value,
  ];
  return {
    tiers: tiersFrom(Array.isArray(tiers) ? tiers : fallbackCredits.tiers),
    percentMax: typeof max === 'number' && max >= 0 && max <= 100 ? max : fallbackCredits.percentMax,
    days: {
      answer: daysOf(pack, 'creditAnswerDays', fallbackCredits.days.answer),
      silence: daysOf(pack, 'creditSilenceDays', fallbackCredits.days.silence),
    },
  };
};

/**
 * What is due of a note that nobody has answered. Whoever was told of the lateness and of the day on which silence counts, and says
 * nothing, has accepted; without that notice nobody has.
 */
export const creditOnSilence = (
  credit: Pick<Credit, 'state' | 'dueAt' | 'remindedAt' | 'closesAt' | 'createdAt'>,
  now: Date,
): 'wait' | 'remind' | 'accept' => {
  if (credit.state !== 'proposed') return 'wait';
  if (!credit.remindedAt) return (credit.dueAt ?? credit.createdAt) <= now ? 'remind' : 'wait';
  return credit.closesAt && credit.closesAt <= now ? 'accept' : 'wait';
};

/** Thousandths of a per cent: of each missed level by its tier, a larger miss than the table knows by the last; together no more than the most. */
export const creditMilli = (
  missed: readonly { missedPercent: number }[],
  { tiers, percentMax }: { tiers: readonly CreditTier[]; percentMax: number },
): number => {
  const of = (percent: number) =>
    (tiers.find(({ missedPercent }) => percent <= missedPercent) ?? tiers.at(-1))?.creditPercent ?? 0;
  const total = missed.reduce((sum, { missedPercent }) => sum + Math.round(of(missedPercent) * 1000), 0);
  return Math.min(total, Math.round(percentMax * 1000));
};

interface Span {
  from: Date;
  until: Date;
}

const overlapMs = (one: Span, other: Span): bigint =>
  BigInt(
    Math.max(
      0,
      Math.min(one.until.getTime(), other.until.getTime()) - Math.max(one.from.getTime(), other.from.getTime()),
    ),
  );
const lengthMs = ({ from, until }: Span): bigint => BigInt(Math.max(1, until.getTime() - from.getTime()));

type Billed = Pick<Statement, 'id' | 'totalFen' | 'from' | 'until' | 'state'>;

/**
 * The part of each statement's total that pays for the period, by the time that both cover, rounded down. `spread`: where the price
 * is paid once, the whole time that it pays for, whatever the statement is dated.
 */
export const feeOfPeriod = (
  statements: readonly Billed[],
  period: Span,
  spread: Span | null,
): { statement: string; fen: Fen }[] =>
  statements.flatMap((one) => {
    const over = spread ?? one;
    const fen = (one.totalFen * overlapMs(period, over)) / lengthMs(over);
    return fen > 0n ? [{ statement: one.id, fen }] : [];
  });

/** Whether everything that the period costs is billed and paid. */
export const periodBilled = (
  statements: readonly Billed[],
  period: Span,
  { spread, closed }: { spread: Span | null; closed: boolean },
): boolean => {
  const open = statements.filter(({ state }) => state !== 'settled');
  if (open.some((one) => spread !== null || overlapMs(period, one) > 0n)) return false;
  if (closed) return true;
  return spread ? statements.length > 0 : statements.some(({ until }) => until >= period.until);
};

export const creditOf = (fee: Fen, milli: number): Fen => (fee * BigInt(milli)) / 100_000n;
