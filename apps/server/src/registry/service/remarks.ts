/** Remarks (备注记载) on rights, cancellation by the registrar itself, and what time ends. */
import { registryLimits } from '@shugu/wire/registry';
import { audit } from '../../kernel/audit.ts';
import { dayOf } from '../../kernel/calendar/calendar.ts';
import { type Database, sql, type Tx } from '../../kernel/db/db.ts';
import { type Principal, systemActor } from '../../kernel/http/principal.ts';
import { newId } from '../../kernel/ids.ts';
import { kernelProblems } from '../../kernel/problem.ts';
import type { Certificate, Remark } from '../model.ts';
import { registryProblems as problems } from '../problems.ts';
import { freezes } from '../rules.ts';
import {
  certificatesPast,
  findCertificate,
  findRight,
  insertRemark,
  listRemarks,
  remarkPast,
  rightsPast,
  liftRemark as saveLifted,
} from '../store/rights.ts';
import { type CertificateDeps, endCertificate, endRight, settleRight } from './certificates.ts';
import { tell } from './resources.ts';

/** Only the registrar of the certificate; everyone else's looks like none. */
const ownRight = async (tx: Tx, principal: Principal, id: string) => {
  const right = await findRight(tx, id);
  const certificate = right && (await findCertificate(tx, { id: right.certificate }, true));
  if (!right || certificate?.registrar !== principal.participant) throw kernelProblems.unknown();
  return (await findRight(tx, id, true))!;
};

export const addRemark = async (
  tx: Tx,
  principal: Principal,
  rightId: string,
  draft: { kind: 'agreed' | 'seizure' | 'control'; text: string; basis: string; until: string | null },
): Promise<Remark> => {
  const right = await ownRight(tx, principal, rightId);
  if (right.state !== 'active' && right.state !== 'frozen') throw problems.rightEnded({ detail: right.state });
  if (draft.kind !== 'agreed' && draft.basis === '')
    throw kernelProblems.invalid({
      field: 'body.basis',
      detail: { zh: '请填写文书编号', en: 'number of the document' },
    });
  if (draft.until && draft.until < dayOf(tx.now))
    throw kernelProblems.invalid({ field: 'body.until', detail: { zh: '日期已过', en: 'in the past' } });
  if (
    (await listRemarks(tx, sql`right_id = ${rightId} and lifted_at is null`)).length >=
    registryLimits.remarksPerRightMax
  )
    throw problems.remarksFull({ detail: `${registryLimits.remarksPerRightMax}` });
  const remark: Remark = {
    ...draft,
    id: newId('rmk', tx.now),
    participant: principal.participant,
    right: rightId,
    recordedAt: tx.now,
    liftedAt: null,
  };
  await insertRemark(tx, remark);
  await settleRight(tx, right);
  await audit(tx, {
    action: 'registry.right.remark',
    subject: rightId,
    participant: right.participant,
    data: { remark: remark.id, kind: draft.kind, basis: draft.basis },
  });
  await tell(tx, 'registry.right.remarked', rightId, right.participant, {
    right: rightId,
    resource: right.resource,
    kind: draft.kind,
    freezes: freezes(draft.kind),
    remark: remark.id,
  });
  return remark;
};

const lift = async (tx: Tx, remark: Remark, reason: string): Promise<void> => {
  const right = (await findRight(tx, remark.right, true))!;
  await saveLifted(tx, remark.id, reason);
  const state = await settleRight(tx, right);
  await audit(tx, {
    action: 'registry.remark.lift',
    subject: right.id,
    participant: right.participant,
    data: { remark: remark.id, reason },
  });
  if (right.state === 'frozen' && state === 'active')
    await tell(tx, 'registry.right.released', right.id, right.participant, {
      right: right.id,
      resource: right.resource,
      remark: remark.id,
    });
};

