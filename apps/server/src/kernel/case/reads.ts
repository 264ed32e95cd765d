/** What people see of cases: pages, queues, timelines, public notices. Reads only. */
import type { cases as wire } from '@shugu/wire/cases';
import type { z } from 'zod';
import { empty as nothing, type Reader, type Sql, sql } from '../db/db.ts';
import type { Principal } from '../http/principal.ts';
import { decodeCursor, type PageQuery, pageOf, pageSize } from '../pages.ts';
import { kernelProblems } from '../problem.ts';
import type { Procedure } from '../rulepack/model.ts';
import { isOverdue, workingDaysLeft } from './clocks.ts';
import type { ClockState } from './model.ts';
import { type Paper, papersSeen } from './papers.ts';
import { movesOpenTo } from './rules.ts';
import type { CaseService } from './service.ts';
import { loggedSteps } from './steplog.ts';
import { type CaseRecord, clocksAmong, listCases, movesOf } from './store.ts';

export type CaseView = z.input<typeof wire.get.reply>;
export type CaseSummary = z.input<(typeof wire.queue.reply)['shape']['items']>[number];
export type PublicNotice = z.input<typeof wire.publicNotice.reply>;
type Json = CaseView['data'];

// What came through a form is JSON; the row only forgot it.
const json = (data: Record<string, unknown>) => data as Json;

const stateOf = (table: Procedure, id: string) => table.states[id]!;

export const paperView = (paper: Paper, table: Procedure) => ({
  id: paper.id,
  kind: paper.kind,
  title: table.papers.find((one) => one.id === paper.kind)?.title ?? { zh: paper.kind, en: paper.kind },
  name: paper.name,
  mediaType: paper.mediaType,
  bytes: paper.bytes,
  digest: paper.object,
  sensitive: paper.sensitive,
  participant: paper.participant,
  at: paper.at.toISOString(),
});

const summaryOf = (one: CaseRecord, table: Procedure, now: Date): CaseSummary => ({
  id: one.id,
  procedure: one.procedure,
  procedureTitle: table.title,
  title: one.title,
  subject: one.subject,
  participant: one.participant,
  handler: one.handler,
  state: one.state,
  stateTitle: stateOf(table, one.state).title,
  turn: one.turn,
  next: stateOf(table, one.state).next,
  filedAt: one.filedAt.toISOString(),
  endedAt: one.endedAt?.toISOString() ?? null,
  dueAt: one.dueAt?.toISOString() ?? null,
  overdue: one.endedAt === null && one.dueAt !== null && one.dueAt <= now,
  version: one.version,
});

const clockView = (
  service: CaseService,
  state: ClockState,
  table: Procedure,
  now: Date,
): CaseView['clocks'][number] => {
  const definition = table.clocks.find((clock) => clock.id === state.clock)!;
  return {
    clock: state.clock,
    title: definition.title,
    dueTo: definition.dueTo,
    startedAt: state.startedAt.toISOString(),
    dueAt: state.dueAt?.toISOString() ?? null,
    paused: state.pausedAt !== null,
    remainingWorkingDays: workingDaysLeft(state, now, service.options.calendar),
    extendedBy: state.extendedBy,
    overdue: isOverdue(state, now),
    provisional: state.provisional,
  };
};

/** Strangers see the public fields, no papers but their own, no parties, and the limits that are the public's. */
export const viewOf = async (
  service: CaseService,
  reader: Reader,
  one: CaseRecord,
  seen: 'whole' | 'public',
  principal: Principal,
): Promise<CaseView> => {
  const table = service.tableOf(one);
  const now = service.options.now();
  const whole = seen === 'whole';
  const papers = await papersSeen(reader, one.id, seen, principal);
  return {
    ...summaryOf(one, table, now),
    pack: one.pin,
    seen,
    data: json(whole ? one.data : (one.publicData ?? {})),
    outcome: json(whole ? one.outcome : {}),
    parties: whole ? one.parties : {},
    clocks: one.clocks
      .filter((state) => whole || table.clocks.find((clock) => clock.id === state.clock)?.dueTo === 'public')
      .map((state) => clockView(service, state, table, now)),
    papers: papers.map((paper) => paperView(paper, table)),
    moves: movesOpenTo(table, one, service.factsFor(one, principal, now)).map(({ move, refusal }) => ({
      id: move.id,
      title: move.title,
      allowed: refusal === undefined,
      reason: refusal ? refusal.definition.title : null,
      input: move.input,
      form: move.form,
      papers: move.papers,
    })),
  };
};

