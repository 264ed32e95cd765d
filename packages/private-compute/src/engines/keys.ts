/** An owner's part of an intersection by an engine that is given a hash of each key: which rows are common is chosen here. */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { type Input, requireWithin, scanKeys } from '../intersect/prepare.ts';
import { learnsRows, type OwnerReport } from '../intersect/result.ts';
import { inputCommitment, requireAgreed, type Terms } from '../intersect/terms.ts';
import { ComputeError } from '../problem.ts';
import type { Scanned } from '../table/records.ts';
import { RowSet, writeSelection } from '../table/selection.ts';
import type { EnginePart } from './engine.ts';

export type KeysPart = EnginePart & { terms: Terms };
export const isOfKeys = (part: EnginePart): part is KeysPart => part.terms.mode === 'kkrt';

export interface Keys {
  scanned: Scanned & { rowsWithoutKey: number };
  /** A file for the engine: a hash of each distinct key, with the first row that has it. */
  keys: string;
  /** First rows of the distinct keys. */
  first: ReadonlySet<number>;
  /** Further rows of the key of that first one. */
  again: ReadonlyMap<number, readonly number[]>;
}

/** Reads the table once. `bound`: hashes are of one use where it is that use's. Throws `compute.input` where the file of a name given is there already. */
export const keysOf = async (input: Input, to?: string, bound = ''): Promise<Keys> => {
  const seen = new Map<string, number>();
  const again = new Map<number, number[]>();
  const scanned = await scanKeys(input, (bytes, length, row) => {
    const key = createHash('sha256').update(bound).update(bytes.subarray(0, length)).digest('hex');
    const first = seen.get(key);
    if (first === undefined) seen.set(key, row);
    else again.set(first, [...(again.get(first) ?? []), row]);
  });
  const keys = to ?? join(input.folder, 'keys.csv');
  const file = await open(keys, to === undefined ? 'w' : 'wx', 0o600).catch(({ code }: NodeJS.ErrnoException) => {
    throw new ComputeError('compute.input', `the file for the engine cannot be written anew (${code})`);
  });
  try {
    await file.writeFile(['key,row', ...Array.from(seen, ([key, row]) => `${key},${row}`), ''].join('\n'));
  } finally {
    await file.close();
  }
  return { scanned, keys, first: new Set(seen.values()), again };
};

export interface OwnKeys extends Keys {
  commitment: string;
}

/** The same of the table that was signed for, within what the terms allow. */
export const ownKeys = async ({ terms, input, agreed }: KeysPart, to?: string, bound?: string): Promise<OwnKeys> => {
  const { path, folder, column } = input;
  if (column === undefined) throw new ComputeError('compute.query', 'an intersection has a column of keys');
  const salt = Buffer.from(input.salt, 'hex');
  const read = await keysOf({ path, folder, salt, column }, to, bound);
  requireWithin(read.first.size, terms.keysMax);
  const commitment = inputCommitment(salt, read.scanned.digest, column).toString('hex');
  requireAgreed(agreed, commitment);
  return { ...read, commitment };
};

/** Writes an owner's common rows where it is told them. `common`: first rows of the common keys; null where the engine told none. */
export const keysReport = async (
  { terms, role, input }: KeysPart,
  { scanned, first, again, commitment }: OwnKeys,
  common: Uint32Array | null,
  peerCommitment: string,
): Promise<OwnerReport> => {
  if ((common !== null) !== learnsRows(terms, role))
    throw new ComputeError('compute.engineFailed', 'the engine told another owner');
  const chosen = new RowSet(scanned.rows);
  for (const row of common ?? []) for (const one of [row, ...(again.get(row) ?? [])]) chosen.add(one);
  return {
    ...{ rows: scanned.rows, rowsWithoutKey: scanned.rowsWithoutKey, keys: first.size, commitment, peerCommitment },
    common: common === null ? null : common.length,
    rowsOut: common && input.out ? await writeSelection(input.path, scanned.digest, chosen, input.out) : null,
  };
};
