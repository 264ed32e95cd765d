import {
  cosignatureVerifier,
  cosigner,
  ed25519CosignatureType,
  ed25519NoteType,
  formatVkey,
  type NoteSigner,
  type NoteVerifier,
  noteKeyHash,
  parseVkey,
} from '@shugu/tlog';
import { type PublicKey, publicKeyFrom } from './keys.ts';
import { EvidenceError } from './problem.ts';
import { type Signer, verifySignature } from './signer.ts';
import type { SuiteName } from './suites.ts';

/**
 * Key material of C2SP notes by suite and use: type byte(s), then the raw public key. C2SP has assigned no byte to SM2, so
 * ours is 0xff and a name, as the specification advises. An SM2 note signature is DER over the note text; an SM2
 * cosignature has the C2SP form (8-byte time, signature over the `cosignature/v1` message).
 */
const noteTypes: Record<SuiteName, Record<NoteUse, Uint8Array>> = {
  intl: { log: Uint8Array.of(ed25519NoteType), witness: Uint8Array.of(ed25519CosignatureType) },
  sm: { log: named('shugu-sm2-sm3'), witness: named('shugu-sm2-sm3-cosignature') },
};

export type NoteUse = 'log' | 'witness';

function named(identifier: string): Uint8Array {
  return Uint8Array.of(0xff, ...new TextEncoder().encode(identifier));
}

function keyMaterial(key: PublicKey, use: NoteUse): Uint8Array {
  return Uint8Array.of(...noteTypes[key.suite][use], ...key.bytes);
}

export function vkeyOf(name: string, key: PublicKey, use: NoteUse = 'log'): string {
  return formatVkey(name, keyMaterial(key, use));
}

/** A log signs its checkpoints with this; `name` is the log's origin. */
export function checkpointSigner(name: string, signer: Signer): NoteSigner {
  return { name, keyHash: noteKeyHash(name, keyMaterial(signer.publicKey, 'log')), sign: (text) => signer.sign(text) };
}

/** A witness's signer for one moment. */
export function witnessSigner(name: string, signer: Signer, timeSeconds: number): NoteSigner {
  const sign = (message: Uint8Array) => signer.sign(message);
  return cosigner({ name, keyMaterial: keyMaterial(signer.publicKey, 'witness'), timeSeconds, sign });
}

export type KnownVerifier = NoteVerifier & { readonly use: NoteUse; readonly publicKey: PublicKey };

/** Reads a vkey of either suite and use. Throws `evidence.key-malformed` or `tlog.key-malformed`. */
export function verifierOf(vkey: string): KnownVerifier {
  const { name, keyHash, keyMaterial: material } = parseVkey(vkey);
  for (const suiteName of ['intl', 'sm'] as const) {
    for (const use of ['log', 'witness'] as const) {
      const type = noteTypes[suiteName][use];
      const size = suiteName === 'intl' ? 32 : 65;
      if (material.length !== type.length + size || Buffer.compare(material.subarray(0, type.length), type) !== 0)
        continue;
      const publicKey = publicKeyFrom(suiteName, material.slice(type.length));
      const raw = {
        name,
        keyHash,
        verify: (text: Uint8Array, signature: Uint8Array) => verifySignature(publicKey, text, signature),
      };
      return { ...(use === 'log' ? raw : cosignatureVerifier(raw)), use, publicKey };
    }
  }
  throw new EvidenceError('evidence.key-malformed', `the key of ${name} is of no known type`);
}
