/** What a backup says about itself; its last but one part, with the digest of it as the last. */
import type { Witness } from '../publiclog/witnesses.ts';
import { BackupProblem } from './problem.ts';
import type { Position, Table } from './tables.ts';

export const formatVersion = 1;

export interface Part {
  name: string;
  bytes: number;
  /** Hex. */
  sha256: string;
}

export interface DumpedTable extends Table {
  rows: number;
  parts: string[];
}

export interface DumpedCheckpoint {
  origin: string;
  size: number;
  note: string;
  open: boolean;
}

/** `sealed`: under the passphrase; `environment`: SHUGU_KEY_SECRET, not ours to carry; `absent`: left out. */
export type SecretState = 'sealed' | 'environment' | 'absent';

export interface Manifest {
  format: 'shugu-backup';
  version: number;
  madeAt: string;
  program: string;
  /** PostgreSQL that it was read from; it may be loaded into another. */
  database: string;
  node: string;
  market: string;
  suite: 'intl' | 'sm';
  secret: SecretState;
  migrations: { room: string; name: string; digest: string }[];
  tables: DumpedTable[];
  positions: Position[];
  checkpoints: DumpedCheckpoint[];
  witnesses: Witness[];
  /** Subjects whose key was destroyed by then; a newer list makes an older backup forget them too. */
  erased: string[];
  /** What lies in the data folder and is not in here, with the reason. */
  leftOut: { name: string; zh: string; en: string }[];
  parts: Part[];
}

/** Throws `backup.not_a_backup` or `backup.too_new`. Only called on bytes whose digest held. */
export const parseManifest = (bytes: Buffer): Manifest => {
  const manifest = JSON.parse(bytes.toString('utf8')) as Manifest;
  if (manifest.format !== 'shugu-backup')
    throw new BackupProblem('backup.not_a_backup', 'its manifest is of another kind');
  if (manifest.version !== formatVersion)
    throw new BackupProblem(
      'backup.too_new',
      `format ${manifest.version}; this version of Shugu reads format ${formatVersion}`,
    );
  return manifest;
};
