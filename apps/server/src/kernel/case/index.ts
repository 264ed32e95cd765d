/** The door of the engine of cases. */
import type { Reader, Tx } from '../db/db.ts';
import type { PermissionTable, Principal } from '../http/principal.ts';
import type { StoredObject } from '../objects.ts';
import type { PageQuery } from '../pages.ts';
import { kernelProblems } from '../problem.ts';
import { mermaidOf, svgOf } from './drawing.ts';
import { erasePerson } from './erasing.ts';
import { noticesOfCase, type Service, serve } from './notices.ts';
import { addPaper, checkAttach, findPaper, keepPaper, type PaperDraft } from './papers.ts';
import { caseProblems } from './problems.ts';
import type { ServedHow } from './proof.ts';
import {
  getCase,
  type PublicNoticeQuery,
  publicNotice,
  publicNotices,
  type QueueQuery,
  queueOf,
  stepProof,
  timelineOf,
  viewOf,
} from './reads.ts';
import { type CasesOptions, type Done, makeCaseService } from './service.ts';
import { clocksDue } from './store.ts';

export type { Hooks, Occasion } from './hooks.ts';
export { findNotice, type Notice } from './notices.ts';
export { makeServiceProof, type ServedHow } from './proof.ts';
export type { QueueQuery } from './reads.ts';
export { sidesOf } from './rules.ts';
export type { CasesOptions, Done, Filing, MoveOptions } from './service.ts';
export { exact, makeStepLog, type StepLog } from './steplog.ts';
export type { CaseRecord } from './store.ts';
export { caseProblems };

export const casePermissions: PermissionTable = {
  'cases.supervise': {
    title: { zh: '监督全部办件', en: 'Supervise every case' },
    roles: ['regulator'],
    seats: ['officer'],
  },
  'cases.person.erase': {
    title: { zh: '删除办件中的个人信息', en: 'Erase personal data of cases' },
    roles: ['operator', 'registrar'],
    seats: ['approver', 'registrarReviewer'],
  },
};

/**
 * The engine: `register` a room's hooks, then `checkHooks()` once; `file` and `move` within a transaction; `get`, `queue`,
 * `timeline` read; `tick` lets due clocks act. Problems: cases.*, kernel.invalid, kernel.unknown, kernel.notPermitted, kernel.stale.
 */
export const makeCases = (options: CasesOptions) => {
  const service = makeCaseService(options);
  return {
    register: service.register,
    /** Whether the procedure is offered here: its room is switched on. */
    offers: service.offers,
    checkHooks: service.checkHooks,
    file: service.file,
    move: service.move,
    receive: service.receive,
    erase: (tx: Tx, principal: Principal, id: string, number?: string) =>
      erasePerson(service, tx, principal, id, number),
    /** A notice that belongs to no case; those of a case are its procedure's. */
    serve: (tx: Tx, one: Service) => serve(tx, one, options.proof),
    notice: service.notice,
    /** All of a case to whoever sees the whole of it, else their own. */
    notices: async (reader: Reader, principal: Principal, id: string, query: PageQuery) => {
      const { seen } = await service.find(reader, principal, id);
      return noticesOfCase(reader, id, seen === 'whole' ? undefined : principal.participant, query);
    },
    noticeProof: async (reader: Reader, principal: Principal, id: string, how: ServedHow) => {
      const found = await service.notice(reader, principal, id);
      if (!options.proof) throw kernelProblems.unknown();
      return options.proof.bundle(reader, found.id, how);
    },
    tick: service.tick,
    due: clocksDue,
    openOn: service.openOn,
    /** The case as stored, for rooms that already decided that it may be seen; undefined when there is none. */
    find: async (reader: Reader, principal: Principal, id: string) => (await service.find(reader, principal, id)).one,
    tableOf: service.tableOf,
    get: (reader: Reader, principal: Principal, id: string) => getCase(service, reader, principal, id),
    view: async (reader: Reader, principal: Principal, { case: one, warnings }: Done) => {
      // After its own move an actor may have lost sight of the rest, but never of the reply.
      const seen = (await service.seenBy(reader, one, principal)) ?? 'public';
      return { ...(await viewOf(service, reader, one, seen, principal)), warnings };
    },
    queue: (reader: Reader, principal: Principal, query: QueueQuery) => queueOf(service, reader, principal, query),
    timeline: (reader: Reader, principal: Principal, id: string) => timelineOf(service, reader, principal, id),
    stepProof: (reader: Reader, principal: Principal, id: string, sequence: number) =>
      stepProof(service, reader, principal, id, sequence),
    publicNotices: (reader: Reader, query: PublicNoticeQuery) => publicNotices(service, reader, query),
    publicNotice: (reader: Reader, id: string) => publicNotice(service, reader, id),
    checkAttach: (reader: Reader, principal: Principal, id: string, kind: string) =>
      checkAttach(service, reader, principal, id, kind),
    addPaper: (tx: Tx, principal: Principal, id: string, draft: PaperDraft, stored: StoredObject) =>
      addPaper(service, tx, principal, id, draft, stored),
    keepPaper: (tx: Tx, principal: Principal, id: string, draft: PaperDraft, stored: StoredObject) =>
      keepPaper(service, tx, principal, id, draft, stored),
    findPaper: (reader: Reader, principal: Principal, id: string, paper: string) =>
      findPaper(service, reader, principal, id, paper),
    /** Of the version in force now. */
    drawing: (procedureId: string, language: 'zh' | 'en' = 'zh') => {
      const found = options.ruleBook.procedure(procedureId, options.now());
      if (!found) throw caseProblems.procedureUnknown();
      return { mermaid: mermaidOf(found.procedure, language), svg: svgOf(found.procedure, language) };
    },
    ruleBook: options.ruleBook,
    calendar: options.calendar,
    now: options.now,
  };
};

export type Cases = ReturnType<typeof makeCases>;
