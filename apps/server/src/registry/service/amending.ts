/** Change, renewal, cancellation: the same certificate in a new version, or its end. */

import { dayOf } from '../../kernel/calendar/calendar.ts';
import type { CaseRecord, Occasion } from '../../kernel/case/index.ts';
import { type Reader, sql, type Tx } from '../../kernel/db/db.ts';
import type { Certificate, RegisteredRight, RegistryDeps, RightKind, Text } from '../model.ts';
import { registryProblems as problems } from '../problems.ts';
import { isWithin, renewalWindow, renewedUntil } from '../rules.ts';
import { findCertificate, findRight, saveRight } from '../store/rights.ts';
import { citedCertificate, rightsHeld } from './applications.ts';
import { endCertificate, endRight, openRights, reissue, settleRight } from './certificates.ts';
import { evidenceOf } from './evidence.ts';
import { holdersLeft, registrationKinds as kinds, numberOf, outcomeOf } from './issuing.ts';
import { releaseObjections } from './objections.ts';
import { tell } from './resources.ts';

const validCited = async (tx: Tx, one: CaseRecord): Promise<Certificate> => {
  const certificate = await citedCertificate(tx, one, true);
  if (certificate.state !== 'valid') throw problems.certificateUnfit({ detail: certificate.state });
  return certificate;
};

/** Effect of certifying a change: a new version, and the end of an objection that asked for it. */
export const issueChange =
  (deps: RegistryDeps) =>
  async (tx: Tx, { case: one }: Occasion) => {
    const before = await validCited(tx, one);
    const asked = one.data.changes as { item: string; before: string; after: string }[];
    const on = evidenceOf(one).on;
    // What of a natural person changed stands in the case alone: a certificate names its holder and no more.
    const natural = before.holders.some((holder) => holder.natural);
    const shown = (line: (typeof asked)[number]) =>
      natural && line.item === 'identity' ? { ...line, before: '—', after: '—' } : line;
    const described = asked.findLast(({ item }) => item === 'description');
    const next = await reissue(
      deps,
      tx,
      {
        ...before,
        dataSummary: described?.after ?? before.dataSummary,
        changes: [...before.changes, ...asked.map((line) => ({ ...shown(line), case: one.id, on }))].slice(-100),
      },
      kinds.change!,
      one.pin,
    );
    await releaseObjections(tx, next.id, one.id);
    await tell(tx, 'registry.certificate.changed', next.id, next.participant, {
      certificate: next.id,
      code: next.code,
      revision: next.revision,
    });
    return outcomeOf(next);
  };

const extendRight = async (tx: Tx, right: RegisteredRight, before: Certificate, until: Date): Promise<void> => {
  // A right with an earlier end of its own keeps that end.
  if (right.validUntil.getTime() !== before.validUntil.getTime()) return;
  await saveRight(tx, right.id, { state: right.state === 'expired' ? 'active' : right.state, validUntil: until });
  await settleRight(tx, { ...right, state: right.state === 'expired' ? 'active' : right.state });
};

const rightsRenewed = (tx: Tx, one: CaseRecord, before: Certificate, kept: RightKind[]): Promise<{ id: string }[]> =>
  tx.rows(sql`select id from registered_rights where certificate = ${before.id} and right_kind = any(${kept})
    and (participant = ${one.participant} or (participant = '' and ${before.participant === one.participant}))
    and (state in ('active', 'frozen') or (state = 'expired' and valid_until = ${before.validUntil}))`);

/** Effect of certifying a renewal. */
export const issueRenewal =
  (deps: RegistryDeps) =>
  async (tx: Tx, { case: one }: Occasion) => {
    const before = await citedCertificate(tx, one, true);
    // Asked for in time, decided after the end: the renewal joins on without a gap.
    const lateDecision = before.state === 'expired' && one.filedAt < before.validUntil;
    if (before.state !== 'valid' && !lateDecision) throw problems.certificateUnfit({ detail: before.state });
    const { years, rightsKept } = one.data as { years: number; rightsKept: RightKind[] };
    const evidence = evidenceOf(one);
    const until = renewedUntil(before.validUntil, evidence.on, years, numberOf(deps, one, 'validityYearsMax'));
    if (until <= before.validUntil)
      throw problems.certificateUnfit({ detail: { zh: '续期后不晚于原有效期', en: 'no later than before' } });
    const rights = await rightsRenewed(tx, one, before, rightsKept);
    for (const { id } of rights) await extendRight(tx, (await findRight(tx, id, true))!, before, until);
    const next = await reissue(
      deps,
      tx,
      { ...before, state: 'valid', endedAt: null, validUntil: until },
      kinds.renewal!,
      one.pin,
    );
    await tell(tx, 'registry.certificate.renewed', next.id, next.participant, {
      certificate: next.id,
      code: next.code,
      validUntil: until.toISOString(),
    });
    return outcomeOf(next);
  };

/** Effect of a cancellation that the holder asked for. */
export const cancelCertificate =
  (deps: RegistryDeps) =>
  async (tx: Tx, { case: one }: Occasion) => {
    const before = await validCited(tx, one);
    const ground = String(one.data.ground);
    const mine = await rightsHeld(tx, before, one.participant);
    const others = (await openRights(tx, before.id)).length - mine.length;
    const words = { code: ground, zh: '已注销', en: 'cancelled' };
    // Who holds jointly cancels what is its own, unless the data itself is gone.
    if (others === 0 || ground === 'destroyed') await endCertificate(deps, tx, before, 'cancelled', words, one.id);
    else {
      for (const right of mine) await endRight(tx, right, 'cancelled', one.id);
      const holders = holdersLeft(before, await openRights(tx, before.id));
      await reissue(deps, tx, { ...before, holders }, kinds.cancellation!, one.pin);
    }
    return { certificate: before.id, code: before.code };
  };

/** Guard of handing a renewal in. */
export const renewalOpen =
  (deps: RegistryDeps) =>
  async (read: Reader, { case: one }: Occasion): Promise<true | Text> => {
    const certificate = one.subject ? await findCertificate(read, { id: one.subject }) : undefined;
    if (!certificate) return { zh: '凭证不存在', en: 'no such certificate' };
    const window = renewalWindow(certificate.validUntil, {
      opensMonths: numberOf(deps, one, 'renewalOpensMonths'),
      closesDays: numberOf(deps, one, 'renewalClosesDays'),
    });
    if (isWithin(dayOf(deps.now()), window)) return true;
    return {
      zh: `续期申请期间为 ${window.first} 至 ${window.last}`,
      en: `renewal is open from ${window.first} to ${window.last}`,
    };
  };
