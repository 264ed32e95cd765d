/**
 * What was made for contracts that have ended: cuts of table shares and marked copies of files. The bytes go, the rows stay: a trace
 * asks them, what the node stated of a copy stands in its log, and equal bytes can be made again from what they say.
 */
import { rm } from 'node:fs/promises';
import { audit } from '../../kernel/audit.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Database, Reader, Tx } from '../../kernel/db/db.ts';
import { systemActor } from '../../kernel/http/principal.ts';
import { enqueue, type JobHandler } from '../../kernel/jobs.ts';
import { isNamed } from '../../kernel/object-names.ts';
import type { Cut, FileCopy, Grant } from '../model.ts';
import { copiesToRemove, cutsToRemove, grantsSince, lockCut } from '../reads.ts';
import { cutOf, markOf } from '../rules.ts';
import { cutFolder } from '../share/manifest.ts';
import * as store from '../store.ts';
import type { ServiceDeps } from './deps.ts';

export const spentJob = 'delivery.removeSpent';

export const spentLimits = {
  /** After the end of the last contract that has a use for it: whatever still ran on it has been cut long before. */
  keptMs: 86_400_000,
  /** Of each kind, in one job; the rest waits for the next. */
  removedMax: 500,
} as const;

const wantsCut = (grant: Grant, { key }: Cut): boolean => grant.kinds.includes('share') && cutOf(grant).key === key;
const wantsCopy = (grant: Grant, { copy, mark }: FileCopy): boolean => {
  const own = markOf(grant);
  return own !== null && own.copy === copy && own.text === mark;
};

const spentOf = async <One extends { version: string }>(
  read: Reader,
  made: readonly One[],
  since: Date,
  wants: (grant: Grant, one: One) => boolean,
): Promise<One[]> => {
  const grants = Map.groupBy(
    await grantsSince(
      read,
      made.map(({ version }) => version),
      since,
    ),
    ({ version }) => version,
  );
  return made
    .filter((one) => !(grants.get(one.version) ?? []).some((grant) => wants(grant, one)))
    .slice(0, spentLimits.removedMax);
};

const since = (now: Date): Date => new Date(now.getTime() - spentLimits.keptMs);
const spentCuts = async (read: Reader, now: Date): Promise<Cut[]> =>
  spentOf(read, await cutsToRemove(read, since(now)), since(now), wantsCut);
const spentCopies = async (read: Reader, now: Date): Promise<FileCopy[]> =>
  spentOf(read, await copiesToRemove(read, since(now)), since(now), wantsCopy);

/** Asks for the job where there is something to do. */
export const askForRemoval = (database: Database): Promise<number> =>
  database.tx(systemActor('delivery'), async (tx) => {
    if ((await spentCuts(tx, tx.now)).length + (await spentCopies(tx, tx.now)).length === 0) return 0;
    const title = { zh: '清除已结束合同的数据副本', en: 'Remove what was made for contracts that have ended' };
    return (await enqueue(tx, { kind: spentJob, title, data: {}, uniqueKey: 'all' })) ? 1 : 0;
  });

/** False where a grant has come to want it meanwhile; the lock is the one that such a grant asks for. */
const removeCut = (deps: ServiceDeps, database: Database, { id }: Cut): Promise<boolean> =>
  database.tx(systemActor('delivery'), async (tx) => {
    const cut = await lockCut(tx, id);
    if (!cut || (await spentOf(tx, [cut], since(tx.now), wantsCut)).length === 0) return false;
    await store.setCutRemoved(tx, id);
    await told(tx, 'delivery.cut.remove', cut, { version: cut.version, copy: cut.copy });
    // Under the lock: a grant that wants it waits, and has it cut anew.
    await rm(cutFolder(await deps.sharesFolder(), id), { recursive: true, force: true });
    return true;
  });

/** Its bytes stay where somebody else has brought the same: a leaked file, for instance, as a paper of a case. */
const removeCopy = (deps: ServiceDeps, database: Database, one: FileCopy): Promise<boolean> =>
  database.tx(systemActor('delivery'), async (tx) => {
    const { id, version, copy, digest } = one;
    await store.setCopyRemoved(tx, id);
    await told(tx, 'delivery.fileCopy.remove', one, { version, copy, digest });
    if (digest === null || (await store.copyNamed(tx, digest)) || (await isNamed(tx, digest))) return false;
    return deps.removeObject(digest);
  });

const told = (tx: Tx, action: string, { id, participant }: Cut | FileCopy, data: Record<string, unknown>) =>
  audit(tx, { action, subject: id, participant, data });

export const spentJobHandler =
  (deps: ServiceDeps & { clock: Clock }): JobHandler =>
  async (_job, { database }) => {
    const removed = { cuts: 0, copies: 0, objects: 0 };
    const now = deps.clock.now();
    for (const cut of await spentCuts(database, now)) if (await removeCut(deps, database, cut)) removed.cuts += 1;
    for (const one of await spentCopies(database, now)) {
      if (await removeCopy(deps, database, one)) removed.objects += 1;
      removed.copies += 1;
    }
    return removed;
  };
