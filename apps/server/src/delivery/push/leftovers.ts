/**
 * What runs had fetched here and begun at a far end, once it is of no more use: of a run that nobody made go on, and of grants that
 * have ended.
 */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { systemActor } from '../../kernel/http/principal.ts';
import { findGrant } from '../reads.ts';
import type { PushDeps } from './deps.ts';
import { abortUploads } from './far/s3.ts';
import type { Destination, Run, S3Settings } from './model.ts';
import { findDestination, findPush, findRun, forgetUploads, runsWithUploads } from './store.ts';
import { secretOf } from './takers.ts';

/** So long a stopped or failed run can go on without fetching anything again. */
const keptMs = 86_400_000;
/** A far end that has not answered for so long is not asked any more. */
const triedMs = 7 * 86_400_000;
const abortMs = 30_000;

const isOfUse = async ({ database, clock }: PushDeps, run: Run): Promise<boolean> => {
  if (run.state === 'done') return false;
  const push = (await findPush(database, run.push))!;
  const grant = (await findGrant(database, push.grant))!;
  if (grant.endedAt || push.endedAt) return false;
  return run.finishedAt === null || clock.now().getTime() - run.finishedAt.getTime() < keptMs;
};

const removeFiles = async (deps: PushDeps): Promise<number> => {
  const folder = await deps.workFolder();
  let removed = 0;
  for (const id of await readdir(folder)) {
    const run = await findRun(deps.database, id);
    if (deps.stoppers.has(id) || (run && (await isOfUse(deps, run)))) continue;
    await rm(join(folder, id), { recursive: true, force: true });
    removed += 1;
  }
  return removed;
};

/** Opens the secret now: it may be gone when the uploads are ended. */
export const abortOf = async (deps: PushDeps, destination: Destination) => {
  const secret = await secretOf(deps, destination);
  const { allowedAddresses } = deps;
  return async (begun: readonly Run['uploads'][]): Promise<void> => {
    for (const names of begun) {
      const given = { allowedAddresses, signal: AbortSignal.timeout(abortMs) };
      await abortUploads(destination.settings as S3Settings, secret, names, given);
    }
  };
};

const endUploads = async (deps: PushDeps): Promise<number> => {
  let ended = 0;
  for (const run of await runsWithUploads(deps.database)) {
    if (deps.stoppers.has(run.id) || (await isOfUse(deps, run))) continue;
    const push = (await findPush(deps.database, run.push))!;
    const destination = (await findDestination(deps.database, push.destination))!;
    const abort = await abortOf(deps, destination);
    const done = await abort([run.uploads]).then(
      () => true,
      () => false,
    );
    const finishedAt = run.finishedAt ?? run.createdAt;
    if (!done && deps.clock.now().getTime() - finishedAt.getTime() < triedMs) continue;
    // Not before they are ended: a run that is made go on in between finds its upload gone and begins another.
    await deps.database.tx(systemActor('delivery'), (tx) => forgetUploads(tx, run));
    ended += 1;
  }
  return ended;
};

export const removeLeftovers = async (deps: PushDeps): Promise<number> =>
  (await removeFiles(deps)) + (await endUploads(deps));
