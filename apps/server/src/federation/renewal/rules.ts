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

/** The access token that a refresh token came with, as a digest; `again`: it has renewed before, and nobody has used what it renewed to. */
export const heldBy = (
  given: GivenToken | undefined,
  digest: string,
): { access: string; again: boolean } | undefined => {
  if (given?.digest === digest) return { access: given.access_digest, again: false };
  return given?.before_digest === digest ? { access: given.before_access_digest!, again: true } : undefined;
};

/**
 * A refresh token renews for the consumer that it was given to, with the access token that it came with, while the transfer runs
 * and its agreement stands: once, and again until the one that it renewed to is used, since the answer may have been lost (RFC 6749 6
 * leaves it open when the old one ends). Undefined: it does. All that is wrong is told alike.
 */
export const refreshFault = (
  process: Pick<Process, 'state' | 'side' | 'counterparty'>,
  given: GivenToken | undefined,
  { asked, agreed, now }: { asked: Asked; agreed: boolean; now: Date },
): RefreshFault | undefined => {
  const held = process.side === 'provider' ? heldBy(given, asked.digest) : undefined;
  const its =
    asked.name === process.counterparty &&
    (asked.accessToken === undefined || digestOfToken(asked.accessToken) === held?.access);
  if (!given || !held || !its || process.state !== 'STARTED' || !agreed) return { error: 'invalid_grant' };
  const wait = limits.apartSeconds - Math.floor((now.getTime() - given.given_at.getTime()) / 1000);
  return wait > 0 ? { error: 'slow_down', retryAfter: wait } : undefined;
};

/** After half of its life: the other half is for tries that fail, and for clocks and lines that are slow. */
export const renewAt = (expiresAt: Date, expiresIn: number): Date =>
  new Date(expiresAt.getTime() - (expiresIn * 1000) / 2);