export const getCase = async (
  service: CaseService,
  reader: Reader,
  principal: Principal,
  id: string,
): Promise<CaseView> => {
  const { one, seen } = await service.find(reader, principal, id);
  return viewOf(service, reader, one, seen, principal);
};

export interface QueueQuery extends PageQuery {
  view: 'mine' | 'handling' | 'waiting' | 'overdue' | 'supervised';
  procedure?: string;
  state?: string;
  subject?: string;
  open?: boolean;
}

const scopeOf = (view: QueueQuery['view'], principal: Principal, now: Date): Sql => {
  const own = principal.participant;
  const handled = sql`(c.handler = ${own} and not c.private)`;
  const supervises = principal.permissions.has('cases.supervise');
  switch (view) {
    case 'mine':
      return sql`c.participant = ${own}`;
    case 'handling':
      return handled;
    case 'waiting':
      return sql`c.ended_at is null and ((c.turn = 'applicant' and c.participant = ${own}) or (c.turn = 'handler' and ${handled})
        or exists (select 1 from case_parties p where p.case_id = c.id and p.participant = ${own} and c.turn = 'party:' || p.party))`;
    case 'overdue':
      return sql`c.ended_at is null and c.due_at <= ${now} and ${supervises ? sql`not c.private` : sql`(c.participant = ${own} or ${handled})`}`;
    case 'supervised':
      if (!supervises)
        throw kernelProblems.notPermitted({ detail: { zh: '查看全部办件', en: 'to look over every case' } });
      return sql`not c.private`;
  }
};

const never = '9999-12-31T00:00:00.000Z';

/** Own cases newest first; work lists by the end of their limit. */
export const queueOf = async (service: CaseService, reader: Reader, principal: Principal, query: QueueQuery) => {
  if (principal.participant === '' && !principal.permissions.has('cases.supervise')) throw kernelProblems.notSignedIn();
  const now = service.options.now();
  const newest = query.view === 'mine';
  const after = decodeCursor(query.after, 2);
  const dueKey = sql`coalesce(c.due_at, ${never}::timestamptz)`;
  const beyond = !after
    ? nothing
    : newest
      ? sql`and c.id < ${after[1]}`
      : sql`and (${dueKey}, c.id) > (${after[0]}::timestamptz, ${after[1]})`;
  const where = sql`${scopeOf(query.view, principal, now)}
    ${query.procedure ? sql`and c.procedure = ${query.procedure}` : nothing}
    ${query.state ? sql`and c.state = ${query.state}` : nothing}
    ${query.subject ? sql`and c.subject = ${query.subject}` : nothing}
    ${query.open === undefined ? nothing : query.open ? sql`and c.ended_at is null` : sql`and c.ended_at is not null`} ${beyond}`;
  const rows = await listCases(reader, where, newest ? sql`c.id desc` : sql`${dueKey}, c.id`, pageSize(query) + 1);
  return pageOf(
    rows,
    query,
    (one) => [one.dueAt?.toISOString() ?? never, one.id],
    (one) => summaryOf(one, service.tableOf(one), now),
  );
};

const system = 'system:';
const nameOf = (actor: string, names: ReadonlyMap<string, string> | undefined): string | null =>
  names?.get(actor) ?? (actor.startsWith(system) ? actor.slice(system.length) : null);

