/** The door of computation contracts. */
import { QueryPool } from '@shugu/gateway';
import type { Route } from '../kernel/http/route.ts';
import type { JobHandler } from '../kernel/jobs.ts';
import type { Tick } from '../kernel/ticker.ts';
import type { ComputeDeps, Room } from './model.ts';
import { makeRoutes } from './routes.ts';
import { moveDue } from './service/contracts.ts';
import { runHandler } from './service/run.ts';
import { runJob } from './service/uses.ts';

export type { ComputeEvents } from './events.ts';
export type { ComputeDeps } from './model.ts';
export { permissions as computePermissions } from './permissions.ts';

export interface Compute {
  routes: Route[];
  jobs: Record<string, JobHandler>;
  ticks: Tick[];
  close(): Promise<void>;
}

export const makeCompute = (deps: ComputeDeps): Compute => {
  let pool: Promise<QueryPool> | undefined;
  const room: Room = {
    ...deps,
    // Its own processes: buyers' queries do not wait for joint computations.
    queries: () => {
      pool ??= deps.objects.folder('computations').then((folder) => new QueryPool({ folder, ...deps.queryPool }));
      return pool;
    },
  };
  return {
    routes: makeRoutes(room),
    jobs: { [runJob]: runHandler(room) },
    ticks: [{ name: 'compute.due', everySeconds: 5, run: () => moveDue(deps.database) }],
    close: async () => {
      (await pool)?.close();
      pool = undefined;
    },
  };
};
