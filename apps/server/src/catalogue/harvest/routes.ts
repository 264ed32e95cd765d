import * as wire from '@shugu/wire/catalogue';
import type { Reader } from '../../kernel/db/db.ts';
import { on, type Route } from '../../kernel/http/route.ts';
import { kernelProblems } from '../../kernel/problem.ts';
import type { OrganisationReads } from '../model.ts';
import type { Entry, HarvestRun, Source } from './model.ts';
import type { HarvestDeps } from './run.ts';
import * as service from './service.ts';
import * as store from './store.ts';

const runViewOf = (run: HarvestRun, name: string) => {
  const { id, dry, state, incremental, complete, unmodified, added, changed, unchanged, withdrawn, refused } = run;
  const { pages, bytes, total, fault, job } = run;
  return {
    id,
    source: { id: run.source, name },
    dry,
    state,
    incremental,
    complete,
    unmodified,
    counts: { added, changed, unchanged, withdrawn, refused },
    pages,
    bytes,
    total,
    fault,
    job,
    createdAt: run.createdAt.toISOString(),
    startedAt: run.startedAt?.toISOString() ?? null,
    finishedAt: run.finishedAt?.toISOString() ?? null,
  };
};

export const makeHarvestRoutes = (deps: HarvestDeps & { organisations: OrganisationReads }): Route[] => {
  const namesOf = async (
    read: Reader,
    ids: readonly string[],
  ): Promise<(id: string) => { id: string; name: string }> => {
    const names = new Map<string, string>();
    for (const id of new Set(ids)) names.set(id, (await deps.organisations.organisation(read, id))?.name ?? '');
    return (id) => ({ id, name: names.get(id) ?? '' });
  };

  const sourceViews = async (read: Reader, sources: readonly Source[]) => {
    const ids = sources.map(({ id }) => id);
    const [counts, runs] = [await store.presentCounts(read, ids), await store.lastRuns(read, ids)];
    const owner = await namesOf(
      read,
      sources.map(({ participant }) => participant),
    );
    return sources.map(({ id, name, kind, address, rhythm, participant, nextAt, createdAt }) => {
      const last = runs.find(({ source }) => source === id);
      return {
        id,
        name,
        kind,
        address,
        rhythm,
        owner: owner(participant),
        entries: counts.get(id) ?? 0,
        nextAt: nextAt?.toISOString() ?? null,
        lastRun: last ? runViewOf(last, name) : null,
        createdAt: createdAt.toISOString(),
      };
    });
  };

  const runViews = async (read: Reader, runs: readonly HarvestRun[]) => {
    const sources = await store.sourcesById(
      read,
      runs.map(({ source }) => source),
    );
    return runs.map((run) => runViewOf(run, sources.find(({ id }) => id === run.source)!.name));
  };
  const runView = async (read: Reader, run: HarvestRun) => (await runViews(read, [run]))[0]!;

  const entryViews = async (read: Reader, entries: readonly Entry[]) => {
    const sources = await store.sourcesById(
      read,
      entries.map(({ source }) => source),
    );
    const owner = await namesOf(
      read,
      entries.map(({ participant }) => participant),
    );
    return entries.map((entry) => {
      const { id, name, kind, address } = sources.find((one) => one.id === entry.source)!;
      return {
        id: entry.id,
        foreign: true as const,
        notice: wire.foreignNotice,
        foreignId: entry.foreignId,
        source: { id, name, kind, address },
        owner: owner(entry.participant),
        content: entry.content,
        withdrawnAt: entry.withdrawnAt?.toISOString() ?? null,
        harvestedAt: entry.changedAt.toISOString(),
      };
    });
  };

  return [
    on(wire.listSources, async ({ read, principal }) => ({
      items: await sourceViews(read, await store.sourcesOf(read, service.scopeOf(principal))),
    })),
    on(
      wire.createSource,
      async ({ tx, body }) => (await sourceViews(tx, [await service.createSource(deps, tx, body)]))[0]!,
    ),
    on(wire.startHarvest, async ({ tx, principal, params, body }) => {
      const source = await service.sourceIn(tx, service.scopeOf(principal), params.id);
      return runView(tx, await service.startHarvest(tx, source, body.dry));
    }),
    on(wire.listHarvests, async ({ read, principal, query }) => {
      const page = await store.runPage(read, service.scopeOf(principal), query);
      return { ...page, items: await runViews(read, page.items) };
    }),
    on(wire.getHarvest, async ({ read, principal, params }) =>
      runView(read, await service.runIn(read, service.scopeOf(principal), params.id)),
    ),
    on(wire.listDifferences, async ({ read, principal, params, query }) => {
      const run = await service.runIn(read, service.scopeOf(principal), params.id);
      return store.differencePage(read, run.id, query);
    }),
    on(wire.stopHarvest, async ({ tx, principal, params }) => {
      const run = await service.runIn(tx, service.scopeOf(principal), params.id);
      return runView(tx, await service.stopHarvest(deps, tx, run));
    }),
    on(wire.listForeignEntries, async ({ read, query }) => {
      const page = await store.entryPage(read, query);
      return { ...page, items: await entryViews(read, page.items) };
    }),
    on(wire.getForeignEntry, async ({ read, params }) => {
      const entry = await store.findEntry(read, params.id);
      if (!entry) throw kernelProblems.unknown();
      return (await entryViews(read, [entry]))[0]!;
    }),
    on(wire.removeSource, async ({ tx, principal, params }) => {
      await service.removeSource(deps, tx, await service.sourceIn(tx, service.scopeOf(principal), params.id));
      return { ok: true as const };
    }),
  ];
};
