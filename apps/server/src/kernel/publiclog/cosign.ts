/** Asking the witnesses for their word on the latest checkpoint, and keeping what they sign beside the log's own signature. */
import { type KnownVerifier, verifierOf } from '@shugu/evidence';
import {
  consistencyProof,
  equalBytes,
  type Hash,
  type NoteSignature,
  openNote,
  parseNote,
  type TileStore,
} from '@shugu/tlog';
import { signatureLines, submit, type WitnessAnswer } from './submission.ts';
import type { Witness } from './witnesses.ts';

/** A witness that did not answer is left alone for this long. */
export const witnessRestSeconds = 30;

export interface LogTree {
  hash: Hash;
  store: TileStore;
  size: number;
  /** Signed checkpoint of that size. */
  note: string;
}

/** Asks one witness, starting from the size it cosigned last as far as we know; a wrong guess costs one more round. */
export const askWitness = async (witness: Witness, tree: LogTree, guess: number): Promise<WitnessAnswer> => {
  const { hash, store, size, note } = tree;
  const from = Math.min(guess, size);
  const ask = async (old: number) =>
    submit(witness.url, { old, proof: await consistencyProof({ hash, store, from: old, to: size }), note });
  const first = await ask(from);
  return first.kind === 'conflict' && first.size !== from && first.size <= size ? ask(first.size) : first;
};

const isOf = (verifier: KnownVerifier) => (one: NoteSignature) =>
  one.name === verifier.name && equalBytes(one.keyHash, verifier.keyHash);

export const hasLineOf = (note: string, witness: Witness): boolean =>
  parseNote(note).signatures.some(isOf(verifierOf(witness.vkey)));

/** The note with the witness's line added. Throws `tlog.note-…` when the line is wrong or of another key. */
export const withLine = async (note: string, witness: Witness, answered: readonly NoteSignature[]): Promise<string> => {
  const verifier = verifierOf(witness.vkey);
  const { text, signatures } = parseNote(note);
  // A witness may answer with lines of several keys; readers know only the one that was configured.
  const own = answered.filter(isOf(verifier)).slice(0, 1);
  await openNote(`${text}\n${own.length ? signatureLines(text, own) : signatureLines(text, answered)}`, [verifier]);
  return `${text}\n${signatureLines(text, [...signatures.filter((one) => !isOf(verifier)(one)), ...own])}`;
};
