import type { Period, Plan, Quota, QuotaKey } from '@shugu/policy';
import { GatewayProblem } from './problem.ts';
import {
  type Amounts,
  METRICS,
  MemoryQuota,
  type QuotaStore,
  type Reservation,
  type Reserved,
  type Slot,
} from './quota.ts';
import type { Units } from './segment.ts';

/** What the exchange lets a gateway use of a grant's limits. `start` and `end` (ms, end exclusive) are its shortest period. */
export type LeasedSlice = {
  id: string;
  grant: string;
  amount: Units;
  start: number;
  end: number | null;
  expires: number;
};

/** What a gateway keeps of a slice. `final`: no use draws on it any more, and their records end with this sequence. */
export type SliceStatement = { id: string; amount: Units; final?: number };
/** `need` waits now, `ahead` will be needed soon. */
export type SliceWish = { grant: string; need: Units; ahead: Units };
export type Lease = {
  slices: LeasedSlice[];
  /** Grants of which nothing is left anywhere beyond these slices. */
  exhausted: string[];
  /** What the exchange could still lease, by grant; for the headers. */
  left: Record<string, Partial<Record<QuotaKey, number>>>;
};

export type SliceQuotaOptions = {
  /** The grant on which a line counts. */
  grantOf: (line: string) => string;
  clock: () => number;
  /** Last durable sequence of the meter. */
  lastSequence: () => number;
  waitMs?: number;
  /** For tests only, to show that the suite turns red: serves without looking at the slice. */
  testOnlySabotage?: 'overspend';
};

type Held = LeasedSlice & { spent: Units; open: number; usedAt: number };
type Waiter = {
  amounts: Amounts;
  attempt: () => boolean;
  refuse: () => void;
};
type Account = {
  current: Held | null;
  closing: Held[];
  waiters: Set<Waiter>;
  limited: Units;
  taken: Units;
  rate: Units;
  left: Partial<Record<QuotaKey, number>>;
  exhaustedUntil: number;
};

export const SLICE_DEFAULTS = {
  waitMs: 3000,
  idleMs: 10_000,
  /** How long a limit counts as used up after the exchange has said so: a flood of refusals must not flood it. */
  exhaustedMs: 200,
  aheadSeconds: 2,
} as const;

const none = (): Units => ({ calls: 0, rows: 0, bytes: 0 });
const each = (make: (metric: keyof Units) => number): Units => ({
  calls: make('calls'),
  rows: make('rows'),
  bytes: make('bytes'),
});

/**
 * Counters of a gateway of its own process: each limited grant is used from a slice that the exchange has leased.
 * `reserve` is synchronous on the slice; what it refuses may be had by `reserveLater`, once more has been leased.
 */
export class SliceQuota implements QuotaStore {
  private readonly options: SliceQuotaOptions;
  private readonly accounts = new Map<string, Account>();
  private readonly reservations = new WeakMap<Reservation, { held: Held; settled: boolean }>();
  /** Gives the periods their names and bounds; counts nothing. */
  private readonly calendar = new MemoryQuota();
  private readonly recalled = new Set<string>();
  private ratedAt = 0;
  /** Called when more is wanted, or given back, before the next regular statement. */
  onWish: () => void = () => {};

  constructor(options: SliceQuotaOptions) {
    this.options = options;
  }

  reserve(line: string, plan: Plan, amounts: Amounts, now: number): Reserved {
    const grantId = this.options.grantOf(line);
    const reservation: Reservation = { grantId, held: none(), slots: [] };
    if (plan.quotas.length === 0) return { ok: true, reservation };
    const account = this.account(grantId);
    account.limited = limitedBy(plan);
    const held = this.usable(account, now);
    const refusing = lacking(plan, held, amounts);
    if (refusing && this.options.testOnlySabotage !== 'overspend') return { ok: false, quota: refusing };
    if (!held) return { ok: true, reservation };
    reservation.slice = held.id;
    this.reservations.set(reservation, { held, settled: false });
    held.open += 1;
    this.take(account, held, reservation, amounts);
    if (isLow(account, held)) this.onWish();
    return { ok: true, reservation };
  }

  extend(reservation: Reservation, plan: Plan, more: Amounts): Quota | null {
    const drawn = this.reservations.get(reservation);
    if (!drawn) return null;
    const account = this.account(reservation.grantId);
    const refusing = lacking(plan, drawn.held, more);
    if (refusing) return refusing;
    this.take(account, drawn.held, reservation, more);
    if (isLow(account, drawn.held)) this.onWish();
    return null;
  }

  reserveLater(line: string, plan: Plan, amounts: Amounts, now: number): Promise<Reserved> {
    const account = this.account(this.options.grantOf(line));
    account.limited = limitedBy(plan);
    return this.later(
      account,
      amounts,
      () => this.reserve(line, plan, amounts, now),
      (result) => result.ok,
    );
  }

