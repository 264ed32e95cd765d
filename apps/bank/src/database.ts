import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';

/** All balances together; far below SQLite's 2^63, beyond which sums would silently become floating point. */
export const balanceFenMax = 10n ** 18n;

const schema = `
create table if not exists settings (name text primary key, value text not null) strict;
create table if not exists accounts (
  number text primary key, reference text not null unique, member text not null unique, name text not null,
  body text not null,
  balance integer not null default 0 check (balance between 0 and ${balanceFenMax}),
  frozen integer not null default 0 check (frozen between 0 and balance)
) strict;
create table if not exists holds (
  account text not null references accounts, hold_order text not null, fen integer not null check (fen >= 0),
  primary key (account, hold_order)
) strict, without rowid;
create table if not exists instructions (
  serial integer primary key autoincrement, reference text not null unique, kind text not null,
  account text not null references accounts, fen integer not null, hold_order text, body text not null,
  execute_at integer not null, status text not null, reason text, day text, attempts integer not null default 0
) strict;
create index if not exists instructions_waiting on instructions (execute_at, serial) where status = 'accepted';
create table if not exists lines (
  serial integer primary key autoincrement, day text not null, account text not null references accounts,
  reference text not null, kind text not null, balance_fen integer not null, frozen_fen integer not null, hold_order text
) strict;
create index if not exists lines_by_day on lines (day, account, serial);
create table if not exists callbacks (
  id integer primary key autoincrement, reference text not null, due_at integer not null, attempts integer not null default 0
) strict;
create index if not exists callbacks_due on callbacks (due_at);
`;

export type Row = Record<string, string | bigint | null>;
type Value = string | number | bigint | null;

/** The file of the books: opened by one process at a time, every commit on disk before it returns. */
export class Database {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(directory: string) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    this.#db = new DatabaseSync(join(directory, 'bank.sqlite'));
    // Exclusive locking: two processes on one set of books would each believe in their own business day.
    this.#db.exec(
      'pragma locking_mode=exclusive; pragma journal_mode=wal; pragma synchronous=full; pragma foreign_keys=on',
    );
    this.#db.exec(schema);
  }

  close(): void {
    this.#db.close();
  }

  /** One transaction: all of `work` or nothing of it. */
  write<T>(work: () => T): T {
    this.#db.exec('begin immediate');
    try {
      const result = work();
      this.#db.exec('commit');
      return result;
    } catch (error) {
      this.#db.exec('rollback');
      throw error;
    }
  }

  row(sql: string, ...values: Value[]): Row | undefined {
    return this.#prepare(sql).get(...values) as Row | undefined;
  }

  rows(sql: string, ...values: Value[]): Row[] {
    return this.#prepare(sql).all(...values) as Row[];
  }

  run(sql: string, ...values: Value[]) {
    return this.#prepare(sql).run(...values);
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#db.prepare(sql);
      statement.setReadBigInts(true);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}
