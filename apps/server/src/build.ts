/** Every room built by hand, in the declared order; each gets only what it needs. */
import type { FastifyInstance } from 'fastify';
import type { Cases } from './kernel/case/index.ts';
import type { PermissionTable } from './kernel/http/principal.ts';
import type { Kernel } from './kernel/kernel.ts';
import type { RoomParts } from './kernel/parts.ts';
import { makeMembers, type Members, membersPermissions } from './members/index.ts';

export const roomPermissions: readonly PermissionTable[] = [membersPermissions];

export interface Rooms {
  members: Members;
  /** What each room hands to the wiring, in order. */
  parts: RoomParts[];
  /** Doors that are not JSON routes: the gateway. */
  mount(app: FastifyInstance): Promise<void>;
  /** What must be true before the first request: withdrawn grants closed, the bank reachable. */
  beforeListen(): Promise<void>;
  close(): Promise<void>;
}

export interface BuildOptions {
  kernel: Kernel;
  cases: Cases;
  permissions: readonly PermissionTable[];
}

export const buildRooms = async ({ kernel, permissions }: BuildOptions): Promise<Rooms> => {
  const { config, database, seal, objects, clock } = kernel;
  const members = makeMembers({
    database,
    seal,
    objects,
    now: () => clock.now(),
    permissionTables: permissions,
    settings: {
      setupToken: kernel.setupToken,
      sessionHours: config.sessionHours,
      loginTriesPerMinute: config.loginTriesPerMinute,
      publicUrl: kernel.publicUrl,
    },
  });
  return {
    members,
    parts: [{ routes: members.routes }],
    mount: async () => undefined,
    beforeListen: async () => undefined,
    close: async () => undefined,
  };
};
