/**
 * Stable codes of everything this package refuses. Callers map them to their own problem catalogue;
 * the text is for developers, `details` names the offending value.
 */
export type LedgerProblemCode =
  | 'amount-invalid'
  | 'amount-out-of-range'
  | 'decimal-invalid'
  | 'plan-invalid'
  | 'price-not-quoted'
  | 'quantity-invalid'
  | 'tax-rate-invalid'
  | 'split-invalid'
  | 'account-invalid'
  | 'entry-invalid'
  | 'entry-unbalanced'
  | 'entry-key-conflict'
  | 'sequence-gap'
  | 'balance-below-zero'
  | 'reconciliation-invalid';

/** Thrown by every function of this package that gets input it must not accept. */
export class LedgerError extends Error {
  readonly code: LedgerProblemCode;
  readonly details: Readonly<Record<string, string>>;

  constructor(code: LedgerProblemCode, message: string, details: Record<string, string> = {}) {
    super(`${code}: ${message}`);
    this.name = 'LedgerError';
    this.code = code;
    this.details = details;
  }
}
