/** What a move does to a case. Pure: procedure, case, command and facts in; a decision or a problem out. */
import { caseLimits } from '@shugu/wire/cases';
import type { Calendar } from '../calendar/calendar.ts';
import { kernelProblems, type Problem } from '../problem.ts';
import type { ClockDefinition, Move, Procedure, Rule } from '../rulepack/model.ts';
import { extendClock, pauseClock, resumeClock, startClock, stopClock } from './clocks.ts';
import { checkConstraints, checkForm, holds, partiesIn } from './form.ts';
import type {
  Actor,
  CaseState,
  ClockState,
  Command,
  Data,
  Decision,
  LengthUnit,
  NoticeDraft,
  Text,
  Warning,
} from './model.ts';
import { caseProblems } from './problems.ts';
import { renderNotice } from './wording.ts';

export interface Facts {
  now: Date;
  actor: Actor;
  calendar: Calendar;
  /** Rule of the pack that the case pins. */
  rule: (ruleId: string) => Rule;
  /** Guards that said no, with their reason; a guard that is absent here was met. */
  refusals: ReadonlyMap<string, Text>;
}

/** Sides on which an organisation stands in a case, whoever acts for it. */
export const sidesOf = (
  one: Pick<CaseState, 'participant' | 'handler' | 'parties'>,
  participant: string,
): Set<string> => {
  const sides = new Set<string>();
  if (participant === one.participant) sides.add('applicant');
  if (participant === one.handler) sides.add('handler');
  for (const [party, members] of Object.entries(one.parties))
    if (members.includes(participant)) sides.add(`party:${party}`);
  return sides;
};

/** Capacities in which an actor may move this case: `applicant`, `handler`, `party:x`, `system`, `anyone`. */
export const capacitiesOf = (
  one: Pick<CaseState, 'participant' | 'handler' | 'parties'>,
  actor: Actor,
  handlerRole: string,
): Set<string> => {
  if (actor.kind === 'system') return new Set(['system']);
  const capacities = new Set<string>();
  if (actor.kind === 'anonymous' || actor.participant === '') return capacities;
  capacities.add('anyone');
  if (actor.participant === one.participant) capacities.add('applicant');
  if (actor.participant === one.handler && actor.roles.has(handlerRole)) capacities.add('handler');
  for (const [party, members] of Object.entries(one.parties))
    if (members.includes(actor.participant)) capacities.add(`party:${party}`);
  return capacities;
};

/** The capacity that entitles to a move; undefined: none does. `anyone` excludes the handler, who decides on what anyone says. */
export const capacityFor = (move: Move, capacities: ReadonlySet<string>): string | undefined =>
  move.by.find((name) => capacities.has(name) && (name !== 'anyone' || !capacities.has('handler')));

const numberOf = (facts: Pick<Facts, 'rule'>, ruleId: string): number => {
  const { value } = facts.rule(ruleId);
  if (typeof value !== 'number') throw new Error(`rule ${ruleId} is no number`);
  return value;
};

/** Why this actor cannot make this move now, before any input is looked at; undefined: nothing stands against it. */
export const refusalOf = (table: Procedure, one: CaseState, move: Move, facts: Facts): Problem | undefined => {
  const capacity = capacityFor(move, capacitiesOf(one, facts.actor, table.handlerRole));
  if (!capacity) return kernelProblems.notPermitted();
  if (move.permission && capacity !== 'system' && !facts.actor.permissions.has(move.permission))
    return kernelProblems.notPermitted({ detail: move.permission });
  const state = table.states[one.state];
  if (one.endedAt || !move.from.includes(one.state))
    return caseProblems.notNow({
      detail: {
        zh: `${state?.title.zh ?? one.state}：${state?.next.zh}`,
        en: `${state?.title.en ?? one.state}: ${state?.next.en}`,
      },
    });
  if (
    capacity !== 'system' &&
    one.moves.some((past) => move.distinctFrom.includes(past.move) && past.person === facts.actor.id)
  )
    return caseProblems.samePerson();
  const timesMax = typeof move.timesMax === 'object' ? numberOf(facts, move.timesMax.rule) : move.timesMax;
  if (timesMax !== undefined && one.moves.filter((past) => past.move === move.id).length >= timesMax)
    return caseProblems.timesUsedUp({ detail: `${timesMax}` });
  // Silence rules and ends are never blocked by the number of moves.
  if (capacity !== 'system' && one.moves.length >= caseLimits.movesPerCaseMax)
    return caseProblems.limitReached({
      detail: { zh: `每件不超过 ${caseLimits.movesPerCaseMax} 步`, en: `${caseLimits.movesPerCaseMax} moves` },
    });
  const unmet = move.requires.find((condition) => !holds(condition, one.data));
  if (unmet) {
    const field = table.form.find((item) => item.id === unmet.field);
    return caseProblems.guarded({ detail: field?.title });
  }
  for (const guard of move.guards) {
    const reason = facts.refusals.get(guard);
    if (reason) return caseProblems.guarded({ detail: reason });
  }
  return undefined;
};

