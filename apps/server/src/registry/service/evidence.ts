/** What a case tells the world and the national system: the notice, the evidence at which it is complete, the code. */
import { createHash } from 'node:crypto';
import { canonicalBytes, clearEntry, entryBytes, type Json } from '@shugu/evidence';
import { dayOf } from '../../kernel/calendar/calendar.ts';
import { type CaseRecord, exact, type Occasion } from '../../kernel/case/index.ts';
import { type Reader, sql, type Tx } from '../../kernel/db/db.ts';
import type { RegistryDeps, Text } from '../model.ts';
import { registryProblems as problems } from '../problems.ts';
import { findDispatch } from '../store/national.ts';
import { dispatch } from './national.ts';

/**
 * Over the application as it is kept and the digests of its papers, so that the evidence proves both. Personal values count
 * sealed: their bare digest could be found by trying numbers, and would outlive their erasure.
 */
const digestOf = async (read: Reader, one: CaseRecord): Promise<string> => {
  const papers = await read.rows<{ kind: string; object: string }>(
    sql`select kind, object from case_papers where case_id = ${one.id} order by id`,
  );
  const { id, procedure, participant, subject, stored: data } = one;
  const bytes = canonicalBytes(exact({ case: id, procedure, participant, subject, data, papers }));
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
};

export const nameOf = (one: CaseRecord): string => String(one.data.dataName ?? one.title);

/** A clear entry of the public log. Nothing of it may name a natural person. */
const publish = async (
  deps: Pick<RegistryDeps, 'publicLog'>,
  tx: Tx,
  one: CaseRecord,
  kind: string,
  title: Text,
  facts: Record<string, Json>,
): Promise<void> => {
  const entry = clearEntry(kind, { case: one.id, dataName: nameOf(one), registrar: one.handler, ...facts });
  await deps.publicLog.publish(tx, {
    kind,
    form: 'clear',
    bytes: entryBytes(entry),
    participant: one.participant,
    title: { zh: `${title.zh}：${nameOf(one)}`, en: `${title.en}: ${nameOf(one)}` },
  });
};

/** Names of applicants may be those of natural persons: they stand in the notice, which ends, not in the log. */
export const publishNotice =
  (deps: RegistryDeps) =>
  async (tx: Tx, { case: one }: Occasion) => {
    await dispatch(tx, {
      caseId: one.id,
      registrar: one.handler,
      step: 'notice',
      payload: { case: one.id, registrar: one.handler, fields: one.publicData ?? {} },
    });
    await publish(deps, tx, one, 'registration.notice', { zh: '登记公示', en: 'Notice of registration' }, {});
    return undefined;
  };

export const depositEvidence = async (tx: Tx, { case: one }: Occasion) => {
  const digest = await digestOf(tx, one);
  await dispatch(tx, {
    caseId: one.id,
    registrar: one.handler,
    step: 'evidence',
    payload: { case: one.id, registrar: one.handler, procedure: one.procedure, digest },
  });
  return { evidenceDigest: digest };
};

/** In law this moment completes the registration: the public log says so in clear. */
export const recordEvidence =
  (deps: RegistryDeps, withCode: boolean) =>
  async (tx: Tx, { case: one, input }: Occasion) => {
    const { evidenceNumber, evidencedAt } = input as { evidenceNumber: string; evidencedAt: string };
    if (evidencedAt > dayOf(tx.now) || evidencedAt < dayOf(one.filedAt))
      throw problems.evidenceUnfit({ field: 'body.input.evidencedAt', detail: evidencedAt });
    const title = { zh: '登记存证', en: 'Evidence of registration' };
    const facts = { procedure: one.procedure, evidenceNumber, evidencedOn: evidencedAt };
    await publish(deps, tx, one, 'registration.evidence', title, facts);
    if (withCode)
      await dispatch(tx, {
        caseId: one.id,
        registrar: one.handler,
        step: 'code',
        payload: { case: one.id, registrar: one.handler },
      });
    return { evidenceNumber, evidencedOn: evidencedAt };
  };

export const evidenceOf = (one: CaseRecord): { number: string; on: string } => {
  const { evidenceNumber, evidencedOn } = one.outcome as { evidenceNumber?: string; evidencedOn?: string };
  if (!evidenceNumber || !evidencedOn) throw new Error(`case ${one.id} has no evidence`);
  return { number: evidenceNumber, on: evidencedOn };
};

/** @throws registry.codeMissing until the national system gave it */
export const codeOf = async (tx: Tx, one: CaseRecord): Promise<string> => {
  const asked = await findDispatch(tx, { caseId: one.id, step: 'code' });
  if (asked?.state !== 'done') throw problems.codeMissing();
  return (asked.answer as { code: string }).code;
};