/** Strangers see when the case came to public states, not who did what. */
export const timelineOf = async (service: CaseService, reader: Reader, principal: Principal, id: string) => {
  const { one, seen } = await service.find(reader, principal, id);
  const table = service.tableOf(one);
  const rows = await movesOf(reader, id);
  const names = await service.options.namesOf?.(reader, [...new Set(rows.map((row) => row.actor))]);
  const logged = seen === 'whole' ? await loggedSteps(reader, id) : new Map<number, 'clear' | 'commitment'>();
  return rows
    .filter(
      (row) =>
        seen === 'whole' ||
        table.states[row.to_state]?.public ||
        (principal.participant !== '' && row.participant === principal.participant),
    )
    .map((row) => {
      const open = seen === 'whole' || (principal.participant !== '' && row.participant === principal.participant);
      return {
        sequence: row.sequence,
        at: row.at.toISOString(),
        move: row.move,
        title: table.moves.find((move) => move.id === row.move)!.title,
        from: row.from_state,
        to: row.to_state,
        toTitle: stateOf(table, row.to_state).title,
        by: row.by,
        participant: open ? row.participant || null : null,
        person: open ? nameOf(row.actor, names) : null,
        input: open ? json(row.input) : null,
        log: logged.get(row.sequence) ?? null,
      };
    });
};

/** Proof of a step in the public log, for those who see the whole case. */
export const stepProof = async (
  service: CaseService,
  reader: Reader,
  principal: Principal,
  id: string,
  sequence: number,
): Promise<Uint8Array> => {
  const { one, seen } = await service.find(reader, principal, id);
  if (seen !== 'whole') throw kernelProblems.unknown();
  return service.options.stepLog.bundle(reader, one.id, sequence);
};

const noticeOf = (one: CaseRecord, table: Procedure, clocks: readonly ClockState[]): PublicNotice => {
  const running = clocks.find((state) => table.clocks.find((clock) => clock.id === state.clock)?.dueTo === 'public');
  return {
    case: one.id,
    procedure: one.procedure,
    procedureTitle: table.title,
    title: one.title,
    handler: one.handler,
    state: one.state,
    stateTitle: stateOf(table, one.state).title,
    publishedAt: (one.publishedAt ?? one.filedAt).toISOString(),
    until: running?.dueAt?.toISOString() ?? null,
    objectionOpen: table.moves.some((move) => move.from.includes(one.state) && move.by.includes('anyone')),
    fields: Object.entries(one.publicData ?? {}).map(([id, value]) => ({
      id,
      title: table.form.find((field) => field.id === id)?.title ?? { zh: id, en: id },
      value: value as z.input<ReturnType<typeof z.json>>,
    })),
  };
};

export interface PublicNoticeQuery extends PageQuery {
  procedure?: string;
  running?: boolean;
  text?: string;
}

// % and _ of a search text stand for themselves.
const contains = (text: string): string => `%${text.replace(/[\\%_]/g, '\\$&')}%`;

export const publicNotices = async (service: CaseService, reader: Reader, query: PublicNoticeQuery) => {
  const after = decodeCursor(query.after, 2);
  const where = sql`c.public_data is not null
    ${query.procedure ? sql`and c.procedure = ${query.procedure}` : nothing}
    ${query.running === undefined ? nothing : query.running ? sql`and c.ended_at is null` : sql`and c.ended_at is not null`}
    ${query.text ? sql`and c.title ilike ${contains(query.text)}` : nothing}
    ${after ? sql`and (c.published_at, c.id) < (${after[0]}::timestamptz, ${after[1]})` : nothing}`;
  const rows = await listCases(reader, where, sql`c.published_at desc, c.id desc`, pageSize(query) + 1);
  const clocks = await clocksAmong(
    reader,
    rows.map((one) => one.id),
  );
  return pageOf(
    rows,
    query,
    (one) => [one.publishedAt!.toISOString(), one.id],
    (one) => noticeOf(one, service.tableOf(one), clocks.get(one.id) ?? []),
  );
};

export const publicNotice = async (service: CaseService, reader: Reader, id: string): Promise<PublicNotice> => {
  const [one] = await listCases(reader, sql`c.id = ${id} and c.public_data is not null`, sql`c.id`, 1);
  if (!one) throw kernelProblems.unknown();
  const clocks = await clocksAmong(reader, [id]);
  return noticeOf(one, service.tableOf(one), clocks.get(id) ?? []);
};
