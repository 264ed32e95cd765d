/** Papers (材料) of a case: the content lies in the object store, its row with the case. */
import { caseLimits } from '@shugu/wire/cases';
import { audit } from '../audit.ts';
import { type Reader, sql, type Tx } from '../db/db.ts';
import type { Principal } from '../http/principal.ts';
import { newId } from '../ids.ts';
import type { StoredObject } from '../objects.ts';
import { kernelProblems } from '../problem.ts';
import type { Procedure } from '../rulepack/model.ts';
import { caseProblems } from './problems.ts';
import { movesOpenTo } from './rules.ts';
import type { CaseService } from './service.ts';
import type { CaseRecord } from './store.ts';

export interface Paper {
  id: string;
  kind: string;
  name: string;
  mediaType: string;
  object: string;
  bytes: number;
  sensitive: boolean;
  participant: string;
  at: Date;
}

interface PaperRow {
  id: string;
  kind: string;
  name: string;
  media_type: string;
  object: string;
  bytes: number;
  sensitive: boolean;
  participant: string;
  at: Date;
}

const paperOf = ({ media_type, ...row }: PaperRow): Paper => ({
  id: row.id,
  kind: row.kind,
  name: row.name,
  mediaType: media_type,
  object: row.object,
  bytes: row.bytes,
  sensitive: row.sensitive,
  participant: row.participant,
  at: row.at,
});

export interface PaperDraft {
  kind: string;
  name: string;
  mediaType: string;
}

/** Whether the principal may attach this kind now: some step open to it asks for it or allows it. Checked before the upload, and again after. */
export const checkAttach = async (
  service: CaseService,
  reader: Reader,
  principal: Principal,
  caseId: string,
  kind: string,
  lock = false,
) => {
  const { one } = await service.find(reader, principal, caseId, lock);
  const table = service.tableOf(one);
  const definition = table.papers.find((paper) => paper.id === kind);
  if (!definition) throw caseProblems.paperUnknown({ field: 'query.kind' });
  const steps = movesOpenTo(table, one, service.factsFor(one, principal, service.options.now())).filter(
    ({ refusal }) => refusal === undefined || refusal.code !== 'kernel.notPermitted',
  );
  const wanted = steps.some(
    ({ move }) => move.form !== 'none' || move.papers.includes(kind) || move.mayAttach.includes(kind),
  );
  if (!wanted) throw caseProblems.notNow({ detail: table.states[one.state]!.next.zh });
  const own = one.papers.filter((paper) => paper.participant === principal.participant).length;
  if (one.papers.length >= caseLimits.papersPerCaseMax)
    throw caseProblems.limitReached({
      detail: { zh: `每件不超过 ${caseLimits.papersPerCaseMax} 份材料`, en: `${caseLimits.papersPerCaseMax} papers` },
    });
  if (own >= caseLimits.papersPerParticipantMax)
    throw caseProblems.limitReached({
      detail: {
        zh: `每个单位不超过 ${caseLimits.papersPerParticipantMax} 份材料`,
        en: `${caseLimits.papersPerParticipantMax} papers of one organisation`,
      },
    });
  return { one, definition };
};

interface Place {
  one: CaseRecord;
  definition: Procedure['papers'][number];
}

const insertPaper = async (
  tx: Tx,
  principal: Principal,
  { one, definition }: Place,
  draft: PaperDraft,
  stored: StoredObject,
): Promise<Paper> => {
  const row: PaperRow = {
    id: newId('pap', tx.now),
    kind: draft.kind,
    name: draft.name,
    media_type: draft.mediaType,
    object: stored.digest,
    bytes: stored.bytes,
    sensitive: definition.sensitive,
    participant: principal.participant,
    at: tx.now,
  };
  await tx.exec(sql`insert into case_papers (id, case_id, node, market, participant, kind, name, media_type, object, bytes, sensitive, by, at, retention_class)
    values (${row.id}, ${one.id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${row.participant}, ${row.kind}, ${row.name}, ${row.media_type},
      ${row.object}, ${row.bytes}, ${row.sensitive}, ${principal.id}, ${row.at},
      ${one.retentionClass})`);
  await audit(tx, {
    action: 'cases.paper.add',
    subject: one.id,
    participant: one.participant,
    data: { paper: row.id, kind: row.kind, object: row.object },
  });
  return paperOf(row);
};

export const addPaper = async (
  service: CaseService,
  tx: Tx,
  principal: Principal,
  caseId: string,
  draft: PaperDraft,
  stored: StoredObject,
): Promise<Paper> =>
  insertPaper(tx, principal, await checkAttach(service, tx, principal, caseId, draft.kind, true), draft, stored);

/** What came by a room's own door, and by its decision belongs here; the same content is kept once. */
export const keepPaper = async (
  service: CaseService,
  tx: Tx,
  principal: Principal,
  caseId: string,
  draft: PaperDraft,
  stored: StoredObject,
): Promise<void> => {
  const { one } = await service.find(tx, principal, caseId, true);
  const definition = service.tableOf(one).papers.find((paper) => paper.id === draft.kind);
  if (!definition) throw caseProblems.paperUnknown({ detail: draft.kind });
  if (one.papers.some(({ object }) => object === stored.digest)) return;
  await insertPaper(tx, principal, { one, definition }, draft, stored);
};

/** Papers that a principal may open: all of them to those who see the whole case, else its own. */
export const papersSeen = async (
  reader: Reader,
  caseId: string,
  seen: 'whole' | 'public',
  principal: Principal,
): Promise<Paper[]> => {
  const rows =
    await reader.rows<PaperRow>(sql`select id, kind, name, media_type, object, bytes, sensitive, participant, at from case_papers
    where case_id = ${caseId} and (${seen} = 'whole' or (participant = ${principal.participant} and participant <> '')) order by id`);
  return rows.map(paperOf);
};

export const findPaper = async (
  service: CaseService,
  reader: Reader,
  principal: Principal,
  caseId: string,
  paperId: string,
): Promise<Paper> => {
  const { seen } = await service.find(reader, principal, caseId);
  const paper = (await papersSeen(reader, caseId, seen, principal)).find((one) => one.id === paperId);
  if (!paper) throw kernelProblems.unknown();
  return paper;
};
