import * as crypto from 'node:crypto';
import { TlogError } from './problem.ts';

const spkiPrefix = Buffer.from('302a300506032b6570032100', 'hex');

/** RFC 8410 wrapping of a raw 32-byte public key. Throws `tlog.key-malformed`. */
export function ed25519PublicKey(raw: Uint8Array): crypto.KeyObject {
  if (raw.length !== 32) throw new TlogError('tlog.key-malformed', 'an Ed25519 public key has 32 bytes');
  return crypto.createPublicKey({ key: Buffer.concat([spkiPrefix, raw]), format: 'der', type: 'spki' });
}

/** OpenSSL refuses S not below the group order and compares R byte by byte, so a signature has one form only. */
export function ed25519Verify(key: crypto.KeyObject, message: Uint8Array, signature: Uint8Array): boolean {
  return signature.length === 64 && crypto.verify(null, message, key, signature);
}
