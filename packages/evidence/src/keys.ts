import { randomBytes } from 'node:crypto';
import { plain } from '@shugu/tlog';
import { inContext } from './contexts.ts';
import { EvidenceError } from './problem.ts';
import { isSuiteName, type Random, type SuiteName, suite } from './suites.ts';

/** `bytes`: raw, see `Suite`. `keyId`: `<suite>:<hex>`, the suite's hash of the raw key in its own context. */
export type PublicKey = { readonly suite: SuiteName; readonly keyId: string; readonly bytes: Uint8Array };
export type PrivateKey = { readonly suite: SuiteName; readonly publicKey: PublicKey; readonly secret: Uint8Array };

/** JWK-like: `OKP`/`Ed25519` as RFC 8037 has it; `EC`/`SM2`, for which no RFC exists, in the same manner. */
export type PublicJwk =
  | { readonly kty: 'OKP'; readonly crv: 'Ed25519'; readonly x: string }
  | { readonly kty: 'EC'; readonly crv: 'SM2'; readonly x: string; readonly y: string };

export const keyIdShape = /^(?:intl|sm):[0-9a-f]{64}$/;

/** `random` stands for tests and hardware sources; it must be a cryptographic generator. */
export function generateKey(name: SuiteName, random: Random = randomBytes): PrivateKey {
  return privateKeyFrom(name, plain(suite(name).newSecret(random)));
}

/** Throws `evidence.key-malformed`. */
export function privateKeyFrom(name: SuiteName, secret: Uint8Array): PrivateKey {
  if (!suite(name).secretValid(secret))
    throw new EvidenceError('evidence.key-malformed', `not a secret of suite ${name}`);
  return { suite: name, publicKey: publicKeyFrom(name, suite(name).publicKeyOf(secret)), secret };
}

/** Refuses points off the curve, of small order or in another encoding. Throws `evidence.key-malformed`. */
export function publicKeyFrom(name: SuiteName, bytes: Uint8Array): PublicKey {
  if (!isSuiteName(name) || !suite(name).publicKeyValid(bytes)) {
    throw new EvidenceError('evidence.key-malformed', `not a public key of suite ${name}`);
  }
  const digest = suite(name).hash.digest(inContext('keyId', bytes));
  return { suite: name, keyId: `${name}:${Buffer.from(digest).toString('hex')}`, bytes };
}

export function publicJwk(key: PublicKey): PublicJwk {
  const part = (from: number, to?: number) => Buffer.from(key.bytes.subarray(from, to)).toString('base64url');
  return key.suite === 'intl'
    ? { kty: 'OKP', crv: 'Ed25519', x: part(0) }
    : { kty: 'EC', crv: 'SM2', x: part(1, 33), y: part(33) };
}

/** Exactly the members of `publicJwk`, in canonical base64url. Throws `evidence.key-malformed`. */
export function publicKeyFromJwk(jwk: unknown): PublicKey {
  const { kty, crv, x, y, ...rest } = (jwk ?? {}) as Record<string, unknown>;
  if (Object.keys(rest).length === 0) {
    if (kty === 'OKP' && crv === 'Ed25519' && y === undefined) return publicKeyFrom('intl', coordinate(x));
    if (kty === 'EC' && crv === 'SM2') {
      return publicKeyFrom('sm', Uint8Array.of(0x04, ...coordinate(x), ...coordinate(y)));
    }
  }
  throw new EvidenceError('evidence.key-malformed', 'a public key is {kty:OKP,crv:Ed25519,x} or {kty:EC,crv:SM2,x,y}');
}

function coordinate(text: unknown): Uint8Array {
  const bytes = plain(Buffer.from(typeof text === 'string' ? text : '', 'base64url'));
  if (bytes.length !== 32 || Buffer.from(bytes).toString('base64url') !== text) {
    throw new EvidenceError('evidence.key-malformed', 'a coordinate is 32 bytes in canonical base64url');
  }
  return bytes;
}

/** SubjectPublicKeyInfo in PEM, which openssl reads. */
export function publicPem(key: PublicKey): string {
  const lines = Buffer.from(suite(key.suite).spki(key.bytes))
    .toString('base64')
    .match(/.{1,64}/g)!;
  return `-----BEGIN PUBLIC KEY-----\n${lines.join('\n')}\n-----END PUBLIC KEY-----\n`;
}
