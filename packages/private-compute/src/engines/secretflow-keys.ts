/** Which keys of two owners are common, by SecretFlow's KKRT: it is given a hash of each, and the rows are chosen here. */
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Input, requireWithin, scanKeys } from '../intersect/prepare.ts';
import { learnsRows, type OwnerReport } from '../intersect/result.ts';
import { inputCommitment, requireAgreed, type Terms, termsDigest } from '../intersect/terms.ts';
import type { PartyOutcome } from '../party/start.ts';
import { ComputeError } from '../problem.ts';
import type { Scanned } from '../table/records.ts';
import { RowSet, writeSelection } from '../table/selection.ts';
import type { EnginePart } from './engine.ts';
import { type Engine, meet } from './secretflow-process.ts';

export type KeysPart = EnginePart & { terms: Terms };
export const isOfKeys = (part: EnginePart): part is KeysPart => part.terms.mode === 'kkrt';

interface Keys {
  scanned: Scanned & { rowsWithoutKey: number };
  /** A file for the engine: a hash of each distinct key, with the first row that has it. */
  keys: string;
  count: number;
  /** Further rows of the key of that first one. */
  again: ReadonlyMap<number, readonly number[]>;
}

/** Reads the table once. */
export const keysOf = async (input: Input): Promise<Keys> => {
  const seen = new Map<string, number>();
  const again = new Map<number, number[]>();
  const scanned = await scanKeys(input, (bytes, length, row) => {
    const key = createHash('sha256').update(bytes.subarray(0, length)).digest('hex');
    const first = seen.get(key);
    if (first === undefined) seen.set(key, row);
    else again.set(first, [...(again.get(first) ?? []), row]);
  });
  const keys = join(input.folder, 'keys.csv');
  await writeFile(keys, ['key,row', ...Array.from(seen, ([key, row]) => `${key},${row}`), ''].join('\n'), {
    mode: 0o600,
  });
  return { scanned, keys, count: seen.size, again };
};

/** First rows of the common keys, in an order that both have; null where they are told to the first owner alone and this is the second. */
export const commonRows = async (
  engine: Engine,
  keys: string,
  folder: string,
  both: boolean,
): Promise<Uint32Array | null> => {
  const out = join(folder, 'matched');
  const { rows } = await engine.ask({ do: 'intersect', table: keys, out, both });
  if (rows === null) return null;
  const bytes = await readFile(out);
  if (bytes.length !== rows! * 4) throw new ComputeError('compute.engineFailed', 'the engine told no rows');
  return Uint32Array.from({ length: rows! }, (_, n) => bytes.readUInt32LE(n * 4));
};

export const playKeys = async (engine: Engine, part: KeysPart): Promise<PartyOutcome<OwnerReport>> => {
  const { terms, role, agreed } = part;
  const { path, folder, out, column } = part.input;
  if (column === undefined) throw new ComputeError('compute.query', 'an intersection has a column of keys');
  const begun = performance.now();
  const peerCommitment = await meet(engine, part, termsDigest(terms));
  const cpu = process.cpuUsage();
  const salt = Buffer.from(part.input.salt, 'hex');
  const { scanned, keys, count, again } = await keysOf({ path, folder, salt, column });
  requireWithin(count, terms.keysMax);
  const commitment = inputCommitment(salt, scanned.digest, column).toString('hex');
  requireAgreed(agreed, commitment);
  const learns = learnsRows(terms, role);
  const common = await commonRows(engine, keys, folder, terms.reveal === 'both');
  if ((common !== null) !== learns) throw new ComputeError('compute.engineFailed', 'the engine told another owner');
  const chosen = new RowSet(scanned.rows);
  for (const row of common ?? []) for (const one of [row, ...(again.get(row) ?? [])]) chosen.add(one);
  const rowsOut = common && out ? await writeSelection(path, scanned.digest, chosen, out) : null;
  const used = process.cpuUsage(cpu);
  const { cpuSeconds = 0, peakBytes = 0 } = await engine.ask({ do: 'end' });
  return {
    report: {
      ...{ rows: scanned.rows, rowsWithoutKey: scanned.rowsWithoutKey, keys: count, commitment, peerCommitment },
      common: common === null ? null : common.length,
      rowsOut,
    },
    cost: {
      milliseconds: Math.round(performance.now() - begun),
      cpuSeconds: Math.round(cpuSeconds * 1000 + (used.user + used.system) / 1000) / 1000,
      peakBytes,
    },
  };
};
