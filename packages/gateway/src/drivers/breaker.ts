import { GatewayProblem } from '../problem.ts';

export const BREAKER_LIMITS = {
  /** So many failures in a row, and the upstream is left alone. */
  failuresMax: 5,
  pauseMs: 10_000,
  upstreamsMax: 10_000,
} as const;

type Circuit = { failures: number; pausedUntil: number; probing: boolean };

/**
 * A circuit breaker for each upstream: one that keeps failing is not asked for a while, so that callers are told at once and
 * it can recover; then a single call tries. Only what shows that nobody answers counts, not an answer that is an error: a
 * buyer could otherwise close an upstream to all by asking for nonsense. `timer` in ms, monotonic.
 */
export class Breaker {
  private readonly circuits = new Map<string, Circuit>();
  private readonly timer: () => number;

  constructor(timer: () => number) {
    this.timer = timer;
  }

  /** Throws `upstreamPaused` with Retry-After while the upstream is left alone. */
  admit(upstream: string): void {
    const circuit = this.circuits.get(upstream);
    if (!circuit || circuit.failures < BREAKER_LIMITS.failuresMax) return;
    const waitMs = circuit.pausedUntil - this.timer();
    if (waitMs > 0 || circuit.probing) {
      const seconds = Math.max(1, Math.ceil(waitMs / 1000));
      throw new GatewayProblem('upstreamPaused', { headers: { 'retry-after': String(seconds) } });
    }
    circuit.probing = true;
  }

  /** How an upstream stands: failures in a row, and for how long it is left alone yet. */
  standing(upstream: string): { failures: number; pausedMs: number } {
    const circuit = this.circuits.get(upstream);
    if (!circuit) return { failures: 0, pausedMs: 0 };
    const paused = circuit.failures >= BREAKER_LIMITS.failuresMax;
    return { failures: circuit.failures, pausedMs: paused ? Math.max(0, circuit.pausedUntil - this.timer()) : 0 };
  }

  /** Upstreams that are left alone or have not answered since. */
  paused(): number {
    return [...this.circuits.values()].filter(({ failures }) => failures >= BREAKER_LIMITS.failuresMax).length;
  }

  /** How an admitted call ended. `failed`: nobody answered; null: it says nothing, as when the client left. */
  settle(upstream: string, failed: boolean | null): void {
    const circuit = this.circuits.get(upstream);
    if (failed === null) {
      if (circuit) circuit.probing = false;
    } else if (!failed) {
      if (circuit) this.circuits.delete(upstream);
    } else {
      if (!circuit && this.circuits.size >= BREAKER_LIMITS.upstreamsMax) this.circuits.clear();
      const failures = (circuit?.failures ?? 0) + 1;
      this.circuits.set(upstream, { failures, pausedUntil: this.timer() + BREAKER_LIMITS.pauseMs, probing: false });
    }
  }
}
