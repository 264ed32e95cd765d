/** The buyer names destinations, has grants brought there, and stops and restarts runs. */
import { pushLimits } from '@shugu/wire/delivery';
import { audit } from '../../kernel/audit.ts';
import type { Reader, Tx } from '../../kernel/db/db.ts';
import { newId } from '../../kernel/ids.ts';
import { type FaultView, kernelProblems } from '../../kernel/problem.ts';
import type { Grant } from '../model.ts';
import { problems } from '../problems.ts';
import { findGrant } from '../reads.ts';
import type { PushDeps } from './deps.ts';
import { noUploads } from './far/s3.ts';
import { fault, PushFault } from './fault.ts';
import { abortOf } from './leftovers.ts';
import type { Destination, DestinationDraft, Push, PushMode, Rhythm, Run, Settings } from './model.ts';
import { nextAt } from './rules.ts';
import { enqueueRun } from './run.ts';
import * as store from './store.ts';
import { fileTakerOf, rowTakerOf } from './takers.ts';

const checkMs = 30_000;

const settingsFrom = (draft: DestinationDraft): { settings: Settings; secret: string | null } => {
  if (draft.kind === 'folder') return { settings: { path: draft.path }, secret: null };
  if (draft.kind === 's3') {
    const { kind: _, name: __, secretAccessKey, ...settings } = draft;
    return { settings, secret: secretAccessKey };
  }
  const { kind: _, name: __, password, ...settings } = draft;
  return { settings, secret: password };
};

export const createDestination = async (deps: PushDeps, tx: Tx, draft: DestinationDraft): Promise<Destination> => {
  if (draft.kind === 'folder' && deps.foldersRoot === '') throw problems.foldersClosed({ field: 'body.kind' });
  if ((await store.destinationsOf(tx, tx.actor.participant)).length >= pushLimits.destinationsMax)
    throw problems.destinationsFull();
  const id = newId('dst', tx.now);
  const { kind, name } = draft;
  const { settings, secret } = settingsFrom(draft);
  const secretSealed = secret === null ? null : await deps.seal.seal(tx, id, secret);
  await store.insertDestination(tx, { id, name, kind, settings, secretSealed });
  await audit(tx, { action: 'delivery.destination.create', subject: id, data: { kind } });
  return (await store.findDestination(tx, id))!;
};

export const ownDestination = async (read: Reader, id: string, participant: string): Promise<Destination> => {
  const found = await store.findDestination(read, id);
  if (!found || found.removedAt || found.participant !== participant) throw kernelProblems.unknown();
  return found;
};

/** What stands in the way of writing there; null when nothing does. */
export const tryDestination = async (deps: PushDeps, destination: Destination): Promise<FaultView | null> => {
  try {
    const { kind } = destination;
    const given = { run: 'check', push: 'check', signal: AbortSignal.timeout(checkMs), uploads: noUploads };
    const open = kind === 'postgres' ? rowTakerOf : fileTakerOf;
    const taker = await open(deps, destination, given);
    await taker.check().finally(() => taker.close());
    return null;
  } catch (error) {
    return (error instanceof PushFault ? error : fault('interrupted', { cause: error })).view;
  }
};

const stopRun = async (deps: PushDeps, tx: Tx, run: Run): Promise<void> => {
  if ((await store.stopRun(tx, run.id)) === 0) throw problems.pushRunEnded();
  await audit(tx, { action: 'delivery.pushRun.stop', subject: run.id });
  tx.afterCommit(() => deps.stoppers.get(run.id)?.());
};

const endOne = async (deps: PushDeps, tx: Tx, push: Push): Promise<void> => {
  await store.endPush(tx, push.id);
  const run = await store.openRunOf(tx, push.id);
  if (run) await stopRun(deps, tx, run);
  await audit(tx, { action: 'delivery.push.end', subject: push.id });
};

/** With its secret goes the right to ask the far end for anything: uploads that nobody will complete are ended with it. */
const giveUpUploads = async (deps: PushDeps, tx: Tx, destination: Destination): Promise<void> => {
  const begun = await store.runsWithUploadsTo(tx, destination.id);
  if (begun.length === 0) return;
  const abort = await abortOf(deps, destination);
  for (const run of begun) await store.forgetUploads(tx, run);
  tx.afterCommit(() => void abort(begun.map(({ uploads }) => uploads)).catch(() => undefined));
};

export const removeDestination = async (deps: PushDeps, tx: Tx, id: string): Promise<Destination> => {
  const destination = await ownDestination(tx, id, tx.actor.participant);
  for (const push of await store.openPushesTo(tx, id)) await endOne(deps, tx, push);
  await giveUpUploads(deps, tx, destination);
  await store.removeDestination(tx, id);
  await audit(tx, { action: 'delivery.destination.remove', subject: id });
  return (await store.findDestination(tx, id))!;
};

