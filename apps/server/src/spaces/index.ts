/** The door of data spaces. */
import type { Tx } from '../kernel/db/db.ts';
import type { Route } from '../kernel/http/route.ts';
import type { Tick } from '../kernel/ticker.ts';
import type { SpacesDeps } from './model.ts';
import { membersLate } from './reads.ts';
import { makeRoutes } from './routes.ts';
import { followEntries } from './service/entries.ts';
import { registerCases } from './service/founding.ts';
import { restLate } from './service/membership.ts';

export type { SpacesEvents } from './events.ts';
export type { SpacesDeps } from './model.ts';
export { permissions as spacesPermissions } from './permissions.ts';

export interface Spaces {
  routes: Route[];
  ticks: Tick[];
  /** What the market or a space's rules say has changed: entries follow, or go. Harmless to repeat. */
  followEntries(tx: Tx, by: { product: string } | { space: string }): Promise<void>;
}

export const makeSpaces = (deps: SpacesDeps): Spaces => {
  registerCases(deps);
  return {
    routes: makeRoutes(deps),
    ticks: [{ name: 'spaces.late', everySeconds: 60, due: membersLate, run: () => restLate(deps, deps.database) }],
    followEntries: (tx, by) => followEntries(deps, tx, by),
  };
};
