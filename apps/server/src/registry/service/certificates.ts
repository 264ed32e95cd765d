/** Certificates and the rights on them: issue, change, renewal, transfer, end. Each keeps rights and paper in step. */
import type { Json } from '@shugu/evidence';
import { audit } from '../../kernel/audit.ts';
import { dayOf } from '../../kernel/calendar/calendar.ts';
import { sql, type Tx } from '../../kernel/db/db.ts';
import { newId } from '../../kernel/ids.ts';
import type { Issue } from '../../kernel/issue/index.ts';
import type { Certificate, Holder, RegisteredRight, RegistryDeps, Remark, RightKind, Text } from '../model.ts';
import { freezes, inOrder, lastDayBefore, rightTitles, type Term } from '../rules.ts';
import {
  insertCertificate,
  insertRight,
  listRemarks,
  listRights,
  saveCertificate,
  saveRight,
} from '../store/rights.ts';
import { tell } from './resources.ts';

export type CertificateDeps = Pick<RegistryDeps, 'issue' | 'members'>;

const paperTextMax = 1000;
const cut = (text: string): string => (text.length > paperTextMax ? `${text.slice(0, paperTextMax)}…` : text);

export interface NewRight extends Term {
  holder: Holder;
  right: RightKind;
  limits: string;
  proof: string;
}

/** Open rights of a certificate, frozen ones included; locked against other changes by the lock on the certificate. */
export const openRights = (tx: Tx, certificate: string): Promise<RegisteredRight[]> =>
  listRights(tx, sql`certificate = ${certificate} and state in ('active', 'frozen')`);

const holderLine = (holder: Pick<Holder, 'name' | 'code'>): string => `${holder.name}（${holder.code}）`;

const documentOf = (
  one: Certificate,
  rights: readonly RegisteredRight[],
  registrar: { id: string; name: string },
  pin: string,
): Record<string, Json> => ({
  code: one.code,
  revision: one.revision,
  dataName: one.dataName,
  registrar: { id: registrar.id, name: registrar.name },
  holders: one.holders.map(({ name, code }) => ({ name, code })),
  rights: rights.map((right) => ({
    right: right.right,
    holder: right.holderName,
    from: dayOf(right.validFrom),
    lastDay: lastDayBefore(right.validUntil),
  })),
  terms: rights.map(({ limits, proof }) => ({ limits, proof })),
  dataSummary: one.dataSummary,
  limits: one.limits,
  evidence: { number: one.evidenceNumber, on: one.evidencedOn },
  validFrom: dayOf(one.validFrom),
  validLastDay: lastDayBefore(one.validUntil),
  changes: one.changes.map((change) => ({ ...change })),
  rulePack: pin,
});

// What rules make public of a certificate. Texts of any length stay out of the log.
const published = [
  'code',
  'revision',
  'dataName',
  'registrar',
  'holders',
  'rights',
  'evidence',
  'validFrom',
  'validLastDay',
];

// One holder a clause, so that a certificate with joint holders stays on its one sheet.
const rightsByHolder = (rights: readonly RegisteredRight[]): string => {
  const byHolder = new Map<string, Set<string>>();
  for (const { holderName, right } of rights)
    byHolder.set(holderName, (byHolder.get(holderName) ?? new Set()).add(rightTitles[right].zh));
  return [...byHolder].map(([holder, titles]) => `${holder}：${[...titles].join('、')}`).join('；');
};

const rowsOf = (one: Certificate, rights: readonly RegisteredRight[], kind: Text): [string, string][] => [
  ['登记编码', one.revision > 1 ? `${one.code}（第 ${one.revision} 版）` : one.code],
  ['数据名称', cut(one.dataName)],
  ['数据概述', cut(one.dataSummary)],
  ['权利人', cut(one.holders.map(holderLine).join('、'))],
  ['登记类型', kind.zh],
  ['权利内容', cut(rightsByHolder(rights))],
  ['限制范围', cut(one.limits)],
  ['存证编号', one.evidenceNumber],
  ['存证日期', one.evidencedOn],
  ['有效期', `${dayOf(one.validFrom)} 至 ${lastDayBefore(one.validUntil)}`],
];

const issuePaper = async (
  deps: CertificateDeps,
  tx: Tx,
  one: Certificate,
  kind: Text,
  pin: string,
): Promise<string> => {
  const rights = inOrder(await openRights(tx, one.id));
  const name = await deps.members.displayName(tx, one.registrar);
  // Names of natural persons never enter the log in clear.
  const clear = one.holders.every((holder) => !holder.natural);
  const members = one.holders.flatMap((holder) => holder.participant ?? []);
  const draft: Parameters<Issue['paper']>[1] = {
    kind: 'certificate',
    title: { zh: '数据产权登记凭证', en: 'Certificate of registration of property rights in data' },
    number: one.revision === 1 ? one.code : `${one.code}-${one.revision}`,
    document: documentOf(one, rights, { id: one.registrar, name }, pin),
    ...(clear ? { publish: published } : {}),
    parties: [...new Set([one.participant, ...members, one.registrar])],
    signers: [{ participant: one.registrar, role: 'registrar' }],
    disclosure: clear ? 'clear' : 'commitment',
    retentionClass: 'registration',
    look: {
      layout: 'certificate',
      issuer: name,
      seal: { text: name, mark: deps.issue.specimen ? '样章 SPECIMEN' : '平台签名' },
      opening: '参照《数据产权登记工作指引（试行）》，经审核，对下列数据的产权予以登记，颁发本登记凭证。',
      rows: rowsOf(one, rights, kind),
      paragraphs: [
        '本凭证与存证内容不一致的，以存证为准。凭证变更、注销或到期后，核验结果随之改变。',
        ...one.changes.slice(-5).map((change) => cut(`变更（${change.on}）：${change.before} → ${change.after}`)),
      ],
    },
  };
  return (await deps.issue.paper(tx, draft)).id;
};

