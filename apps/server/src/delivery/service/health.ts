/** What a supplier sees of a version while it is used: who uses it, how much fails, how soon answers begin, how its upstream stands. */
import { periodKey } from '@shugu/policy';
import { latencyBoundsMs } from '@shugu/wire/catalogue';
import { deliveryLimits } from '@shugu/wire/delivery';
import type { Reader } from '../../kernel/db/db.ts';
import { kernelProblems } from '../../kernel/problem.ts';
import type { Metering } from '../../metering/index.ts';
import type { Plane } from '../plane/plane.ts';
import { endpointsOf, openGrantsOf } from '../reads.ts';
import type { ServiceDeps } from './deps.ts';

export interface HealthDeps extends Pick<ServiceDeps, 'version' | 'displayNames'> {
  metering: Pick<Metering, 'serviceOf'>;
  plane(): Pick<Plane, 'upstreamStanding'> | undefined;
  now(): Date;
}

const dayMs = 86_400_000;

/** Smallest bound within which so many per cent of the answers began; null: later than all, or no answer. */
export const boundOf = (latency: readonly number[], percent: number): number | null => {
  const all = latency.reduce((sum, count) => sum + count, 0);
  if (all === 0) return null;
  let within = 0;
  for (const [at, bound] of latencyBoundsMs.entries()) {
    within += latency[at] ?? 0;
    if (within * 100 >= percent * all) return bound;
  }
  return null;
};

const upstreamOf = async (deps: HealthDeps, read: Reader, version: string) => {
  const config = (await endpointsOf(read, version)).find(({ kind }) => kind === 'proxy')?.config;
  const plane = deps.plane();
  if (config?.kind !== 'proxy' || !plane) return null;
  const { failures, pausedMs } = plane.upstreamStanding(config.upstream);
  const state = pausedMs > 0 ? ('paused' as const) : failures > 0 ? ('failing' as const) : ('answering' as const);
  return { state, failures, pausedSeconds: Math.ceil(pausedMs / 1000) };
};

/** In the supplier's eyes alone; figures are of today and yesterday in each contract's time zone. */
export const healthOf = async (deps: HealthDeps, read: Reader, participant: string, id: string) => {
  const version = await deps.version(read, id);
  if (version?.participant !== participant) throw kernelProblems.unknown();
  const now = deps.now();
  const grants = await openGrantsOf(read, id, deliveryLimits.holdersShownMax);
  const names = await deps.displayNames(read, [...new Set(grants.map(({ buyer }) => buyer))]);
  const holders = [];
  for (const grant of grants) {
    const day = (at: number) => periodKey(at, grant.plan.timeZone, 'day');
    const at = now.getTime();
    const service = await deps.metering.serviceOf(read, grant.id, day(at - dayMs), day(at));
    const { requests, failures, calls, rows, bytes, latency } = service;
    holders.push({
      grant: grant.id,
      buyer: { id: grant.buyer, name: names.get(grant.buyer) ?? grant.buyer },
      state: grant.state,
      ...{ requests, failures, calls, rows, bytes },
      p95Ms: boundOf(latency, 95),
    });
  }
  holders.sort((a, b) => b.requests - a.requests);
  return { asOf: now.toISOString(), upstream: await upstreamOf(deps, read, id), holders };
};
