/** What runs had fetched, once it is of no more use: of a run that nobody made go on, and of grants that have ended. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { findGrant } from '../reads.ts';
import type { PushDeps } from './deps.ts';
import { findPush, findRun } from './store.ts';

/** So long a stopped or failed run can go on without fetching anything again. */
const keptMs = 86_400_000;

const isOfUse = async ({ database, clock }: PushDeps, id: string): Promise<boolean> => {
  const run = await findRun(database, id);
  if (!run || run.state === 'done') return false;
  const push = (await findPush(database, run.push))!;
  const grant = (await findGrant(database, push.grant))!;
  if (grant.endedAt || push.endedAt) return false;
  return run.finishedAt === null || clock.now().getTime() - run.finishedAt.getTime() < keptMs;
};

export const removeLeftovers = async (deps: PushDeps): Promise<number> => {
  const folder = await deps.workFolder();
  let removed = 0;
  for (const id of await readdir(folder)) {
    if (deps.stoppers.has(id) || (await isOfUse(deps, id))) continue;
    await rm(join(folder, id), { recursive: true, force: true });
    removed += 1;
  }
  return removed;
};
