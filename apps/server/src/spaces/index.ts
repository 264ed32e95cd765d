/** The door of data spaces. */
import type { SpaceMembership } from '../agreements/index.ts';
import type { Reader, Tx } from '../kernel/db/db.ts';
import type { Route } from '../kernel/http/route.ts';
import type { Tick } from '../kernel/ticker.ts';
import { anyChanged, anyToAsk } from './foreign.ts';
import type { EndedMembership, SpacesDeps } from './model.ts';
import { endedMemberships, membersLate, namesOfSpaces, standingOf } from './reads.ts';
import { makeRoutes } from './routes.ts';
import { provides } from './rules.ts';
import { followEntries } from './service/entries.ts';
import { askForeign, followForeign } from './service/foreign.ts';
import { registerCases } from './service/founding.ts';
import { restLate } from './service/membership.ts';
import { endNestedWith } from './service/nested.ts';
import { type ToldCatalogue, toldCatalogues } from './told.ts';

export type { SpacesEvents } from './events.ts';
export type { SpacesDeps } from './model.ts';
export { permissions as spacesPermissions } from './permissions.ts';

export interface Spaces extends SpaceMembership {
  routes: Route[];
  ticks: Tick[];
  /** Memberships that ended after they had begun, each with what the rules that it signed last say of its contracts. */
  endedMemberships(read: Reader, space: string, member?: string): Promise<EndedMembership[]>;
  /** What the market or a space's rules say has changed: entries follow, or go. Harmless to repeat. */
  followEntries(tx: Tx, by: { product: string } | { space: string }): Promise<void>;
  /** Catalogues of the spaces that an organisation operates, as somebody is told who stands in the spaces named. */
  catalogues(read: Reader, participant: string, standsIn: readonly string[]): Promise<ToldCatalogue[]>;
  /** A node takes part no more: its catalogue stands in no space's. Harmless to repeat. */
  nodeEnded(tx: Tx, node: string, reason: string): Promise<void>;
}

export const makeSpaces = (deps: SpacesDeps): Spaces => {
  registerCases(deps);
  return {
    routes: makeRoutes(deps),
    ticks: [
      { name: 'spaces.late', everySeconds: 60, due: membersLate, run: () => restLate(deps, deps.database) },
      {
        name: 'spaces.foreign',
        everySeconds: 60,
        due: (at) => anyChanged(deps.elsewhere, at),
        run: () => followForeign(deps),
      },
      {
        name: 'spaces.foreignPolicies',
        everySeconds: 600,
        due: (at) => anyToAsk(deps.elsewhere, at),
        run: () => askForeign(deps),
      },
    ],
    standing: async (read, participant) =>
      (await standingOf(read, participant, deps.now())).map(({ id, roles }) => ({ id, provides: provides({ roles }) })),
    names: async (read, ids) => new Map((await namesOfSpaces(read, ids)).map(({ id, name }) => [id, name])),
    endedMemberships,
    followEntries: (tx, by) => followEntries(deps, tx, by),
    catalogues: (read, participant, standsIn) =>
      toldCatalogues(deps.elsewhere, read, participant, { standsIn, now: deps.now() }),
    nodeEnded: (tx, node, reason) => endNestedWith(tx, { node }, reason),
  };
};
