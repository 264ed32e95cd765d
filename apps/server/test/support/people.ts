/** The cast as the permission tables see it: computed here from the tables alone, so that the server is held against them. */
import type { Permission } from '@shugu/wire';
import type { PermissionTable } from '../../src/kernel/http/principal.ts';
import type { Cast } from '../../src/members/testing.ts';

export interface Someone {
  login: string;
  organisation: string;
  roles: readonly string[];
  seats: readonly string[];
}

export const everybody = (cast: Cast): Someone[] =>
  cast.organisations.flatMap((organisation) =>
    organisation.people.map((person) => ({
      login: person.login,
      organisation: organisation.key,
      roles: organisation.roles.map((one) => one.role),
      seats: person.seats,
    })),
  );

/** No person: a gateway of its own process, with the key that the operator issued to it. */
export const aGateway: Someone = { login: 'gateway', organisation: '', roles: ['gateway'], seats: ['gateway'] };

/** Everybody who may knock at a door. */
export const knockers = (cast: Cast): Someone[] => [...everybody(cast), aGateway];

/** One person for each distinct set of roles and seats: two alike would only repeat the answers. */
export const distinctPeople = (cast: Cast): Someone[] => {
  const seen = new Map<string, Someone>();
  for (const one of knockers(cast)) {
    const key = JSON.stringify([[...one.roles].sort(), [...one.seats].sort()]);
    if (!seen.has(key)) seen.set(key, one);
  }
  return [...seen.values()];
};

export const mergeTables = (tables: readonly PermissionTable[]): PermissionTable => Object.assign({}, ...tables);

export const holds = (table: PermissionTable, someone: Someone, permission: Permission): boolean => {
  if (permission === 'public' || permission === 'signedIn') return permission === 'public' || someone !== aGateway;
  const rule = table[permission];
  if (!rule) return false;
  return (
    rule.roles.some((role) => someone.roles.includes(role)) && rule.seats.some((seat) => someone.seats.includes(seat))
  );
};
