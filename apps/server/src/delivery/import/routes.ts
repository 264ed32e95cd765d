import * as wire from '@shugu/wire/delivery';
import type { Reader } from '../../kernel/db/db.ts';
import { actorOf } from '../../kernel/http/principal.ts';
import { on, type Route } from '../../kernel/http/route.ts';
import type { ImportDeps } from './deps.ts';
import type { Connection, ImportSchedule, TableImport } from './model.ts';
import * as schedules from './schedules.ts';
import * as service from './service.ts';
import * as store from './store.ts';
import { connectionViewOf, importViewOf } from './view.ts';

export const makeImportRoutes = (deps: ImportDeps): Route[] => {
  /** With the names of what they read from and into. */
  const namedOf = async <One extends TableImport | ImportSchedule, View>(
    read: Reader,
    imports: readonly One[],
    viewOf: (one: One, connection: Connection, resourceName: string) => View,
  ): Promise<View[]> => {
    const connections = await store.connectionsById(
      read,
      imports.map(({ connection }) => connection),
    );
    const names = new Map<string, string>();
    for (const { resource } of imports)
      if (!names.has(resource)) names.set(resource, (await deps.intake.resource(read, resource))?.name ?? '');
    return imports.map((one) =>
      viewOf(one, connections.find(({ id }) => id === one.connection)!, names.get(one.resource)!),
    );
  };
  const viewsOf = (read: Reader, imports: readonly TableImport[]) => namedOf(read, imports, importViewOf);
  const viewOf = async (read: Reader, one: TableImport) => (await viewsOf(read, [one]))[0]!;
  const scheduleViewsOf = (read: Reader, all: readonly ImportSchedule[]) =>
    namedOf(read, all, schedules.scheduleViewOf);
  const scheduleViewOf = async (read: Reader, one: ImportSchedule) => (await scheduleViewsOf(read, [one]))[0]!;
  return [
    on(wire.listConnections, async ({ read, principal }) => ({
      items: (await store.connectionsOf(read, principal.participant)).map(connectionViewOf),
    })),
    on(wire.createConnection, async ({ tx, body }) => connectionViewOf(await service.createConnection(deps, tx, body))),
    on(
      wire.checkConnection,
      async ({ read, principal, params }) => {
        const one = await service.ownConnection(read, params.id, principal.participant);
        // No transaction is held open while the far end takes its time.
        const found = await service.tryConnection(deps, one);
        await deps.database.tx(actorOf(principal), (tx) => store.setChecked(tx, one.id, found));
        return connectionViewOf((await store.findConnection(read, one.id))!);
      },
      { ownTransaction: true },
    ),
    on(wire.listForeignTables, async ({ read, principal, params, query }) =>
      service.foreignTables(
        deps,
        await service.ownConnection(read, params.id, principal.participant),
        query.search ?? '',
      ),
    ),
    on(wire.listImports, async ({ read, principal, query }) => {
      const page = await store.importPage(read, principal.participant, query);
      return { ...page, items: await viewsOf(read, page.items) };
    }),
    on(wire.startImport, async ({ tx, body }) => viewOf(tx, await service.startImport(deps, tx, body))),
    on(wire.getImport, async ({ read, principal, params }) =>
      viewOf(read, await service.ownImport(read, params.id, principal.participant)),
    ),
    on(wire.repeatImport, async ({ tx, params }) => viewOf(tx, await service.repeatImport(deps, tx, params.id))),
    on(wire.stopImport, async ({ tx, params }) => viewOf(tx, await service.stopImport(deps, tx, params.id))),
    on(wire.listImportSchedules, async ({ read, principal }) => ({
      items: await scheduleViewsOf(read, await schedules.schedulesOf(read, principal.participant)),
    })),
    on(wire.scheduleImport, async ({ tx, params, body }) =>
      scheduleViewOf(tx, await schedules.scheduleImport(tx, params.id, body.rhythm)),
    ),
    on(wire.pauseImportSchedule, async ({ tx, params }) =>
      scheduleViewOf(tx, await schedules.pauseSchedule(tx, params.id, true)),
    ),
    on(wire.resumeImportSchedule, async ({ tx, params }) =>
      scheduleViewOf(tx, await schedules.pauseSchedule(tx, params.id, false)),
    ),
    on(wire.removeImportSchedule, async ({ tx, params }) => {
      await schedules.removeSchedule(tx, params.id);
      return { ok: true as const };
    }),
    on(wire.removeConnection, async ({ tx, params }) => {
      const removed = await service.removeConnection(deps, tx, params.id);
      await schedules.removeSchedules(tx, { connection: removed.id });
      return connectionViewOf(removed);
    }),
  ];
};
