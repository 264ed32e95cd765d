import { equalBytes, type Hash, leafHash } from './hash.ts';
import { tilePath, tileWidthMax } from './paths.ts';
import { requireCount, TlogError } from './problem.ts';
import { rootAt } from './proof.ts';
import { encodeEntries, foldComplete, readEntries, readTile, splitHashes, type TileStore } from './tiles.ts';

export type Appended = {
  readonly size: number;
  readonly root: Uint8Array;
  /** New and changed tiles and entry bundles by path. Write them all before a checkpoint of this size is signed. */
  readonly tiles: Map<string, Uint8Array>;
};

/** A batch is one write; larger imports are cut into batches by the caller. */
export const batchEntriesMax = 65_536;

/**
 * Appends entries to a tree of `oldSize` leaves and computes only what changes; writes nothing. With `oldRoot` (that of
 * the last signed checkpoint) the stored tiles are first checked against it, so that a damaged or rolled-back store can
 * never lead to a signed fork. Throws `tlog.root-mismatch`, `tlog.tile-missing`, `tlog.entry-too-large`, `tlog.range`.
 */
export async function appendEntries(input: {
  hash: Hash;
  store: TileStore;
  oldSize: number;
  entries: readonly Uint8Array[];
  oldRoot?: Uint8Array;
}): Promise<Appended> {
  const { hash, store, oldSize, entries } = input;
  const size = requireCount(requireCount(oldSize, 'tree size') + entries.length, 'tree size');
  if (entries.length > batchEntriesMax) {
    throw new TlogError('tlog.range', `a batch has ${entries.length} entries; the limit is ${batchEntriesMax}`);
  }
  if (input.oldRoot && !equalBytes(input.oldRoot, await rootAt({ hash, store, size: oldSize }))) {
    throw new TlogError('tlog.root-mismatch', `the stored tiles do not give the known root at size ${oldSize}`);
  }
  const tiles = await changedBundles(store, oldSize, entries);
  let added = entries.map((entry) => leafHash(hash, entry));
  for (let level = 0; added.length > 0; level++) {
    const oldCount = Math.floor(oldSize / tileWidthMax ** level);
    const firstTile = Math.floor(oldCount / tileWidthMax);
    const known =
      oldCount % tileWidthMax === 0 ? [] : splitHashes(hash, await readTile(hash, store, level, firstTile, oldSize));
    const row = [...known, ...added];
    const completed: Uint8Array[] = [];
    for (let at = 0; at < row.length; at += tileWidthMax) {
      const part = row.slice(at, at + tileWidthMax);
      tiles.set(tilePath(level, firstTile + at / tileWidthMax, part.length), new Uint8Array(Buffer.concat(part)));
      if (part.length === tileWidthMax) completed.push(foldComplete(hash, part));
    }
    added = completed;
  }
  const root = await rootAt({ hash, store: overlay(store, tiles), size });
  return { size, root, tiles };
}

async function changedBundles(store: TileStore, oldSize: number, entries: readonly Uint8Array[]) {
  const tiles = new Map<string, Uint8Array>();
  if (entries.length === 0) return tiles;
  const first = Math.floor(oldSize / tileWidthMax);
  const known = oldSize % tileWidthMax === 0 ? [] : await readEntries(store, first, oldSize);
  const row = [...known, ...entries];
  for (let at = 0; at < row.length; at += tileWidthMax) {
    const part = row.slice(at, at + tileWidthMax);
    tiles.set(tilePath('entries', first + at / tileWidthMax, part.length), encodeEntries(part));
  }
  return tiles;
}

/** The store as it will look once `tiles` are written. */
export function overlay(store: TileStore, tiles: ReadonlyMap<string, Uint8Array>): TileStore {
  return { read: async (path) => tiles.get(path) ?? store.read(path) };
}
