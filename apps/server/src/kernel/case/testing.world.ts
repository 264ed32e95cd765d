/** For tests only: a case of the registration pack and its calendar, without a database. */
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { type Calendar, dayOf } from '../calendar/calendar.ts';
import { loadCalendar } from '../calendar/load.ts';
import { Problem } from '../problem.ts';
import type { Procedure } from '../rulepack/model.ts';
import { loadRulePacks } from '../rulepack/rulebook.ts';
import { serveClock } from './clocks.ts';
import type { Actor, CaseState, Data, Decision } from './model.ts';
import { decide } from './rules.ts';

const packs = fileURLToPath(new URL('../../../../../rulepacks', import.meta.url));
export const book = await loadRulePacks(packs);
export const calendar: Calendar = await loadCalendar(`${packs}/calendars/cn.json`);
export const pin = 'dpr26@1.0.0';

const all = ['apply', 'accept', 'review', 'approve', 'certify'].map((name) => `registry.registration.${name}`);
export const actor = (id: string, participant: string, role: string, kind: Actor['kind'] = 'person'): Actor => ({
  kind,
  id,
  participant,
  roles: new Set([role]),
  permissions: new Set(all),
});
export const applicant = actor('alice', 'org_a', 'productSupplier');
export const clerk = actor('chen', 'org_r', 'registrar');
export const reviewer = actor('rui', 'org_r', 'registrar');
export const stranger = actor('sam', 'org_s', 'demander');
export const system = actor('system:clock', '', '', 'system');

/** A day, at ten in the morning, or a moment, both of China. */
export const momentIn = (local: string): Date => new Date(`${local.includes('T') ? local : `${local}T10:00:00`}+08:00`);

export interface World {
  table: Procedure;
  data: Data;
  filed: Date;
  /** Kinds that the applicant has attached. */
  papers: readonly string[];
  parties?: CaseState['parties'];
}

/** A case and its clock, without a database. */
export const openCase = ({ table, data, filed, papers, parties = {} }: World) => {
  let one: CaseState = {
    id: 'cas_1',
    procedure: table.id,
    pin,
    title: '货运轨迹',
    subject: null,
    participant: 'org_a',
    handler: 'org_r',
    state: 'draft',
    data,
    outcome: {},
    parties,
    clocks: [],
    moves: [],
    papers: papers.map((kind) => ({ kind, participant: 'org_a' })),
    version: 1,
    filedAt: filed,
    endedAt: null,
  };
  let now = filed;
  const told: string[] = [];
  let last: Decision | undefined;

  const apply = (decision: Decision, who: Actor) => {
    last = decision;
    told.push(...decision.notices.flatMap((notice) => notice.to.map((to) => `${to}: ${notice.text.zh}`)));
    one = {
      ...one,
      state: decision.to,
      data: decision.data,
      parties: decision.parties,
      clocks: decision.clocks.filter((clock) => !clock.stoppedAt),
      moves: [...one.moves, { move: decision.move, person: who.id, participant: who.participant }],
      endedAt: decision.ended ? now : null,
      version: one.version + 1,
    };
  };
  const ask = (who: Actor, move: string, input: Data, changes?: Data) => {
    const facts = { now, actor: who, calendar, rule: (id: string) => book.rule(pin, id), refusals: new Map() };
    return decide(table, one, { move, input, form: changes }, facts);
  };
  const take = (who: Actor, move: string, input: Data = {}, changes?: Data): string => {
    const decision = ask(who, move, input, changes);
    if (decision instanceof Problem) return decision.code;
    apply(decision, who);
    return decision.to;
  };
  /** Moves the calendar, firing what falls due on the way, each at its own moment. */
  const until = (moment: Date) => {
    for (;;) {
      const due = one.clocks
        .filter((clock) => clock.firesAt && clock.firesAt <= moment)
        .sort((a, b) => a.firesAt!.getTime() - b.firesAt!.getTime())[0];
      if (!due) break;
      now = due.firesAt!;
      const expiry = table.clocks.find((clock) => clock.id === due.clock)!.onExpiry;
      if (!expiry)
        one = {
          ...one,
          clocks: one.clocks.map((clock) =>
            clock === due ? { ...clock, overdueAt: clock.dueAt, firesAt: null } : clock,
          ),
        };
      else expect(take(system, expiry.move)).not.toMatch(/^(cases|kernel)\./);
    }
    now = moment;
  };
  return {
    take,
    tryOut: (who: Actor, move: string, input: Data): string => {
      const decision = ask(who, move, input);
      return decision instanceof Problem ? decision.code : decision.to;
    },
    until,
    told,
    goTo: (local: string) => until(momentIn(local)),
    /** Somebody opens the notice: clocks that wait for service begin. */
    serve: () => {
      one = {
        ...one,
        clocks: one.clocks.map((clock) =>
          clock.awaitsService
            ? serveClock(clock, now, table.clocks.find(({ id }) => id === clock.clock)!, calendar)
            : clock,
        ),
      };
    },
    attach: (who: Actor, kind: string) => {
      one = { ...one, papers: [...one.papers, { kind, participant: who.participant }] };
    },
    get state() {
      return one.state;
    },
    get case() {
      return one;
    },
    get last() {
      return last!;
    },
    clock: (id: string) => one.clocks.find((clock) => clock.clock === id),
    lastDay: (id: string) => {
      const due = one.clocks.find((clock) => clock.clock === id)?.dueAt;
      return due ? dayOf(new Date(due.getTime() - 1)) : undefined;
    },
  };
};
