/** What the room is given, and the little that its use cases share. */
import type { Cases } from '../kernel/case/index.ts';
import type { Database, Reader, Tx } from '../kernel/db/db.ts';
import type { PermissionTable } from '../kernel/http/principal.ts';
import type { ObjectStore } from '../kernel/objects.ts';
import type { Seal } from '../kernel/seal.ts';

export interface MembersSettings {
  /** One-time token of the data folder (kernel/node.ts). */
  setupToken: string;
  sessionHours: number;
  loginTriesPerMinute: number;
  /** Address of the portal: its host is the passkeys' relying party, and https makes cookies Secure. */
  publicUrl(): string;
  /** Sign-in by an outside identity provider; off when absent. */
  oidc?: { issuer: string; client: string; secret: string };
}

export interface MembersDeps {
  database: Database;
  seal: Seal;
  objects: ObjectStore;
  /** Admissions and further roles are cases of the pack `member`. */
  cases: Pick<Cases, 'register' | 'file' | 'addPaper' | 'move'>;
  now(): Date;
  permissionTables: readonly PermissionTable[];
  settings: MembersSettings;
  /**
   * Names of the market's objects, for the audit log; rooms further down know them. `concerning`: only of what this organisation
   * is a party to.
   */
  objectNames?(read: Reader, ids: readonly string[], concerning: string | undefined): Promise<Map<string, string>>;
  /** Milliseconds that only go forward, for rate limits: a simulated calendar must not refill them. */
  monotonic?(): number;
}

export interface Room extends MembersDeps {
  table: PermissionTable;
  monotonic(): number;
  /** Rights of somebody change in this transaction: nothing remembered about anybody outlives its commit. */
  rightsChange(tx: Tx): void;
}
