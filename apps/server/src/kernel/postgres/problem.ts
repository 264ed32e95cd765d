/** Everything that can keep the database from starting; the code is stable and safe to match on. */
export type PostgresProblemCode =
  | 'postgres_unreachable'
  | 'postgres_too_old'
  | 'postgres_encoding'
  | 'postgres_data_locked'
  | 'postgres_engine_changed'
  | 'postgres_major_changed'
  | 'postgres_data_owner'
  | 'postgres_data_missing'
  | 'postgres_initdb_failed'
  | 'postgres_start_failed'
  | 'postgres_stop_failed'
  | 'postgres_socket_unsafe';

/** Raised by the launcher only; the message says what to do next. */
export class PostgresProblem extends Error {
  readonly code: PostgresProblemCode;

  constructor(code: PostgresProblemCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'PostgresProblem';
    this.code = code;
  }
}