const insertRights = async (tx: Tx, one: Certificate, rights: readonly NewRight[]): Promise<void> => {
  for (const { holder, right, from, until, limits, proof } of rights)
    await insertRight(tx, {
      id: newId('right', tx.now),
      participant: holder.participant ?? '',
      resource: one.resource,
      right,
      holderName: holder.name,
      holderCode: holder.code,
      certificate: one.id,
      caseId: one.caseId,
      validFrom: from,
      validUntil: until,
      limits,
      proof,
      state: 'active',
    });
};

export type CertificateDraft = Omit<
  Certificate,
  'id' | 'holders' | 'changes' | 'state' | 'revision' | 'paper' | 'endedAt' | 'createdAt'
>;

/** Certificate, its rights and its paper at once. */
export const issueCertificate = async (
  deps: CertificateDeps,
  tx: Tx,
  draft: CertificateDraft,
  rights: readonly NewRight[],
  kind: Text,
  pin: string,
): Promise<Certificate> => {
  // By identity: two natural persons may share a name, and their numbers are not kept here.
  const holders = [...new Set(rights.map(({ holder }) => holder))];
  const one: Certificate = {
    ...draft,
    id: newId('crt', tx.now),
    holders,
    changes: [],
    state: 'valid',
    revision: 1,
    paper: null,
    endedAt: null,
    createdAt: tx.now,
  };
  await insertCertificate(tx, one);
  await insertRights(tx, one, rights);
  one.paper = await issuePaper(deps, tx, one, kind, pin);
  await saveCertificate(tx, one);
  await audit(tx, {
    action: 'registry.certificate.issue',
    subject: one.id,
    participant: one.participant,
    data: { code: one.code, case: one.caseId },
  });
  await tell(tx, 'registry.certificate.issued', one.id, one.participant, {
    certificate: one.id,
    code: one.code,
    resource: one.resource,
    case: one.caseId,
  });
  return one;
};

/** The same code in a new version: the paper before is withdrawn. */
export const reissue = async (
  deps: CertificateDeps,
  tx: Tx,
  one: Certificate,
  kind: Text,
  pin: string,
): Promise<Certificate> => {
  const before = one.paper;
  const next: Certificate = { ...one, revision: one.revision + 1 };
  next.paper = await issuePaper(deps, tx, next, kind, pin);
  await saveCertificate(tx, next);
  if (before)
    await deps.issue.withdraw(tx, before, {
      zh: `${kind.zh}，以第 ${next.revision} 版为准`,
      en: `${kind.en}; version ${next.revision} stands`,
    });
  await audit(tx, {
    action: 'registry.certificate.reissue',
    subject: one.id,
    participant: one.participant,
    data: { code: one.code, revision: next.revision },
  });
  return next;
};

export const endRight = async (
  tx: Tx,
  right: RegisteredRight,
  state: 'expired' | 'cancelled' | 'transferred',
  endedBy: string | null,
): Promise<void> => {
  await saveRight(tx, right.id, { state, endedBy });
  await tell(tx, 'registry.right.ended', right.id, right.participant, {
    right: right.id,
    resource: right.resource,
    right_kind: right.right,
    holder: right.participant,
    state,
  });
};

/** Ends a certificate with every right still open on it. */
export const endCertificate = async (
  deps: CertificateDeps,
  tx: Tx,
  one: Certificate,
  state: 'expired' | 'cancelled' | 'transferred',
  ground: Text & { code: string },
  endedBy: string | null,
): Promise<void> => {
  for (const right of await openRights(tx, one.id)) await endRight(tx, right, state, endedBy);
  await saveCertificate(tx, { ...one, state, endedAt: tx.now });
  // A paper says itself until when it stands; only an earlier end takes it back.
  if (one.paper && state !== 'expired') await deps.issue.withdraw(tx, one.paper, { zh: ground.zh, en: ground.en });
  await audit(tx, {
    action: `registry.certificate.${state}`,
    subject: one.id,
    participant: one.participant,
    data: { code: one.code, ground: ground.code },
  });
  await tell(tx, 'registry.certificate.ended', one.id, one.participant, {
    certificate: one.id,
    code: one.code,
    resource: one.resource,
    state,
    ground: ground.code,
  });
};

/** Brings a right's state in line with the remarks that lie on it. */
export const settleRight = async (tx: Tx, right: RegisteredRight): Promise<RegisteredRight['state']> => {
  if (right.state !== 'active' && right.state !== 'frozen') return right.state;
  const remarks: Remark[] = await listRemarks(tx, sql`right_id = ${right.id} and lifted_at is null`);
  const state = remarks.some((remark) => freezes(remark.kind)) ? 'frozen' : 'active';
  if (state !== right.state) await saveRight(tx, right.id, { state });
  return state;
};
