import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { plain } from '@shugu/tlog';
import { EvidenceError } from './problem.ts';
import type { Random } from './suites.ts';

export const sealingKeyBytes = 32;

/** Envelope: version 1, 12-byte nonce, ciphertext, 16-byte tag. */
const version = 1;
const nonceBytes = 12;
const tagBytes = 16;

export function newSealingKey(random: Random = randomBytes): Uint8Array {
  return plain(random(sealingKeyBytes));
}

/**
 * AES-256-GCM under a key of one subject, who is forgotten when the caller destroys it. `about` names the place of the field
 * (`people/42/idNumber`) and is authenticated, so that a sealed value can't be moved to another row. With random nonces a
 * key must not seal more than 2^32 values (NIST SP 800-38D section 8.3), which no person's file comes near.
 */
export function seal(input: { key: Uint8Array; about: string; plaintext: Uint8Array; random?: Random }): Uint8Array {
  const nonce = (input.random ?? randomBytes)(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', requireKey(input.key), nonce, { authTagLength: tagBytes });
  cipher.setAAD(associated(input.about));
  const sealed = [Uint8Array.of(version), nonce, cipher.update(input.plaintext), cipher.final(), cipher.getAuthTag()];
  return plain(Buffer.concat(sealed));
}

/** Throws `evidence.sealed-malformed` or, for a wrong key, place or changed byte, `evidence.sealed-wrong-key`. */
export function open(input: { key: Uint8Array; about: string; sealed: Uint8Array }): Uint8Array {
  const { sealed } = input;
  if (sealed.length < 1 + nonceBytes + tagBytes || sealed[0] !== version) {
    throw new EvidenceError('evidence.sealed-malformed', 'not a sealed value of version 1');
  }
  const nonce = sealed.subarray(1, 1 + nonceBytes);
  const decipher = createDecipheriv('aes-256-gcm', requireKey(input.key), nonce, { authTagLength: tagBytes });
  decipher.setAAD(associated(input.about));
  decipher.setAuthTag(sealed.subarray(-tagBytes));
  try {
    const head = decipher.update(sealed.subarray(1 + nonceBytes, -tagBytes));
    return plain(Buffer.concat([head, decipher.final()]));
  } catch {
    throw new EvidenceError('evidence.sealed-wrong-key', 'the key or the place is wrong, or the value was changed');
  }
}

function associated(about: string): Buffer {
  return Buffer.from(`shugu/sealed/1\0${about}`, 'utf8');
}

function requireKey(key: Uint8Array): Uint8Array {
  if (key.length === sealingKeyBytes) return key;
  throw new EvidenceError('evidence.sealed-malformed', `a sealing key has ${sealingKeyBytes} bytes`);
}
