/**
 * Arithmetic in a prime field on `bigint`, which is not in constant time. Its inputs are hashes of keys that this party itself holds, points that
 * came, and, in sm2.ts, what a secret makes of those: there the number of operations is always the same and their numbers are blinded.
 */
export const mod = (value: bigint, p: bigint): bigint => {
  const rest = value % p;
  return rest < 0n ? rest + p : rest;
};

export const power = (base: bigint, exponent: bigint, p: bigint): bigint => {
  let result = 1n;
  let square = mod(base, p);
  for (let left = exponent; left > 0n; left >>= 1n) {
    if ((left & 1n) === 1n) result = (result * square) % p;
    square = (square * square) % p;
  }
  return result;
};

/** 0 has the inverse 0, as RFC 9380 wants it. */
export const inverse = (value: bigint, p: bigint): bigint => {
  let [a, b, x, y] = [mod(value, p), p, 1n, 0n];
  if (a === 0n) return 0n;
  while (a > 1n) {
    const quotient = b / a;
    [a, b, x, y] = [b - quotient * a, a, y - quotient * x, x];
    if (a === 0n) return 0n;
  }
  return mod(x, p);
};

/** By Euler's criterion; 0 counts as a square. */
export const isSquare = (value: bigint, p: bigint): boolean => {
  const symbol = power(value, (p - 1n) >> 1n, p);
  return symbol === 1n || symbol === 0n;
};

export const fromBytes = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex') || '0'}`);
export const toBytes = (value: bigint, length: number): Buffer =>
  Buffer.from(value.toString(16).padStart(length * 2, '0'), 'hex');
