import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { RowEffects } from '@shugu/policy';
import { GatewayProblem } from '../../problem.ts';

/**
 * What a grant's share serves: tables cut to the contract beforehand, as Parquet files, with all their versions. A manifest
 * and its files are never changed once written; a new version of the data comes as a new manifest beside the old.
 */
export type ShareManifest = {
  format: 1;
  /** `effectsKey` of the columns, masks and rows to which the files were cut. */
  effects: string;
  /** Whose copy it is, where it bears a watermark. */
  copy?: string;
  tables: ShareTable[];
};
export type ShareTable = {
  id: string;
  name: string;
  fields: ShareField[];
  /** In ascending order of `version`, from 0. */
  versions: ShareVersion[];
  files: Record<string, ShareFile>;
};
/** `type` in Spark's words: string, long, double, boolean, date, timestamp, decimal(p,s). */
export type ShareField = { name: string; type: string; comment?: string };
export type ShareVersion = {
  version: number;
  /** ms since the epoch. */
  timestamp: number;
  /** Ids of the files that hold the whole table. */
  files: string[];
  /** Ids of the files that hold the rows added and gone since the version before, with `_change_type`. */
  changes: string[];
};
/** `name` stands beside the manifest; `sha256` in hex. */
export type ShareFile = { name: string; bytes: number; sha256: string; stats: FileStats };
/** As Delta keeps them. A column whose bounds cannot be told exactly has none. Timestamps are rounded outward to ms. */
export type FileStats = {
  numRecords: number;
  minValues: Record<string, string | number>;
  maxValues: Record<string, string | number>;
  nullCount: Record<string, number>;
};

/** `manifest` is a path, null as long as the first version is being prepared. Names follow `shareName`. */
export type ShareConfig = {
  kind: 'share';
  share: string;
  schema: string;
  /** Shown to people who list shares. */
  title: string;
  manifest: string | null;
  /** The copy marked for this contract; absent where copies are all alike. */
  copy?: string;
};

/** One spelling for one cut: equal keys mean equal files, so contracts that grant the same share them. */
export function effectsKey({ columns, masks, rowFilter }: RowEffects): string {
  const sorted = Object.entries(masks).sort(([one], [other]) => (one < other ? -1 : 1));
  const text = JSON.stringify([
    columns === null ? null : [...columns].sort(),
    sorted.map(([column, mask]) => [column, mask.kind, mask.kind === 'truncate' ? mask.length : null]),
    rowFilter.map(({ column, operator, value }) => [column, operator, value]),
  ]);
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

/**
 * A name that every client can write into an address unescaped: letters, digits, `_` and `-`. The protocol forbids space,
 * slash and control characters, in schemas and tables also the dot; clients do not escape `#`, `?` and `%`.
 */
export function shareName(text: string): string {
  const plain = text.normalize('NFC').replace(/[^\p{L}\p{N}_-]+/gu, '_');
  return [...plain.replace(/^_+|_+$/g, '')].slice(0, 120).join('') || '_';
}

/** Names of a share are compared without regard to case. */
export function sameName(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

const HELD_MAX = 64;

/** Manifests by path, read on first use; the one not asked for longest is let go. */
export function manifestShelf(): (path: string) => ShareManifest {
  const held = new Map<string, ShareManifest>();
  return (path) => {
    const manifest = held.get(path) ?? readManifest(path);
    held.delete(path);
    held.set(path, manifest);
    if (held.size > HELD_MAX) held.delete(held.keys().next().value as string);
    return manifest;
  };
}

/** Synchronous: read once in its life, and small beside the files that it lists. */
function readManifest(path: string): ShareManifest {
  try {
    const manifest = JSON.parse(readFileSync(path, 'utf8')) as ShareManifest;
    if (manifest.format === 1) return manifest;
    throw new RangeError(`a manifest of format ${manifest.format}`);
  } catch (cause) {
    throw new GatewayProblem('driverFailed', { cause });
  }
}

/** A manifest wherever it may stand; null when there is none, or none that can be understood. */
export function manifestAt(path: string): ShareManifest | null {
  try {
    return readManifest(path);
  } catch {
    return null;
  }
}

export function filePath(manifestPath: string, file: ShareFile): string {
  return join(dirname(manifestPath), file.name);
}
