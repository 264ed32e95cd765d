import * as crypto from 'node:crypto';
import { ed25519PublicKey, ed25519Verify, plain } from '@shugu/tlog';

const pkcs8Prefix = Buffer.from('302e020100300506032b657004220420', 'hex');
const fieldPrime = 2n ** 255n - 19n;

/** Points of order 8 and less, in their canonical encodings without the sign bit: they would verify any message. */
const smallOrder = new Set([
  0n,
  1n,
  fieldPrime - 1n,
  littleEndian(Buffer.from('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a', 'hex')),
  littleEndian(Buffer.from('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05', 'hex')),
]);

function littleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);
}

/** RFC 8032 section 5.1.3 with canonical y, and no point of small order. */
export function ed25519PublicKeyValid(publicKey: Uint8Array): boolean {
  if (publicKey.length !== 32) return false;
  const y = littleEndian(publicKey) & (2n ** 255n - 1n);
  return y < fieldPrime && !smallOrder.has(y);
}

/** `secret`: the 32-byte seed of RFC 8032. */
export function ed25519PrivateKey(secret: Uint8Array): crypto.KeyObject {
  return crypto.createPrivateKey({ key: Buffer.concat([pkcs8Prefix, secret]), format: 'der', type: 'pkcs8' });
}

export function ed25519Public(secret: Uint8Array): Uint8Array {
  const spki = crypto.createPublicKey(ed25519PrivateKey(secret)).export({ format: 'der', type: 'spki' });
  return plain(spki.subarray(-32));
}

export function ed25519Spki(publicKey: Uint8Array): Uint8Array {
  return plain(ed25519PublicKey(publicKey).export({ format: 'der', type: 'spki' }));
}

export function ed25519Sign(key: crypto.KeyObject, message: Uint8Array): Uint8Array {
  return plain(crypto.sign(null, message, key));
}

export function ed25519Check(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  return ed25519Verify(ed25519PublicKey(publicKey), message, signature);
}
