import { randomBytes } from 'node:crypto';
import { decodeBase64, encodeBase64, entryBytesMax } from '@shugu/tlog';
import { canonicalBytes, type Json, parseCanonical } from './canonical.ts';
import { commit } from './commitment.ts';
import { type Shape, shape, wordShape } from './shape.ts';
import type { Random, SuiteName } from './suites.ts';

/**
 * What one leaf of the log holds, as canonical JSON: either a fact that rules make public, or a salted commitment. All
 * commitments show one kind: what they are of is hashed with the record. `commitment`: base64 of 32 bytes.
 */
export type LogEntry =
  | { v: 1; kind: string; form: 'clear'; body: { [member: string]: Json } }
  | { v: 1; kind: string; form: 'commitment'; commitment: string };

/** In logs of before there was one kind for all, commitments show the kind of their record; those stay valid. */
export const undisclosedKind = 'undisclosed';

export function clearEntry(kind: string, body: { [member: string]: Json }): LogEntry {
  return readEntry({ v: 1, kind, form: 'clear', body });
}

/** Keep `salt` with the record: without it the entry proves nothing, and with it destroyed nothing can be proved. */
export function commitmentEntry(input: {
  suite: SuiteName;
  kind: string;
  record: unknown;
  salt?: Uint8Array;
  random?: Random;
}): { entry: LogEntry; salt: Uint8Array } {
  const { salt, commitment } = commit(input);
  const entry = undisclosed(commitment);
  return { entry, salt };
}

/** Looks like any commitment and is of nothing: what batches are filled up with. */
export function paddingEntry(random: Random = randomBytes): LogEntry {
  return undisclosed(random(32));
}

function undisclosed(commitment: Uint8Array): LogEntry {
  return readEntry({ v: 1, kind: undisclosedKind, form: 'commitment', commitment: encodeBase64(commitment) });
}

/** The leaf's bytes. Throws `evidence.too-large` beyond what an entry bundle can carry. */
export function entryBytes(entry: LogEntry): Uint8Array {
  return canonicalBytes(readEntry(entry), { bytesMax: entryBytesMax });
}

/** Throws `evidence.entry-malformed` or `evidence.canonical-bytes`. */
export function parseEntry(bytes: Uint8Array): LogEntry {
  return readEntry(parseCanonical(bytes, { bytesMax: entryBytesMax }));
}

export function commitmentOf(entry: LogEntry): Uint8Array | undefined {
  return entry.form === 'commitment' ? decodeBase64(entry.commitment) : undefined;
}

const strict = shape('evidence.entry-malformed');

export function readEntry(value: unknown, at = 'entry', read: Shape = strict): LogEntry {
  const clear = (value as { form?: unknown } | null)?.form === 'clear';
  const entry = read.object(value, at, ['v', 'kind', 'form', clear ? 'body' : 'commitment']);
  if (entry.v !== 1) read.fail(`${at}.v`, 'only version 1 is known');
  const kind = read.text(entry.kind, `${at}.kind`, wordShape);
  if (clear) {
    const body = read.object(entry.body, `${at}.body`, [], Object.keys(Object(entry.body)));
    return { v: 1, kind, form: 'clear', body: body as { [member: string]: Json } };
  }
  if (entry.form !== 'commitment') read.fail(`${at}.form`, 'must be clear or commitment');
  read.bytes(entry.commitment, `${at}.commitment`, 32);
  return { v: 1, kind, form: 'commitment', commitment: entry.commitment as string };
}
