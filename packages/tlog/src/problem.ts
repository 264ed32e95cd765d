/** Stable codes: callers may switch on them, texts may change. */
export type TlogProblemCode =
  | 'tlog.range'
  | 'tlog.entry-too-large'
  | 'tlog.tile-missing'
  | 'tlog.tile-malformed'
  | 'tlog.path-malformed'
  | 'tlog.bundle-malformed'
  | 'tlog.root-mismatch'
  | 'tlog.base64'
  | 'tlog.note-malformed'
  | 'tlog.note-too-large'
  | 'tlog.note-signature-invalid'
  | 'tlog.note-unverified'
  | 'tlog.key-malformed'
  | 'tlog.checkpoint-malformed';

export class TlogError extends Error {
  readonly code: TlogProblemCode;
  constructor(code: TlogProblemCode, message: string) {
    super(message);
    this.name = 'TlogError';
    this.code = code;
  }
}

/** Tree sizes and indexes are JavaScript numbers: 2^53 - 1 leaves are enough, and bit operators would stop at 2^32. */
export function requireCount(value: number, what: string): number {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new TlogError('tlog.range', `${what} must be an integer from 0 to 2^53-1, got ${value}`);
  }
  return value;
}
