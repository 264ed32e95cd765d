/** What the room is given, and the little that its use cases share. */
import type { Database, Tx } from '../kernel/db/db.ts';
import type { PermissionTable, Principal } from '../kernel/http/principal.ts';
import type { ObjectStore } from '../kernel/objects.ts';
import type { Seal } from '../kernel/seal.ts';

export interface MembersSettings {
  /** One-time token of the data folder (kernel/node.ts). */
  setupToken: string;
  sessionHours: number;
  loginTriesPerMinute: number;
  /** Address of the portal: its host is the passkeys' relying party, and https makes cookies Secure. */
  publicUrl(): string;
}

/** The seam to the case engine: the room files an application, the engine calls its effects back. */
export interface AdmissionDesk {
  /** Files under a procedure (`member.admission`, `member.role`); the case's id. */
  file(
    tx: Tx,
    principal: Principal,
    application: {
      procedure: string;
      subject: string;
      title: { zh: string; en: string };
      form: Record<string, unknown>;
      papers: { kind: string; digest: string; fileName: string; mediaType: string; bytes: number }[];
    },
  ): Promise<string>;
}

export interface MembersDeps {
  database: Database;
  seal: Seal;
  objects: ObjectStore;
  now(): Date;
  permissionTables: readonly PermissionTable[];
  settings: MembersSettings;
  /** Milliseconds that only go forward, for rate limits: a simulated calendar must not refill them. */
  monotonic?(): number;
}

export interface Room extends MembersDeps {
  table: PermissionTable;
  monotonic(): number;
  /** Rights of somebody change in this transaction: nothing remembered about anybody outlives its commit. */
  rightsChange(tx: Tx): void;
  desk(): AdmissionDesk | undefined;
}