const lengthOf = (
  definition: ClockDefinition,
  input: Data,
  facts: Facts,
): { length: number; unit: LengthUnit } | Problem => {
  if ('rule' in definition.length) {
    const rule = facts.rule(definition.length.rule);
    return { length: numberOf(facts, rule.id), unit: rule.unit as LengthUnit };
  }
  const { input: field, unit, maxRule } = definition.length;
  const length = input[field];
  const max = maxRule ? numberOf(facts, maxRule) : 365;
  if (typeof length !== 'number' || !Number.isInteger(length) || length < 1 || length > max)
    return kernelProblems.invalid({
      field: `body.input.${field}`,
      detail: { zh: `应为 1 至 ${max} 的整数`, en: `a whole number from 1 to ${max}` },
    });
  return { length, unit };
};

const targetOf = (one: CaseState, move: Move): string => (move.to === 'stay' ? one.state : move.to);

interface ClocksAfter {
  live: Map<string, ClockState>;
  /** Stopped by this move; they stay on file. */
  gone: ClockState[];
  awaiting: string[];
}

const moveClocks = (table: Procedure, one: CaseState, move: Move, input: Data, facts: Facts): ClocksAfter | Problem => {
  const { now, calendar } = facts;
  const definitions = new Map(table.clocks.map((item) => [item.id, item]));
  const live = new Map(one.clocks.filter((item) => !item.stoppedAt).map((item) => [item.clock, item]));
  const gone: ClockState[] = [];
  const awaiting: string[] = [];
  const change = (id: string, by: (state: ClockState, definition: ClockDefinition) => ClockState) => {
    const state = live.get(id);
    if (state) live.set(id, by(state, definitions.get(id)!));
  };
  const stop = (id: string) => {
    const state = live.get(id);
    if (state) gone.push(stopClock(state, now));
    live.delete(id);
  };

  for (const id of move.clocks.stop) stop(id);
  for (const id of move.clocks.pause) change(id, (state) => pauseClock(state, now, calendar));
  for (const id of move.clocks.resume) change(id, (state, definition) => resumeClock(state, now, definition, calendar));
  for (const { clock, input: field, rule } of move.clocks.extend) {
    const [days, max, state] = [input[field], numberOf(facts, rule), live.get(clock)];
    if (typeof days !== 'number' || !Number.isInteger(days) || days < 1)
      return kernelProblems.invalid({
        field: `body.input.${field}`,
        detail: { zh: '应为不小于 1 的整数（工作日）', en: 'a whole number of working days, 1 or more' },
      });
    if (!state || state.overdueAt || (state.dueAt && state.dueAt <= now))
      return caseProblems.notNow({
        detail: { zh: `该时限（${clock}）未在计时`, en: `the limit ${clock} is not running` },
      });
    if (state.extendedBy + days > max)
      return caseProblems.extensionUsedUp({
        field: `body.input.${field}`,
        detail: {
          zh: `可延长 ${max} 个工作日，尚余 ${max - state.extendedBy}`,
          en: `${max - state.extendedBy} of ${max} left`,
        },
      });
    change(clock, (running, definition) => extendClock(running, days, definition, calendar));
  }
  for (const item of move.clocks.start) {
    const { clock, at } = typeof item === 'string' ? { clock: item, at: 'move' as const } : item;
    const definition = definitions.get(clock)!;
    const length = lengthOf(definition, input, facts);
    if (!('unit' in length)) return length;
    const waits = at === 'service' && move.notices.some((notice) => notice.deemedServed === 'onRead');
    stop(clock);
    live.set(clock, startClock(definition, length.length, length.unit, now, calendar, waits));
    if (waits) awaiting.push(clock);
  }
  if (table.states[targetOf(one, move)]!.end) for (const id of [...live.keys()]) stop(id);
  return { live, gone, awaiting };
};

/** Public fields of a state (`list.field` shows one field of its records); null where nothing is public. */
export const publicDataOf = (table: Procedure, stateId: string, data: Data): Data | null => {
  const paths = table.states[stateId]?.public;
  if (!paths) return null;
  const shown: Data = {};
  for (const path of paths) {
    const [id, inner] = path.split('.') as [string, string?];
    const value = data[id];
    if (value === undefined) continue;
    if (!inner) shown[id] = value;
    else if (Array.isArray(value)) {
      const before = (shown[id] ?? []) as Data[];
      shown[id] = value.map((record: Data, index) => ({
        ...before[index],
        ...(record[inner] === undefined ? {} : { [inner]: record[inner] }),
      }));
    }
  }
  return shown;
};

const recipientsOf = (to: string, one: CaseState, parties: Record<string, string[]>): string[] => {
  if (to === 'applicant') return one.participant ? [one.participant] : [];
  if (to === 'handler') return [one.handler];
  return parties[to.slice('party:'.length)] ?? [];
};

