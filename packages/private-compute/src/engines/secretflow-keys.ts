/** Which keys of two owners are common, by SecretFlow's KKRT. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { OwnerReport } from '../intersect/result.ts';
import { termsDigest } from '../intersect/terms.ts';
import type { PartyOutcome } from '../party/start.ts';
import { ComputeError } from '../problem.ts';
import { type KeysPart, keysReport, ownKeys } from './keys.ts';
import { type Engine, meet } from './secretflow-process.ts';

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
  const { terms, input } = part;
  const begun = performance.now();
  const peerCommitment = await meet(engine, part, termsDigest(terms));
  const cpu = process.cpuUsage();
  const own = await ownKeys(part);
  const common = await commonRows(engine, own.keys, input.folder, terms.reveal === 'both');
  const report = await keysReport(part, own, common, peerCommitment);
  const used = process.cpuUsage(cpu);
  const { cpuSeconds = 0, peakBytes = 0 } = await engine.ask({ do: 'end' });
  return {
    report,
    cost: {
      milliseconds: Math.round(performance.now() - begun),
      cpuSeconds: Math.round(cpuSeconds * 1000 + (used.user + used.system) / 1000) / 1000,
      peakBytes,
    },
  };
};
