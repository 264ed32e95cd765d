/** Stable codes: callers may switch on them, texts may change. */
export type EvidenceProblemCode =
  | 'evidence.canonical-value'
  | 'evidence.canonical-bytes'
  | 'evidence.too-large'
  | 'evidence.too-deep'
  | 'evidence.key-malformed'
  | 'evidence.signature-malformed'
  | 'evidence.sealed-malformed'
  | 'evidence.sealed-wrong-key'
  | 'evidence.salt'
  | 'evidence.entry-malformed'
  | 'evidence.bundle-malformed'
  | 'evidence.trust-malformed'
  | 'evidence.promise-malformed'
  | 'evidence.stamp-malformed'
  | 'evidence.stamp-wrong'
  | 'evidence.stamp-refused'

  | 'evidence.receipts-malformed';

/** `at`: where in the value, as in `document.parties[0].name`. */
export class EvidenceError extends Error {
  readonly code: EvidenceProblemCode;
  readonly at: string | undefined;
  constructor(code: EvidenceProblemCode, message: string, at?: string) {
    super(at ? `${at}: ${message}` : message);
    this.name = 'EvidenceError';
    this.code = code;
    this.at = at;
  }
}
