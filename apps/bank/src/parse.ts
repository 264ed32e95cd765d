import { BankProblem } from './problem.ts';
import type {
  AccountRequest,
  DepositRequest,
  Faults,
  InstructionKind,
  InstructionRequest,
  TransferLeg,
} from './wire.ts';

/** Parsing at the door: every field has a form and a limit; unknown fields are refused, so that typing errors show. */

/** More than the 100 legs of a split rule and its fee. */
export const legsMax = 200;
export const fenMax = 10n ** 15n;
export const delayMsMax = 24 * 60 * 60 * 1000;

const referencePattern = /^[A-Za-z0-9._:-]{1,100}$/;
const fenPattern = /^[1-9][0-9]{0,15}$/;
const dayPattern = /^\d{4}-\d{2}-\d{2}$/;
const instantPattern = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?Z$/;
const kinds: readonly string[] = ['freeze', 'unfreeze', 'transfer', 'payout'] satisfies InstructionKind[];

type Fields = Record<string, unknown>;

function fieldsOf(value: unknown, allowed: readonly string[], name = 'body'): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new BankProblem('body-invalid', name);
  const unknown = Object.keys(value).find((field) => !allowed.includes(field));
  if (unknown !== undefined) throw new BankProblem('body-invalid', unknown.slice(0, 40));
  return value as Fields;
}

function text(fields: Fields, field: string, pattern: RegExp): string {
  const value = fields[field];
  if (typeof value !== 'string' || !pattern.test(value)) throw new BankProblem('body-invalid', field);
  return value;
}

function fenOf(fields: Fields, field = 'fen'): string {
  const value = text(fields, field, fenPattern);
  if (BigInt(value) > fenMax) throw new BankProblem('body-invalid', field);
  return value;
}

function instant(fields: Fields): { at?: string } {
  if (fields.at === undefined) return {};
  const at = text(fields, 'at', instantPattern);
  if (Number.isNaN(Date.parse(at))) throw new BankProblem('body-invalid', 'at');
  return { at };
}

export function parseInstruction(body: unknown): InstructionRequest {
  const fields = fieldsOf(body, ['reference', 'kind', 'account', 'fen', 'order', 'legs', 'from', 'at']);
  const kind = fields.kind;
  if (typeof kind !== 'string' || !kinds.includes(kind)) throw new BankProblem('body-invalid', 'kind');
  const transfer = kind === 'transfer';
  const from = fields.from ?? 'frozen';
  if ((from !== 'frozen' && from !== 'available') || (fields.from !== undefined && !transfer)) {
    throw new BankProblem('body-invalid', 'from');
  }
  const needsOrder = kind === 'freeze' || kind === 'unfreeze' || (transfer && from === 'frozen');
  const request: InstructionRequest = {
    reference: text(fields, 'reference', referencePattern),
    kind: kind as InstructionKind,
    account: text(fields, 'account', referencePattern),
    fen: fenOf(fields),
    ...((needsOrder || fields.order !== undefined) && { order: text(fields, 'order', referencePattern) }),
    ...(transfer && { from }),
    ...instant(fields),
  };
  if (!transfer && fields.legs !== undefined) throw new BankProblem('body-invalid', 'legs');
  return transfer ? { ...request, legs: legsOf(fields.legs, request) } : request;
}

function legsOf(value: unknown, { account, fen }: InstructionRequest): TransferLeg[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > legsMax)
    throw new BankProblem('body-invalid', 'legs');
  const legs = value.map((each: unknown) => {
    const fields = fieldsOf(each, ['account', 'fen'], 'legs');
    return { account: text(fields, 'account', referencePattern), fen: fenOf(fields) };
  });
  const sum = legs.reduce((total, leg) => total + BigInt(leg.fen), 0n);
  const payees = new Set(legs.map((leg) => leg.account));
  if (sum !== BigInt(fen) || payees.size !== legs.length || payees.has(account))
    throw new BankProblem('legs-invalid', 'legs');
  return legs;
}

export function parseDeposit(body: unknown): DepositRequest {
  const fields = fieldsOf(body, ['reference', 'account', 'fen', 'at']);
  return {
    reference: text(fields, 'reference', referencePattern),
    account: text(fields, 'account', referencePattern),
    fen: fenOf(fields),
    ...instant(fields),
  };
}

export function parseAccountRequest(body: unknown): AccountRequest {
  const fields = fieldsOf(body, ['reference', 'member', 'name']);
  return {
    reference: text(fields, 'reference', referencePattern),
    member: text(fields, 'member', /^\P{Cc}{1,200}$/u),
    name: text(fields, 'name', /^\P{Cc}{1,200}$/u),
  };
}

export function parseDay(value: unknown): string {
  if (typeof value !== 'string' || !dayPattern.test(value)) throw new BankProblem('body-invalid', 'day');
  const ms = Date.parse(`${value}T00:00:00Z`);
  if (Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 10) !== value)
    throw new BankProblem('body-invalid', 'day');
  return value;
}

/** Only loopback: a simulator that calls anywhere would be a tool to reach inside other networks. */
export function parseCallback(body: unknown): string | null {
  const { url } = fieldsOf(body, ['url']);
  if (url === null) return null;
  if (typeof url !== 'string' || url.length > 500 || !URL.canParse(url)) throw new BankProblem('body-invalid', 'url');
  const { protocol, hostname } = new URL(url);
  if (protocol !== 'http:' || !['127.0.0.1', 'localhost', '[::1]'].includes(hostname)) {
    throw new BankProblem('callback-not-loopback', 'url');
  }
  return url;
}

/** Given fields replace the present ones. */
export function parseFaults(body: unknown, present: Faults): Faults {
  const fields = fieldsOf(body, Object.keys(present));
  const faults = { ...present };
  for (const name of Object.keys(fields) as (keyof Faults)[]) {
    const value = fields[name];
    const most = name.endsWith('Ratio') ? 1 : delayMsMax;
    if (typeof value !== 'number' || !(value >= 0 && value <= most)) throw new BankProblem('body-invalid', name);
    faults[name] = value;
  }
  if (faults.delayMsMin > faults.delayMsMax) throw new BankProblem('body-invalid', 'delayMsMin');
  return faults;
}
