/**
 * May a restored log grow on? Only if no checkpoint that somebody holds lies beyond it or beside it. Asked are the witnesses,
 * over the protocol by which they cosign, and checkpoints in files: one signed by the log itself tells as much.
 */
import { type SuiteName, suite as suiteOf, verifierOf } from '@shugu/evidence';
import { equalBytes, openNote, parseCheckpoint, rootAt, type TileStore, TlogError } from '@shugu/tlog';
import { askWitness, type LogTree } from '../publiclog/cosign.ts';
import type { Witness } from '../publiclog/witnesses.ts';
import { BackupProblem } from './problem.ts';

export interface RestoredLog {
  origin: string;
  suite: SuiteName;
  vkey: string;
  store: TileStore;
  size: number;
  root: Uint8Array;
  note: string;
}

/** `unwitnessed`: nobody was there to ask. `last`: the furthest that others hold. */
export type Standing =
  | { kind: 'continues' | 'unwitnessed' }
  | { kind: 'behind' | 'forked'; last: { origin: string; size: number; checkpoint?: string } };

/** Throws `backup.witness_note` for a note that neither the log nor a known witness has signed. */
export const compareNote = async (log: RestoredLog, note: string, witnesses: readonly Witness[]): Promise<Standing> => {
  const verifiers = [log.vkey, ...witnesses.map((one) => one.vkey)].map(verifierOf);
  const checkpoint = await openNote(note, verifiers)
    .then((opened) => parseCheckpoint(opened.text))
    .catch((error) => {
      if (error instanceof TlogError)
        throw new BackupProblem('backup.witness_note', `this checkpoint proves nothing: ${error.message}`);
      throw error;
    });
  const last = { origin: checkpoint.origin, size: checkpoint.size, checkpoint: note };
  // A witness speaks of an origin that this backup does not know yet: a successor, opened after the backup.
  if (checkpoint.origin !== log.origin || checkpoint.size > log.size) return { kind: 'behind', last };
  const root = await rootAt({ hash: suiteOf(log.suite).hash, store: log.store, size: checkpoint.size });
  return equalBytes(root, checkpoint.root) ? { kind: 'continues' } : { kind: 'forked', last };
};

/** Throws `backup.witness_silent` where it gives no answer. A witness that does not watch the log has nothing against it. */
export const compareWitness = async (log: RestoredLog, witness: Witness): Promise<Standing> => {
  const tree: LogTree = { hash: suiteOf(log.suite).hash, store: log.store, size: log.size, note: log.note };
  const answer = await askWitness(witness, tree, log.size).catch((cause) => {
    throw new BackupProblem('backup.witness_silent', `${witness.url} does not answer`, { cause });
  });
  if (answer.kind === 'cosigned' || answer.kind === 'unknownLog') return { kind: 'continues' };
  const last = { origin: log.origin, size: answer.kind === 'conflict' ? answer.size : log.size };
  if (answer.kind === 'conflict' && answer.size > log.size) return { kind: 'behind', last };
  // 422, or a conflict at our own size: it has cosigned another tree.
  if (answer.kind === 'conflict' || answer.status === 422) return { kind: 'forked', last };
  throw new BackupProblem('backup.witness_silent', `${witness.url} answers with status ${answer.status}`);
};

/** The worst standing counts; of several that are ahead, the furthest. */
export const worstOf = (standings: readonly Standing[]): Standing => {
  let worst: Standing = { kind: standings.length ? 'continues' : 'unwitnessed' };
  for (const one of standings)
    if ('last' in one && (!('last' in worst) || one.last.size > worst.last.size)) worst = one;
  return worst;
};
