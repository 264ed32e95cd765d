/** From the room's objects to the wire, and only here. */

import { registryLimits } from '@shugu/wire/registry';
import { type Reader, sql } from '../kernel/db/db.ts';
import { isSpecimenCode } from './identifiers.ts';
import type { Certificate, Content, RegisteredRight, RegistryDeps, Remark, Resource, Upload } from './model.ts';
import { inOrder, lengthWarnings, maskName } from './rules.ts';
import type { Inspection } from './service/inspections.ts';
import type { Dispatch } from './store/national.ts';
import { newestContents } from './store/resources.ts';
import { listRemarks, listRights } from './store/rights.ts';

type ViewDeps = Pick<RegistryDeps, 'members' | 'cases' | 'now'>;

const contentView = (one: Content) => ({
  id: one.id,
  fileName: one.fileName,
  state: one.state,
  job: one.job,
  bytes: one.bytes,
  digest: one.digest,
  normalDigest: one.normalDigest,
  rowCount: one.rowCount,
  columns: one.columns,
  fault: one.fault,
  createdAt: one.createdAt.toISOString(),
  finishedAt: one.finishedAt?.toISOString() ?? null,
});

// The guide's own figures, in case its pack is not loaded on this node.
const reference = { nameCharacters: 40, summaryCharacters: 400 };

const lengthRules = (deps: ViewDeps) => {
  const pack = deps.cases.ruleBook.current('dpr26', deps.now());
  if (!pack) return reference;
  return {
    nameCharacters: deps.cases.ruleBook.number(pack.pin, 'dataNameCharacters'),
    summaryCharacters: deps.cases.ruleBook.number(pack.pin, 'dataSummaryCharacters'),
  };
};

export const resourceViews = async (deps: ViewDeps, read: Reader, resources: readonly Resource[]) => {
  const contents = await newestContents(
    read,
    resources.map((one) => one.id),
  );
  const names = await deps.members.displayNames(
    read,
    resources.map((one) => one.participant),
  );
  const rules = lengthRules(deps);
  return resources.map(({ participant, ...one }) => {
    const content = contents.get(one.id);
    return {
      ...one,
      holder: { id: participant, name: names.get(participant) ?? participant },
      content: content ? contentView(content) : null,
      warnings: lengthWarnings(one, rules),
      createdAt: one.createdAt.toISOString(),
      updatedAt: one.updatedAt.toISOString(),
    };
  });
};

export const uploadView = (one: Upload, job: string | null = null) => ({
  id: one.id,
  resource: one.resource,
  fileName: one.fileName,
  bytes: one.bytes,
  received: one.received,
  state: one.state,
  content: one.content,
  job,
  partBytesMax: registryLimits.partBytesMax,
  expiresAt: one.expiresAt.toISOString(),
});

export const rightViews = async (read: Reader, rights: readonly RegisteredRight[]) => {
  const codes = new Map(
    (
      await read.rows<{ id: string; code: string }>(
        sql`select id, code from certificates where id = any(${[...new Set(rights.map((one) => one.certificate))]})`,
      )
    ).map((row) => [row.id, row.code]),
  );
  return rights.map((one) => ({
    id: one.id,
    resource: one.resource,
    right: one.right,
    holder: { id: one.participant || null, name: one.holderName },
    certificate: codes.get(one.certificate) ?? '',
    from: one.validFrom.toISOString(),
    until: one.validUntil.toISOString(),
    limits: one.limits,
    proof: one.proof,
    state: one.state,
  }));
};

/** Public fields only: names of natural persons are shortened, proofs and contacts left out. */
export const certificateViews = async (deps: ViewDeps, read: Reader, certificates: readonly Certificate[]) => {
  const ids = certificates.map((one) => one.id);
  const rights = inOrder(await listRights(read, sql`certificate = any(${ids})`, 5000));
  const remarks = await listRemarks(
    read,
    sql`lifted_at is null and right_id = any(${rights.map((right) => right.id)})`,
    5000,
  );
  const names = await deps.members.displayNames(
    read,
    certificates.map((one) => one.registrar),
  );
  return certificates.map((one) => {
    const own = rights.filter((right) => right.certificate === one.id);
    const natural = new Set(one.holders.filter((holder) => holder.natural).map((holder) => holder.name));
    const shown = (name: string) => (natural.has(name) ? maskName(name) : name);
    return {
      id: one.id,
      code: one.code,
      revision: one.revision,
      specimen: isSpecimenCode(one.code),
      state: one.state,
      registrar: { id: one.registrar, name: names.get(one.registrar) ?? one.registrar },
      dataName: one.dataName,
      dataSummary: one.dataSummary,
      limits: one.limits,
      holders: one.holders.map((holder) => ({
        id: holder.participant,
        name: shown(holder.name),
        rights: [...new Set(own.filter((right) => right.holderName === holder.name).map((right) => right.right))],
      })),
      rights: own.map((right) => ({
        right: right.right,
        holder: shown(right.holderName),
        from: right.validFrom.toISOString(),
        until: right.validUntil.toISOString(),
        state: right.state,
      })),
      remarks: remarks
        .filter((remark) => own.some((right) => right.id === remark.right))
        .map((remark) => ({ kind: remark.kind, since: remark.recordedAt.toISOString() })),
      evidenceNumber: one.evidenceNumber,
      evidencedOn: one.evidencedOn,
      validFrom: one.validFrom.toISOString(),
      validUntil: one.validUntil.toISOString(),
      paper: one.paper,
    };
  });
};

export const remarkView = (one: Remark) => ({
  id: one.id,
  right: one.right,
  kind: one.kind,
  text: one.text,
  basis: one.basis,
  until: one.until,
  recordedAt: one.recordedAt.toISOString(),
  liftedAt: one.liftedAt?.toISOString() ?? null,
});

export const inspectionView = (one: Inspection) => ({
  id: one.id,
  case: one.caseId,
  participant: one.participant,
  purpose: one.purpose,
  basis: one.basis,
  state: one.state,
  answer: one.answer,
  askedAt: one.askedAt.toISOString(),
  until: one.until?.toISOString() ?? null,
});

export const dispatchView = (one: Dispatch) => ({
  id: one.id,
  case: one.caseId,
  step: one.step,
  state: one.state,
  answer: one.answer ?? null,
  attempts: one.attempts,
  failure: one.failure,
  sentAt: one.sentAt.toISOString(),
  doneAt: one.doneAt?.toISOString() ?? null,
});
