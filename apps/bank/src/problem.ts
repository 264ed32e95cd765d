/** What the bank refuses at its door, as problem details (RFC 9457). */
export const bankProblems = {
  'body-invalid': { status: 400, title: 'The body does not have the expected form' },
  'signature-invalid': { status: 401, title: 'The signature is missing, wrong, too old or used before' },
  'not-found': { status: 404, title: 'There is nothing here' },
  'method-not-allowed': { status: 405, title: 'This path does not take that method' },
  'reference-conflict': { status: 409, title: 'The reference was used with another body' },
  'member-has-account': { status: 409, title: 'The member has a sub-account under another reference' },
  'body-too-large': { status: 413, title: 'The body is larger than the limit' },
  'account-unknown': { status: 422, title: 'There is no such sub-account' },
  'legs-invalid': { status: 422, title: 'The legs do not add up, repeat a payee or pay the payer' },
  'balance-limit': { status: 422, title: 'More money than the simulator keeps books for' },
  'day-closed': { status: 422, title: 'The business day cannot go back behind a booked line' },
  'callback-not-loopback': { status: 422, title: 'The simulator calls back on this machine only' },
  'statement-too-long': { status: 422, title: 'Too many lines: ask for one account' },
  'queue-full': { status: 503, title: 'Too many instructions are waiting' },
  internal: { status: 500, title: 'The simulator failed' },
} as const;

export type BankProblemCode = keyof typeof bankProblems;

export class BankProblem extends Error {
  readonly code: BankProblemCode;
  readonly field: string | undefined;

  constructor(code: BankProblemCode, field?: string) {
    super(field === undefined ? code : `${code}: ${field}`);
    this.name = 'BankProblem';
    this.code = code;
    this.field = field;
  }
}