  extendLater(reservation: Reservation, plan: Plan, more: Amounts): Promise<Quota | null> {
    const account = this.account(reservation.grantId);
    const again = () => this.extend(reservation, plan, more);
    // A slice whose period is over gets no more.
    if (this.reservations.get(reservation)?.held !== account.current) return Promise.resolve(again());
    return this.later(account, more, again, (result) => result === null);
  }

  settle(reservation: Reservation, actual: Units): void {
    const drawn = this.reservations.get(reservation);
    if (!drawn) return;
    for (const metric of METRICS) {
      drawn.held.spent[metric] += actual[metric] - reservation.held[metric];
      reservation.held[metric] = actual[metric];
    }
    if (drawn.settled) return;
    drawn.settled = true;
    drawn.held.open -= 1;
  }

  /** Nothing is known to be used up until the exchange says so; the reservation decides. */
  read(line: string, plan: Plan, now: number): Partial<Record<QuotaKey, number>> {
    const account = this.accounts.get(this.options.grantOf(line));
    if (!account || this.options.clock() >= account.exhaustedUntil || this.usable(account, now)) return {};
    return Object.fromEntries(
      plan.quotas.map(({ metric, period, limit }) => [
        `${metric}:${period}`,
        limit - (account.left[`${metric}:${period}`] ?? limit),
      ]),
    );
  }

  /** As far as this gateway knows: what the exchange counted at the last lease, others' slices as used. */
  slot(line: string, plan: Plan, period: Period, now: number): Slot {
    const grantId = this.options.grantOf(line);
    const slot = { ...this.calendar.slot(grantId, plan, period, now) };
    const account = this.accounts.get(grantId);
    for (const quota of plan.quotas) {
      if (quota.period !== period) continue;
      const here = account?.current ? account.current.amount[quota.metric] - account.current.spent[quota.metric] : 0;
      const left = (account?.left[`${quota.metric}:${period}`] ?? quota.limit) + here;
      slot[quota.metric] = Math.max(0, quota.limit - left);
    }
    return slot;
  }

  /** Give back what is unspent of a grant with the next statement. */
  recall(grant: string): void {
    this.recalled.add(grant);
    this.onWish();
  }

  /** Nothing is used from any slice any more. */
  closeAll(): void {
    for (const account of this.accounts.values()) close(account);
  }

  /** What is kept of every slice from now on; whatever is not stated has been given back. */
  state(): { slices: SliceStatement[]; recalled: string[] } {
    const slices: SliceStatement[] = [];
    const now = this.options.clock();
    for (const [grant, account] of this.accounts) {
      const { current } = account;
      if (current && (isPast(current, now) || (current.open === 0 && now - current.usedAt > SLICE_DEFAULTS.idleMs)))
        close(account);
      if (account.current && this.recalled.has(grant)) giveBack(account.current);
      for (const held of account.closing) giveBack(held);
      if (account.current) slices.push({ id: account.current.id, amount: { ...account.current.amount } });
      for (const { id, amount, open } of account.closing)
        slices.push({ id, amount: { ...amount }, ...(open === 0 ? { final: this.options.lastSequence() } : {}) });
    }
    const recalled = [...this.recalled];
    this.recalled.clear();
    return { slices, recalled };
  }

  wishes(): SliceWish[] {
    this.rateUses();
    const wishes: SliceWish[] = [];
    for (const [grant, account] of this.accounts) {
      const { current, rate, limited, waiters } = account;
      const need = each((metric) => [...waiters].reduce((sum, { amounts }) => sum + (amounts[metric] ?? 0), 0));
      if (waiters.size === 0 && !(current && isLow(account, current))) continue;
      wishes.push({
        grant,
        need: each((metric) => need[metric] * limited[metric]),
        ahead: each((metric) =>
          Math.ceil(Math.max(rate[metric] * SLICE_DEFAULTS.aheadSeconds, need[metric] * 4) * limited[metric]),
        ),
      });
    }
    return wishes;
  }

  /** The exchange's answer to `state` and `wishes`. */
  apply(lease: Lease, stated: readonly SliceStatement[]): void {
    const finals = new Set(stated.filter(({ final }) => final !== undefined).map(({ id }) => id));
    const known = new Set(lease.slices.map(({ id }) => id));
    const unknown = new Set(stated.map(({ id }) => id).filter((id) => !finals.has(id) && !known.has(id)));
    for (const account of this.accounts.values()) {
      account.closing = account.closing.filter(({ id }) => !finals.has(id) && !unknown.has(id));
      // Given up by the operator while this gateway was thought lost.
      if (account.current && unknown.has(account.current.id)) account.current = null;
    }
    for (const slice of lease.slices) this.hold(slice);
    for (const [grant, left] of Object.entries(lease.left)) this.account(grant).left = left;
    for (const [grant, account] of this.accounts) {
      const spent = lease.exhausted.includes(grant);
      for (const waiter of account.waiters) {
        if (!waiter.attempt() && spent) waiter.refuse();
      }
      if (spent) account.exhaustedUntil = this.options.clock() + SLICE_DEFAULTS.exhaustedMs;
    }
  }

