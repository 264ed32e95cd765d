import { type Draw, systemDraw } from '../ot/draw.ts';
import { ComputeError } from '../problem.ts';
import { expandMessage, type HashName } from './expand.ts';
import { fromBytes, inverse, isSquare, mod, toBytes } from './field.ts';
import type { Group } from './group.ts';

/** A short Weierstrass curve of prime order over a field with p ≡ 3 (mod 4), and how RFC 9380 maps to it. */
export interface Weierstrass {
  p: bigint;
  a: bigint;
  b: bigint;
  order: bigint;
  /** Of simplified SWU (section 6.6.2), found as appendix H.2 says. */
  z: bigint;
  hash: HashName;
}

/** GB/T 32918.5. */
export const sm2Curve: Weierstrass = {
  p: 0xfffffffeffffffffffffffffffffffffffffffff00000000ffffffffffffffffn,
  a: 0xfffffffeffffffffffffffffffffffffffffffff00000000fffffffffffffffcn,
  b: 0x28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93n,
  order: 0xfffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123n,
  z: -9n,
  hash: 'sm3',
};

/** Simplified SWU, the x-coordinate alone. */
export const swu = ({ p, a, b, z }: Weierstrass, u: bigint): bigint => {
  const zu2 = mod(z * u * u, p);
  const t = inverse(zu2 * zu2 + zu2, p);
  const x1 = t === 0n ? mod(b * inverse(z * a, p), p) : mod(-b * inverse(a, p) * (1n + t), p);
  return isSquare(rightSide({ p, a, b }, x1), p) ? x1 : mod(zu2 * x1, p);
};

const rightSide = ({ p, a, b }: Pick<Weierstrass, 'p' | 'a' | 'b'>, x: bigint): bigint => mod(x * (x * x + a) + b, p);

export const hashToX = (curve: Weierstrass, message: Uint8Array, tag: string): bigint =>
  swu(curve, mod(fromBytes(expandMessage(curve.hash, message, tag, 48)), curve.p));

/**
 * k below the order, with the order added once or twice, so that its highest bit is always that of 2^256: a ladder then has as many steps for
 * each secret (Brumley and Tuveri 2011). For orders between 2^255 and 2^256.
 */
export const ladderScalar = ({ order }: Pick<Weierstrass, 'order'>, k: bigint): bigint => {
  const [once, twice] = [k + order, k + 2n * order];
  return once >> 256n === 1n ? once : twice;
};

/**
 * The x-coordinate of k times the point with x-coordinate `x`, k from 0 to the order, by Montgomery's ladder on x alone (Brier and Joye 2002), one
 * inversion at its end. The coordinates are blinded by a factor that is drawn (Coron 1999), so that what is computed with, and the inversion, differ
 * each time. Undefined where x is on no point, or nothing is left of it.
 */
export const multiplyX = (curve: Weierstrass, k: bigint, x: bigint, draw: Draw = systemDraw): bigint | undefined => {
  const { p, a, b } = curve;
  if (x >= p || !isSquare(rightSide(curve, x), p)) return undefined;
  const bits = ladderScalar(curve, k).toString(2).slice(1);
  const blind = secretBelow(p, draw);
  // R0 and R1 always differ by the point; the highest bit has made them it and twice it.
  let [x0, z0] = [(x * blind) % p, blind];
  let [x1, z1] = twice(p, a, b, x0, z0);
  for (const bit of bits) {
    const set = bit === '1';
    if (set) [x0, z0, x1, z1] = [x1, z1, x0, z0];
    const [sumX, sumZ] = added(p, a, b, x0, z0, x1, z1, x);
    const [twiceX, twiceZ] = twice(p, a, b, x0, z0);
    [x0, z0, x1, z1] = [twiceX, twiceZ, sumX, sumZ];
    if (set) [x0, z0, x1, z1] = [x1, z1, x0, z0];
  }
  return z0 === 0n ? undefined : mod(x0 * inverse(z0, p), p);
};
const added = (
  p: bigint,
  a: bigint,
  b: bigint,
  x0: bigint,
  z0: bigint,
  x1: bigint,
  z1: bigint,
  difference: bigint,
): [bigint, bigint] => {
  const zz = (z0 * z1) % p;
  const cross = mod(x0 * z1 - x1 * z0, p);
  const crossed = (cross * cross) % p;
  const sum = (x0 * z1 + x1 * z0) % p;
  const product = mod(x0 * x1 + a * zz, p);
  return [mod(2n * sum * product + 4n * b * zz * zz - difference * crossed, p), crossed];
};

const twice = (p: bigint, a: bigint, b: bigint, x: bigint, z: bigint): [bigint, bigint] => {
  const [xx, zz] = [(x * x) % p, (z * z) % p];
  const less = mod(xx - a * zz, p);
  const xz = (x * z) % p;
  const bzz = (b * zz) % p;
  return [mod(less * less - 8n * bzz * xz, p), mod(4n * (xz * mod(xx + a * zz, p) + bzz * zz), p)];
};

const secretBelow = (order: bigint, draw: Draw): bigint => {
  for (;;) {
    const drawn = fromBytes(draw(32));
    if (drawn > 0n && drawn < order) return drawn;
  }
};

export const sm2: Group = {
  draw(draw = systemDraw) {
    const secret = secretBelow(sm2Curve.order, draw);
    return (point) => {
      const x = multiplyX(sm2Curve, secret, fromBytes(point));
      if (x === undefined) throw new ComputeError('compute.peerMalformed', 'what came is no point of the SM2 curve');
      return toBytes(x, 32);
    };
  },
  hash: (message) => toBytes(hashToX(sm2Curve, message, 'shugu-psi-v1-SM2_XMD:SM3_SSWU_NU_'), 32),
};
