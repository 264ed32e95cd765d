import * as wire from '@shugu/wire/delivery';
import type { Database, Reader } from '../kernel/db/db.ts';
import type { Principal } from '../kernel/http/principal.ts';
import { on, type Route } from '../kernel/http/route.ts';
import { kernelProblems } from '../kernel/problem.ts';
import type { Metering } from '../metering/index.ts';
import { descriptionOf } from './description.ts';
import { monthOf } from './levels.ts';
import type { Endpoint, Grant, Trace } from './model.ts';
import {
  copiesOfVersions,
  cutsOfVersions,
  endpointsOf,
  endpointsOfVersions,
  findGrant,
  findTrace,
  grantPage,
  keysOf,
  latestRevision,
  periodsOf,
  revisionPage,
  tracePage,
} from './reads.ts';
import { proofOfCopy } from './service/copy-proof.ts';
import type { ServiceDeps } from './service/deps.ts';
import { setEndpoints } from './service/endpoints.ts';
import { healthOf } from './service/health.ts';
import { createAddress, createKey, createProfile, type MadeKey, revokeKey, rotateKey } from './service/keys.ts';
import { measure } from './service/levels.ts';
import { tryTemplate } from './service/queries.ts';
import { publishRevision } from './service/share.ts';
import { runTrace } from './service/trace.ts';
import { currentViewOf, endpointViewOf, grantViewOf, keyViewOf, periodViewOf, revisionViewOf } from './view.ts';

export interface DeliveryRouteDeps extends ServiceDeps {
  database: Database;
  metering: ServiceDeps['metering'] & Pick<Metering, 'serviceOf' | 'segmentEvidence'>;
  now(): Date;
}

const mayRead = ({ participant, permissions }: Principal, grant: Grant): boolean =>
  ([grant.buyer, grant.supplier].includes(participant) && permissions.has('delivery.grant.read')) ||
  permissions.has('delivery.grant.supervise');

const views = async (deps: DeliveryRouteDeps, read: Reader, grants: readonly Grant[]) => {
  const endpoints = await endpointsOfVersions(
    read,
    grants.map(({ version }) => version),
  );
  const cuts = await cutsOfVersions(
    read,
    grants.map(({ version }) => version),
  );
  const copies = await copiesOfVersions(
    read,
    grants.map(({ version }) => version),
  );
  const tables = new Map<string, string[]>();
  for (const grant of grants.filter(({ kinds }) => kinds.includes('share')))
    tables.set(grant.version, (await latestRevision(read, grant.version))?.tables.map(({ name }) => name) ?? []);
  const names = await deps.displayNames(read, [...new Set(grants.flatMap((grant) => [grant.buyer, grant.supplier]))]);
  return grants.map((grant) =>
    grantViewOf(grant, {
      endpoints,
      cuts,
      copies,
      tables: tables.get(grant.version) ?? [],
      names,
      url: deps.publicUrl(),
    }),
  );
};

const endpointViews = async (read: Reader, endpoints: readonly Endpoint[], version: string) => {
  const standing = {
    latest: await latestRevision(read, version),
    cuts: await cutsOfVersions(read, [version]),
    copies: await copiesOfVersions(read, [version]),
  };
  return endpoints.map((one) => endpointViewOf(one, standing));
};

const traceViews = async (deps: DeliveryRouteDeps, traces: readonly Trace[]) => {
  const buyers = traces.flatMap(({ named }) => named.map(({ buyer }) => buyer));
  const names = await deps.displayNames(deps.database, [...new Set(buyers)]);
  return traces.map(({ participant: _, named, createdAt, ...trace }) => ({
    ...trace,
    named: named.map((one) => ({ ...one, buyer: { id: one.buyer, name: names.get(one.buyer) ?? one.buyer } })),
    createdAt: createdAt.toISOString(),
  }));
};

const madeView = ({ key, secret, receiptKeys }: MadeKey) => ({ ...keyViewOf(key), secret, receiptKeys });

