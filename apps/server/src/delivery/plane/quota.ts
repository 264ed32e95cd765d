import { MemoryQuota, type Reservation, type Slot, type UseRecord } from '@shugu/gateway';
import { PERIODS, type Period, type Plan, type QuotaKey } from '@shugu/policy';
import { grantOfLine } from '../../metering/index.ts';

/**
 * Exact counters of grants. The gateway knows each path of a grant as a line of its own; the contract's limits hold for all
 * of them together, so every line counts on its grant.
 */
export class GrantQuota extends MemoryQuota {
  override reserve(line: string, plan: Plan, amounts: Parameters<MemoryQuota['reserve']>[2], now: number) {
    return super.reserve(grantOfLine(line), plan, amounts, now);
  }

  override read(line: string, plan: Plan, now: number): Partial<Record<QuotaKey, number>> {
    return super.read(grantOfLine(line), plan, now);
  }

  override slot(line: string, plan: Plan, period: Period, now: number): Slot {
    return super.slot(grantOfLine(line), plan, period, now);
  }

  /** Adds a correction to the periods, among the present ones, in which the corrected use counted. */
  correct({ grant, at, units }: UseRecord, plan: Plan, now: number): void {
    const slots = PERIODS.map((period) => this.slot(grant, plan, period, now)).filter(({ start }) => at >= start);
    const reservation: Reservation = { grantId: grantOfLine(grant), held: { calls: 0, rows: 0, bytes: 0 }, slots };
    this.settle(reservation, units);
  }
}
