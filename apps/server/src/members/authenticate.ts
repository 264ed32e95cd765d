/** From a token to a principal. Remembered for seconds; every change of rights in this process forgets all at its commit. */

import type { PermissionTable } from '../kernel/http/principal.ts';
import { type Principal, systemActor } from '../kernel/http/principal.ts';
import { hashToken } from '../kernel/session.ts';
import type { MembersDeps } from './deps.ts';
import { limits } from './model.ts';
import * as reads from './reads.ts';
import { addressAllowed, permissionsOf, permissionsOfKey } from './rules.ts';
import { noteKeyUse } from './store.ts';

interface Remembered {
  principal: Omit<Principal, 'language'>;
  /** Of the key; empty for sessions. */
  addresses: readonly string[];
  expiresAt: Date;
  key?: { id: string; notedAt: number };
}

export interface Authenticator {
  /** Undefined when unknown, expired, revoked, or from an address that the key does not allow. */
  authenticate(token: string, language: 'zh' | 'en', address?: string): Promise<Principal | undefined>;
  forget(): void;
}

export const makeAuthenticator = (
  deps: Pick<MembersDeps, 'database' | 'now'> & { monotonic(): number; table: PermissionTable },
): Authenticator => {
  const remembered = new Map<string, Remembered & { until: number }>();
  // A look-up that began before a change must not be remembered after it.
  let generation = 0;

  const load = async (token: string, hash: Buffer): Promise<Remembered | undefined> => {
    const now = deps.now();
    if (token.startsWith('sgs_')) {
      const found = await reads.bySession(deps.database, hash, now);
      if (!found) return undefined;
      return {
        principal: {
          kind: 'person',
          id: found.id,
          name: found.name,
          participant: found.participant,
          roles: new Set(found.roles),
          permissions: permissionsOf(deps.table, found.roles, found.seats),
        },
        addresses: [],
        expiresAt: found.expiresAt,
      };
    }
    if (!token.startsWith('sgk_')) return undefined;
    const found = await reads.byKey(deps.database, hash, now);
    if (!found) return undefined;
    return {
      principal: {
        kind: 'service',
        id: found.id,
        name: found.name,
        participant: found.participant,
        roles: new Set(found.roles),
        permissions: permissionsOfKey(deps.table, found.roles, found.permissions),
      },
      addresses: found.addresses,
      expiresAt: found.expiresAt,
      key: { id: found.key, notedAt: found.lastUsedAt?.getTime() ?? 0 },
    };
  };

  const recall = async (token: string): Promise<Remembered | undefined> => {
    const hash = hashToken(token);
    const name = hash.toString('base64');
    const before = remembered.get(name);
    if (before && before.until > deps.monotonic() && before.expiresAt > deps.now()) return before;
    const began = generation;
    const found = await load(token, hash);
    if (found && began === generation) {
      if (remembered.size >= limits.principalCacheEntriesMax) remembered.clear();
      remembered.set(name, { ...found, until: deps.monotonic() + limits.principalCacheMilliseconds });
    }
    return found;
  };

  const noteUse = async (key: { id: string; notedAt: number }): Promise<void> => {
    const now = deps.now().getTime();
    if (now - key.notedAt < limits.keyUseNotedSeconds * 1000) return;
    key.notedAt = now;
    await deps.database.tx(systemActor('members.keys'), (tx) => noteKeyUse(tx, key.id));
  };

  return {
    authenticate: async (token, language, address) => {
      const found = await recall(token);
      if (!found || !addressAllowed(found.addresses, address)) return undefined;
      if (found.key) await noteUse(found.key);
      return { ...found.principal, language };
    },
    forget: () => {
      generation++;
      remembered.clear();
    },
  };
};
