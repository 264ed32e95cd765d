import { diffieHellman, type KeyObject } from 'node:crypto';
import { importPoint, keyBytes, privateKeyOf } from '../channel/keys.ts';
import { systemDraw } from '../ot/draw.ts';
import { ComputeError } from '../problem.ts';
import { isSquare25519 } from './affine.ts';
import { expandMessage } from './expand.ts';
import { fromBytes, inverse, mod } from './field.ts';
import type { Group } from './group.ts';

const p = 2n ** 255n - 19n;
const a = 486662n;

/**
 * The x-coordinate (u) of Elligator 2 (RFC 9380, section 6.7.1, with Z = 2). Always a point of the curve and never of its twist: a bare
 * hash would be either, and which one shows through every multiplication.
 */
export const elligator = (u: bigint): bigint => {
  const x1 = mod(-a * inverse(1n + 2n * u * u, p), p) || mod(-a, p);
  const gx1 = mod(x1 * (x1 * (x1 + a) + 1n), p);
  return isSquare25519(gx1) ? x1 : mod(-x1 - a, p);
};

const little = (value: bigint): Buffer => Buffer.from(value.toString(16).padStart(64, '0'), 'hex').reverse();

/** curve25519_XMD:SHA-512_ELL2_NU_ without the multiplication by the cofactor, which X25519's clamped scalars do. */
export const hashTo25519 = (message: Uint8Array, tag: string): Buffer =>
  little(elligator(mod(fromBytes(expandMessage('sha512', message, tag, 48)), p)));

/**
 * X25519 itself (RFC 7748, section 5) leaves out the highest bit and takes p to p + 18 for 0 to 18; here a point has one name, so that nobody sends
 * one twice. What is on the curve's twist is multiplied all the same: docs/decisions/0030-hashing-to-curves.md has the reason.
 */
const isCanonical = (point: Uint8Array): boolean =>
  point[31]! < 0x7f ||
  (point[31] === 0x7f && (point[0]! < 0xed || point.subarray(1, 31).some((byte) => byte !== 0xff)));

const multiply = (secret: KeyObject, point: Uint8Array): Buffer => {
  if (!isCanonical(point)) throw new ComputeError('compute.peerMalformed', 'a point is not written in the one way');
  try {
    return diffieHellman({ privateKey: secret, publicKey: importPoint(point) });
  } catch {
    throw new ComputeError('compute.peerMalformed', 'a point is of small order');
  }
};

export const curve25519: Group = {
  draw(draw = systemDraw) {
    const secret = privateKeyOf(draw(keyBytes));
    return (point) => multiply(secret, point);
  },
  hash: (message) => hashTo25519(message, 'shugu-psi-v1-curve25519_XMD:SHA-512_ELL2_NU_'),
};
