/**
 * A file of **receipts**: the uses of one grant in one period, each with its path to the root of a sealed segment, each segment
 * with its signed manifest and the place of its commitment in a log. The node signs the whole and states with it that no use
 * among the records it names is left out: sequences run over all grants, so that gaps alone would not show one.
 */
import { encodeBase64, formatNote, parseCheckpoint, parseNote } from '@shugu/tlog';
import { inOrder } from './bundle.ts';
import { canonicalBytes } from './canonical.ts';
import type { LogEntry } from './entry.ts';
import { type PublicJwk, type PublicKey, publicJwk } from './keys.ts';
import { readReceipts, receiptsLimits } from './receipts-shape.ts';
import { type Signer, type SignerLevel, signInContext } from './signer.ts';
import { digestText, type SuiteName } from './suites.ts';

/** What a gateway signs of a sealed segment; SHA-256 whatever the suite. */
export type UsageManifest = {
  version: 1;
  source: string;
  segment: number;
  firstSequence: number;
  lastSequence: number;
  count: number;
  bytes: number;
  sealedAt: number;
  /** Hex: Merkle root (RFC 6962, SHA-256) over payloads; SHA-256 of the file; digest of the segment before, or null. */
  root: string;
  digest: string;
  previousDigest: string | null;
  keyId: string;
  /** base64 over the canonical JSON of all other members. */
  signature: string;
};

/** `payload`: base64 of the record's exact bytes, a leaf of the segment; `path`: base64, leaf to root. */
export type UsageReceipt = { sequence: number; payload: string; path: string[] };

/** `checkpoint`: place among the file's checkpoints. The entry commits to `committedManifest` under the salt. */
export type SegmentLog = { checkpoint: number; index: number; entry: LogEntry; salt: string; proof: string[] };

export type ReceiptSegment = { manifest: UsageManifest; log: SegmentLog; receipts: UsageReceipt[] };

export type ReceiptCheckpoint = { origin: string; suite: SuiteName; size: number; note: string };

/** Differences that corrections added are contained. `receipts` counts records, corrections too. */
export type UsageTotal = { receipts: number; calls: number; incompleteCalls: number; rows: number; bytes: number };

/** Why a gateway itself adds a record to a use: its answer broke off after it was recorded, went on, or came to its end. */
export type EndingReason = 'answerCut' | 'answerWentOn' | 'answerCompleted';

/**
 * By how many a record changes the calls that are incomplete. A long answer is recorded while it runs: incomplete, until a
 * record says that it came to its end. What is only part of a use makes no call incomplete: readers of tables break off as
 * they please.
 */
export const incompleteCallsOf = (record: {
  status: string;
  corrects?: string;
  reason?: string;
  part?: boolean;
}): -1 | 0 | 1 => {
  if (record.part) return 0;
  if (record.corrects === undefined) return record.status === 'incomplete' ? 1 : 0;
  const reason = record.reason as EndingReason | undefined;
  return reason === 'answerCut' ? 1 : reason === 'answerCompleted' ? -1 : 0;
};

/** Of one source of records, those after `after` up to `through`. */
export type SourceRange = { source: string; after: number; through: number };

/**
 * Which records were looked through: sources by name, each once. `complete` is false where uses of the period were known
 * beyond, because the file was full or they were not sealed yet.
 */
export type ReceiptsRange = { sources: SourceRange[]; complete: boolean };

export type Receipts = {
  format: 'shugu-receipts';
  /** The first version knew one source of records only. */
  version: 1 | 2;
  issued: string;
  node: string;
  grant: string;
  /** Of the instants at which the uses were admitted; `until` is not contained. */
  period: { from: string; until: string };
  range: ReceiptsRange | (SourceRange & { complete: boolean });
  total: UsageTotal;
  segments: ReceiptSegment[];
  checkpoints: ReceiptCheckpoint[];
  keys: { keyId: string; jwk: PublicJwk }[];
  signer: { keyId: string; level: SignerLevel };
};

export type ReceiptsFile = Receipts & { signature: string };

export const rangeOf = ({ range }: Receipts): ReceiptsRange => {
  if ('sources' in range) return range;
  const { complete, ...source } = range;
  return { sources: [source], complete };
};

/** Kind under which a log commits to a segment's manifest. */
export const segmentKind = 'usageSegment';

/** Role in which a key must be listed in a trust file to sign receipts and segments. */
export const meterRole = 'meter';

/** What the log's commitment is made over. An absent digest is an empty text. */
export const committedManifest = (manifest: UsageManifest) => ({
  source: manifest.source,
  segment: manifest.segment,
  firstSequence: manifest.firstSequence,
  lastSequence: manifest.lastSequence,
  count: manifest.count,
  root: manifest.root,
  digest: manifest.digest,
  previousDigest: manifest.previousDigest ?? '',
  keyId: manifest.keyId,
});

/** The bytes under a file's signature: its digest in the signer's suite, small enough for a card. */
export function signedReceipts(receipts: Receipts, name: SuiteName): Uint8Array {
  const bytes = canonicalBytes(receipts, { bytesMax: receiptsLimits.bytesMax });
  return canonicalBytes({ receipts: digestText(name, bytes) });
}

/** Proof lines of a checkpoint in the one order that verifiers accept. */
export function orderedNote(note: string): { size: number; note: string } {
  const parsed = parseNote(note);
  const { origin, size } = parseCheckpoint(parsed.text);
  return { size, note: formatNote({ text: parsed.text, signatures: inOrder(origin, parsed.signatures) }) };
}

/** The finished file. Throws `evidence.receipts-malformed` or `evidence.too-large`; it does not verify. */
export async function buildReceipts(
  input: Omit<Receipts, 'format' | 'version' | 'range' | 'keys' | 'signer'> & { range: ReceiptsRange },
  segmentKeys: readonly PublicKey[],
  signer: Signer,
): Promise<Uint8Array> {
  const keys = new Map([...segmentKeys, signer.publicKey].map((key) => [key.keyId, key]));
  const receipts: Receipts = {
    format: 'shugu-receipts',
    version: 2,
    ...input,
    keys: [...keys.values()]
      .sort((a, b) => (a.keyId < b.keyId ? -1 : 1))
      .map((key) => ({ keyId: key.keyId, jwk: publicJwk(key) })),
    signer: { keyId: signer.keyId, level: signer.level },
  };
  const signature = encodeBase64(await signInContext(signer, 'receipt', signedReceipts(receipts, signer.suite)));
  return canonicalBytes(readReceipts({ ...receipts, signature }), { bytesMax: receiptsLimits.bytesMax });
}