export const startRun = async (
  tx: Tx,
  push: Pick<Push, 'id' | 'participant'>,
  cause: Run['cause'],
): Promise<Run | undefined> => {
  if (await store.openRunOf(tx, push.id)) return undefined;
  const { participant } = push;
  const id = newId('prn', tx.now);
  const job = (await enqueueRun(tx, { id, participant }))!;
  await store.insertRun(tx, { id, push: push.id, participant, cause, job });
  return store.findRun(tx, id);
};

const ownGrant = async (read: Reader, id: string, participant: string): Promise<Grant> => {
  const grant = await findGrant(read, id);
  if (!grant || grant.buyer !== participant) throw kernelProblems.unknown();
  return grant;
};

export interface PushDraft {
  grant: string;
  destination: string;
  rhythm: Rhythm;
  mode: PushMode;
  purpose?: string | undefined;
}

export const createPush = async (tx: Tx, draft: PushDraft): Promise<Push> => {
  const { participant } = tx.actor;
  const grant = await ownGrant(tx, draft.grant, participant);
  if (grant.endedAt) throw problems.grantEnded();
  if (!grant.kinds.includes('share')) throw problems.shareNotGranted({ field: 'body.grant' });
  const { plan, defaultPurpose } = grant;
  if (plan.purposes !== null && !plan.purposes.includes(draft.purpose ?? defaultPurpose ?? ''))
    throw problems.purposeNeeded({ field: 'body.purpose' });
  const { kind } = await ownDestination(tx, draft.destination, participant);
  if (draft.mode === 'append' && kind !== 'postgres') throw problems.appendNeedsTable({ field: 'body.mode' });
  if ((await store.countOpenPushes(tx, grant.id)) >= pushLimits.pushesPerGrantMax) throw problems.pushesFull();
  const id = newId('psh', tx.now);
  const { destination, rhythm, mode } = draft;
  await store.insertPush(tx, {
    id,
    grant: grant.id,
    destination,
    rhythm,
    mode,
    purpose: draft.purpose ?? null,
    nextAt: nextAt(rhythm, plan.timeZone, tx.now),
  });
  await audit(tx, {
    action: 'delivery.push.create',
    subject: id,
    data: { grant: grant.id, destination, rhythm: rhythm.kind, mode },
  });
  const push = (await store.findPush(tx, id))!;
  if (rhythm.kind === 'once') await startRun(tx, push, 'asked');
  return push;
};

export const ownPush = async (read: Reader, id: string, participant: string): Promise<Push> => {
  const push = await store.findPush(read, id);
  if (!push || push.participant !== participant) throw kernelProblems.unknown();
  return push;
};

export const endPush = async (deps: PushDeps, tx: Tx, id: string): Promise<Push> => {
  const push = await ownPush(tx, id, tx.actor.participant);
  if (push.endedAt) throw problems.pushEnded();
  await endOne(deps, tx, push);
  return (await store.findPush(tx, id))!;
};

export const runNow = async (tx: Tx, id: string): Promise<Run> => {
  const push = await ownPush(tx, id, tx.actor.participant);
  if (push.endedAt) throw problems.pushEnded();
  const run = await startRun(tx, push, 'asked');
  if (!run) throw problems.pushRunning();
  await audit(tx, { action: 'delivery.push.run', subject: id, data: { run: run.id } });
  return run;
};

export const ownRun = async (read: Reader, id: string, participant: string): Promise<Run> => {
  const run = await store.findRun(read, id);
  if (!run || run.participant !== participant) throw kernelProblems.unknown();
  return run;
};

export const stop = async (deps: PushDeps, tx: Tx, id: string): Promise<Run> => {
  await stopRun(deps, tx, await ownRun(tx, id, tx.actor.participant));
  return (await store.findRun(tx, id))!;
};

export const restart = async (tx: Tx, id: string): Promise<Run> => {
  const run = await ownRun(tx, id, tx.actor.participant);
  const push = (await store.findPush(tx, run.push))!;
  if (push.endedAt) throw problems.pushEnded();
  if (run.state === 'done') throw problems.pushRunEnded();
  if (await store.openRunOf(tx, push.id)) throw problems.pushRunning();
  await store.setRunJob(tx, run, (await enqueueRun(tx, run))!);
  await audit(tx, { action: 'delivery.pushRun.restart', subject: id });
  return (await store.findRun(tx, id))!;
};

/** Starts what time or new data makes due; a push whose run is still under way is passed over. */
export const startDue = async (tx: Tx): Promise<number> => {
  let started = 0;
  for (const push of await store.duePushes(tx)) {
    const grant = (await findGrant(tx, push.grant))!;
    await store.setNext(tx, push.id, grant.endedAt ? null : nextAt(push.rhythm, grant.plan.timeZone, tx.now));
    if (!grant.endedAt && (await startRun(tx, push, 'rhythm'))) started += 1;
  }
  for (const push of await store.pushesBehind(tx)) if (await startRun(tx, push, 'revision')) started += 1;
  return started;
};
