import { randomBytes, scrypt } from 'node:crypto';
import { decodeBase64, encodeBase64, plain } from '@shugu/tlog';
import { canonicalBytes, readJson } from './canonical.ts';
import { open, seal, sealingKeyBytes } from './fields.ts';
import { type PrivateKey, privateKeyFrom } from './keys.ts';
import { EvidenceError } from './problem.ts';
import { isSuiteName, type Random } from './suites.ts';

/** What opens a key file: a person's passphrase, or 32 bytes that a secret store keeps. */
export type Unlock = { readonly passphrase: string } | { readonly key: Uint8Array };

/** RFC 7914. 2^17·8·128 bytes are 128 MiB and about half a second, once a start; a file may ask for no more than twice that. */
export const scryptCost = { N: 131_072, r: 8, p: 1 } as const;
const scryptNMax = 262_144;
export const sealedKeyBytesMax = 4096;

type Kdf = { name: 'none' } | { name: 'scrypt'; N: number; r: number; p: number; salt: string };

/** A JSON file `shugu-sealed-key`; everything in it is authenticated by the seal. */
export async function sealKey(
  key: PrivateKey,
  unlock: Unlock,
  options: { random?: Random; N?: number } = {},
): Promise<Uint8Array> {
  const { random = randomBytes, N = scryptCost.N } = options;
  const kdf: Kdf =
    'key' in unlock ? { name: 'none' } : { ...scryptCost, name: 'scrypt', N, salt: encodeBase64(random(16)) };
  const header = {
    format: 'shugu-sealed-key',
    version: 1,
    suite: key.suite,
    keyId: key.publicKey.keyId,
    cipher: 'aes-256-gcm',
    kdf,
  };
  const sealingKey = await deriveKey(kdf, unlock);
  const sealed = seal({ key: sealingKey, about: aboutHeader(header), plaintext: key.secret, random });
  return canonicalBytes({ ...header, sealed: encodeBase64(sealed) });
}

/** Throws `evidence.sealed-malformed` or `evidence.sealed-wrong-key`. */
export async function openKey(file: Uint8Array, unlock: Unlock): Promise<PrivateKey> {
  const { sealed, ...header } = readFile(file);
  const key = await deriveKey(header.kdf, unlock);
  const secret = open({ key, about: aboutHeader(header), sealed: decodeBase64(sealed) });
  const opened = privateKeyFrom(header.suite, secret);
  if (opened.publicKey.keyId === header.keyId) return opened;
  throw new EvidenceError('evidence.sealed-malformed', 'the file holds another key than it says');
}

function aboutHeader(header: object): string {
  return `key-file/${Buffer.from(canonicalBytes(header)).toString('utf8')}`;
}

async function deriveKey(kdf: Kdf, unlock: Unlock): Promise<Uint8Array> {
  if (kdf.name === 'none' && 'key' in unlock && unlock.key.length === sealingKeyBytes) return unlock.key;
  if (kdf.name !== 'scrypt' || !('passphrase' in unlock) || unlock.passphrase === '') {
    throw new EvidenceError(
      'evidence.sealed-wrong-key',
      'this key file opens with a passphrase or a 32-byte key, as it says',
    );
  }
  const { N, r, p } = kdf;
  // NFC, or the same passphrase typed on another system would be other bytes.
  const passphrase = unlock.passphrase.normalize('NFC');
  return new Promise((resolve, reject) => {
    const options = { N, r, p, maxmem: 256 * N * r };
    scrypt(passphrase, decodeBase64(kdf.salt), sealingKeyBytes, options, (error, key) =>
      error ? reject(error) : resolve(plain(key)),
    );
  });
}

function readFile(file: Uint8Array) {
  const value = file.length <= sealedKeyBytesMax ? readJson(file) : null;
  const { format, version, suite, keyId, cipher, kdf, sealed, ...rest } = (value ?? {}) as Record<string, unknown>;
  const known = format === 'shugu-sealed-key' && version === 1 && cipher === 'aes-256-gcm';
  if (
    !known ||
    !isSuiteName(suite) ||
    typeof keyId !== 'string' ||
    typeof sealed !== 'string' ||
    Object.keys(rest).length
  ) {
    throw new EvidenceError('evidence.sealed-malformed', 'not a key file of format shugu-sealed-key, version 1');
  }
  return { format, version, suite, keyId, cipher, kdf: readKdf(kdf), sealed };
}

function readKdf(value: unknown): Kdf {
  const { name, N, r, p, salt, ...rest } = (value ?? {}) as Record<string, unknown>;
  if (name === 'none') return { name };
  const costly = typeof N === 'number' && N >= 2 && N <= scryptNMax && Math.log2(N) % 1 === 0 && r === 8 && p === 1;
  if (name !== 'scrypt' || !costly || typeof salt !== 'string' || Object.keys(rest).length) {
    throw new EvidenceError('evidence.sealed-malformed', 'the key derivation of this file is not accepted');
  }
  return { name, N, r, p, salt };
}
