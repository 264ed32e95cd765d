import { emptyRoot, type Hash, nodeHash } from './hash.ts';
import { readTile, splitHashes, type TileStore, tileWidth } from './tiles.ts';

/**
 * The root from the leaves alone, whatever the upper tiles say: complete subtrees from left to right, since RFC 6962's tree
 * grows at its right edge only.
 */
export function rightEdge(hash: Hash): { add(leaf: Uint8Array): void; root(): Uint8Array } {
  const edge: { height: number; root: Uint8Array }[] = [];
  return {
    add(leaf) {
      let node = { height: 0, root: leaf };
      while (edge.at(-1)?.height === node.height)
        node = { height: node.height + 1, root: nodeHash(hash, edge.pop()!.root, node.root) };
      edge.push(node);
    },
    root: () =>
      edge.length === 0
        ? emptyRoot(hash)
        : edge.slice(0, -1).reduceRight((right, { root }) => nodeHash(hash, root, right), edge.at(-1)!.root),
  };
}

/** Leaf hashes of the first `size` leaves, tile by tile. */
export async function* leafHashes(hash: Hash, store: TileStore, size: number): AsyncGenerator<Uint8Array> {
  for (let index = 0; tileWidth(0, index, size) > 0; index++)
    yield* splitHashes(hash, await readTile(hash, store, 0, index, size));
}
