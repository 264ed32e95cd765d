/** What a room hands to the wiring. */
import type { PermissionTable } from './http/principal.ts';
import type { Route } from './http/route.ts';
import type { JobHandler } from './jobs.ts';
import type { Consumer } from './outbox.ts';
import type { Prunable } from './retention/prune.ts';
import type { Tick } from './ticker.ts';

export interface RoomParts {
  routes?: readonly Route[];
  permissions?: PermissionTable;
  jobs?: Record<string, JobHandler>;
  ticks?: readonly Tick[];
  consumers?: readonly Consumer[];
  prunables?: readonly Prunable[];
}

/** Everything of one kind from every room, in room order. Two handlers for one job kind are a defect. */
export const gather = (parts: readonly RoomParts[]) => {
  const jobs: Record<string, JobHandler> = {};
  for (const part of parts)
    for (const [kind, handler] of Object.entries(part.jobs ?? {})) {
      if (jobs[kind]) throw new Error(`two handlers for job ${kind}`);
      jobs[kind] = handler;
    }
  return {
    routes: parts.flatMap((part) => [...(part.routes ?? [])]),
    ticks: parts.flatMap((part) => [...(part.ticks ?? [])]),
    consumers: parts.flatMap((part) => [...(part.consumers ?? [])]),
    prunables: parts.flatMap((part) => [...(part.prunables ?? [])]),
    jobs,
  };
};
