/** Stable codes: callers may switch on them, texts may change. */
export type BackupProblemCode =
  | 'backup.not_a_backup'
  | 'backup.damaged'
  | 'backup.too_new'
  | 'backup.not_empty'
  | 'backup.secret_missing'
  | 'backup.passphrase_wrong'
  | 'backup.unfinished'
  | 'backup.no_data'
  | 'backup.path_too_long'
  | 'backup.witness_unknown'
  | 'backup.witness_silent'
  | 'backup.witness_note';

export class BackupProblem extends Error {
  readonly code: BackupProblemCode;
  constructor(code: BackupProblemCode, message: string, options?: ErrorOptions) {
    super(`${code}: ${message}`, options);
    this.name = 'BackupProblem';
    this.code = code;
  }
}