const missingPapers = (table: Procedure, one: CaseState, move: Move, actor: Actor): string[] => {
  // A form that is handed in whole needs every paper that the procedure requires.
  const required = new Set([
    ...move.papers,
    ...(move.form === 'whole' ? table.papers.filter((item) => item.required).map((item) => item.id) : []),
  ]);
  return [...required].filter(
    (kind) =>
      !one.papers.some(
        (paper) => paper.kind === kind && (actor.kind === 'system' || paper.participant === actor.participant),
      ),
  );
};

interface Accepted {
  input: Data;
  data: Data;
  warnings: Warning[];
}

const accept = (table: Procedure, one: CaseState, move: Move, command: Command, facts: Facts): Accepted | Problem => {
  const ruleNumber = (ruleId: string) => numberOf(facts, ruleId);
  const input = checkForm(move.input, command.input, {
    place: 'body.input',
    complete: true,
    bytesMax: caseLimits.inputBytesMax,
    ruleNumber,
  });
  const faults = [...input.faults];
  const warnings = [...input.warnings];
  let data = one.data;
  if (move.form === 'none' && command.form && Object.keys(command.form).length > 0)
    faults.push({
      field: 'body.form',
      code: 'unknown',
      message: { zh: '本步骤不改动表单', en: 'this step does not change the form' },
    });
  if (move.form !== 'none') {
    const merged = { ...one.data, ...command.form };
    const form = checkForm(table.form, merged, {
      place: 'body.form',
      complete: move.form === 'whole',
      bytesMax: caseLimits.dataBytesMax,
      ruleNumber,
    });
    faults.push(...form.faults);
    warnings.push(...form.warnings);
    data = form.values;
    if (move.form === 'whole' && form.faults.length === 0) {
      const listOf = (ruleId: string) => facts.rule(ruleId).value as string[];
      const broken = checkConstraints(table.constraints, data, 'body.form', listOf);
      faults.push(...broken.faults);
      warnings.push(...broken.warnings);
    }
  }
  if (faults.length) return kernelProblems.invalid({ errors: faults.slice(0, 100) });
  return { input: input.values, data, warnings };
};

const mergeParties = (
  one: CaseState,
  table: Procedure,
  move: Move,
  accepted: Accepted,
  actor: Actor,
): Record<string, string[]> => {
  const parties = {
    ...one.parties,
    ...(move.form === 'none' ? {} : partiesIn(table.form, accepted.data)),
    ...partiesIn(move.input, accepted.input),
  };
  if (move.joins) parties[move.joins] = [...new Set([...(parties[move.joins] ?? []), actor.participant])];
  return parties;
};

/** `facts.now` is the moment the move takes effect: for an expired clock, the clock's own moment. */
export const decide = (table: Procedure, one: CaseState, command: Command, facts: Facts): Decision | Problem => {
  const move = table.moves.find((item) => item.id === command.move);
  if (!move) return caseProblems.moveUnknown({ field: 'body.move' });
  const refusal = refusalOf(table, one, move, facts);
  if (refusal) return refusal;
  const accepted = accept(table, one, move, command, facts);
  if (!('data' in accepted)) return accepted;
  const missing = missingPapers(table, one, move, facts.actor);
  if (missing.length)
    return caseProblems.paperMissing({
      errors: missing.map((kind) => ({
        field: `papers.${kind}`,
        code: 'required',
        message: table.papers.find((item) => item.id === kind)!.title.zh,
      })),
    });
  const clocks = moveClocks(table, one, move, accepted.input, facts);
  if (!('live' in clocks)) return clocks;

  const parties = mergeParties(one, table, move, accepted, facts.actor);
  const to = targetOf(one, move);
  const state = table.states[to]!;
  const notices: NoticeDraft[] = move.notices
    .map((notice) => ({
      to: recipientsOf(notice.to, one, parties),
      text: renderNotice(notice.text, { one, table, move, input: accepted.input, clocks: clocks.live }),
      deemedServed: notice.deemedServed ?? 'onDelivery',
      startsClocks: notice.deemedServed === 'onRead' ? clocks.awaiting : [],
    }))
    .filter((notice) => notice.to.length > 0);
  return {
    move: move.id,
    from: one.state,
    to,
    by: capacityFor(move, capacitiesOf(one, facts.actor, table.handlerRole))!,
    input: accepted.input,
    data: accepted.data,
    publicData: publicDataOf(table, to, accepted.data),
    parties,
    clocks: [...clocks.live.values(), ...clocks.gone],
    notices,
    effects: move.effects,
    log: move.log,
    turn: state.turn,
    ended: state.end === true,
    warnings: accepted.warnings,
  };
};

/** Moves out of the present state that this actor's side could make, each with the reason when it cannot now. */
export const movesOpenTo = (
  table: Procedure,
  one: CaseState,
  facts: Facts,
): { move: Move; refusal: Problem | undefined }[] => {
  const capacities = capacitiesOf(one, facts.actor, table.handlerRole);
  return table.moves
    .filter(
      (move) =>
        !one.endedAt &&
        move.from.includes(one.state) &&
        facts.actor.kind !== 'system' &&
        capacityFor(move, capacities) !== undefined,
    )
    .map((move) => ({ move, refusal: refusalOf(table, one, move, facts) }));
};
