/** Every procedure of every shipped pack can be walked without a defect, and reaches each of its states. */
import { fileURLToPath } from 'node:url';
import type { Field } from '@shugu/wire/cases';
import { describe, expect, it } from 'vitest';
import { loadCalendar } from '../calendar/load.ts';
import { Problem } from '../problem.ts';
import type { Procedure } from '../rulepack/model.ts';
import { loadRulePacks } from '../rulepack/rulebook.ts';
import { serveClock } from './clocks.ts';
import { mermaidOf, svgOf } from './drawing.ts';
import type { Actor, CaseState, Data } from './model.ts';
import { decide } from './rules.ts';

const packs = fileURLToPath(new URL('../../../../../rulepacks', import.meta.url));
const book = await loadRulePacks(packs);
const calendar = await loadCalendar(`${packs}/calendars/cn.json`);

const valueFor = (field: Field): unknown => {
  switch (field.type) {
    case 'number':
      return Math.max(1, field.min ?? 1);
    case 'boolean':
      return false;
    case 'date':
      return '2026-03-01';
    case 'choice':
      return field.choices![0]!.id;
    case 'choices':
      return [field.choices![0]!.id];
    case 'parties':
      return ['org_p'];
    case 'list':
      return ['x'];
    case 'records':
      return [formFor(field.fields!)];
    default:
      return samples.find((sample) => !field.pattern || new RegExp(field.pattern, 'u').test(sample));
  }
};
const samples = ['x', '1', 'I65', 'SJ4312026070001', '91430100MA4L16JQ9B'];
const formFor = (fields: readonly Field[]): Data =>
  Object.fromEntries(fields.filter((field) => field.required).map((field) => [field.id, valueFor(field)]));

const start = (table: Procedure, pin: string): CaseState => ({
  id: 'cas_1',
  procedure: table.id,
  pin,
  title: 't',
  subject: 's',
  participant: 'org_a',
  handler: 'org_h',
  state: table.start,
  data: {
    ...formFor(table.form),
    ...(table.form.some((field) => field.id === 'noNotice') ? { noNotice: true } : {}),
    ...(table.form.some((field) => field.id === 'noNoticeReason') ? { noNoticeReason: 'x' } : {}),
  },
  outcome: {},
  parties: Object.fromEntries(table.parties.map((party) => [party.id, ['org_p']])),
  clocks: [],
  moves: [],
  papers: table.papers.flatMap(({ id }) =>
    ['org_a', 'org_h', 'org_p', 'org_s'].map((participant) => ({ kind: id, participant })),
  ),
  version: 1,
  filedAt: new Date('2026-03-02T02:00:00Z'),
  endedAt: null,
});

/** Breadth first over states, each reached once by the first move that gets there. */
const walk = (table: Procedure, pin: string) => {
  const everything = new Set(table.moves.flatMap((move) => move.permission ?? []));
  const actors: Actor[] = ['org_a', 'org_h', 'org_p', 'org_s'].flatMap((participant) =>
    ['1', '2'].map((number) => ({
      kind: 'person' as const,
      id: participant + number,
      participant,
      roles: new Set([table.handlerRole]),
      permissions: everything,
    })),
  );
  actors.push({ kind: 'system', id: 'system:clock', participant: '', roles: new Set(), permissions: new Set() });
  const reached = new Map([[table.start, start(table, pin)]]);
  const made = new Set<string>();
  const queue = [table.start];
  for (let id = queue.shift(); id !== undefined; id = queue.shift()) {
    const one = reached.get(id)!;
    for (const move of table.moves.filter((item) => item.from.includes(id)))
      for (const actor of actors) {
        const facts = {
          now: one.filedAt,
          actor,
          calendar,
          rule: (rule: string) => book.rule(pin, rule),
          refusals: new Map(),
        };
        const decision = decide(table, one, { move: move.id, input: formFor(move.input) }, facts);
        if (decision instanceof Problem) continue;
        made.add(move.id);
        for (const notice of decision.notices) expect(`${notice.text.zh}${notice.text.en}`).not.toMatch(/[{}]/);
        if (reached.has(decision.to)) continue;
        const definitions = new Map(table.clocks.map((clock) => [clock.id, clock]));
        const clocks = decision.clocks
          .filter((clock) => !clock.stoppedAt)
          .map((clock) => serveClock(clock, one.filedAt, definitions.get(clock.clock)!, calendar));
        reached.set(decision.to, {
          ...one,
          state: decision.to,
          data: decision.data,
          parties: decision.parties,
          clocks,
          moves: [...one.moves, { move: move.id, person: actor.id, participant: actor.participant }],
          endedAt: decision.ended ? one.filedAt : null,
        });
        queue.push(decision.to);
      }
  }
  return { reached, made };
};

const tables = book.packs.flatMap((pack) =>
  [...pack.procedures.values()].map((table) => [table.id, table, pack.pin] as const),
);

describe.each(tables)('%s', (_, table, pin) => {
  it('reaches every state, and every move can be made by somebody', () => {
    const { reached, made } = walk(table, pin);
    expect([...reached.keys()].sort()).toEqual(Object.keys(table.states).sort());
    expect(table.moves.map((move) => move.id).filter((id) => !made.has(id))).toEqual([]);
  });
  it('stops every clock that could fire in a state where its move is impossible', () => {
    const { reached } = walk(table, pin);
    for (const [id, one] of reached)
      for (const clock of one.clocks) {
        const expiry = table.clocks.find((item) => item.id === clock.clock)!.onExpiry;
        if (expiry && clock.firesAt)
          expect(table.moves.find((move) => move.id === expiry.move)!.from, `${clock.clock} runs in ${id}`).toContain(
            id,
          );
      }
  });
  it('is drawn in both languages', () => {
    for (const language of ['zh', 'en'] as const) {
      expect(svgOf(table, language).match(/id="state-/g)).toHaveLength(Object.keys(table.states).length);
      expect(mermaidOf(table, language)).toContain(`[*] --> ${table.start}`);
    }
  });
});
