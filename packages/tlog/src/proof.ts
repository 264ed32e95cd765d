import { emptyRoot, type Hash, nodeHash } from './hash.ts';
import { requireCount, TlogError } from './problem.ts';
import { type TileReader, type TileStore, tileReader } from './tiles.ts';

type Tree = { hash: Hash; store: TileStore; size: number };

/** Merkle tree hash of the first `size` leaves (RFC 6962 section 2.1). */
export async function rootAt(tree: Tree): Promise<Uint8Array> {
  if (requireCount(tree.size, 'tree size') === 0) return emptyRoot(tree.hash);
  return rangeRoot(tileReader(tree.hash, tree.store, tree.size), 0, tree.size);
}

/** Audit path, leaf to root (RFC 6962 section 2.1.1). Throws `tlog.range` when the leaf is not in the tree. */
export async function inclusionProof(tree: Tree & { index: number }): Promise<Uint8Array[]> {
  const { index, size } = tree;
  if (requireCount(index, 'leaf index') >= requireCount(size, 'tree size')) {
    throw new TlogError('tlog.range', `leaf ${index} is not in a tree of ${size}`);
  }
  const reader = tileReader(tree.hash, tree.store, size);
  const path: Promise<Uint8Array>[] = [];
  let low = 0;
  let high = size;
  while (high - low > 1) {
    const middle = low + splitPoint(high - low);
    if (index < middle) {
      path.push(rangeRoot(reader, middle, high));
      high = middle;
    } else {
      path.push(rangeRoot(reader, low, middle));
      low = middle;
    }
  }
  return (await Promise.all(path)).reverse();
}

/** RFC 6962 section 2.1.2. Empty when `from` is 0 or equals `to`. */
export async function consistencyProof(tree: {
  hash: Hash;
  store: TileStore;
  from: number;
  to: number;
}): Promise<Uint8Array[]> {
  const { from, to } = tree;
  if (requireCount(from, 'tree size') > requireCount(to, 'tree size')) {
    throw new TlogError('tlog.range', `no consistency from ${from} back to ${to}`);
  }
  if (from === 0 || from === to) return [];
  const reader = tileReader(tree.hash, tree.store, to);
  const path: Promise<Uint8Array>[] = [];
  let low = 0;
  let high = to;
  // Walk to the old tree's right edge; a complete old subtree is known to the verifier only when it begins at leaf 0.
  while (high !== from) {
    const middle = low + splitPoint(high - low);
    if (from <= middle) {
      path.push(rangeRoot(reader, middle, high));
      high = middle;
    } else {
      path.push(rangeRoot(reader, low, middle));
      low = middle;
    }
  }
  if (low > 0) path.push(rangeRoot(reader, low, high));
  return (await Promise.all(path)).reverse();
}

/** The largest power of two below `count` (count > 1). */
export function splitPoint(count: number): number {
  let power = 1;
  while (power * 2 < count) power *= 2;
  return power;
}

/** `low` is a multiple of every power of two below the range's length, as all ranges of RFC 6962's recursion are. */
async function rangeRoot(reader: TileReader, low: number, high: number): Promise<Uint8Array> {
  const count = high - low;
  const level = Math.round(Math.log2(count));
  if (2 ** level === count) return reader.node(level, low / count);
  const middle = low + splitPoint(count);
  const [left, right] = await Promise.all([rangeRoot(reader, low, middle), rangeRoot(reader, middle, high)]);
  return nodeHash(reader.hash, left, right);
}
