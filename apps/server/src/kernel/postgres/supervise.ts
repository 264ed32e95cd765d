import { isAlive } from './postmaster.ts';
import type { PostgresLog } from './start.ts';

const superviseMs = 500;
const restartsMax = 5;
const restartsWindowMs = 60_000;

/** Starts the server again when it dies under us; gives up when it keeps dying. */
export function supervise(first: number, launch: () => Promise<number>, log: PostgresLog) {
  let pid = first;
  let restarts: number[] = [];
  let pending: Promise<void> | undefined;
  const revive = async (): Promise<void> => {
    restarts = [...restarts.filter((time) => time > performance.now() - restartsWindowMs), performance.now()];
    if (restarts.length > restartsMax) {
      clearInterval(timer);
      log.error({ pid }, 'the database server keeps dying; not started again');
      return;
    }
    log.error({ pid }, 'the database server died; starting it again');
    pid = await launch().catch((error: unknown) => {
      log.error({ error: String(error) }, 'the database server could not be started again');
      return pid;
    });
  };
  const timer = setInterval(() => {
    if (pending || isAlive(pid)) return;
    pending = revive().finally(() => {
      pending = undefined;
    });
  }, superviseMs);
  timer.unref();
  return {
    /** Ends the watch and tells the pid of the last server started. */
    async end(): Promise<number> {
      clearInterval(timer);
      await pending;
      return pid;
    },
  };
}
