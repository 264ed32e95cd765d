import { plain, sm3 } from '@shugu/tlog';
import { sm2 } from 'sm-crypto-v2';
import { decodeSignature, encodeSignature } from './der.ts';

/** Order of the SM2 base point, GB/T 32918.5-2017. */
const order = 0xfffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123n;

/** The signer's distinguishing id that GM/T 0009-2012 section 10 prescribes where none was agreed. */
export const sm2DistinguishingId = '1234567812345678';

/** SubjectPublicKeyInfo up to the point: id-ecPublicKey, curve 1.2.156.10197.1.301. */
const spkiPrefix = Buffer.from('3059301306072a8648ce3d020106082a811ccf5501822d034200', 'hex');

const toHex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const fromHex = (text: string) => plain(Buffer.from(text, 'hex'));

/** `random(32)` until a scalar in 1..n-2 appears, as GB/T 32918.1 section 6.1 wants. */
export function sm2Secret(random: (length: number) => Uint8Array): Uint8Array {
  for (;;) {
    const secret = random(32);
    if (sm2SecretValid(secret)) return secret;
  }
}

export function sm2SecretValid(secret: Uint8Array): boolean {
  const value = secret.length === 32 ? BigInt(`0x${toHex(secret)}`) : 0n;
  return value >= 1n && value <= order - 2n;
}

/** 65 bytes: 0x04 || x || y. */
export function sm2PublicKey(secret: Uint8Array): Uint8Array {
  return fromHex(sm2.getPublicKeyFromPrivateKey(toHex(secret)));
}

/** True only for an uncompressed point on the curve. */
export function sm2PublicKeyValid(publicKey: Uint8Array): boolean {
  if (publicKey.length !== 65 || publicKey[0] !== 0x04) return false;
  try {
    return sm2.verifyPublicKey(toHex(publicKey));
  } catch {
    return false;
  }
}

export function sm2Spki(publicKey: Uint8Array): Uint8Array {
  return plain(Buffer.concat([spkiPrefix, publicKey]));
}

/** GB/T 32918.2 section 6.1, DER. Not Node's `crypto.sign`: that leaves out Z, the hash of id, curve and public key. */
export function sm2Sign(secret: Uint8Array, publicKey: Uint8Array, message: Uint8Array): Uint8Array {
  const pair = sm2.doSignature(messageHash(publicKey, message), toHex(secret), { hash: false, der: false });
  return encodeSignature(fromHex(pair.slice(0, 64)), fromHex(pair.slice(64)));
}

/** GB/T 32918.2 section 7.1. False, never an error, for any malformed signature; one signature has one DER form. */
export function sm2Verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const pair = decodeSignature(signature);
  if (!pair || !inRange(pair.r) || !inRange(pair.s)) return false;
  const digits = (value: bigint) => value.toString(16).padStart(64, '0');
  const hash = messageHash(publicKey, message);
  return sm2.doVerifySignature(hash, digits(pair.r) + digits(pair.s), point(publicKey), { hash: false, der: false });
}

function inRange(value: bigint): boolean {
  return value >= 1n && value < order;
}

/** e = SM3(Z || M), with Node's SM3: the library's own turns the whole message into hex first. */
function messageHash(publicKey: Uint8Array, message: Uint8Array): Uint8Array {
  return sm3.digest(sm2.getZ(toHex(publicKey), sm2DistinguishingId), message);
}

type Point = ReturnType<typeof sm2.precomputePublicKey>;

/** Precomputed points verify about six times as fast, and cost several verifications to make: only for keys seen again. */
const pointsKeptMax = 64;
const pointUsesBefore = 8;
const points = new Map<string, { uses: number; point?: Point }>();

function point(publicKey: Uint8Array): string | Point {
  const key = toHex(publicKey);
  const known = points.get(key) ?? { uses: 0 };
  points.delete(key);
  points.set(key, known);
  if (points.size > pointsKeptMax) points.delete(points.keys().next().value!);
  known.uses++;
  if (known.uses > pointUsesBefore) known.point ??= sm2.precomputePublicKey(key);
  return known.point ?? key;
}
