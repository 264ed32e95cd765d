/** The door of supervision: the regulator's reads, directives, and stops of use with their sources. */
import type { Reader, Tx } from '../kernel/db/db.ts';
import { systemActor } from '../kernel/http/principal.ts';
import type { Route } from '../kernel/http/route.ts';
import { legalHoldsDue, legalHoldsPast } from '../kernel/retention/legal-holds.ts';
import type { Tick } from '../kernel/ticker.ts';
import { listingHeld, placeHolds, releaseHolds } from './holds.ts';
import { expireHold } from './legal-holds.ts';
import type { Effect, SupervisionDeps } from './model.ts';
import { dueToLapse, lapseDue, productsOn } from './reads.ts';
import { riskRoutes } from './risk/routes.ts';
import { checkWarnings, watch } from './risk/service.ts';
import { makeRoutes } from './routes.ts';
import { stoppedBy } from './rules.ts';
import { lapseDirective } from './service.ts';

export type { SupervisionEvents } from './events.ts';
export type { SupervisionDeps } from './model.ts';
export { objectNames } from './objects.ts';
export { permissions as supervisionPermissions } from './permissions.ts';

export interface Supervision {
  routes: Route[];
  ticks: Tick[];
  /**
   * A registered right is frozen by a remark: listings that stand on it are suspended, use of their products stops. Harmless
   * to repeat.
   */
  stopForRight(
    tx: Tx,
    right: { id: string; kind: string; participant: string; resource: string },
    reason: string,
  ): Promise<Effect>;
  /** Use goes on where nothing else stops it; listings wait for the operator. */
  freeForRight(tx: Tx, right: string, reason: string): Promise<void>;
  /** The reason why no listing of the product may stand now. */
  listingHeld(read: Reader, product: string): Promise<string | undefined>;
}

/** What is looked for changes by the day; the figures of the cockpit are always fresh. */
const watchSeconds = 300;

export const makeSupervision = (deps: SupervisionDeps): Supervision => {
  checkWarnings(deps.ruleBook.packs);
  return supervisionOf(deps);
};

const supervisionOf = (deps: SupervisionDeps): Supervision => ({
  routes: [...makeRoutes(deps), ...riskRoutes(deps)],
  ticks: [
    { name: 'supervision.risk', everySeconds: watchSeconds, run: (now) => watch(deps, now) },
    {
      name: 'supervision.lapse',
      everySeconds: 30,
      due: lapseDue,
      run: async (now) => {
        let count = 0;
        for (const { id } of await dueToLapse(deps.database, now))
          if (await deps.database.tx(systemActor('supervision'), (tx) => lapseDirective(deps, tx, id))) count++;
        return count;
      },
    },
    {
      name: 'supervision.legalHold',
      everySeconds: 60,
      due: legalHoldsDue,
      run: async (now) => {
        let count = 0;
        for (const { id } of await legalHoldsPast(deps.database, now))
          if (await deps.database.tx(systemActor('supervision'), (tx) => expireHold(deps, tx, id))) count++;
        return count;
      },
    },
  ],
  stopForRight: async (tx, right, reason) => {
    const stopped = stoppedBy(right, await productsOn(tx, right.resource));
    const holds = stopped.flatMap((target) => [
      { kind: 'listing' as const, target },
      { kind: 'product' as const, target },
    ]);
    return placeHolds(deps, tx, right.id, holds, reason);
  },
  freeForRight: (tx, right, reason) => releaseHolds(deps, tx, right, reason),
  listingHeld,
});