export const makeRoutes = (deps: DeliveryRouteDeps): Route[] => [
  on(wire.listEndpoints, async ({ read, principal, params }) => {
    const version = await deps.version(read, params.id);
    if (version?.participant !== principal.participant) throw kernelProblems.unknown();
    return { items: await endpointViews(read, await endpointsOf(read, params.id), params.id) };
  }),
  on(wire.putEndpoints, async ({ tx, params, body }) => ({
    items: await endpointViews(tx, await setEndpoints(deps, tx, params.id, body.endpoints), params.id),
  })),
  on(wire.versionHealth, ({ read, principal, params }) => healthOf(deps, read, principal.participant, params.id)),
  on(
    wire.tryQuery,
    async ({ read, principal, params, body }) =>
      tryTemplate(deps, read, { version: params.id, participant: principal.participant, ...body }),
    { ownTransaction: true },
  ),
  on(wire.listRevisions, async ({ read, principal, params, query }) => {
    const version = await deps.version(read, params.id);
    if (version?.participant !== principal.participant) throw kernelProblems.unknown();
    const page = await revisionPage(read, params.id, query);
    return { ...page, items: page.items.map(revisionViewOf) };
  }),
  on(wire.publishRevision, async ({ tx, params }) => revisionViewOf(await publishRevision(deps, tx, params.id))),
  on(
    wire.runTrace,
    async ({ principal, query, stream, requestId }) =>
      (
        await traceViews(deps, [
          await runTrace(deps, { principal, ...query, product: query.product, stream, requestId }),
        ])
      )[0]!,
    { ownTransaction: true },
  ),
  on(wire.listTraces, async ({ read, principal, query }) => {
    const page = await tracePage(read, principal.participant, query);
    return { ...page, items: await traceViews(deps, page.items) };
  }),
  on(wire.getTrace, async ({ read, principal, params }) => {
    const trace = await findTrace(read, params.id);
    if (trace?.participant !== principal.participant) throw kernelProblems.unknown();
    return (await traceViews(deps, [trace]))[0]!;
  }),
  on(wire.listGrants, async ({ read, principal, query }) => {
    const all = principal.permissions.has('delivery.grant.supervise');
    if (!all && !principal.permissions.has('delivery.grant.read')) throw kernelProblems.notPermitted();
    const page = await grantPage(read, all ? undefined : principal.participant, query);
    return { ...page, items: await views(deps, read, page.items) };
  }),
  on(wire.getGrant, async ({ read, principal, params }) => {
    const grant = await findGrant(read, params.id);
    if (!grant || !mayRead(principal, grant)) throw kernelProblems.unknown();
    return (await views(deps, read, [grant]))[0]!;
  }),
  on(wire.describeGrant, async ({ read, principal, params }) => {
    const grant = await findGrant(read, params.id);
    if (!grant || !mayRead(principal, grant)) throw kernelProblems.unknown();
    return descriptionOf(grant, await endpointsOf(read, grant.version), deps.publicUrl()) as Record<string, never>;
  }),
  on(wire.copyProof, async ({ read, principal, params, query }) => {
    const grant = await findGrant(read, params.id);
    if (!grant || !mayRead(principal, grant)) throw kernelProblems.unknown();
    return {
      body: await proofOfCopy(deps, read, grant, query.file),
      fileName: `markedCopy-${grant.id}.bundle.json`,
    };
  }),
  on(wire.getLevels, async ({ read, principal, params }) => {
    const grant = await findGrant(read, params.id);
    if (!grant || !mayRead(principal, grant)) throw kernelProblems.unknown();
    const { levels } = grant;
    if (!levels) return { levels: null, current: null, periods: [] };
    const periods = await periodsOf(read, grant.id, wire.deliveryLimits.levelPeriodsMax);
    const month = monthOf({ ...grant, timeZone: grant.plan.timeZone }, deps.now().getTime());
    const current = month && { month, ...(await measure(deps, read, { ...grant, levels }, month)) };
    return { levels, current: current && currentViewOf(current), periods: periods.map(periodViewOf) };
  }),
  on(wire.listKeys, async ({ read, principal, params }) => {
    const grant = await findGrant(read, params.id);
    if (grant?.buyer !== principal.participant) throw kernelProblems.unknown();
    return { items: (await keysOf(read, params.id)).map(keyViewOf) };
  }),
  on(wire.createKey, async ({ tx, params, body }) => madeView(await createKey(deps, tx, params.id, body.name))),
  on(wire.rotateKey, async ({ tx, params, body }) =>
    madeView(await rotateKey(deps, tx, { grant: params.id, key: params.key, minutes: body.minutes })),
  ),
  on(wire.revokeKey, async ({ tx, params }) => keyViewOf(await revokeKey(deps, tx, params.id, params.key))),
  on(wire.createProfile, async ({ tx, params, body }) => {
    const { key, profile } = await createProfile(deps, tx, { grant: params.id, ...body });
    return { key: keyViewOf(key), profile };
  }),
  on(wire.createAddress, async ({ tx, params, body }) => {
    const { path, expires } = await createAddress(deps, tx, { grant: params.id, ...body });
    return { url: deps.publicUrl() + path, expires: expires.toISOString() };
  }),
];
