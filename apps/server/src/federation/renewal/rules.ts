/** When an access token is renewed, and whether it may be. Pure. */
import { createHash } from 'node:crypto';
import type { Process } from '../model.ts';
import { type GivenToken, renewalLimits as limits } from './model.ts';

export const digestOfToken = (token: string): string => createHash('sha256').update(token).digest('hex');

/** As RFC 6749 5.2 names it, and `slow_down` for what comes too fast. */
export type RefreshFault = { error: 'invalid_grant' } | { error: 'slow_down'; retryAfter: number };

export interface Asked {
  /** SHA-256 of the refresh token shown. */
  digest: string;
  /** Whoever has proved to be the one asking. */
  name: string;
  /** The access token that the proof names, where its kind names one. */
  accessToken: string | undefined;
}

/**
 * A refresh token renews once, for the consumer that it was given to, with the access token that it came with, while the transfer runs
 * and its agreement stands. Undefined: it does. All that is wrong is told alike.
 */
export const refreshFault = (
  process: Pick<Process, 'state' | 'side' | 'counterparty'>,
  given: GivenToken | undefined,
  { asked, agreed, now }: { asked: Asked; agreed: boolean; now: Date },
): RefreshFault | undefined => {
  const holds = given !== undefined && given.digest === asked.digest && process.side === 'provider';
  const its =
    asked.name === process.counterparty &&
    (asked.accessToken === undefined || digestOfToken(asked.accessToken) === given?.access_digest);
  if (!holds || !its || process.state !== 'STARTED' || !agreed) return { error: 'invalid_grant' };
  const wait = limits.apartSeconds - Math.floor((now.getTime() - given.given_at.getTime()) / 1000);
  return wait > 0 ? { error: 'slow_down', retryAfter: wait } : undefined;
};

/** After half of its life: the other half is for tries that fail, and for clocks and lines that are slow. */
export const renewAt = (expiresAt: Date, expiresIn: number): Date =>
  new Date(expiresAt.getTime() - (expiresIn * 1000) / 2);
