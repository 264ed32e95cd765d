import { type Context, inContext } from './contexts.ts';
import type { PrivateKey, PublicKey } from './keys.ts';
import { type Label, type SuiteName, suite } from './suites.ts';

/** Who holds the key, and so how much a signature is worth; printed beside every signature. */
export const signerLevels = {
  platform: { zh: '平台代管密钥', en: 'key kept by the platform' },
  'sealed-file': { zh: '口令保护的密钥文件', en: 'key file sealed under a passphrase' },
  hsm: { zh: '密码机或密码卡', en: 'hardware security module' },
  customer: { zh: '签署方自持密钥', en: 'key held by the signing party' },
  'licensed-ca': { zh: '持牌电子认证机构签发的证书', en: 'certificate of a licensed certification authority' },
} as const satisfies Record<string, Label>;

export type SignerLevel = keyof typeof signerLevels;

/** The one way to sign, wherever the key lives. `sign` takes whole messages, never digests; see `signInContext`. */
export type Signer = {
  readonly keyId: string;
  readonly suite: SuiteName;
  readonly publicKey: PublicKey;
  readonly level: SignerLevel;
  sign(bytes: Uint8Array): Promise<Uint8Array>;
};

export function softwareSigner(key: PrivateKey, options: { level: SignerLevel }): Signer {
  const sign = suite(key.suite).signWith(key.secret);
  const { publicKey } = key;
  return {
    keyId: publicKey.keyId,
    suite: key.suite,
    publicKey,
    level: options.level,
    sign: async (bytes) => sign(bytes),
  };
}

/** Signs context || 0x00 || bytes. Everything but checkpoints is signed this way. */
export function signInContext(signer: Signer, context: Context, bytes: Uint8Array): Promise<Uint8Array> {
  return signer.sign(inContext(context, bytes));
}

export function verifyInContext(
  publicKey: PublicKey,
  context: Context,
  bytes: Uint8Array,
  signature: Uint8Array,
): boolean {
  return verifySignature(publicKey, inContext(context, bytes), signature);
}

/** False for every malformed or non-canonical signature; never throws for a key made by `publicKeyFrom`. */
export function verifySignature(publicKey: PublicKey, bytes: Uint8Array, signature: Uint8Array): boolean {
  return suite(publicKey.suite).verify(publicKey.bytes, bytes, signature);
}
