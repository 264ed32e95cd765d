import { randomBytes } from 'node:crypto';
import { type HeaderReader, signedHeaders, verifySignature } from './signature.ts';
import type {
  AccountAnswer,
  AccountRequest,
  DepositRequest,
  Faults,
  InstructionAnswer,
  InstructionRequest,
  StatementAnswer,
} from './wire.ts';

export { signatureAgeMsMax, signatureHeaders } from './signature.ts';
export * from './wire.ts';

export interface BankClientSettings {
  /** `http://127.0.0.1:PORT` */
  url: string;
  key: Buffer;
  fetch?: typeof fetch;
  now?: () => number;
  nonce?: () => string;
  sleep?: (ms: number) => Promise<void>;
  /** Every call can be repeated safely, since the bank knows it by its reference. */
  attemptsMax?: number;
  timeoutMs?: number;
}

/** What the bank answered when it refused, or `bank-unreachable` when it never answered (status 0). */
export class BankError extends Error {
  readonly status: number;
  readonly code: string;
  readonly field: string | undefined;

  constructor(status: number, code: string, field?: string) {
    super(`bank: ${code}${field === undefined ? '' : ` (${field})`}`);
    this.name = 'BankError';
    this.status = status;
    this.code = code;
    this.field = field;
  }
}

/** One line as `reconcile` of @shugu/ledger takes it; `account` is the member. */
export interface StatementBankLine {
  day: string;
  account: string;
  reference: string;
  kind: 'deposit' | 'freeze' | 'unfreeze' | 'transfer' | 'payout';
  fen: bigint;
}

const retryDelayMs = 50;

export type BankClient = ReturnType<typeof bankClient>;

/** Typed calls to the bank (simulator). Each is retried on lost answers and 5xx with the same reference. */
export function bankClient(settings: BankClientSettings) {
  const call = <T>(method: 'GET' | 'POST', path: string, body?: object): Promise<T> =>
    retry<T>(settings, method, path, body);
  const id = encodeURIComponent;
  const instruction = (reference: string) => call<InstructionAnswer>('GET', `/instructions/${id(reference)}`);
  return {
    openAccount: (request: AccountRequest) => call<AccountAnswer>('POST', '/accounts', request),
    account: (number: string) => call<AccountAnswer>('GET', `/accounts/${id(number)}`),
    /** Up to 1,000 in order of number, after the given one. */
    accounts: async (after = '') =>
      (await call<{ accounts: AccountAnswer[] }>('GET', `/accounts?after=${id(after)}`)).accounts,
    instruct: (request: InstructionRequest) => call<InstructionAnswer>('POST', '/instructions', request),
    instruction,
    /** Asks until the instruction is done or refused; throws `instruction-still-waiting` after `timeoutMs`. */
    settled: async (reference: string, timeoutMs = 10_000): Promise<InstructionAnswer> => {
      const sleep = settings.sleep ?? sleepMs;
      for (let waited = 0, pause = 5; ; waited += pause, pause = Math.min(pause * 2, 250)) {
        const answer = await instruction(reference);
        if (answer.status !== 'accepted') return answer;
        if (waited >= timeoutMs) throw new BankError(0, 'instruction-still-waiting', reference);
        await sleep(pause);
      }
    },
    statement: (day: string, account?: string) =>
      call<StatementAnswer>('GET', `/statements/${day}${account === undefined ? '' : `?account=${id(account)}`}`),
    /** Where the bank sends signed callbacks; null ends them. */
    setCallback: (url: string | null) => call<{ url: string | null }>('POST', '/callback', { url }),
    simulate: {
      deposit: (request: DepositRequest) => call<InstructionAnswer>('POST', '/simulate/deposits', request),
      faults: (faults: Partial<Faults>) => call<Faults>('POST', '/simulate/faults', faults),
      day: () => call<{ day: string }>('GET', '/simulate/day'),
      setDay: (day: string) => call<{ day: string }>('POST', '/simulate/day', { day }),
      /** Carries out everything accepted, whatever its delay. */
      flush: () => call<{ executed: number }>('POST', '/simulate/flush', {}),
    },
  };
}

const sleepMs = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

async function retry<T>(settings: BankClientSettings, method: string, path: string, body?: object): Promise<T> {
  const attemptsMax = settings.attemptsMax ?? 4;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await send<T>(settings, method, path, body === undefined ? '' : JSON.stringify(body));
    } catch (error) {
      const problem = error instanceof BankError ? error : new BankError(0, 'bank-unreachable');
      const final = problem.status >= 400 && problem.status < 500;
      if (final || attempt >= attemptsMax) throw problem;
      await (settings.sleep ?? sleepMs)(retryDelayMs * 2 ** (attempt - 1));
    }
  }
}

async function send<T>(settings: BankClientSettings, method: string, path: string, body: string): Promise<T> {
  const nonce = settings.nonce?.() ?? randomBytes(16).toString('hex');
  const date = new Date((settings.now ?? Date.now)()).toISOString();
  const response = await (settings.fetch ?? fetch)(settings.url + path, {
    method,
    headers: {
      'content-type': 'application/json',
      ...signedHeaders(settings.key, { method, path, date, nonce, body }),
    },
    ...(method === 'POST' && { body }),
    signal: AbortSignal.timeout(settings.timeoutMs ?? 10_000),
  });
  const answer = (await response.json()) as T & { code?: string; field?: string };
  if (!response.ok) throw new BankError(response.status, answer.code ?? 'bank-answer-invalid', answer.field);
  return answer;
}

/**
 * The instruction that a callback tells of, or null when its signature is wrong or old. Callbacks come twice, late and out
 * of order: take them as a hint, the status of one reference never changes after `done` or `refused`.
 */
export function readCallback(
  message: { path: string; body: string; header: HeaderReader },
  { key, now }: { key: Buffer; now: () => number },
): InstructionAnswer | null {
  if (!verifySignature(key, { ...message, method: 'POST' }, now())) return null;
  return JSON.parse(message.body) as InstructionAnswer;
}

/** A statement as lines for reconciliation: one per reference and sub-account, keyed by member. */
export function bankLines({ day, accounts }: StatementAnswer): StatementBankLine[] {
  return accounts.flatMap(({ member, lines }) =>
    lines.map(({ reference, kind, fen }) => ({ day, account: member, reference, kind, fen: BigInt(fen) })),
  );
}
