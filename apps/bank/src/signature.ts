import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** Header names of a signed message, both directions: requests to the bank and its callbacks. */
export const signatureHeaders = {
  date: 'x-bank-date',
  nonce: 'x-bank-nonce',
  signature: 'x-bank-signature',
} as const;

/** A message older or newer than this is refused, so that a recorded one cannot be replayed later. */
export const signatureAgeMsMax = 5 * 60 * 1000;
export const noncePattern = /^[A-Za-z0-9_-]{16,64}$/;

export interface SignedParts {
  method: string;
  /** Path with query, as sent. */
  path: string;
  /** ISO instant. */
  date: string;
  nonce: string;
  body: string;
}

/** HMAC-SHA256 over method, path, date, nonce and the hash of the body, one per line; hex. */
export function signatureOf(key: Buffer, { method, path, date, nonce, body }: SignedParts): string {
  const bodyHash = createHash('sha256').update(body).digest('hex');
  return createHmac('sha256', key).update([method, path, date, nonce, bodyHash].join('\n')).digest('hex');
}

export function signedHeaders(key: Buffer, parts: SignedParts): Record<string, string> {
  return {
    [signatureHeaders.date]: parts.date,
    [signatureHeaders.nonce]: parts.nonce,
    [signatureHeaders.signature]: signatureOf(key, parts),
  };
}

export type HeaderReader = (name: string) => string | undefined;

/** True when the message carries a fresh, correct signature. Nonces are the caller's to remember. */
export function verifySignature(
  key: Buffer,
  message: { method: string; path: string; body: string; header: HeaderReader },
  nowMs: number,
): boolean {
  const date = message.header(signatureHeaders.date) ?? '';
  const nonce = message.header(signatureHeaders.nonce) ?? '';
  const given = Buffer.from(message.header(signatureHeaders.signature) ?? '', 'hex');
  const age = Math.abs(nowMs - Date.parse(date));
  if (!(age <= signatureAgeMsMax) || !noncePattern.test(nonce)) return false;
  const expected = Buffer.from(signatureOf(key, { ...message, date, nonce }), 'hex');
  return given.length === expected.length && timingSafeEqual(given, expected);
}
