import {
  type Amounts,
  MemoryQuota,
  type Reservation,
  type Reserved,
  type Slot,
  type Units,
  type UseRecord,
} from '@shugu/gateway';
import { PERIODS, type Period, type Plan, type Quota, type QuotaKey } from '@shugu/policy';
import { type Counted, type CounterChange, grantOfLine } from '../../metering/index.ts';

const metrics = ['calls', 'rows', 'bytes'] as const;
const planOfZone = (timeZone: string) => ({ timeZone, quotas: [] }) as unknown as Plan;

/**
 * Exact counters of grants. The gateway knows each path of a grant as a line of its own; the contract's limits hold for all
 * of them together, so every line counts on its grant. What is leased to gateways of their own process is counted here from the
 * moment it is leased: this is the one place that knows all of it.
 */
export class GrantQuota extends MemoryQuota {
  /** What open slices amount to, by grant: counted, though not all of it is used. */
  private readonly leased = new Map<string, Units>();
  /** The same by source and slice, to be held against the database when an outage leaves a change in doubt. */
  private readonly slices = new Map<string, Map<string, Counted>>();
  /** Asks other gateways for what they have not spent, and attempts again until that is enough or nothing is left. */
  recall: (grant: string, attempt: () => boolean) => Promise<void> = async () => undefined;

  override reserve(line: string, plan: Plan, amounts: Amounts, now: number) {
    return super.reserve(grantOfLine(line), plan, amounts, now);
  }

  /** What is leased may come back, so the decision does not count it; the reservation does. */
  override read(line: string, plan: Plan, now: number): Partial<Record<QuotaKey, number>> {
    const grant = grantOfLine(line);
    const used = super.read(grant, plan, now);
    const leased = this.leased.get(grant);
    if (leased)
      for (const { metric, period } of plan.quotas) {
        const key: QuotaKey = `${metric}:${period}`;
        used[key] = Math.max(0, (used[key] ?? 0) - leased[metric]);
      }
    return used;
  }

  override slot(line: string, plan: Plan, period: Period, now: number): Slot {
    return super.slot(grantOfLine(line), plan, period, now);
  }

  async reserveLater(line: string, plan: Plan, amounts: Amounts, now: number): Promise<Reserved> {
    let result = this.reserve(line, plan, amounts, now);
    const attempt = () => {
      result = this.reserve(line, plan, amounts, now);
      return result.ok;
    };
    if (!result.ok && this.isLeased(line)) await this.recall(grantOfLine(line), attempt);
    return result;
  }

  async extendLater(reservation: Reservation, plan: Plan, more: Amounts): Promise<Quota | null> {
    let refusing = this.extend(reservation, plan, more);
    const attempt = () => {
      refusing = this.extend(reservation, plan, more);
      return refusing === null;
    };
    if (refusing && this.isLeased(reservation.grantId)) await this.recall(reservation.grantId, attempt);
    return refusing;
  }

  /** What no use and no slice has taken, of each metric that the plan limits; nothing of the others. */
  left(grant: string, plan: Plan, now: number): Units {
    const of = (metric: (typeof metrics)[number]) => {
      const limits = plan.quotas.filter((quota) => quota.metric === metric);
      return Math.max(
        0,
        Math.min(...limits.map(({ period, limit }) => limit - super.slot(grant, plan, period, now)[metric])),
      );
    };
    const limited = (metric: string) => plan.quotas.some((quota) => quota.metric === metric);
    return {
      calls: limited('calls') ? of('calls') : 0,
      rows: limited('rows') ? of('rows') : 0,
      bytes: limited('bytes') ? of('bytes') : 0,
    };
  }

  /** Takes it from everybody else; false when it is not there. */
  lease(
    slice: { id: string; source: string },
    grant: string,
    { plan, more, now }: { plan: Plan; more: Units; now: number },
  ): boolean {
    if (!super.reserve(grant, plan, more, now).ok) return false;
    this.addLeased(grant, more);
    this.addSlice(slice, { grant, at: now, timeZone: plan.timeZone, amount: more });
    return true;
  }

  /** What is counted as leased to a source, by slice. */
  leasedTo(source: string): ReadonlyMap<string, Counted> {
    return this.slices.get(source) ?? new Map();
  }

  /** What is counted as leased of a grant, by slice. */
  leasedOf(grant: string): { id: string; source: string; amount: Units }[] {
    return [...this.slices].flatMap(([source, slices]) =>
      [...slices].flatMap(([id, counted]) => (counted.grant === grant ? [{ id, source, amount: counted.amount }] : [])),
    );
  }

  /** Adds a change to those of the present periods that hold its instant. */
  change({ grant, at, timeZone, units, leased, slice }: CounterChange, now: number): void {
    const plan = planOfZone(timeZone);
    const slots = PERIODS.map((period) => super.slot(grant, plan, period, now)).filter(({ start }) => at >= start);
    const reservation: Reservation = { grantId: grant, held: { calls: 0, rows: 0, bytes: 0 }, slots };
    this.settle(reservation, units);
    this.addLeased(grant, leased);
    if (slice) this.addSlice(slice, { grant, at, timeZone, amount: leased });
  }

  /** Adds a correction to the periods, among the present ones, in which the corrected use counted. */
  correct({ grant, at, units }: UseRecord, plan: Plan, now: number): void {
    const leased = { calls: 0, rows: 0, bytes: 0 };
    this.change({ grant: grantOfLine(grant), at, timeZone: plan.timeZone, units, leased }, now);
  }

  private isLeased(line: string): boolean {
    const leased = this.leased.get(grantOfLine(line));
    return leased !== undefined && metrics.some((metric) => leased[metric] > 0);
  }

  private addLeased(grant: string, more: Units): void {
    this.leased.set(grant, sumOf(this.leased.get(grant), more));
  }

  private addSlice({ id, source }: { id: string; source: string }, more: Counted): void {
    const slices = this.slices.get(source) ?? new Map<string, Counted>();
    this.slices.set(source, slices);
    const amount = sumOf(slices.get(id)?.amount, more.amount);
    if (metrics.some((metric) => amount[metric] !== 0)) slices.set(id, { ...more, ...slices.get(id), amount });
    else slices.delete(id);
  }
}

const sumOf = (one: Units = { calls: 0, rows: 0, bytes: 0 }, other: Units): Units => ({
  calls: one.calls + other.calls,
  rows: one.rows + other.rows,
  bytes: one.bytes + other.bytes,
});
