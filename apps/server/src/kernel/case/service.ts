/** Cases at the edge: loads, asks the pure rules, writes the decision with its audit, events, notices and effects in one transaction. */
import { caseLimits } from '@shugu/wire/cases';
import { audit } from '../audit.ts';
import type { Calendar } from '../calendar/calendar.ts';
import { type Database, type Reader, sql, type Tx } from '../db/db.ts';
import { type Principal, systemActor, systemPrincipal } from '../http/principal.ts';
import { newId } from '../ids.ts';
import { emit } from '../outbox.ts';
import { kernelProblems, Problem } from '../problem.ts';
import type { Procedure } from '../rulepack/model.ts';
import type { RuleBook } from '../rulepack/rulebook.ts';
import type { Seal } from '../seal.ts';
import { earliestDueTo, serveClock } from './clocks.ts';
import { checkForm, partiesIn } from './form.ts';
import { type Hooks, hooksMissing } from './hooks.ts';
import type { CaseState, Command, Data, Decision, Text, Warning } from './model.ts';
import { findNotice, type Notice, readNotice, serve } from './notices.ts';
import { openForm, sealForm } from './personal.ts';
import { caseProblems } from './problems.ts';
import type { ServiceProof } from './proof.ts';
import { decide, type Facts, sidesOf } from './rules.ts';
import type { StepLog } from './steplog.ts';
import {
  addMove,
  addOutcome,
  type CaseRecord,
  insertCase,
  loadCase,
  nextDueClock,
  noteClockFailure,
  saveClocks,
  saveDecision,
  saveParties,
} from './store.ts';

export interface CasesOptions {
  ruleBook: RuleBook;
  calendar: Calendar;
  now: () => Date;
  /** Personal values of forms are sealed with it. */
  seal: Seal;
  /** Names of people and service accounts by id, as they are now; without it the timeline names nobody. */
  namesOf?: (reader: Reader, ids: readonly string[]) => Promise<ReadonlyMap<string, string>>;
  /** Takes what the tables send into the public log. */
  stepLog: StepLog;
  /** Kinds of an organisation, to refuse a handler that could never act; without it the room that files must look. */
  kindsOf?: (reader: Reader, participant: string) => Promise<ReadonlySet<string>>;
  /** Makes service provable; only tests of the engine by itself go without. */
  proof?: ServiceProof;
  /** A clock whose move failed; it stays due and is tried again with the next tick. */
  onTickFailure?: (caseId: string, clock: string, error: unknown) => void;
}

export interface Filing {
  procedure: string;
  handler: string;
  title: string;
  subject?: string;
  data?: Data;
  /** For the system only: whose case it is. */
  participant?: string;
}

export interface MoveOptions {
  input?: Data;
  form?: Data;
  /** Refuses with kernel.stale when the case has changed since. */
  ifVersion?: number;
}

export interface Done {
  case: CaseRecord;
  warnings: Warning[];
}

export const tickLimits = { clocksPerTickMax: 10_000 } as const;

