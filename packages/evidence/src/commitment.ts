import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { plain } from '@shugu/tlog';
import { canonicalBytes, canonicalBytesMax, canonicalDepthMax } from './canonical.ts';
import { inContext } from './contexts.ts';
import { EvidenceError } from './problem.ts';
import { type Random, type SuiteName, suite } from './suites.ts';

/** As long as the hash: the salt alone hides a record that could be guessed, such as a price. */
export const saltBytes = 32;

/**
 * HMAC(salt, "shugu/commitment/1" 0x00 {"kind", "record"}) with the suite's hash: binding, since the salt has one fixed
 * length; hiding, while the salt is kept; erased, once it is destroyed. Give `salt` only to recompute.
 */
export function commit(input: {
  suite: SuiteName;
  kind: string;
  record: unknown;
  salt?: Uint8Array;
  random?: Random;
}): { salt: Uint8Array; commitment: Uint8Array } {
  const salt = input.salt ?? plain((input.random ?? randomBytes)(saltBytes));
  if (salt.length !== saltBytes) throw new EvidenceError('evidence.salt', `a salt has ${saltBytes} bytes`);
  // The wrapping must not refuse a record that is itself within the limits.
  const limits = { bytesMax: canonicalBytesMax + 1024, depthMax: canonicalDepthMax + 1 };
  const message = inContext('commitment', canonicalBytes({ kind: input.kind, record: input.record }, limits));
  const commitment = plain(createHmac(suite(input.suite).hash.name, salt).update(message).digest());
  return { salt, commitment };
}

export function verifyCommitment(input: {
  suite: SuiteName;
  kind: string;
  record: unknown;
  salt: Uint8Array;
  commitment: Uint8Array;
}): boolean {
  if (input.salt.length !== saltBytes || input.commitment.length !== 32) return false;
  return timingSafeEqual(commit(input).commitment, input.commitment);
}
