import { emptyRoot, equalBytes, type Hash, nodeHash } from './hash.ts';

/** 2^53 leaves: no honest proof is longer. Two paths meet in a consistency proof, which adds one. */
const proofHashesMax = 54;

const half = (value: number) => Math.floor(value / 2);
const odd = (value: number) => value % 2 === 1;

/**
 * RFC 9162 section 2.1.3.2. False for anything but the exact proof: a hash of another length, one hash too few or too
 * many, an index outside the tree. Never throws. Trap: size and root must come from one signed checkpoint. A proof alone
 * binds the size only as far as it shapes the path; leaf 0 has the same path in trees of 299 and 300.
 */
export function verifyInclusion(input: {
  hash: Hash;
  index: number;
  size: number;
  leaf: Uint8Array;
  proof: readonly Uint8Array[];
  root: Uint8Array;
}): boolean {
  const { hash, index, size, proof, root } = input;
  if (!wellFormed(hash, proof, [input.leaf, root]) || !isCount(index) || !isCount(size) || index >= size) return false;
  let position = index;
  let last = size - 1;
  let running = input.leaf;
  for (const sibling of proof) {
    if (last === 0) return false;
    if (odd(position) || position === last) {
      running = nodeHash(hash, sibling, running);
      while (!odd(position) && position !== 0) {
        position = half(position);
        last = half(last);
      }
    } else {
      running = nodeHash(hash, running, sibling);
    }
    position = half(position);
    last = half(last);
  }
  return last === 0 && equalBytes(running, root);
}

/**
 * RFC 9162 section 2.1.4.2, with the two trivial cases closed: from size 0 only the empty root is consistent, and equal
 * sizes need equal roots; both with an empty proof. Never throws.
 */
export function verifyConsistency(input: {
  hash: Hash;
  from: number;
  to: number;
  fromRoot: Uint8Array;
  toRoot: Uint8Array;
  proof: readonly Uint8Array[];
}): boolean {
  const { hash, from, to, fromRoot, toRoot, proof } = input;
  if (!wellFormed(hash, proof, [fromRoot, toRoot]) || !isCount(from) || !isCount(to) || from > to) return false;
  if (from === 0) {
    const startsEmpty = proof.length === 0 && equalBytes(fromRoot, emptyRoot(hash));
    return startsEmpty && (to !== 0 || equalBytes(toRoot, fromRoot));
  }
  if (from === to) return proof.length === 0 && equalBytes(fromRoot, toRoot);
  if (proof.length === 0) return false;
  return walkConsistency(hash, from, to, fromRoot, toRoot, isPowerOfTwo(from) ? [fromRoot, ...proof] : proof);
}

function walkConsistency(
  hash: Hash,
  from: number,
  to: number,
  fromRoot: Uint8Array,
  toRoot: Uint8Array,
  path: readonly Uint8Array[],
): boolean {
  let position = from - 1;
  let last = to - 1;
  while (odd(position)) {
    position = half(position);
    last = half(last);
  }
  let older = path[0]!;
  let newer = path[0]!;
  for (const sibling of path.slice(1)) {
    if (last === 0) return false;
    if (odd(position) || position === last) {
      older = nodeHash(hash, sibling, older);
      newer = nodeHash(hash, sibling, newer);
      while (!odd(position) && position !== 0) {
        position = half(position);
        last = half(last);
      }
    } else {
      newer = nodeHash(hash, newer, sibling);
    }
    position = half(position);
    last = half(last);
  }
  return last === 0 && equalBytes(older, fromRoot) && equalBytes(newer, toRoot);
}

function wellFormed(hash: Hash, proof: readonly Uint8Array[], others: readonly Uint8Array[]): boolean {
  const right = (bytes: unknown) => bytes instanceof Uint8Array && bytes.length === hash.size;
  return Array.isArray(proof) && proof.length <= proofHashesMax && proof.every(right) && others.every(right);
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function isPowerOfTwo(value: number): boolean {
  let power = 1;
  while (power < value) power *= 2;
  return power === value;
}
