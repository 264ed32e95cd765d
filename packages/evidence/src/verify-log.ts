/** Whether a trusted log has signed a checkpoint, and whether an entry stands under it. */
import {
  type Checkpoint,
  cosignatureTime,
  decodeBase64,
  leafHash,
  type NoteSignature,
  openNote,
  parseCheckpoint,
  TlogError,
  verifyInclusion,
} from '@shugu/tlog';
import { inOrder } from './bundle.ts';
import { entryBytes, type LogEntry } from './entry.ts';
import { type KnownVerifier, verifierOf } from './notes.ts';
import { EvidenceError } from './problem.ts';
import { type Label, type SuiteName, suite } from './suites.ts';
import type { Trust } from './trust.ts';

export type Check = { id: string; ok: boolean; zh: string; en: string };

/** Whose note that is, and of which size the proofs say it must be. */
export type NotedLog = { origin: string; suite: SuiteName; checkpoint: string; size: number };

/** `time`: the latest cosignature of a trusted witness, RFC 3339 in UTC. */
export type AsOf = { size: number; witnesses: string[]; time?: string };

/** The checkpoint, when a trusted log has signed it; what does not hold is a failed check. */
export async function checkCheckpoint(
  log: NotedLog,
  trust: Trust,
  checks: Check[],
): Promise<{ checkpoint: Checkpoint; asOf: AsOf } | undefined> {
  const add = (id: string, ok: boolean, zh: string, en: string) => checks.push({ id, ok, zh, en });
  const logKeys = trust.logs.filter(({ origin, suite: name }) => origin === log.origin && name === log.suite);
  const known = logKeys.length > 0;
  add(
    'log.known',
    known,
    known ? `日志${log.origin}在信任文件之中` : `日志${log.origin}（${log.suite}）不在信任文件之中`,
    known ? `the log ${log.origin} is trusted` : `the log ${log.origin} (${log.suite}) is not in the trust file`,
  );
  if (!known) return undefined;
  const logVerifiers = logKeys.map(({ vkey }) => verifierOf(vkey));
  const witnessVerifiers = trust.witnesses.map(({ vkey }) => verifierOf(vkey));
  try {
    const note = await openNote(log.checkpoint, [...logVerifiers, ...witnessVerifiers]);
    const checkpoint = parseCheckpoint(note.text);
    const problem = checkpointProblem(log, checkpoint, note, logVerifiers);
    if (problem) {
      add('checkpoint', false, problem.zh, problem.en);
      return undefined;
    }
    add('checkpoint', true, `检查点由${log.origin}签名`, `the checkpoint is signed by ${log.origin}`);
    const cosigned = note.verified.filter(signedBy(witnessVerifiers));
    checkQuorum(cosigned.length, trust.quorum, checks);
    return { checkpoint, asOf: asOf(checkpoint, cosigned) };
  } catch (problem) {
    if (!(problem instanceof TlogError)) throw problem;
    add('checkpoint', false, `检查点无效：${problem.message}`, `the checkpoint is not valid: ${problem.message}`);
    return undefined;
  }
}

function signedBy(verifiers: readonly KnownVerifier[]) {
  return (signature: NoteSignature) =>
    verifiers.some(({ name, keyHash }) => name === signature.name && Buffer.compare(keyHash, signature.keyHash) === 0);
}

function checkpointProblem(
  log: NotedLog,
  checkpoint: Checkpoint,
  note: { verified: readonly NoteSignature[]; unverified: readonly NoteSignature[] },
  logVerifiers: readonly KnownVerifier[],
): Label | undefined {
  const [unknown] = note.unverified;
  if (unknown) {
    return {
      zh: `检查点带有无法核验的签名：${unknown.name}。请将其加入信任文件，或索取不含该签名的凭证包`,
      en: `the checkpoint carries a signature that can't be checked: ${unknown.name}. Add its key to the trust file, or ask for a bundle without it`,
    };
  }
  if (!note.verified.some(signedBy(logVerifiers))) {
    return { zh: '检查点未经日志自身签名', en: 'the log itself has not signed the checkpoint' };
  }
  if (checkpoint.origin !== log.origin || checkpoint.size !== log.size) {
    return { zh: '检查点与证明不属同一棵树', en: 'checkpoint and proof are not of one tree' };
  }
  const ordered = inOrder(log.origin, note.verified);
  return ordered.every((signature, i) => signature === note.verified[i])
    ? undefined
    : { zh: '检查点签名的次序不规范', en: 'the signatures of the checkpoint are not in canonical order' };
}

function asOf({ size }: Checkpoint, signatures: readonly NoteSignature[]): AsOf {
  const times = signatures.map(({ signature }) => cosignatureTime(signature));
  const latest = Math.max(...times);
  return {
    size,
    witnesses: signatures.map(({ name }) => name),
    // ECMAScript dates end at 8.64e12 seconds; a witness that claims more has no time to show.
    ...(times.length > 0 && latest <= 8.64e12 ? { time: new Date(latest * 1000).toISOString() } : {}),
  };
}

function checkQuorum(count: number, quorum: number, checks: Check[]): void {
  if (quorum === 0 && count === 0) return;
  checks.push({
    id: 'witnesses',
    ok: count >= quorum,
    zh: `见证方联署${count}个，要求${quorum}个`,
    en: `${count} trusted witnesses have cosigned; ${quorum} are required`,
  });
}

/** Whether the entry stands at its place among the leaves of the checkpoint. */
export function isIncluded(
  log: { suite: SuiteName; index: number; entry: LogEntry; proof: readonly string[] },
  checkpoint: Checkpoint,
): boolean {
  const { hash } = suite(log.suite);
  try {
    const leaf = leafHash(hash, entryBytes(log.entry));
    const proof = log.proof.map(decodeBase64);
    return verifyInclusion({ hash, index: log.index, size: checkpoint.size, leaf, proof, root: checkpoint.root });
  } catch (problem) {
    // An entry beyond a leaf's size limit can't stand in any log.
    if (problem instanceof EvidenceError) return false;
    throw problem;
  }
}
