import { type Hash, nodeHash, plain } from './hash.ts';
import { tilePath, tileWidthMax } from './paths.ts';
import { TlogError } from './problem.ts';

/**
 * Where tiles live: a table, an object store, a directory, an HTTP prefix. Every path names immutable content, since the
 * width of a partial tile is part of its path. `undefined` means absent.
 */
export type TileStore = { read(path: string): Promise<Uint8Array | undefined> };

/** One entry's limit comes from the uint16 length prefix of C2SP entry bundles. */
export const entryBytesMax = 65_535;

/** Tree hashes by tile, each tile read at most once in the reader's life: make one reader a request. */
export type TileReader = {
  readonly hash: Hash;
  readonly size: number;
  /** Root of the complete subtree of 2^level leaves that starts at leaf index·2^level. */
  node(level: number, index: number): Promise<Uint8Array>;
};

/** How many hashes tile `index` at `level` holds in a tree of `size` leaves. */
export function tileWidth(level: number, index: number, size: number): number {
  const hashCount = Math.floor(size / tileWidthMax ** level);
  return Math.max(0, Math.min(tileWidthMax, hashCount - index * tileWidthMax));
}

/**
 * Reads one hash tile as it stands in a tree of `size` leaves. A log may delete a partial tile once its full tile exists,
 * so the full tile's head stands in for a missing partial one.
 */
export async function readTile(
  hash: Hash,
  store: TileStore,
  level: number,
  index: number,
  size: number,
): Promise<Uint8Array> {
  const width = tileWidth(level, index, size);
  const path = tilePath(level, index, width);
  let bytes = await store.read(path);
  let expected = width * hash.size;
  if (bytes === undefined && width < tileWidthMax) {
    bytes = await store.read(tilePath(level, index));
    expected = tileWidthMax * hash.size;
  }
  if (bytes === undefined) throw new TlogError('tlog.tile-missing', `the store has no ${path}`);
  if (bytes.length !== expected) {
    throw new TlogError('tlog.tile-malformed', `${path}: ${bytes.length} bytes where ${expected} belong`);
  }
  return plain(bytes).subarray(0, width * hash.size);
}

export function splitHashes(hash: Hash, tile: Uint8Array): Uint8Array[] {
  return Array.from({ length: tile.length / hash.size }, (_, i) => tile.subarray(i * hash.size, (i + 1) * hash.size));
}

/** Root over a power of two of hashes. */
export function foldComplete(hash: Hash, hashes: Uint8Array[]): Uint8Array {
  let row = hashes;
  while (row.length > 1) {
    const above: Uint8Array[] = [];
    for (let i = 0; i < row.length; i += 2) above.push(nodeHash(hash, row[i]!, row[i + 1]!));
    row = above;
  }
  return row[0]!;
}

export function tileReader(hash: Hash, store: TileStore, size: number): TileReader {
  const seen = new Map<string, Promise<Uint8Array>>();
  const tile = (level: number, index: number) => {
    const key = `${level}/${index}`;
    let bytes = seen.get(key);
    if (!bytes) {
      bytes = readTile(hash, store, level, index, size);
      seen.set(key, bytes);
    }
    return bytes;
  };
  return {
    hash,
    size,
    async node(level, index) {
      const tileLevel = Math.floor(level / 8);
      const span = 2 ** (level % 8);
      const first = index * span;
      const tileIndex = Math.floor(first / tileWidthMax);
      const start = (first % tileWidthMax) * hash.size;
      const bytes = await tile(tileLevel, tileIndex);
      if (start + span * hash.size > bytes.length) {
        throw new TlogError('tlog.range', `node ${level}/${index} is not complete in a tree of ${size}`);
      }
      return foldComplete(hash, splitHashes(hash, bytes.subarray(start, start + span * hash.size)));
    },
  };
}

/** A bounded least-recently-used cache; sound because every path is immutable. A full hash tile has 8 KiB. */
export function cachedStore(store: TileStore, tilesMax: number): TileStore {
  const kept = new Map<string, Uint8Array>();
  return {
    async read(path) {
      const known = kept.get(path);
      const bytes = known ?? (await store.read(path));
      if (bytes === undefined) return undefined;
      kept.delete(path);
      kept.set(path, bytes);
      if (kept.size > tilesMax) kept.delete(kept.keys().next().value!);
      return bytes;
    },
  };
}

/** C2SP entry bundle: each entry behind its length, a big-endian uint16. */
export function encodeEntries(entries: readonly Uint8Array[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const entry of entries) {
    if (entry.length > entryBytesMax) {
      throw new TlogError('tlog.entry-too-large', `an entry has ${entry.length} bytes; the limit is ${entryBytesMax}`);
    }
    parts.push(Uint8Array.of(entry.length >> 8, entry.length & 0xff), entry);
  }
  return new Uint8Array(Buffer.concat(parts));
}

export function decodeEntries(bundle: Uint8Array): Uint8Array[] {
  const entries: Uint8Array[] = [];
  let at = 0;
  while (at < bundle.length) {
    const start = at + 2;
    const end = start + (bundle[at]! << 8) + (bundle[at + 1] ?? 0);
    if (start > bundle.length || end > bundle.length || entries.length === tileWidthMax) {
      throw new TlogError('tlog.bundle-malformed', 'an entry bundle is cut off or holds more than 256 entries');
    }
    entries.push(plain(bundle).subarray(start, end));
    at = end;
  }
  return entries;
}

/** The entries of bundle `index` as it stands in a tree of `size` leaves. */
export async function readEntries(store: TileStore, index: number, size: number): Promise<Uint8Array[]> {
  const width = tileWidth(0, index, size);
  const path = tilePath('entries', index, width);
  const bytes =
    (await store.read(path)) ?? (width < tileWidthMax ? await store.read(tilePath('entries', index)) : undefined);
  if (bytes === undefined) throw new TlogError('tlog.tile-missing', `the store has no ${path}`);
  const entries = decodeEntries(bytes);
  if (entries.length < width) throw new TlogError('tlog.bundle-malformed', `${path} holds too few entries`);
  return entries.slice(0, width);
}
