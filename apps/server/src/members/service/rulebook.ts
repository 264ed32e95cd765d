/** The rulebook: documents with versions; drafted by one, published by another, accepted by each member. */
import { createHash } from 'node:crypto';
import type { draftRuleDocument } from '@shugu/wire/members';
import type { z } from 'zod';
import { audit } from '../../kernel/audit.ts';
import { dayOf } from '../../kernel/calendar/calendar.ts';
import { empty, type Reader, sql, type Tx } from '../../kernel/db/db.ts';
import type { Principal } from '../../kernel/http/principal.ts';
import { newId } from '../../kernel/ids.ts';
import { emit } from '../../kernel/outbox.ts';
import { kernelProblems } from '../../kernel/problem.ts';
import { eventTypes } from '../events.ts';
import { limits } from '../model.ts';
import { problems } from '../problems.ts';

type NewDocument = z.output<NonNullable<typeof draftRuleDocument.body>>;
type RuleText = NewDocument['text'];

export interface RuleVersion {
  id: string;
  document: string;
  number: number;
  status: 'draft' | 'published' | 'withdrawn';
  effectiveOn: string | null;
  publishedAt: Date | null;
  digest: string;
}
export interface RuleDocument {
  id: string;
  code: string;
  title: { zh: string; en: string };
  mandatory: boolean;
}

const versionColumns = sql`v.id, v.document, v.number, v.status, v.effective_on as "effectiveOn", v.published_at as "publishedAt", v.digest`;

/** In force on a day: of the published versions effective by then, the one that took effect last. */
const currentVersions = (read: Reader, day: string, document?: string): Promise<RuleVersion[]> =>
  read.rows(sql`select distinct on (v.document) ${versionColumns} from rule_versions v
    where v.status = 'published' and v.effective_on <= ${day} ${document ? sql`and v.document = ${document}` : empty}
    order by v.document, v.effective_on desc, v.number desc`);

const comingVersions = (read: Reader, day: string, document?: string): Promise<RuleVersion[]> =>
  read.rows(sql`select distinct on (v.document) ${versionColumns} from rule_versions v
    where v.status = 'published' and v.effective_on > ${day} ${document ? sql`and v.document = ${document}` : empty}
    order by v.document, v.effective_on, v.number`);

/** Mandatory versions in force that the organisation has not accepted. */
export const missingAcceptances = (
  read: Reader,
  organisation: string,
  now: Date,
): Promise<{ id: string; title: { zh: string; en: string } }[]> =>
  read.rows(sql`select c.id, d.title from (
      select distinct on (v.document) v.id, v.document from rule_versions v
      where v.status = 'published' and v.effective_on <= ${dayOf(now)} order by v.document, v.effective_on desc, v.number desc
    ) c join rule_documents d on d.id = c.document
    where d.mandatory and not exists (select 1 from rule_acceptances a where a.participant = ${organisation} and a.version = c.id)
    order by d.code`);

/** Whether the organisation accepted every mandatory rule in force; trading needs it. */
export const acceptedCurrent = async (read: Reader, organisation: string, now: Date): Promise<boolean> =>
  (await missingAcceptances(read, organisation, now)).length === 0;

const documents = (read: Reader): Promise<RuleDocument[]> =>
  read.rows(sql`select id, code, title, mandatory from rule_documents order by code limit ${limits.ruleDocumentsMax}`);

/** Drafts are the operator's own business until they are published. */
export const list = async (read: Reader, now: Date, seesDrafts: boolean) => {
  const day = dayOf(now);
  const [all, current, coming] = await Promise.all([
    documents(read),
    currentVersions(read, day),
    comingVersions(read, day),
  ]);
  const of = (versions: RuleVersion[], document: string) =>
    versions.find((version) => version.document === document) ?? null;
  return all
    .map((one) => ({ ...one, current: of(current, one.id), coming: of(coming, one.id) }))
    .filter((one) => seesDrafts || one.current || one.coming);
};

export const readDocument = async (read: Reader, id: string, now: Date, seesDrafts: boolean) => {
  const found = (await list(read, now, seesDrafts)).find((one) => one.id === id);
  if (!found) throw kernelProblems.unknown();
  const versions =
    await read.rows<RuleVersion>(sql`select ${versionColumns} from rule_versions v where v.document = ${id}
    ${seesDrafts ? empty : sql`and v.status = 'published'`} order by v.number desc`);
  return { ...found, versions };
};

