/** Table shares: what a supplier has published of a version, and the cuts that grants ask for. */
import { deliveryLimits } from '@shugu/wire/delivery';
import { audit } from '../../kernel/audit.ts';
import type { Tx } from '../../kernel/db/db.ts';
import { newId } from '../../kernel/ids.ts';
import { enqueue } from '../../kernel/jobs.ts';
import { emit } from '../../kernel/outbox.ts';
import { kernelProblems } from '../../kernel/problem.ts';
import type { Cut, DeliverableVersion, Grant, Revision } from '../model.ts';
import { problems } from '../problems.ts';
import { endpointsOf, latestRevision, lockCutOfKey, openGrantsOfVersion } from '../reads.ts';
import { checkRevision, cutOf } from '../rules.ts';
import * as store from '../store.ts';
import type { ServiceDeps } from './deps.ts';

export const cutJob = 'delivery.shareCut';

/** Number 0 is the data that the version was made of; published with the endpoint, once. */
export const publishFirst = async (tx: Tx, version: DeliverableVersion): Promise<void> => {
  if (await latestRevision(tx, version.id)) return;
  const tables = version.tables.flatMap(({ name, data }) => (data ? [{ name, digest: data.digest }] : []));
  const { id, participant } = version;
  await store.insertRevision(tx, { id: newId('rev', tx.now), participant, version: id, number: 0, tables });
};

/** In the name of `tx.actor.participant`: what was uploaded last becomes the next version of every holder's tables. */
export const publishRevision = async (deps: ServiceDeps, tx: Tx, versionId: string): Promise<Revision> => {
  const version = await deps.version(tx, versionId);
  if (!version || version.participant !== tx.actor.participant) throw kernelProblems.unknown();
  const latest = await latestRevision(tx, versionId);
  const shared = (await endpointsOf(tx, versionId)).some(({ kind }) => kind === 'share');
  if (!latest || !shared) throw problems.shareMissing();
  if (latest.number + 1 >= deliveryLimits.revisionsPerVersionMax) throw problems.revisionsFull();
  const tables = checkRevision(version, latest);
  if (tables instanceof Error) throw tables;
  const { participant, product } = version;
  const number = latest.number + 1;
  const revision = { id: newId('rev', tx.now), participant, version: versionId, number, tables };
  await store.insertRevision(tx, revision);
  await audit(tx, { action: 'delivery.revision.publish', subject: revision.id, data: { version: versionId, number } });
  for (const grant of await openGrantsOfVersion(tx, versionId)) await askForCut(tx, grant);
  await emit(tx, {
    type: 'delivery.revision.published',
    subject: versionId,
    participant,
    data: { version: versionId, product, number, before: latest.publishedAt.toISOString() },
  });
  return { ...revision, publishedAt: tx.now };
};

const enqueueCut = (tx: Tx, cut: Pick<Cut, 'id' | 'participant'>, name: string): Promise<string | undefined> =>
  enqueue(tx, {
    kind: cutJob,
    title: { zh: `按合同准备共享表：${name}`, en: `Cut the shared tables of ${name} to the contract` },
    data: { cut: cut.id },
    participant: cut.participant,
  });

/** Sees to it that the data of a grant's table share is cut to its terms, up to the newest revision. */
export const askForCut = async (
  tx: Tx,
  grant: Pick<Grant, 'id' | 'contract' | 'kinds' | 'plan' | 'version' | 'supplier' | 'productName'>,
): Promise<void> => {
  if (!grant.kinds.includes('share')) return;
  const latest = await latestRevision(tx, grant.version);
  if (!latest) return;
  const wanted = cutOf(grant);
  const held = await lockCutOfKey(tx, grant.version, wanted.key);
  if (held && (held.state === 'building' || (held.built ?? -1) >= latest.number)) return;
  const cut = held ?? { ...wanted, id: newId('cut', tx.now), participant: grant.supplier, version: grant.version };
  if (!held) await store.insertCut(tx, cut);
  await store.setCutBuilding(tx, cut.id, (await enqueueCut(tx, cut, grant.productName)) ?? null);
};

/** Its files are gone: they are made again from the data, which is kept. */
export const askAgain = async (tx: Tx, cut: Cut): Promise<void> => {
  await store.setCutGone(tx, cut.id, (await enqueueCut(tx, cut, cut.version)) ?? null);
};