export const makeCaseService = (options: CasesOptions) => {
  const { ruleBook, calendar, seal } = options;
  const hooksOf = new Map<string, Hooks>();

  const register = (procedureId: string, hooks: Hooks): void => {
    if (hooksOf.has(procedureId)) throw new Error(`hooks of ${procedureId} are registered twice`);
    hooksOf.set(procedureId, hooks);
  };

  const missing = (table: Procedure): string[] => hooksMissing(table, hooksOf.get(table.id) ?? {});

  /** A procedure whose room is switched off is not offered: its table names guards or effects, and nobody registered any. */
  const offers = (table: Procedure): boolean => missing(table).length === 0;

  /** Call once after all rooms registered: hooks for an unknown procedure, or for a part of one, are a defect found at start. */
  const checkHooks = (): void => {
    const tables = ruleBook.packs.flatMap((pack) => [...pack.procedures.values()]);
    const faults = tables
      .filter((table) => hooksOf.has(table.id))
      .flatMap((table) => missing(table).map((name) => `${table.id} lacks ${name}`));
    const known = new Set(tables.map((table) => table.id));
    for (const id of hooksOf.keys()) if (!known.has(id)) faults.push(`${id} is no procedure`);
    if (faults.length) throw new Error(`hooks of procedures: ${faults.join('; ')}`);
  };

  const tableOf = (one: Pick<CaseState, 'pin' | 'procedure'>): Procedure => ruleBook.pinned(one.pin, one.procedure);

  const factsFor = (
    one: Pick<CaseState, 'pin'>,
    principal: Principal,
    now: Date,
    refusals: ReadonlyMap<string, Text> = new Map(),
  ): Facts => ({
    now,
    actor: principal,
    calendar,
    rule: (ruleId) => ruleBook.rule(one.pin, ruleId),
    refusals,
  });

  const load = async (reader: Reader, id: string, lock = false): Promise<CaseRecord | undefined> => {
    const one = await loadCase(reader, id, lock);
    return one && { ...one, data: await openForm(seal, reader, one.stored) };
  };

  /** How much of a case a principal may see; undefined: as if it did not exist. */
  const seenBy = async (
    reader: Reader,
    one: CaseRecord,
    principal: Principal,
  ): Promise<'whole' | 'public' | undefined> => {
    if (principal.kind === 'system') return 'whole';
    const { participant } = principal;
    if (participant !== '' && participant === one.participant) return 'whole';
    if (one.private) return undefined;
    if (principal.permissions.has('cases.supervise')) return 'whole';
    if (participant !== '') {
      if (participant === one.handler) return 'whole';
      const parties = tableOf(one).parties.filter((party) => one.parties[party.id]?.includes(participant));
      if (parties.some((party) => party.sees === 'whole')) return 'whole';
      if (await hooksOf.get(one.procedure)?.visible?.(reader, { case: one, principal })) return 'whole';
      if (parties.length > 0) return 'public';
    }
    return one.publicData ? 'public' : undefined;
  };

  const find = async (reader: Reader, principal: Principal, id: string, lock = false) => {
    const one = await load(reader, id, lock);
    const seen = one && (await seenBy(reader, one, principal));
    if (!one || !seen) throw kernelProblems.unknown();
    return { one, seen };
  };

  const write = async (
    tx: Tx,
    one: CaseRecord,
    table: Procedure,
    decision: Decision,
    principal: Principal,
    at: Date,
  ): Promise<CaseRecord> => {
    const isPublic = decision.publicData !== null;
    await saveDecision(tx, one, decision, {
      // A step that leaves the form alone leaves it sealed as it is: evidence was taken of exactly that.
      stored: decision.data === one.data ? one.stored : await sealForm(seal, tx, table.form, decision.data, one.id),
      private: table.states[decision.to]!.private === true,
      publishedAt: isPublic ? (one.publishedAt ?? at) : one.publishedAt,
      endedAt: decision.ended ? at : null,
    });
    const sequence = await addMove(tx, one.id, {
      at,
      move: decision.move,
      from_state: decision.from,
      to_state: decision.to,
      by: decision.by,
      participant: principal.participant,
      actor: principal.id,
      input: decision.input,
    });
    if (decision.log === 'clear' || decision.log === 'commitment')
      await options.stepLog.publish(tx, {
        case: one,
        table,
        decision,
        sequence,
        participant: principal.participant,
        at,
      });
    for (const { to, ...notice } of decision.notices)
      for (const recipient of to) {
        const dueAt = earliestDueTo(decision.clocks, table, sidesOf({ ...one, parties: decision.parties }, recipient));
        const { id, title } = one;
        const served = { ...notice, to: recipient, caseId: id, subject: one.subject ?? id, title, dueAt, at };
        await serve(tx, served, options.proof);
      }
    const fact = {
      procedure: one.procedure,
      pack: one.pin,
      move: decision.move,
      from: decision.from,
      to: decision.to,
      at: at.toISOString(),
    };
    await audit(tx, {
      action: 'cases.case.move',
      subject: one.id,
      participant: one.participant,
      data: { ...fact, by: decision.by },
    });
    await emit(tx, {
      type: 'cases.case.moved',
      subject: one.id,
      participant: one.participant,
      data: {
        ...fact,
        title: one.title,
        subject: one.subject,
        handler: one.handler,
        log: decision.log,
        ended: decision.ended,
      },
    });
    return runEffects(tx, one, decision, principal);
  };

  const runEffects = async (
    tx: Tx,
    before: CaseRecord,
    decision: Decision,
    principal: Principal,
  ): Promise<CaseRecord> => {
    let one = (await load(tx, before.id))!;
    for (const name of decision.effects) {
      const effect = hooksOf.get(one.procedure)?.effects?.[name];
      if (!effect) throw new Error(`procedure ${one.procedure} has no effect ${name}`);
      const outcome = await effect(tx, { case: one, move: decision.move, input: decision.input, principal });
      if (outcome) await addOutcome(tx, one.id, outcome);
      one = (await load(tx, before.id))!;
    }
    return one;
  };

  const refusalsOf = async (
    tx: Tx,
    one: CaseRecord,
    table: Procedure,
    command: Command,
    principal: Principal,
  ): Promise<Map<string, Text>> => {
    const refusals = new Map<string, Text>();
    for (const name of table.moves.find((move) => move.id === command.move)?.guards ?? []) {
      const guard = hooksOf.get(one.procedure)?.guards?.[name];
      if (!guard) throw new Error(`procedure ${one.procedure} has no guard ${name}`);
      const answer = await guard(tx, { case: one, move: command.move, input: command.input, principal });
      if (answer !== true) refusals.set(name, answer);
    }
    return refusals;
  };

  const take = async (tx: Tx, one: CaseRecord, principal: Principal, command: Command, at: Date): Promise<Done> => {
    const table = tableOf(one);
    const refusals = await refusalsOf(tx, one, table, command, principal);
    const decision = decide(table, one, command, factsFor(one, principal, at, refusals));
    if (decision instanceof Problem) throw decision;
    return { case: await write(tx, one, table, decision, principal, at), warnings: decision.warnings };
  };

  const fire = async (tx: Tx, one: CaseRecord, clockId: string): Promise<CaseRecord> => {
    const state = one.clocks.find((clock) => clock.clock === clockId)!;
    const definition = tableOf(one).clocks.find((clock) => clock.id === clockId)!;
    const at = state.firesAt!;
    if (definition.onExpiry) {
      const done = await take(tx, one, systemPrincipal('clock'), { move: definition.onExpiry.move, input: {} }, at);
      // A move that leaves its own clock running would fire for ever.
      const same = done.case.clocks.find((clock) => clock.clock === clockId);
      if (same?.firesAt && same.firesAt <= at)
        throw new Error(`clock ${clockId} of ${one.procedure} is still due after ${definition.onExpiry.move}`);
      return done.case;
    }
    await saveClocks(
      tx,
      one,
      one.clocks.map((clock) => (clock === state ? { ...clock, overdueAt: clock.dueAt, firesAt: null } : clock)),
    );
    await emit(tx, {
      type: 'cases.clock.passed',
      subject: one.id,
      participant: one.participant,
      data: {
        procedure: one.procedure,
        clock: clockId,
        dueTo: definition.dueTo,
        handler: one.handler,
        at: at.toISOString(),
      },
    });
    return (await load(tx, one.id))!;
  };

  /** Whatever time has already decided comes before what anyone does now. */
  const catchUp = async (tx: Tx, before: CaseRecord): Promise<CaseRecord> => {
    let one = before;
    for (let count = 0; ; count++) {
      const due = one.clocks
        .filter((clock) => clock.firesAt !== null && clock.firesAt <= tx.now)
        .sort((a, b) => a.firesAt!.getTime() - b.firesAt!.getTime())[0];
      if (!due) return one;
      if (count > caseLimits.movesPerCaseMax) throw new Error(`clocks of ${one.id} do not come to rest`);
      one = await fire(tx, one, due.clock);
    }
  };

  const applicantOf = (principal: Principal, filing: Filing): string => {
    if (principal.kind === 'system') {
      if (!filing.participant) throw new Error('the system files for a participant');
      return filing.participant;
    }
    if (principal.kind === 'anonymous' || principal.participant === '') throw kernelProblems.notSignedIn();
    return principal.participant;
  };

  /** Opens a draft that only the applicant sees; the procedure's own move hands it in. */
  const file = async (tx: Tx, principal: Principal, filing: Filing): Promise<Done> => {
    const found = ruleBook.procedure(filing.procedure, tx.now);
    if (!found) throw caseProblems.procedureUnknown({ field: 'body.procedure' });
    const { pack, procedure: table } = found;
    if (!offers(table)) throw caseProblems.procedureClosed({ field: 'body.procedure' });
    const participant = applicantOf(principal, filing);
    if (principal.kind !== 'system') {
      if (table.filePermission && !principal.permissions.has(table.filePermission))
        throw kernelProblems.notPermitted({ detail: table.title });
      if (table.applicantRoles.length && !table.applicantRoles.some((role) => principal.roles.has(role)))
        throw kernelProblems.notPermitted({
          detail: {
            zh: `本事项限下列类别的单位申请：${table.applicantRoles.join('、')}`,
            en: `for organisations of kind ${table.applicantRoles.join(', ')}`,
          },
        });
    }
    if (participant === filing.handler && !table.selfHandling) throw caseProblems.ownCase({ field: 'body.handler' });
    if (options.kindsOf && !(await options.kindsOf(tx, filing.handler)).has(table.handlerRole))
      throw caseProblems.handlerUnfit({ field: 'body.handler' });
    if (table.subject === 'required' && !filing.subject)
      throw kernelProblems.invalid({ field: 'body.subject', detail: { zh: '请填写标的', en: 'required' } });
    if (table.subject === 'none' && filing.subject)
      throw kernelProblems.invalid({
        field: 'body.subject',
        detail: { zh: '本事项没有标的', en: 'this procedure has none' },
      });
    const checked = checkForm(table.form, filing.data ?? {}, {
      place: 'body.data',
      complete: false,
      bytesMax: caseLimits.dataBytesMax,
      ruleNumber: (ruleId) => ruleBook.number(pack.pin, ruleId),
    });
    if (checked.faults.length) throw kernelProblems.invalid({ errors: checked.faults });

    const id = newId('cas', tx.now);
    const start = table.states[table.start]!;
    await insertCase(tx, {
      id,
      procedure: table.id,
      pin: pack.pin,
      title: filing.title,
      subject: filing.subject ?? null,
      participant,
      handler: filing.handler,
      state: table.start,
      turn: start.turn,
      private: start.private === true,
      data: checked.values,
      stored: await sealForm(seal, tx, table.form, checked.values, id),
      publicData: null,
      publishedAt: null,
      outcome: {},
      parties: {},
      clocks: [],
      moves: [],
      papers: [],
      version: 1,
      filedAt: tx.now,
      endedAt: null,
      dueAt: null,
      retentionClass: table.retentionClass,
    });
    await saveParties(tx, id, partiesIn(table.form, checked.values));
    await audit(tx, {
      action: 'cases.case.file',
      subject: id,
      participant,
      data: { procedure: table.id, pack: pack.pin, handler: filing.handler },
    });
    await emit(tx, {
      type: 'cases.case.filed',
      subject: id,
      participant,
      data: {
        procedure: table.id,
        pack: pack.pin,
        title: filing.title,
        subject: filing.subject ?? null,
        handler: filing.handler,
      },
    });
    return { case: (await load(tx, id))!, warnings: checked.warnings };
  };

  const move = async (
    tx: Tx,
    principal: Principal,
    id: string,
    moveId: string,
    given: MoveOptions = {},
  ): Promise<Done> => {
    const { one } = await find(tx, principal, id, true);
    const settled = await catchUp(tx, one);
    if (given.ifVersion !== undefined && given.ifVersion !== settled.version) throw kernelProblems.stale();
    return take(tx, settled, principal, { move: moveId, input: given.input ?? {}, form: given.form }, tx.now);
  };

  /** Seen by the organisation served, and by whoever sees the whole case: the office must be able to show that it served. */
  const notice = async (reader: Reader, principal: Principal, id: string): Promise<Notice> => {
    const found = await findNotice(reader, id);
    const own = found && principal.participant !== '' && found.participant === principal.participant;
    const seen = own ? 'whole' : found?.case && (await find(reader, principal, found.case)).seen;
    if (!found || seen !== 'whole') throw kernelProblems.unknown();
    return found;
  };

  /** Marks as read; starts clocks that wait for service. */
  const receive = async (tx: Tx, principal: Principal, noticeId: string): Promise<void> => {
    const service = await readNotice(tx, principal, noticeId, options.proof);
    if (!service) return;
    const one = await load(tx, service.caseId, true);
    if (!one || one.endedAt) return;
    const definitions = new Map(tableOf(one).clocks.map((clock) => [clock.id, clock]));
    await saveClocks(
      tx,
      one,
      one.clocks.map((clock) =>
        service.clocks.includes(clock.clock)
          ? serveClock(clock, tx.now, definitions.get(clock.clock)!, calendar)
          : clock,
      ),
    );
  };

  /**
   * Lets time act: every due clock in the order of its moments, each in its own transaction, with effect from its own moment.
   * Number of clocks that acted. A case that fails does not hold up the others.
   */
  const tick = async (database: Database): Promise<number> => {
    const failed: number[] = [];
    let count = 0;
    while (count < tickLimits.clocksPerTickMax) {
      const due = await nextDueClock(database, options.now(), failed);
      if (!due) return count;
      try {
        await database.tx(systemActor('clock'), async (tx) => {
          const one = await load(tx, due.case_id, true);
          const live = one?.clocks.find(
            (clock) => clock.clock === due.clock && clock.firesAt !== null && clock.firesAt <= tx.now,
          );
          if (one && live) await fire(tx, one, live.clock);
        });
        count++;
      } catch (error) {
        failed.push(due.id);
        options.onTickFailure?.(due.case_id, due.clock, error);
        await database.tx(systemActor('clock'), (tx) => noteClockFailure(tx, due.id, String(error).slice(0, 1000)));
      }
    }
    return count;
  };

  /** Open cases on one subject, newest first: for rooms that must not open a second. */
  const openOn = async (reader: Reader, subject: string, procedure?: string): Promise<string[]> =>
    (
      await reader.rows<{ id: string }>(sql`select id from cases where subject = ${subject} and ended_at is null
        and (${procedure ?? null}::text is null or procedure = ${procedure ?? null}) order by id desc limit 100`)
    ).map((row) => row.id);

  return {
    register,
    checkHooks,
    offers,
    file,
    move,
    find,
    seenBy,
    tableOf,
    factsFor,
    notice,
    receive,
    tick,
    openOn,
    options,
  };
};

export type CaseService = ReturnType<typeof makeCaseService>;
