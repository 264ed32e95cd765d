/**
 * Points of Curve25519 (v² = u³ + 486662 u² + u, RFC 7748) by both coordinates, for the few additions that the x-coordinate alone cannot do;
 * multiplications are X25519's.
 */
import { ComputeError } from '../problem.ts';
import { fromBytes, inverse, mod, power, toBytes } from './field.ts';

const p = 2n ** 255n - 19n;
const a = 486662n;
const coordinateBytes = 32;
export const affineBytes = 2 * coordinateBytes;

export interface Affine {
  u: bigint;
  v: bigint;
}

const rightSide = (u: bigint): bigint => mod(u * (u * (u + a) + 1n), p);

const squared = (value: bigint, times: number): bigint => {
  let at = value;
  for (let n = 0; n < times; n++) at = (at * at) % p;
  return at;
};

/** To the power 2^250 - 1: most of the work of roots and of Euler's criterion, so by an addition chain. */
const to250 = (x: bigint): bigint => {
  const x2 = (squared(x, 1) * x) % p;
  const x4 = (squared(x2, 2) * x2) % p;
  const x5 = (squared(x4, 1) * x) % p;
  const x10 = (squared(x5, 5) * x5) % p;
  const x20 = (squared(x10, 10) * x10) % p;
  const x40 = (squared(x20, 20) * x20) % p;
  const x50 = (squared(x40, 10) * x10) % p;
  const x100 = (squared(x50, 50) * x50) % p;
  const x200 = (squared(x100, 100) * x100) % p;
  return (squared(x200, 50) * x50) % p;
};

/** To the power 2^252 - 2, which is (p + 3) / 8. */
const towardsRoot = (x: bigint): bigint => squared((squared(to250(x), 1) * x) % p, 1);

/** To the power 2^254 - 10, which is (p - 1) / 2, of a reduced number; 0 counts as a square. */
export const isSquare25519 = (x: bigint): boolean => {
  const x3 = (((x * x) % p) * x) % p;
  const symbol = (squared(to250(x), 4) * ((x3 * x3) % p)) % p;
  return symbol === 1n || symbol === 0n;
};

const rootOfMinusOne = power(2n, (p - 1n) >> 2n, p);

/** p ≡ 5 (mod 8): RFC 8032, section 5.1.3. Undefined for what is no square. */
const root = (square: bigint): bigint | undefined => {
  const tried = towardsRoot(square);
  const other = (tried * rootOfMinusOne) % p;
  return [tried, other].find((one) => (one * one) % p === square);
};

const little = (bytes: Uint8Array): bigint => fromBytes(Uint8Array.from(bytes).reverse());

/** One of the two points with an x-coordinate of X25519: `odd` says which. */
export const liftX = (raw: Uint8Array, odd: boolean): Affine => {
  const u = little(raw);
  const v = root(rightSide(u));
  if (v === undefined) throw new RangeError('no point of the curve has this x-coordinate');
  return { u, v: (v & 1n) === (odd ? 1n : 0n) ? v : mod(-v, p) };
};

/** u and v, 32 bytes each, little endian. */
export const writePoint = ({ u, v }: Affine): Buffer =>
  Buffer.concat([toBytes(u, coordinateBytes).reverse(), toBytes(v, coordinateBytes).reverse()]);

/** Throws `compute.peerMalformed` for what is no point of the curve or not written in the one way there is. */
export const readPoint = (bytes: Uint8Array): Affine => {
  const [u, v] = [little(bytes.subarray(0, coordinateBytes)), little(bytes.subarray(coordinateBytes, affineBytes))];
  if (bytes.length !== affineBytes || u >= p || v >= p || mod(v * v, p) !== rightSide(u)) {
    throw new ComputeError('compute.peerMalformed', 'what came is no point of Curve25519');
  }
  return { u, v };
};

export const xOf = ({ u }: Affine): Buffer => toBytes(u, coordinateBytes).reverse();
export const negated = ({ u, v }: Affine): Affine => ({ u, v: mod(-v, p) });

const along = (slope: bigint, one: Affine, otherU: bigint): Affine => {
  const u = mod(slope * slope - a - one.u - otherU, p);
  return { u, v: mod(slope * (one.u - u) - one.v, p) };
};

/** Of points with different x-coordinates; throws `compute.peerMalformed` for others, which chance does not bring. */
export const sum = (one: Affine, other: Affine): Affine => {
  if (one.u === other.u) throw new ComputeError('compute.peerMalformed', 'a point is not a random one');
  return along(mod((other.v - one.v) * inverse(mod(other.u - one.u, p), p), p), one, other.u);
};

export const twice = (point: Affine): Affine => {
  const { u, v } = point;
  if (v === 0n) throw new ComputeError('compute.peerMalformed', 'a point is of small order');
  return along(mod((3n * u * u + 2n * a * u + 1n) * inverse(2n * v, p), p), point, u);
};

/** Eight times the point, which is in the subgroup of prime order. Throws `compute.peerMalformed` for points of small order. */
export const cleared = (point: Affine): Affine => twice(twice(twice(point)));
