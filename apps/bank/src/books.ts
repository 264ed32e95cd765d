import { balanceFenMax, Database, type Row } from './database.ts';
import { BankProblem } from './problem.ts';
import type { Movement, PayerState } from './rules.ts';
import {
  callbackDelaysMs,
  canonicalBody,
  dayInChina,
  decide,
  depositMovement,
  draw,
  executionDelayMs,
} from './rules.ts';
import type {
  AccountAnswer,
  AccountRequest,
  DepositRequest,
  Faults,
  InstructionAnswer,
  InstructionRequest,
  RefusalReason,
  StatementAccount,
  StatementAnswer,
} from './wire.ts';
import { noFaults, simulatorLabel } from './wire.ts';

/**
 * The bank's own books. One SQLite file, one writer: every method that changes something is one transaction that is on
 * disk (synchronous=FULL) before it returns, so that what was answered survives kill -9 and loss of power.
 */

export const pendingMax = 100_000;
export const statementLinesMax = 50_000;
export const callbackAttemptsMax = 8;

export interface PendingCallback {
  id: bigint;
  attempts: number;
  answer: InstructionAnswer;
}

export interface BankSettings {
  seed: number;
  /** Milliseconds since 1970. */
  now: () => number;
  /** All deposits together; `balanceFenMax` at most, and by default. */
  totalFenMax?: bigint;
}

export class BankBooks {
  readonly #db: Database;
  readonly #seed: number;
  readonly #totalFenMax: bigint;
  readonly #now: () => number;

  /** Opens or creates `directory`/bank.sqlite; throws when another process has it open or the books do not add up. */
  constructor(directory: string, settings: BankSettings) {
    this.#seed = settings.seed;
    this.#now = settings.now;
    this.#totalFenMax = settings.totalFenMax ?? balanceFenMax;
    this.#db = new Database(directory);
    this.audit();
  }

  close(): void {
    this.#db.close();
  }

