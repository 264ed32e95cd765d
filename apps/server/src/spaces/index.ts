/** The door of data spaces. */
import type { SpaceMembership } from '../agreements/index.ts';
import type { Reader, Tx } from '../kernel/db/db.ts';
import type { Route } from '../kernel/http/route.ts';
import type { Tick } from '../kernel/ticker.ts';
import type { EndedMembership, SpacesDeps } from './model.ts';
import { endedMemberships, membersLate, namesOfSpaces, standingOf } from './reads.ts';
import { makeRoutes } from './routes.ts';
import { provides } from './rules.ts';
import { followEntries } from './service/entries.ts';
import { registerCases } from './service/founding.ts';
import { restLate } from './service/membership.ts';

export type { SpacesEvents } from './events.ts';
export type { SpacesDeps } from './model.ts';
export { permissions as spacesPermissions } from './permissions.ts';

export interface Spaces extends SpaceMembership {
  routes: Route[];
  ticks: Tick[];
  /** What the market or a space's rules say has changed: entries follow, or go. Harmless to repeat. */
  /** Memberships that ended after they had begun, each with what the rules that it signed last say of its contracts. */
  endedMemberships(read: Reader, space: string, member?: string): Promise<EndedMembership[]>;
  followEntries(tx: Tx, by: { product: string } | { space: string }): Promise<void>;
}

export const makeSpaces = (deps: SpacesDeps): Spaces => {
  registerCases(deps);
  return {
    routes: makeRoutes(deps),
    ticks: [{ name: 'spaces.late', everySeconds: 60, due: membersLate, run: () => restLate(deps, deps.database) }],
    standing: async (read, participant) =>
      (await standingOf(read, participant, deps.now())).map(({ id, roles }) => ({ id, provides: provides({ roles }) })),
    names: async (read, ids) => new Map((await namesOfSpaces(read, ids)).map(({ id, name }) => [id, name])),
    endedMemberships,
    followEntries: (tx, by) => followEntries(deps, tx, by),
  };
};
