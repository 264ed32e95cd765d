/**
 * Before a limit counts as used up, every gateway that holds an unspent part of it is asked to give that back. One round a
 * grant at a time; whoever asks meanwhile waits for the same round. What a round says holds only of those that answered, and only
 * until they are given more: whoever else holds something is asked in a round of its own. A gateway that has said nothing at all since
 * it was asked is lost, and what it holds stays held until its records are in.
 */

export const recallLimits = { roundMsMax: 2500, scarceMs: 2000 } as const;

interface Round {
  /** Those that hold nothing unspent, or are lost. */
  answered: Set<string>;
  waiting: Set<string>;
  askers: Set<string>;
  startedAt: number;
}

export class Recalls {
  private readonly rounds = new Map<string, Round>();
  /** By grant and asker, who had answered in the round that is over. */
  private readonly over = new Map<string, Map<string, Set<string>>>();
  private readonly lastAt = new Map<string, number>();
  private readonly send: (gateway: string, grant: string) => void;
  private readonly wake: (asker: string, grant: string) => void;

  constructor(send: (gateway: string, grant: string) => void, wake: (asker: string, grant: string) => void) {
    this.send = send;
    this.wake = wake;
  }

  /** The asker did not get all it needs, others hold some: whether that is the last word. `now` is monotonic ms. */
  ask(grant: string, asker: string, holders: readonly string[], now: number): 'exhausted' | 'pending' {
    const answered = this.over.get(grant)?.get(asker);
    this.over.get(grant)?.delete(asker);
    if (answered && holders.every((holder) => answered.has(holder))) return 'exhausted';
    const round = this.rounds.get(grant);
    if (round) {
      round.askers.add(asker);
      return 'pending';
    }
    if (holders.length === 0) return 'exhausted';
    this.rounds.set(grant, {
      answered: new Set(),
      waiting: new Set(holders),
      askers: new Set([asker]),
      startedAt: now,
    });
    this.lastAt.set(grant, now);
    for (const holder of holders) this.send(holder, grant);
    return 'pending';
  }

  /** The asker has what it needs: an earlier round says nothing about its next need. */
  met(grant: string, asker: string): void {
    this.over.get(grant)?.delete(asker);
  }

  /** What it had not spent has been given back. */
  answered(grant: string, holder: string): void {
    const round = this.rounds.get(grant);
    if (!round?.waiting.delete(holder)) return;
    round.answered.add(holder);
    if (round.waiting.size === 0) this.end(grant, round);
  }

  /** It holds more than when it answered. */
  given(grant: string, holder: string): void {
    this.rounds.get(grant)?.answered.delete(holder);
    for (const answered of this.over.get(grant)?.values() ?? []) answered.delete(holder);
  }

  gone(gateway: string): void {
    for (const [grant, round] of [...this.rounds])
      if (round.waiting.delete(gateway) && round.waiting.size === 0) this.end(grant, round);
  }

  /** Taking ahead of use makes no sense where others have just been asked to give back. */
  isScarce(grant: string, now: number): boolean {
    const at = this.lastAt.get(grant);
    if (at === undefined) return false;
    if (now - at < recallLimits.scarceMs) return true;
    if (!this.rounds.has(grant)) this.lastAt.delete(grant);
    return false;
  }

  /** Nobody waits longer for a round. Those that speak, but have not been able to answer, are asked again. */
  endLate(now: number, isSilent: (gateway: string) => boolean): void {
    for (const [grant, round] of [...this.rounds]) {
      if (now - round.startedAt <= recallLimits.roundMsMax) continue;
      for (const holder of round.waiting) if (isSilent(holder)) round.answered.add(holder);
      this.end(grant, round);
    }
  }

  private end(grant: string, round: Round): void {
    this.rounds.delete(grant);
    const over = this.over.get(grant) ?? new Map<string, Set<string>>();
    this.over.set(grant, over);
    for (const asker of round.askers) {
      over.set(asker, round.answered);
      this.wake(asker, grant);
    }
  }
}
