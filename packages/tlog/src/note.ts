import * as crypto from 'node:crypto';
import { decodeBase64, encodeBase64 } from './base64.ts';
import { equalBytes } from './hash.ts';
import { TlogError } from './problem.ts';

/** C2SP signed-note. `keyHash` is the 4-byte key id; `sign` gets the note text and returns what follows the key id. */
export type NoteSigner = {
  readonly name: string;
  readonly keyHash: Uint8Array;
  sign(text: Uint8Array): Promise<Uint8Array>;
};

export type NoteVerifier = {
  readonly name: string;
  readonly keyHash: Uint8Array;
  verify(text: Uint8Array, signature: Uint8Array): boolean | Promise<boolean>;
};

export type NoteSignature = { readonly name: string; readonly keyHash: Uint8Array; readonly signature: Uint8Array };
export type Note = { readonly text: string; readonly signatures: readonly NoteSignature[] };
export type OpenedNote = {
  readonly text: string;
  readonly verified: readonly NoteSignature[];
  /** Of keys that no verifier knows, or second signatures of one key. They prove nothing. */
  readonly unverified: readonly NoteSignature[];
};

/** The specification wants at least 16 signatures to be accepted; both limits are ours. */
export const noteSignaturesMax = 64;
export const noteCharactersMax = 262_144;

const utf8 = new TextEncoder();

/** Key id: the first four bytes of SHA-256(name || 0x0A || key material), the material being type byte(s) || public key. */
export function noteKeyHash(name: string, keyMaterial: Uint8Array): Uint8Array {
  const digest = crypto
    .createHash('sha256')
    .update(`${requireKeyName(name)}\n`)
    .update(keyMaterial)
    .digest();
  return new Uint8Array(digest.subarray(0, 4));
}

export function requireKeyName(name: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the format forbids exactly these
  if (name === '' || name.length > 256 || !name.isWellFormed() || /[\p{White_Space}+\u0000-\u001f]/u.test(name)) {
    throw new TlogError(
      'tlog.key-malformed',
      'a key name is 1..256 characters without spaces, plus or control characters',
    );
  }
  return name;
}

/** `<name>+<key id in hex>+<base64 of the key material>`, the form in which operators hand out keys. */
export function formatVkey(name: string, keyMaterial: Uint8Array): string {
  return `${name}+${Buffer.from(noteKeyHash(name, keyMaterial)).toString('hex')}+${encodeBase64(keyMaterial)}`;
}

/** Throws `tlog.key-malformed`, also when the key id does not belong to name and key. */
export function parseVkey(vkey: string): { name: string; keyHash: Uint8Array; keyMaterial: Uint8Array } {
  const found = vkey.length <= 4096 ? /^([^+]+)\+([0-9a-f]{8})\+(.+)$/s.exec(vkey) : null;
  if (!found) throw new TlogError('tlog.key-malformed', 'a verifier key reads name+8 hex digits+base64');
  const name = requireKeyName(found[1]!);
  const keyMaterial = decodeBase64(found[3]!);
  const keyHash = noteKeyHash(name, keyMaterial);
  if (Buffer.from(keyHash).toString('hex') !== found[2]) {
    throw new TlogError('tlog.key-malformed', `the key id of ${name} does not belong to its key`);
  }
  return { name, keyHash, keyMaterial };
}

function requireText(text: string): string {
  if (!text.endsWith('\n') || !cleanText(text)) {
    throw new TlogError('tlog.note-malformed', 'note text must end in a newline and hold no other control characters');
  }
  return text;
}

function cleanText(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the format forbids exactly these
  return text.isWellFormed() && !/[\u0000-\u0009\u000b-\u001f]/.test(text);
}

export function formatNote(note: Note): string {
  if (note.signatures.length === 0) throw new TlogError('tlog.note-malformed', 'a note carries at least one signature');
  const lines = note.signatures.map(
    ({ name, keyHash, signature }) =>
      `— ${requireKeyName(name)} ${encodeBase64(new Uint8Array(Buffer.concat([keyHash, signature])))}\n`,
  );
  return `${requireText(note.text)}\n${lines.join('')}`;
}

/** Syntax only: nothing is verified. Accepts exactly the strings that `formatNote` makes. */
export function parseNote(note: string): Note {
  if (note.length > noteCharactersMax)
    throw new TlogError('tlog.note-too-large', `a note has at most ${noteCharactersMax} characters`);
  const split = note.lastIndexOf('\n\n');
  if (split < 0 || !note.endsWith('\n') || !cleanText(note)) {
    throw new TlogError('tlog.note-malformed', 'a note is text, an empty line and signature lines, in clean UTF-8');
  }
  const text = note.slice(0, split + 1);
  const lines = note.slice(split + 2, -1).split('\n');
  if (lines.length > noteSignaturesMax) {
    throw new TlogError('tlog.note-too-large', `a note has at most ${noteSignaturesMax} signatures`);
  }
  return { text, signatures: lines.map(parseSignatureLine) };
}

function parseSignatureLine(line: string): NoteSignature {
  const found = /^— (\S+) (\S+)$/u.exec(line);
  if (!found) throw new TlogError('tlog.note-malformed', 'a signature line reads: em dash, name, base64');
  const bytes = decodeBase64(found[2]!);
  if (bytes.length < 5)
    throw new TlogError('tlog.note-malformed', 'a signature is a 4-byte key id and at least one byte');
  return { name: requireKeyName(found[1]!), keyHash: bytes.slice(0, 4), signature: bytes.slice(4) };
}

/** `existing`: signatures of others over the same text, kept in front. */
export async function signNote(
  text: string,
  signers: readonly NoteSigner[],
  existing: readonly NoteSignature[] = [],
): Promise<string> {
  const bytes = utf8.encode(requireText(text));
  const added = await Promise.all(
    signers.map(async ({ name, keyHash, sign }) => ({ name, keyHash, signature: await sign(bytes) })),
  );
  return formatNote({ text, signatures: [...existing, ...added] });
}

/**
 * Verifies every signature of a known key. Throws `tlog.note-signature-invalid` when one of them is wrong (the whole note
 * is then worthless, says the specification) and `tlog.note-unverified` when no known key has signed.
 */
export async function openNote(note: string, verifiers: readonly NoteVerifier[]): Promise<OpenedNote> {
  const { text, signatures } = parseNote(note);
  const bytes = utf8.encode(text);
  const verified: NoteSignature[] = [];
  const unverified: NoteSignature[] = [];
  for (const signature of signatures) {
    const same = (other: { name: string; keyHash: Uint8Array }) =>
      other.name === signature.name && equalBytes(other.keyHash, signature.keyHash);
    const verifier = verifiers.find(same);
    if (!verifier || verified.some(same)) {
      unverified.push(signature);
      continue;
    }
    if (!(await verifier.verify(bytes, signature.signature))) {
      throw new TlogError('tlog.note-signature-invalid', `the signature of ${signature.name} is wrong`);
    }
    verified.push(signature);
  }
  if (verified.length === 0) throw new TlogError('tlog.note-unverified', 'no known key has signed this note');
  return { text, verified, unverified };
}
