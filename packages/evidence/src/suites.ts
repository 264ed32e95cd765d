import { type Hash, sha256, sm3 } from '@shugu/tlog';
import {
  ed25519Check,
  ed25519PrivateKey,
  ed25519Public,
  ed25519PublicKeyValid,
  ed25519Sign,
  ed25519Spki,
} from './ed25519.ts';
import { sm2PublicKey, sm2PublicKeyValid, sm2Secret, sm2SecretValid, sm2Sign, sm2Spki, sm2Verify } from './sm2.ts';

export type SuiteName = 'intl' | 'sm';
export type SignatureAlgorithm = 'ed25519' | 'sm2-sm3';
export type Label = { readonly zh: string; readonly en: string };
export type Random = (length: number) => Uint8Array;

/**
 * A hash and a signature scheme that belong together. Public keys are raw: 32 bytes of Ed25519, 65 bytes (0x04 || x || y) of
 * SM2. Secrets have 32 bytes. Signatures are 64 bytes of Ed25519, DER of SM2.
 */
export type Suite = {
  readonly name: SuiteName;
  readonly label: Label;
  readonly hash: Hash;
  readonly algorithm: SignatureAlgorithm;
  newSecret(random: Random): Uint8Array;
  secretValid(secret: Uint8Array): boolean;
  publicKeyOf(secret: Uint8Array): Uint8Array;
  publicKeyValid(publicKey: Uint8Array): boolean;
  /** SubjectPublicKeyInfo, DER. */
  spki(publicKey: Uint8Array): Uint8Array;
  /** Binds a secret once, since preparing a key costs more than signing. */
  signWith(secret: Uint8Array): (message: Uint8Array) => Uint8Array;
  /** Never throws for a valid public key. */
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
};

const intl: Suite = {
  name: 'intl',
  label: { zh: '国际算法套件（SHA-256、Ed25519）', en: 'international suite (SHA-256, Ed25519)' },
  hash: sha256,
  algorithm: 'ed25519',
  newSecret: (random) => random(32),
  secretValid: (secret) => secret.length === 32,
  publicKeyOf: ed25519Public,
  publicKeyValid: ed25519PublicKeyValid,
  spki: ed25519Spki,
  signWith(secret) {
    const key = ed25519PrivateKey(secret);
    return (message) => ed25519Sign(key, message);
  },
  verify: ed25519Check,
};

const sm: Suite = {
  name: 'sm',
  label: { zh: '国密算法套件（SM3、SM2）', en: 'Chinese national suite (SM3, SM2)' },
  hash: sm3,
  algorithm: 'sm2-sm3',
  newSecret: sm2Secret,
  secretValid: sm2SecretValid,
  publicKeyOf: sm2PublicKey,
  publicKeyValid: sm2PublicKeyValid,
  spki: sm2Spki,
  signWith(secret) {
    const publicKey = sm2PublicKey(secret);
    return (message) => sm2Sign(secret, publicKey, message);
  },
  verify: sm2Verify,
};

const suites: Record<SuiteName, Suite> = { intl, sm };

export function suite(name: SuiteName): Suite {
  return suites[name];
}

export function isSuiteName(value: unknown): value is SuiteName {
  return value === 'intl' || value === 'sm';
}

/** `sha256:<hex>` or `sm3:<hex>`. */
export function digestText(name: SuiteName, bytes: Uint8Array): string {
  const { hash } = suites[name];
  return `${hash.name}:${Buffer.from(hash.digest(bytes)).toString('hex')}`;
}