  /** Recomputes every balance from the lines. Throws when a sub-account is not what its lines say. */
  audit(): void {
    const wrong = this.#db.row(
      `select number from accounts a left join (
         select account, sum(balance_fen) as balance, sum(frozen_fen) as frozen from lines group by account
       ) l on l.account = a.number
       where a.balance <> coalesce(l.balance, 0) or a.frozen <> coalesce(l.frozen, 0)
          or a.frozen <> (select coalesce(sum(fen), 0) from holds where account = a.number) limit 1`,
    );
    if (wrong) throw new Error(`books do not add up at sub-account ${wrong.number}`);
  }

  // Accounts

  openAccount(request: AccountRequest): AccountAnswer {
    const body = canonicalBody(request);
    return this.#db.write(() => {
      const before = this.#db.row('select number, body from accounts where reference = ?', request.reference);
      if (before) {
        if (before.body !== body) throw new BankProblem('reference-conflict', 'reference');
        return this.account(String(before.number))!;
      }
      if (this.#db.row('select 1 as one from accounts where member = ?', request.member)) {
        throw new BankProblem('member-has-account', 'member');
      }
      const count = this.#db.row('select count(*) as n from accounts')!.n as bigint;
      const number = `SIM${(count + 1n).toString().padStart(9, '0')}`;
      const { reference, member, name } = request;
      this.#db.run(
        'insert into accounts (number, reference, member, name, body) values (?, ?, ?, ?, ?)',
        number,
        reference,
        member,
        name,
        body,
      );
      return this.account(number)!;
    });
  }

  account(number: string): AccountAnswer | null {
    const row = this.#db.row('select * from accounts where number = ?', number);
    return row ? this.#accountAnswer(row) : null;
  }

  /** In order of number, after the given one. */
  accounts(after = '', limit = 1_000): AccountAnswer[] {
    const rows = this.#db.rows('select * from accounts where number > ? order by number limit ?', after, limit);
    return rows.map((row) => this.#accountAnswer(row));
  }

  #accountAnswer(row: Row): AccountAnswer {
    const holds = this.#db.rows(
      'select hold_order, fen from holds where account = ? and fen > 0 order by hold_order',
      row.number!,
    );
    return {
      simulator: simulatorLabel,
      account: String(row.number),
      member: String(row.member),
      name: String(row.name),
      balanceFen: String(row.balance),
      frozenFen: String(row.frozen),
      availableFen: String((row.balance as bigint) - (row.frozen as bigint)),
      holds: holds.map((hold) => ({ order: String(hold.hold_order), fen: String(hold.fen) })),
    };
  }

  // Deposits and instructions

  /** Money that a member transferred from its own bank. Booked at once. */
  deposit(request: DepositRequest, day: string | null): InstructionAnswer {
    return this.#db.write(() => {
      const before = this.#retried(request.reference, request);
      if (before) return before;
      this.#mustExist([request.account]);
      const total = this.#db.row('select coalesce(sum(balance), 0) as fen from accounts')!.fen as bigint;
      // All money together stays below the limit of one balance, so that no transfer can ever pass it.
      if (total + BigInt(request.fen) > this.#totalFenMax) throw new BankProblem('balance-limit', 'fen');
      this.#insert(request, 'deposit', this.#now());
      this.#book(request.reference, null, [depositMovement(request)], this.#moveDay(request.at, day));
      return this.instruction(request.reference)!;
    });
  }

  /** Accepts an instruction; `executeDue` carries it out. The same reference and body gives the present state. */
  accept(request: InstructionRequest, day: string | null): InstructionAnswer {
    return this.#db.write(() => {
      const before = this.#retried(request.reference, request);
      if (before) return before;
      this.#mustExist([request.account, ...(request.legs ?? []).map((leg) => leg.account)]);
      if (
        (this.#db.row(`select count(*) as n from instructions where status = 'accepted'`)!.n as bigint) >= pendingMax
      ) {
        throw new BankProblem('queue-full');
      }
      this.#moveDay(request.at, day);
      this.#insert(request, request.kind, this.#now() + executionDelayMs(this.#seed, this.faults(), request.reference));
      return this.instruction(request.reference)!;
    });
  }

  /** The answer to a retry, or null for a new reference. The time of the client does not make it another instruction. */
  #retried(reference: string, request: InstructionRequest | DepositRequest): InstructionAnswer | null {
    const before = this.#db.row('select body from instructions where reference = ?', reference);
    if (!before) return null;
    const same =
      canonicalBody({ ...JSON.parse(String(before.body)), at: null }) === canonicalBody({ ...request, at: null });
    if (!same) throw new BankProblem('reference-conflict', 'reference');
    this.#db.run('update instructions set attempts = attempts + 1 where reference = ?', reference);
    return this.instruction(reference);
  }

  #mustExist(numbers: string[]): void {
    for (const number of numbers) {
      if (!this.#db.row('select 1 as one from accounts where number = ?', number))
        throw new BankProblem('account-unknown', 'account');
    }
  }

  #insert(request: InstructionRequest | DepositRequest, kind: string, executeAt: number): void {
    this.#db.run(
      `insert into instructions (reference, kind, account, fen, hold_order, body, execute_at, status) values (?, ?, ?, ?, ?, ?, ?, 'accepted')`,
      request.reference,
      kind,
      request.account,
      BigInt(request.fen),
      'order' in request ? (request.order ?? null) : null,
      JSON.stringify(request),
      executeAt,
    );
  }

  instruction(reference: string): InstructionAnswer | null {
    const row = this.#db.row('select * from instructions where reference = ?', reference);
    if (!row) return null;
    return {
      simulator: simulatorLabel,
      reference,
      serial: `SIM${String(row.serial).padStart(12, '0')}`,
      kind: row.kind as InstructionAnswer['kind'],
      account: String(row.account),
      fen: String(row.fen),
      order: row.hold_order as string | null,
      status: row.status as InstructionAnswer['status'],
      reason: row.reason as RefusalReason | null,
      day: row.day as string | null,
    };
  }

  /** Whether this answer shall get lost on the way; drawn per attempt, so that a retry comes through in the end. */
  answerIsLost(reference: string): boolean {
    const { lostAnswerRatio } = this.faults();
    if (lostAnswerRatio === 0) return false;
    const attempts = this.#db.row('select attempts from instructions where reference = ?', reference)?.attempts ?? 0n;
    return draw(this.#seed, 'lostAnswerRatio', `${reference}#${attempts}`) < lostAnswerRatio;
  }

  /** Carries out up to `limit` instructions that are due, oldest first; returns how many. `everything` ignores delays. */
  executeDue(limit: number, everything = false): number {
    const until = everything ? Number.MAX_SAFE_INTEGER : this.#now();
    const due = this.#db.rows(
      `select reference, body from instructions where status = 'accepted' and execute_at <= ? order by execute_at, serial limit ?`,
      until,
      limit,
    );
    if (due.length > 0) {
      this.#db.write(() => {
        for (const { body } of due) this.#execute(JSON.parse(String(body)) as InstructionRequest);
      });
    }
    return due.length;
  }

  /** When the next instruction or callback is due; null when nothing waits. */
  nextDueAt(): number | null {
    const next = this.#db.row(
      `select min(at) as at from (select min(execute_at) as at from instructions where status = 'accepted'
         union all select min(due_at) from callbacks)`,
    )!.at;
    return next === null || next === undefined ? null : Number(next);
  }

  #execute(request: InstructionRequest): void {
    const faults = this.faults();
    const { reference } = request;
    const simulated = draw(this.#seed, 'refusalRatio', reference) < faults.refusalRatio;
    const decision = simulated ? { refused: 'simulated-refusal' as const } : decide(request, this.#payer(request));
    if ('refused' in decision) {
      this.#db.run(
        `update instructions set status = 'refused', reason = ? where reference = ?`,
        decision.refused,
        reference,
      );
    } else {
      this.#book(reference, request.order ?? null, decision.movements, this.day());
    }
    if (this.callbackUrl() === null) return;
    for (const delayMs of callbackDelaysMs(this.#seed, faults, reference)) {
      this.#db.run('insert into callbacks (reference, due_at) values (?, ?)', reference, this.#now() + delayMs);
    }
  }

  #payer({ account, order }: InstructionRequest): PayerState {
    const row = this.#db.row('select balance, frozen from accounts where number = ?', account)!;
    const hold = this.#db.row('select fen from holds where account = ? and hold_order = ?', account, order ?? '');
    return {
      balanceFen: row.balance as bigint,
      frozenFen: row.frozen as bigint,
      holdFen: (hold?.fen as bigint | undefined) ?? 0n,
    };
  }

  #book(reference: string, order: string | null, movements: Movement[], day: string): void {
    for (const { account, kind, balanceFen, frozenFen } of movements) {
      // Both columns in one statement: the check "frozen within balance" holds after it, not between two.
      this.#db.run(
        'update accounts set balance = balance + ?, frozen = frozen + ? where number = ?',
        balanceFen,
        frozenFen,
        account,
      );
      if (frozenFen !== 0n) this.#changeHold(account, order!, frozenFen);
      this.#db.run(
        'insert into lines (day, account, reference, kind, balance_fen, frozen_fen, hold_order) values (?, ?, ?, ?, ?, ?, ?)',
        day,
        account,
        reference,
        kind,
        balanceFen,
        frozenFen,
        order,
      );
    }
    this.#db.run(`update instructions set status = 'done', day = ? where reference = ?`, day, reference);
  }

  /** Not an upsert: its insert would be checked against fen >= 0 before the conflict is seen. */
  #changeHold(account: string, order: string, fen: bigint): void {
    const { changes } = this.#db.run(
      'update holds set fen = fen + ? where account = ? and hold_order = ?',
      fen,
      account,
      order,
    );
    if (Number(changes) === 0)
      this.#db.run('insert into holds (account, hold_order, fen) values (?, ?, ?)', account, order, fen);
  }

  // Callbacks

  dueCallbacks(limit: number): PendingCallback[] {
    const rows = this.#db.rows(
      'select * from callbacks where due_at <= ? order by due_at, id limit ?',
      this.#now(),
      limit,
    );
    return rows.map((row) => ({
      id: row.id as bigint,
      attempts: Number(row.attempts),
      answer: this.instruction(String(row.reference))!,
    }));
  }

  callbackDone(id: bigint): void {
    this.#db.run('delete from callbacks where id = ?', id);
  }

  /** Tries again later, each time twice as long; gives up after `callbackAttemptsMax`: clients can always ask. */
  callbackFailed({ id, attempts }: PendingCallback): void {
    if (attempts + 1 >= callbackAttemptsMax) this.callbackDone(id);
    else
      this.#db.run(
        'update callbacks set attempts = attempts + 1, due_at = ? where id = ?',
        this.#now() + 200 * 2 ** attempts,
        id,
      );
  }

  // Settings of the simulator

  faults(): Faults {
    const stored = this.#setting('faults');
    return stored === null ? noFaults : (JSON.parse(stored) as Faults);
  }

  setFaults(faults: Faults): void {
    this.#setSetting('faults', JSON.stringify(faults));
  }

  callbackUrl(): string | null {
    return this.#setting('callback');
  }

  setCallbackUrl(url: string | null): void {
    if (url === null) this.#db.run(`delete from settings where name = 'callback'`);
    else this.#setSetting('callback', url);
  }

  /** The open business day: as set, or today; never before the last booked line. */
  day(): string {
    const wanted = this.#setting('day') ?? dayInChina(this.#now());
    const floor = this.#floorDay();
    if (wanted < floor) return floor;
    return wanted;
  }

  setDay(day: string): void {
    if (day < this.#floorDay()) throw new BankProblem('day-closed', 'day');
    this.#setSetting('day', day);
  }

  #floorDay(): string {
    return (this.#db.row('select max(day) as day from lines')!.day as string | null) ?? '';
  }

  /** A client on a simulated calendar takes the bank along; a late instruction is booked on the open day. */
  #moveDay(at: string | undefined, header: string | null): string {
    const wanted = at === undefined ? header : dayInChina(Date.parse(at));
    const floor = this.#floorDay();
    const present = this.#setting('day');
    if (wanted !== null && wanted >= floor && (present === null || wanted > present)) this.#setSetting('day', wanted);
    return this.day();
  }

  // Statements

  /** All lines of a day per sub-account with opening and closing balances; accounts that never moved are left out. */
  statement(day: string, number: string | null = null): StatementAnswer {
    const lines = this.#db.rows(
      `select * from lines where day = ? and (? is null or account = ?) order by serial limit ?`,
      day,
      number,
      number,
      statementLinesMax + 1,
    );
    if (lines.length > statementLinesMax) throw new BankProblem('statement-too-long', 'account');
    const opening = this.#db.rows(
      `select a.number, a.member, sum(case when l.day < ? then l.balance_fen else 0 end) as balance,
              sum(case when l.day < ? then l.frozen_fen else 0 end) as frozen
         from accounts a join lines l on l.account = a.number
        where l.day <= ? and (? is null or a.number = ?) group by a.number order by a.number`,
      day,
      day,
      day,
      number,
      number,
    );
    const byAccount = Map.groupBy(lines, (line) => String(line.account));
    const accounts = opening.map((row) => statementAccount(row, byAccount.get(String(row.number)) ?? []));
    return { simulator: simulatorLabel, day, closed: day < this.day(), accounts };
  }

  #setting(name: string): string | null {
    return (this.#db.row('select value from settings where name = ?', name)?.value as string | undefined) ?? null;
  }

  #setSetting(name: string, value: string): void {
    this.#db.run(
      'insert into settings (name, value) values (?, ?) on conflict (name) do update set value = excluded.value',
      name,
      value,
    );
  }
}

function statementAccount(row: Row, lines: Row[]): StatementAccount {
  let balance = row.balance as bigint;
  let frozen = row.frozen as bigint;
  const [openingFen, openingFrozenFen] = [balance, frozen].map(String) as [string, string];
  const printed = lines.map((line) => {
    balance += line.balance_fen as bigint;
    frozen += line.frozen_fen as bigint;
    const onlyFrozen = line.balance_fen === 0n;
    return {
      serial: `SIML${String(line.serial).padStart(12, '0')}`,
      reference: String(line.reference),
      kind: line.kind as StatementAccount['lines'][number]['kind'],
      fen: String(onlyFrozen ? line.frozen_fen : line.balance_fen),
      order: line.hold_order as string | null,
    };
  });
  return {
    account: String(row.number),
    member: String(row.member),
    openingFen,
    closingFen: String(balance),
    openingFrozenFen,
    closingFrozenFen: String(frozen),
    lines: printed,
  };
}
