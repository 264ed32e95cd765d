/**
 * Before a limit counts as used up, every gateway that holds an unspent part of it is asked to give that back. One round a
 * grant at a time; whoever asks meanwhile waits for the same round. A gateway that does not answer in time is lost, and what it
 * holds stays held until its records are in. What a round says holds only of those that were asked: who came back while it ran, and
 * holds something, is asked in a round of its own.
 */

export const recallLimits = { roundMsMax: 2500, scarceMs: 2000 } as const;

interface Round {
  asked: ReadonlySet<string>;
  waiting: Set<string>;
  askers: Set<string>;
  startedAt: number;
}

export class Recalls {
  private readonly rounds = new Map<string, Round>();
  /** By grant and asker, who had been asked in the round that is over. */
  private readonly over = new Map<string, Map<string, ReadonlySet<string>>>();
  private readonly lastAt = new Map<string, number>();
  private readonly send: (gateway: string, grant: string) => void;
  private readonly wake: (asker: string, grant: string) => void;

  constructor(send: (gateway: string, grant: string) => void, wake: (asker: string, grant: string) => void) {
    this.send = send;
    this.wake = wake;
  }

  /** The asker did not get all it needs, others hold some: whether that is the last word. `now` is monotonic ms. */
  ask(grant: string, asker: string, holders: readonly string[], now: number): 'exhausted' | 'pending' {
    const asked = this.over.get(grant)?.get(asker);
    this.over.get(grant)?.delete(asker);
    if (asked && holders.every((holder) => asked.has(holder))) return 'exhausted';
    const round = this.rounds.get(grant);
    if (round) {
      round.askers.add(asker);
      return 'pending';
    }
    if (holders.length === 0) return 'exhausted';
    const asking = new Set(holders);
    this.rounds.set(grant, { asked: asking, waiting: new Set(asking), askers: new Set([asker]), startedAt: now });
    this.lastAt.set(grant, now);
    for (const holder of holders) this.send(holder, grant);
    return 'pending';
  }

  /** The asker has what it needs: an earlier round says nothing about its next need. */
  met(grant: string, asker: string): void {
    this.over.get(grant)?.delete(asker);
  }

  answered(grant: string, holder: string): void {
    const round = this.rounds.get(grant);
    if (round?.waiting.delete(holder) && round.waiting.size === 0) this.end(grant, round);
  }

  gone(gateway: string): void {
    for (const grant of [...this.rounds.keys()]) this.answered(grant, gateway);
  }

  /** Taking ahead of use makes no sense where others have just been asked to give back. */
  isScarce(grant: string, now: number): boolean {
    const at = this.lastAt.get(grant);
    if (at === undefined) return false;
    if (now - at < recallLimits.scarceMs) return true;
    if (!this.rounds.has(grant)) this.lastAt.delete(grant);
    return false;
  }

  endLate(now: number): void {
    for (const [grant, round] of [...this.rounds])
      if (now - round.startedAt > recallLimits.roundMsMax) this.end(grant, round);
  }

  private end(grant: string, round: Round): void {
    this.rounds.delete(grant);
    const over = this.over.get(grant) ?? new Map<string, ReadonlySet<string>>();
    this.over.set(grant, over);
    for (const asker of round.askers) {
      over.set(asker, round.asked);
      this.wake(asker, grant);
    }
  }
}
