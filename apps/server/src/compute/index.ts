/** The door of computation contracts. */
import { findSandbox, QueryPool, type Sandbox } from '@shugu/gateway';
import type { Reader, Tx } from '../kernel/db/db.ts';
import type { Route } from '../kernel/http/route.ts';
import type { JobHandler } from '../kernel/jobs.ts';
import type { Tick } from '../kernel/ticker.ts';
import { localRoom } from './engines/local.ts';
import { sparkRoom } from './engines/spark.ts';
import { trinoRoom } from './engines/trino.ts';
import type { ComputeDeps, Room, RoomEngine } from './model.ts';
import { computeDue, findContract, findHeld } from './reads.ts';
import { makeRoutes } from './routes.ts';
import { atOwners } from './rules.ts';
import { tellDue } from './service/answers.ts';
import { moveDue } from './service/contracts.ts';
import { endUnanswered } from './service/outputs.ts';
import { endLate } from './service/parts.ts';
import { endStranded, runHandler } from './service/run.ts';
import { moneyFrozen, moneyPaid, moneyRefused, runJob } from './service/uses.ts';

export type { ComputeEvents } from './events.ts';
export type { ComputeDeps } from './model.ts';
export { permissions as computePermissions } from './permissions.ts';

export interface Compute {
  routes: Route[];
  jobs: Record<string, JobHandler>;
  ticks: Tick[];
  /** Of a contract; undefined for none. */
  titleOf(read: Reader, contract: string): Promise<string | undefined>;
  /** Whether its owners’ own processes come together for each use. */
  atOwners(read: Reader, contract: string): Promise<boolean>;
  /** Until when an output waits for its owners; undefined for none. */
  outputOf(read: Reader, use: string): Promise<Date | undefined>;
  /** What became of the money of a settlement order that may be a use's; harmless to repeat, and for any other order. */
  moneyFrozen(tx: Tx, order: string): Promise<void>;
  moneyRefused(tx: Tx, order: string): Promise<void>;
  moneyPaid(tx: Tx, order: string): Promise<void>;
  close(): Promise<void>;
}

export const makeCompute = (deps: ComputeDeps): Compute => {
  let pool: Promise<QueryPool> | undefined;
  let found: Promise<Sandbox> | undefined;
  const sandbox = () => {
    found ??= findSandbox();
    return found;
  };
  const { sparkPython, trino } = deps.engines;
  const folderOf = (name: 'spark' | 'trino') => () => deps.objects.folder(`computations-${name}`);
  const engines = new Map<string, RoomEngine>([
    ['local', localRoom(() => room.queries())],
    ...(sparkPython ? [['spark', sparkRoom(sparkPython, folderOf('spark'))] as const] : []),
    ...(trino.url ? [['trino', trinoRoom(trino, folderOf('trino'), () => room.queries(), deps.now)] as const] : []),
  ]);
  const room: Room = {
    ...deps,
    timer: () => performance.now(),
    // Its own processes: buyers' queries do not wait for joint computations.
    queries: () => {
      pool ??= Promise.all([deps.objects.folder('computations'), sandbox()]).then(
        ([folder, around]) => new QueryPool({ folder, sandbox: around, ...deps.queryPool }),
      );
      return pool;
    },
    sandbox,
    engine: (name) => engines.get(name),
    isolation: async () => ((await sandbox()).kind === 'none' ? 'process' : 'bubblewrap'),
  };
  return {
    routes: makeRoutes(room),
    jobs: { [runJob]: runHandler(room) },
    ticks: [
      {
        name: 'compute.due',
        everySeconds: 5,
        due: computeDue,
        run: async () =>
          (await moveDue(deps.database)) +
          (await endStranded(room)) +
          (await endLate(room)) +
          (await endUnanswered(room)) +
          (await tellDue(room)),
      },
    ],
    outputOf: async (read, use) => (await findHeld(read, use))?.until,
    titleOf: async (read, contract) => (await findContract(read, contract))?.title,
    atOwners: async (read, contract) => {
      const found = await findContract(read, contract);
      return found !== undefined && atOwners(found);
    },
    moneyFrozen,
    moneyRefused: (tx, order) => moneyRefused(room, tx, order),
    moneyPaid,
    close: async () => {
      (await pool)?.close();
      pool = undefined;
    },
  };
};
