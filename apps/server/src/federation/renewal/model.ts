/** Words of token renewal (HTTP transfer profile, “Token Renewal”): what we have given as provider, what we renew as consumer. */

/** The refresh token of a transfer that holds; itself it is nowhere kept. */
export interface GivenToken {
  process: string;
  participant: string;
  digest: string;
  access_digest: string;
  /** Of the one that it was given for, which stays good until this one is used: its answer may have been lost. */
  before_digest: string | null;
  before_access_digest: string | null;
  renewals: number;
  given_at: Date;
}

/** Of a data address that somebody gave us. */
export interface Renewal {
  process: string;
  participant: string;
  digest: string;
  expires_at: Date;
  due_at: Date | null;
  attempts: number;
  fault: string | null;
}

/** Below the root of a participant's addresses. */
export const TOKEN_PATH = '/token';

export const renewalLimits = {
  bodyBytesMax: 32_768,
  answerBytesMax: 65_536,
  patienceSeconds: 10,
  /** Between two renewals of one transfer: sooner is too fast. */
  apartSeconds: 10,
  /** A proof of who asks is good for so long. */
  proofSeconds: 60,
  /** Tries of one renewal before a person is asked; the pause between them grows to five minutes. */
  attemptsMax: 100,
  /** Renewed in one turn. */
  perTurn: 50,
} as const;