export const readVersion = async (read: Reader, id: string, seesDrafts: boolean) => {
  const found = await read.first<
    RuleVersion & { title: RuleDocument['title']; text: RuleText }
  >(sql`select ${versionColumns}, d.title, v.text
    from rule_versions v join rule_documents d on d.id = v.document
    where v.id = ${id} ${seesDrafts ? empty : sql`and v.status = 'published'`}`);
  if (!found) throw kernelProblems.unknown();
  return found;
};

/** What acceptance binds to: the two texts, as stored. */
const digestOf = (text: RuleText): string =>
  `sha256:${createHash('sha256')
    .update(JSON.stringify([text.zh, text.en]))
    .digest('hex')}`;

const insertVersion = async (tx: Tx, principal: Principal, document: string, text: RuleText): Promise<string> => {
  const id = newId('rdv', tx.now);
  await tx.exec(sql`insert into rule_versions (id, node, market, participant, document, number, status, text, digest, drafted_by, created_at)
    select ${id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${principal.participant}, ${document}, coalesce(max(number), 0) + 1, 'draft',
      ${JSON.stringify(text)}::jsonb, ${digestOf(text)}, ${principal.id}, ${tx.now} from rule_versions where document = ${document}`);
  await audit(tx, { action: 'members.rulebook.draft', subject: id, data: { document } });
  return id;
};

export const draftDocument = async (tx: Tx, principal: Principal, body: NewDocument) => {
  const all = await documents(tx);
  if (all.length >= limits.ruleDocumentsMax) throw problems.tooMany({ detail: `${limits.ruleDocumentsMax}` });
  if (all.some((one) => one.code === body.code))
    throw kernelProblems.conflict({ field: 'body.code', detail: body.code });
  const document = newId('rdc', tx.now);
  await tx.exec(sql`insert into rule_documents (id, node, market, participant, code, title, mandatory, created_at)
    values (${document}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${principal.participant}, ${body.code}, ${JSON.stringify(body.title)},
      ${body.mandatory}, ${tx.now})`);
  return { document, version: await insertVersion(tx, principal, document, body.text) };
};

export const draftVersion = async (tx: Tx, principal: Principal, document: string, text: RuleText): Promise<string> => {
  const found = await tx.first(sql`select id from rule_documents where id = ${document} for update`);
  if (!found) throw kernelProblems.unknown();
  return insertVersion(tx, principal, document, text);
};

const draftForUpdate = async (tx: Tx, id: string): Promise<RuleVersion & { draftedBy: string }> => {
  const found = await tx.first<RuleVersion & { draftedBy: string }>(
    sql`select ${versionColumns}, v.drafted_by as "draftedBy" from rule_versions v where v.id = ${id} for update`,
  );
  if (!found) throw kernelProblems.unknown();
  if (found.status !== 'draft') throw problems.ruleState({ detail: found.status });
  return found;
};

export const publish = async (tx: Tx, principal: Principal, id: string, effectiveOn: string): Promise<RuleVersion> => {
  const found = await draftForUpdate(tx, id);
  if (found.draftedBy === principal.id) throw problems.samePerson();
  if (effectiveOn < dayOf(tx.now)) throw problems.effectiveDay({ field: 'body.effectiveOn' });
  await tx.exec(sql`update rule_versions set status = 'published', published_by = ${principal.id}, published_at = ${tx.now},
    effective_on = ${effectiveOn} where id = ${id}`);
  await audit(tx, {
    action: 'members.rulebook.publish',
    subject: id,
    data: { document: found.document, effectiveOn, digest: found.digest },
  });
  await emit(tx, {
    type: eventTypes.rulePublished,
    subject: id,
    data: { document: found.document, effectiveOn, digest: found.digest },
  });
  return { ...found, status: 'published', publishedAt: tx.now, effectiveOn };
};

export const withdraw = async (tx: Tx, id: string): Promise<void> => {
  await draftForUpdate(tx, id);
  await tx.exec(sql`update rule_versions set status = 'withdrawn' where id = ${id}`);
  await audit(tx, { action: 'members.rulebook.withdraw', subject: id });
};

export const accept = async (tx: Tx, organisation: string, person: string, id: string): Promise<void> => {
  const found = await tx.first<{ status: string; digest: string }>(
    sql`select status, digest from rule_versions where id = ${id}`,
  );
  if (found?.status !== 'published') throw kernelProblems.unknown();
  const fresh = await tx.exec(sql`insert into rule_acceptances (participant, version, node, market, person, created_at)
    values (${organisation}, ${id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${person}, ${tx.now}) on conflict do nothing`);
  if (fresh)
    await audit(tx, {
      action: 'members.rulebook.accept',
      subject: id,
      participant: organisation,
      data: { digest: found.digest, person },
    });
};