  /** Slices held and what is unspent in them, for people and metrics. */
  held(): { grant: string; amount: Units; spent: Units }[] {
    return [...this.accounts.values()].flatMap(({ current, closing }) =>
      [...(current ? [current] : []), ...closing].map(({ grant, amount, spent }) => ({
        grant,
        amount: { ...amount },
        spent: { ...spent },
      })),
    );
  }

  private hold(slice: LeasedSlice): void {
    const account = this.account(slice.grant);
    const { current } = account;
    const known = current?.id === slice.id ? current : account.closing.find(({ id }) => id === slice.id);
    if (known) {
      Object.assign(known, { amount: slice.amount, expires: slice.expires, end: slice.end });
      return;
    }
    close(account);
    account.current = { ...slice, spent: none(), open: 0, usedAt: this.options.clock() };
  }

  private take(account: Account, held: Held, reservation: Reservation, amounts: Amounts): void {
    for (const metric of METRICS) {
      const amount = amounts[metric] ?? 0;
      reservation.held[metric] += amount;
      held.spent[metric] += amount;
      account.taken[metric] += amount;
    }
    held.usedAt = this.options.clock();
  }

  private later<Result>(
    account: Account,
    amounts: Amounts,
    attempt: () => Result,
    good: (result: Result) => boolean,
  ): Promise<Result> {
    return new Promise((resolve, reject) => {
      const end = (act: () => void) => {
        clearTimeout(timer);
        account.waiters.delete(waiter);
        act();
      };
      const waiter: Waiter = {
        amounts,
        attempt: () => {
          const result = attempt();
          if (good(result)) end(() => resolve(result));
          return good(result);
        },
        refuse: () => end(() => resolve(attempt())),
      };
      // Not exhausted but unanswered: the exchange is slow or away, which is no fault of the contract's.
      const timer = setTimeout(
        () => end(() => reject(new GatewayProblem('busy', { headers: { 'retry-after': '1' } }))),
        this.options.waitMs ?? SLICE_DEFAULTS.waitMs,
      );
      account.waiters.add(waiter);
      this.onWish();
    });
  }

  private usable(account: Account, now: number): Held | null {
    const { current } = account;
    if (!current || now < current.start || isPast(current, now) || this.options.clock() >= current.expires) return null;
    return current;
  }

  private rateUses(): void {
    const now = this.options.clock();
    const seconds = (now - this.ratedAt) / 1000;
    if (seconds < 0.05) return;
    this.ratedAt = now;
    for (const account of this.accounts.values()) {
      account.rate = each((metric) => (account.rate[metric] + account.taken[metric] / seconds) / 2);
      account.taken = none();
    }
  }

  private account(grant: string): Account {
    let account = this.accounts.get(grant);
    if (!account) {
      account = {
        current: null,
        closing: [],
        waiters: new Set(),
        limited: none(),
        taken: none(),
        rate: none(),
        left: {},
        exhaustedUntil: 0,
      };
      this.accounts.set(grant, account);
    }
    return account;
  }
}

const isPast = ({ end }: LeasedSlice, now: number): boolean => end !== null && now >= end;

/** 1 for each metric that the plan limits. */
const limitedBy = (plan: Plan): Units => each((metric) => (plan.quotas.some((one) => one.metric === metric) ? 1 : 0));

function lacking(plan: Plan, held: Held | null, amounts: Amounts): Quota | null {
  for (const quota of plan.quotas) {
    const more = amounts[quota.metric] ?? 0;
    const left = held ? held.amount[quota.metric] - held.spent[quota.metric] : 0;
    if (more > 0 && more > left) return quota;
  }
  return null;
}

/** Less than a second's use is left. */
function isLow({ limited, rate }: Account, { amount, spent }: Held): boolean {
  return METRICS.some(
    (metric) => limited[metric] === 1 && rate[metric] > 0 && amount[metric] - spent[metric] < rate[metric],
  );
}

function giveBack(held: Held): void {
  held.amount = each((metric) => Math.min(held.amount[metric], held.spent[metric]));
}

function close(account: Account): void {
  if (account.current) account.closing.push(account.current);
  account.current = null;
}
