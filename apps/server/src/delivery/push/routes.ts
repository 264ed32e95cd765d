import * as wire from '@shugu/wire/delivery';
import type { Reader } from '../../kernel/db/db.ts';
import { actorOf } from '../../kernel/http/principal.ts';
import { on, type Route } from '../../kernel/http/route.ts';
import { findGrant } from '../reads.ts';
import type { PushDeps } from './deps.ts';
import type { Push } from './model.ts';
import * as service from './service.ts';
import * as store from './store.ts';
import { destinationViewOf, pushViewOf, runViewOf } from './view.ts';

const viewsOf = async (read: Reader, pushes: readonly Push[]) => {
  const destinations = await store.destinationsById(
    read,
    pushes.map(({ destination }) => destination),
  );
  const runs = await store.lastRunsOf(
    read,
    pushes.map(({ id }) => id),
  );
  const views = [];
  for (const push of pushes) {
    const grant = (await findGrant(read, push.grant))!;
    const destination = destinations.find(({ id }) => id === push.destination)!;
    views.push(
      pushViewOf(
        push,
        grant,
        destination,
        runs.find((run) => run.push === push.id),
      ),
    );
  }
  return views;
};
const viewOf = async (read: Reader, push: Push) => (await viewsOf(read, [push]))[0]!;

export const makePushRoutes = (deps: PushDeps): Route[] => [
  on(wire.listDestinations, async ({ read, principal }) => ({
    items: (await store.destinationsOf(read, principal.participant)).map(destinationViewOf),
    folders: deps.foldersRoot !== '',
  })),
  on(wire.createDestination, async ({ tx, body }) =>
    destinationViewOf(await service.createDestination(deps, tx, body)),
  ),
  on(
    wire.checkDestination,
    async ({ read, principal, params }) => {
      const destination = await service.ownDestination(read, params.id, principal.participant);
      // No transaction is held open while the far end takes its time.
      const found = await service.tryDestination(deps, destination);
      await deps.database.tx(actorOf(principal), (tx) => store.setChecked(tx, destination.id, found));
      return destinationViewOf((await store.findDestination(read, destination.id))!);
    },
    { ownTransaction: true },
  ),
  on(wire.removeDestination, async ({ tx, params }) =>
    destinationViewOf(await service.removeDestination(deps, tx, params.id)),
  ),
  on(wire.listPushes, async ({ read, principal, query }) => {
    const page = await store.pushPage(read, principal.participant, query);
    return { ...page, items: await viewsOf(read, page.items) };
  }),
  on(wire.createPush, async ({ tx, body }) => viewOf(tx, await service.createPush(tx, body))),
  on(wire.getPush, async ({ read, principal, params }) =>
    viewOf(read, await service.ownPush(read, params.id, principal.participant)),
  ),
  on(wire.runPush, async ({ tx, params }) => runViewOf(await service.runNow(tx, params.id))),
  on(wire.endPush, async ({ tx, params }) => viewOf(tx, await service.endPush(deps, tx, params.id))),
  on(wire.listPushRuns, async ({ read, principal, query }) => {
    const page = await store.runPage(read, principal.participant, query);
    return { ...page, items: page.items.map(runViewOf) };
  }),
  on(wire.getPushRun, async ({ read, principal, params }) =>
    runViewOf(await service.ownRun(read, params.id, principal.participant)),
  ),
  on(wire.stopPushRun, async ({ tx, params }) => runViewOf(await service.stop(deps, tx, params.id))),
  on(wire.restartPushRun, async ({ tx, params }) => runViewOf(await service.restart(tx, params.id))),
];
