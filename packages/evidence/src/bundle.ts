import { encodeBase64, formatNote, type NoteSignature, parseCheckpoint, parseNote } from '@shugu/tlog';
import { type BundleFile, bundleLimits, readBundle, readCore, readStatement } from './bundle-shape.ts';
import { canonicalBytes, type Json } from './canonical.ts';
import { clearEntry, commitmentEntry, type LogEntry } from './entry.ts';
import { type PublicJwk, type PublicKey, publicJwk } from './keys.ts';
import { EvidenceError } from './problem.ts';
import { type Signer, type SignerLevel, signInContext } from './signer.ts';
import { digestText, type Label, type Random, type SignatureAlgorithm, type SuiteName, suite } from './suites.ts';

/** A file that travels beside the bundle. `digest`: `sha256:<hex>` or `sm3:<hex>`; `size` in bytes. */
export type Attachment = { name: string; mediaType: string; size: number; digest: string };

/** What is stated, by whom and when; `document` is the record itself. This is what signers sign. */
export type Statement = {
  format: 'shugu-bundle';
  version: 1;
  kind: string;
  title: Label;
  issued: string;
  node: string;
  document: Json;
  attachments: Attachment[];
};

export type BundleSignature = {
  keyId: string;
  role: string;
  algorithm: SignatureAlgorithm;
  level: SignerLevel;
  signature: string;
};

export type BundleKey = { keyId: string; jwk: PublicJwk };

/** The statement with its signatures and their keys: what the log entry commits to, whole. */
export type BundleCore = Statement & { signatures: BundleSignature[]; keys: BundleKey[] };

/**
 * Where in which log the core's entry stands. `salt`, with a commitment only: base64 of 32 bytes. `stamp`: base64 of an outside
 * authority's time stamp (RFC 3161) over the checkpoint, where the log has one.
 */
export type BundleLog = {
  origin: string;
  suite: SuiteName;
  index: number;
  entry: LogEntry;
  salt?: string;
  inclusion: { size: number; proof: string[] };
  checkpoint: string;
  stamp?: string;
};

export function draftStatement(
  input: Omit<Statement, 'format' | 'version' | 'attachments'> & { attachments?: Attachment[] },
) {
  return readStatement({ ...input, format: 'shugu-bundle', version: 1, attachments: input.attachments ?? [] });
}

export function attachmentOf(
  name: SuiteName,
  file: { name: string; mediaType: string; bytes: Uint8Array },
): Attachment {
  return { name: file.name, mediaType: file.mediaType, size: file.bytes.length, digest: digestText(name, file.bytes) };
}

export type SignedStatement = { signature: BundleSignature; publicKey: PublicKey };

/**
 * One party's signature. What is signed is small, so that a card or a customer's own device can do it: the statement's
 * digest in the signer's suite, and the signer's role, level and key.
 */
export async function signStatement(statement: Statement, signer: Signer, role: string): Promise<SignedStatement> {
  const { keyId, level } = signer;
  const unsigned = { keyId, role, algorithm: suite(signer.suite).algorithm, level };
  const message = signedMessage(digestText(signer.suite, canonicalBytes(readStatement(statement))), unsigned);
  const signature = encodeBase64(await signInContext(signer, 'bundle', message));
  return { signature: { ...unsigned, signature }, publicKey: signer.publicKey };
}

/** The bytes that are signed in context `bundle`. */
export function signedMessage(statementDigest: string, signer: Omit<BundleSignature, 'signature'>): Uint8Array {
  const { keyId, role, algorithm, level } = signer;
  return canonicalBytes({ statement: statementDigest, signer: { keyId, role, algorithm, level } });
}

/** Statement and signatures, in the order given; each key once, sorted by id. */
export function assembleCore(statement: Statement, signed: readonly SignedStatement[]): BundleCore {
  const keys = new Map(
    signed.map(({ publicKey }) => [publicKey.keyId, { keyId: publicKey.keyId, jwk: publicJwk(publicKey) }]),
  );
  return readCore({
    ...statement,
    signatures: signed.map(({ signature }) => signature),
    keys: [...keys.values()].sort((a, b) => (a.keyId < b.keyId ? -1 : 1)),
  });
}

/**
 * The log entry that commits to exactly this core. In clear it shows the core's digest and those members of the document
 * that `publish` names; as a commitment it shows nothing, and the salt belongs into the bundle.
 */
export function bundleEntry(
  core: BundleCore,
  input:
    | { suite: SuiteName; form: 'clear'; publish?: readonly string[] }
    | { suite: SuiteName; form: 'commitment'; random?: Random },
): { entry: LogEntry; salt?: Uint8Array } {
  if (input.form === 'commitment') {
    return commitmentEntry({ suite: input.suite, kind: core.kind, record: core, random: input.random });
  }
  const document = Object(core.document) as { [member: string]: Json };
  const published = (input.publish ?? []).map((name) => {
    if (!Object.hasOwn(document, name)) {
      throw new EvidenceError('evidence.entry-malformed', 'the document has no such member', `document.${name}`);
    }
    return [name, document[name]!] as const;
  });
  const body = { bundle: digestText(input.suite, canonicalBytes(core)), document: Object.fromEntries(published) };
  return { entry: clearEntry(core.kind, body) };
}

/**
 * The finished file. `checkpoint` may be any later signed checkpoint that `proof` leads to; its lines are put in order, the
 * log's first. Strip lines of witnesses that readers don't know: a verifier refuses what it can't check.
 * Throws `evidence.bundle-malformed`; it doesn't verify, so verify what you built before you hand it out.
 */
export function buildBundle(input: {
  core: BundleCore;
  suite: SuiteName;
  index: number;
  entry: LogEntry;
  salt?: Uint8Array;
  proof: readonly Uint8Array[];
  checkpoint: string;
  /** As `acceptStamp` gave it, over this checkpoint. */
  stamp?: Uint8Array;
}): Uint8Array {
  const note = parseNote(input.checkpoint);
  const { origin, size } = parseCheckpoint(note.text);
  const log: BundleLog = {
    origin,
    suite: input.suite,
    index: input.index,
    entry: input.entry,
    ...(input.salt ? { salt: encodeBase64(input.salt) } : {}),
    inclusion: { size, proof: input.proof.map(encodeBase64) },
    checkpoint: formatNote({ text: note.text, signatures: inOrder(origin, note.signatures) }),
    ...(input.stamp ? { stamp: encodeBase64(input.stamp) } : {}),
  };
  const file: BundleFile = readBundle({ ...input.core, log });
  return canonicalBytes(file, { bytesMax: bundleLimits.bytesMax });
}

/** The log's own signatures first, then by name and key: one order, so that even lines can't be swapped unnoticed. */
export function inOrder(origin: string, signatures: readonly NoteSignature[]): NoteSignature[] {
  const place = ({ name, keyHash }: NoteSignature) =>
    `${name === origin ? 0 : 1} ${name} ${Buffer.from(keyHash).toString('hex')}`;
  return [...signatures].sort((a, b) => (place(a) < place(b) ? -1 : 1));
}
