/** Sources are named and given up; runs are started by a person or by their rhythm, and stopped. */
import { harvestLimits } from '@shugu/wire/catalogue';
import { audit } from '../../kernel/audit.ts';
import type { Reader, Tx } from '../../kernel/db/db.ts';
import type { Principal } from '../../kernel/http/principal.ts';
import { newId } from '../../kernel/ids.ts';
import { findJob } from '../../kernel/jobs.ts';
import { faultView, kernelProblems } from '../../kernel/problem.ts';
import { addressFault } from './far.ts';
import type { HarvestRun, Source } from './model.ts';
import { problems } from './problems.ts';
import { nextHarvest } from './rules.ts';
import { enqueueHarvest, type HarvestDeps } from './run.ts';
import * as store from './store.ts';

/** The operator looks after all of them: what is shown to everybody is shown in its market. */
export const scopeOf = (principal: Principal): string | undefined =>
  principal.permissions.has('catalogue.harvest.supervise') ? undefined : principal.participant;

const within = (scope: string | undefined, participant: string): boolean =>
  scope === undefined || scope === participant;

export const sourceIn = async (read: Reader, scope: string | undefined, id: string): Promise<Source> => {
  const found = await store.findSource(read, id);
  if (!found || found.removedAt || !within(scope, found.participant)) throw kernelProblems.unknown();
  return found;
};

export const runIn = async (read: Reader, scope: string | undefined, id: string): Promise<HarvestRun> => {
  const found = await store.findRun(read, id);
  if (!found || !within(scope, found.participant)) throw kernelProblems.unknown();
  return found;
};

export const createSource = async (
  deps: HarvestDeps,
  tx: Tx,
  draft: Pick<Source, 'name' | 'kind' | 'address' | 'rhythm'>,
): Promise<Source> => {
  const refused = addressFault(draft.address, deps.privateSources);
  if (refused) throw problems.sourceAddressRefused({ field: 'body.address', detail: refused });
  if ((await store.sourcesOf(tx, tx.actor.participant)).length >= harvestLimits.sourcesMax)
    throw problems.sourcesFull();
  const id = await store.insertSource(tx, { ...draft, nextAt: nextHarvest(draft.rhythm, tx.now) });
  await audit(tx, { action: 'catalogue.harvestSource.create', subject: id, data: { address: draft.address } });
  return (await store.findSource(tx, id))!;
};

export const startHarvest = async (tx: Tx, source: Source, dry: boolean): Promise<HarvestRun> => {
  const id = newId('hvr', tx.now);
  const job = (await enqueueHarvest(tx, source, { id, dry }))!;
  if ((await store.insertRun(tx, { id, source: source.id, participant: source.participant, dry, job })) === 0)
    throw problems.harvestRunning();
  if (!dry) await store.setNext(tx, source.id, nextHarvest(source.rhythm, tx.now));
  await audit(tx, {
    action: 'catalogue.harvestRun.start',
    subject: id,
    participant: source.participant,
    data: { source: source.id, dry },
  });
  return (await store.findRun(tx, id))!;
};

export const stopHarvest = async (deps: HarvestDeps, tx: Tx, run: HarvestRun): Promise<HarvestRun> => {
  if ((await store.stopRun(tx, run.id)) === 0) throw problems.harvestEnded();
  await audit(tx, { action: 'catalogue.harvestRun.stop', subject: run.id, participant: run.participant });
  tx.afterCommit(() => deps.stoppers.get(run.id)?.());
  return (await store.findRun(tx, run.id))!;
};

export const removeSource = async (deps: HarvestDeps, tx: Tx, source: Source): Promise<void> => {
  for (const run of await store.openRuns(tx, source.id)) await stopHarvest(deps, tx, run);
  await store.removeSource(tx, source.id);
  await audit(tx, { action: 'catalogue.harvestSource.remove', subject: source.id, participant: source.participant });
};

/** Sources whose time has come; one that is being read already is passed over until its next time. */
export const startDue = async (tx: Tx): Promise<number> => {
  const due = await store.dueSources(tx);
  for (const source of due) {
    if ((await store.openRuns(tx, source.id)).length === 0) await startHarvest(tx, source, false);
    else await store.setNext(tx, source.id, nextHarvest(source.rhythm, tx.now));
  }
  return due.length;
};

/** Runs whose job has ended without a word: it was cancelled, or took its process with it too often. */
export const settleAbandoned = async (tx: Tx): Promise<number> => {
  let settled = 0;
  for (const run of await store.openRuns(tx)) {
    const state = run.job ? (await findJob(tx, run.job))?.state : undefined;
    if (state === 'cancelled') settled += await store.settleRun(tx, run, 'stopped');
    if (state !== 'dead') continue;
    settled += await store.settleRun(
      tx,
      { ...run, fault: run.fault ?? faultView(problems.harvestInterrupted()) },
      'failed',
    );
  }
  return settled;
};