export const liftRemark = async (tx: Tx, principal: Principal, id: string, reason: string): Promise<Remark> => {
  const [found] = await listRemarks(tx, sql`id = ${id}`, 1);
  if (!found) throw kernelProblems.unknown();
  await ownRight(tx, principal, found.right);
  const [remark] = await listRemarks(tx, sql`id = ${id}`, 1);
  if (remark!.liftedAt) throw problems.remarkLifted();
  await lift(tx, remark!, reason);
  return { ...remark!, liftedAt: tx.now };
};

const keptCertificate = async (tx: Tx, principal: Principal, code: string): Promise<Certificate> => {
  const one = await findCertificate(tx, { code }, true);
  if (!one || one.registrar !== principal.participant) throw kernelProblems.unknown();
  if (one.state !== 'valid') throw problems.certificateUnfit({ detail: one.state });
  return one;
};

/** The registrar itself, where the data is gone, an objection was upheld or the law says so. Two people. */
export const proposeCancellation = async (
  tx: Tx,
  principal: Principal,
  code: string,
  draft: { ground: string; reason: string },
): Promise<void> => {
  const one = await keptCertificate(tx, principal, code);
  if (await tx.first(sql`select 1 from cancellation_proposals where certificate = ${one.id} and confirmed_at is null`))
    throw problems.alreadyProposed();
  await tx.exec(sql`insert into cancellation_proposals (id, node, market, participant, certificate, ground, reason, proposed_by, created_at)
    values (${newId('cxl', tx.now)}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${principal.participant}, ${one.id}, ${draft.ground},
      ${draft.reason}, ${principal.id}, ${tx.now})`);
  await audit(tx, {
    action: 'registry.cancellation.propose',
    subject: one.id,
    participant: one.participant,
    data: draft,
  });
};

export const confirmCancellation = async (
  deps: CertificateDeps,
  tx: Tx,
  principal: Principal,
  code: string,
): Promise<Certificate> => {
  const one = await keptCertificate(tx, principal, code);
  const proposal = await tx.first<{ id: string; ground: string; reason: string; proposed_by: string }>(
    sql`select id, ground, reason, proposed_by from cancellation_proposals where certificate = ${one.id} and confirmed_at is null for update`,
  );
  if (!proposal) throw problems.noProposal();
  if (proposal.proposed_by === principal.id) throw problems.samePerson();
  await tx.exec(
    sql`update cancellation_proposals set confirmed_by = ${principal.id}, confirmed_at = ${tx.now} where id = ${proposal.id}`,
  );
  const words = { code: proposal.ground, zh: proposal.reason, en: `cancelled by the registrar: ${proposal.ground}` };
  await endCertificate(deps, tx, one, 'cancelled', words, null);
  return (await findCertificate(tx, { id: one.id }))!;
};

const expiredPerTickMax = 200;

/** Ends what is over at `now`: remarks with a last day, rights, certificates. Idempotent; the number done. */
export const expireDue = async (deps: CertificateDeps & { database: Database }, now: Date): Promise<number> => {
  const { database } = deps;
  const actor = systemActor('registry-expiry');
  const remarks = await listRemarks(database, remarkPast(dayOf(now)), expiredPerTickMax);
  for (const { id } of remarks)
    await database.tx(actor, async (tx) => {
      const [remark] = await listRemarks(tx, sql`id = ${id} and lifted_at is null`, 1);
      if (remark) await lift(tx, remark, '期限届满 / its term is over');
    });
  const rights = await rightsPast(database, now, expiredPerTickMax);
  for (const { id } of rights)
    await database.tx(actor, async (tx) => {
      const right = await findRight(tx, id, true);
      if (right && (right.state === 'active' || right.state === 'frozen') && right.validUntil <= now)
        await endRight(tx, right, 'expired', null);
    });
  const certificates = await certificatesPast(database, now, expiredPerTickMax);
  for (const { id } of certificates)
    await database.tx(actor, async (tx) => {
      const one = await findCertificate(tx, { id }, true);
      if (one?.state === 'valid' && one.validUntil <= now)
        await endCertificate(
          deps,
          tx,
          one,
          'expired',
          { code: 'term', zh: '有效期届满', en: 'its term is over' },
          null,
        );
    });
  return remarks.length + rights.length + certificates.length;
};
