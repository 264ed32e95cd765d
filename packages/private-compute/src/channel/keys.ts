import type { KeyObject } from 'node:crypto';
import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
} from 'node:crypto';
import { ComputeError } from '../problem.ts';

export const keyBytes = 32;

/** An X25519 key pair (RFC 7748). `publicKey` is the 32 bytes by which others know a party. */
export interface Identity {
  readonly privateKey: KeyObject;
  readonly publicKey: Buffer;
}

const rawOf = (key: KeyObject): Buffer => Buffer.from(key.export({ format: 'jwk' }).x!, 'base64url');

export const generateIdentity = (): Identity => {
  const { privateKey, publicKey } = generateKeyPairSync('x25519');
  return { privateKey, publicKey: rawOf(publicKey) };
};

/** PKCS#8 DER before the 32 bytes of an X25519 key (RFC 8410). */
const privateHead = Buffer.from('302e020100300506032b656e04220420', 'hex');

export const privateKeyOf = (secret: Uint8Array): KeyObject =>
  createPrivateKey({ key: Buffer.concat([privateHead, secret]), format: 'der', type: 'pkcs8' });

export const identityOf = (secret: Uint8Array): Identity => {
  const privateKey = privateKeyOf(secret);
  return { privateKey, publicKey: rawOf(createPublicKey(privateKey)) };
};

export const secretOf = (identity: Identity): Buffer =>
  Buffer.from(identity.privateKey.export({ format: 'jwk' }).d!, 'base64url');

/** A point as another party sent it. */
export const importPoint = (raw: Uint8Array): KeyObject =>
  createPublicKey({
    key: { kty: 'OKP', crv: 'X25519', x: Buffer.from(raw.buffer, raw.byteOffset, raw.length).toString('base64url') },
    format: 'jwk',
  });

/** X25519. Throws `compute.peerMalformed` for points of small order, whose outcome everybody knows. */
export const sharedSecret = (own: Identity, peer: Uint8Array): Buffer => {
  try {
    return diffieHellman({ privateKey: own.privateKey, publicKey: importPoint(peer) });
  } catch {
    throw new ComputeError('compute.peerMalformed', 'the peer’s key is no point of use');
  }
};

/** HKDF-SHA-256 (RFC 5869). `info` names what the key is for; its parts have fixed lengths after the first. */
export const deriveKey = (secret: Uint8Array, salt: Uint8Array, info: readonly (string | Uint8Array)[]): Buffer =>
  Buffer.from(hkdfSync('sha256', secret, salt, Buffer.concat(info.map((one) => Buffer.from(one))), keyBytes));

export const proofOf = (key: Uint8Array, ...parts: readonly (string | Uint8Array)[]): Buffer => {
  const mac = createHmac('sha256', key);
  for (const part of parts) mac.update(part);
  return mac.digest();
};
