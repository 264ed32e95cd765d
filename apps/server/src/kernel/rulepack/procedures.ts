/** From a pack's procedure texts to checked tables: every name that a table uses must exist, every state must be reachable. */
import type { Field } from '@shugu/wire/cases';
import { z } from 'zod';
import { type Procedure, type ProcedureFile, procedure, type Rule } from './model.ts';

type Loose = Record<string, unknown>;
const byId = (base: Loose[] = [], over: Loose[] = [], without: readonly string[] = []): Loose[] => {
  const merged = new Map(base.map((one) => [String(one.id), one]));
  for (const one of over) merged.set(String(one.id), { ...merged.get(String(one.id)), ...one });
  return [...merged.values()].filter((one) => !without.includes(String(one.id)));
};

/** Resolves `like` chains; a chain longer than the pack is a cycle. */
export const resolveLikes = (files: readonly ProcedureFile[]): Loose[] => {
  const known = new Map(files.map((file) => [file.id, file]));
  const resolve = (file: ProcedureFile, depth: number): Loose => {
    const { like, without = {}, ...own } = file as ProcedureFile & Loose;
    if (!like) return own;
    const base = known.get(like);
    if (!base || depth > files.length) throw new Error(`${file.id}: like ${like} is unknown or a circle`);
    const under = resolve(base, depth + 1);
    const states = { ...(under.states as Loose), ...(own.states as Loose | undefined) };
    for (const gone of without.states ?? []) delete states[gone];
    return {
      ...under,
      ...own,
      states,
      moves: byId(under.moves as Loose[], own.moves as Loose[] | undefined, without.moves),
      clocks: byId(under.clocks as Loose[] | undefined, own.clocks as Loose[] | undefined, without.clocks),
    };
  };
  return files.map((file) => resolve(file, 0));
};

type Fault = (text: string) => void;

const checkFields = (
  fields: readonly Field[],
  place: string,
  rules: ReadonlyMap<string, Rule>,
  parties: Set<string>,
  fault: Fault,
) => {
  const seen = new Set<string>();
  for (const one of fields) {
    const at = `${place}.${one.id}`;
    if (seen.has(one.id)) fault(`${at} twice`);
    seen.add(one.id);
    if (typeof one.charactersMax === 'object' && !rules.has(one.charactersMax.rule))
      fault(`${at}: rule ${one.charactersMax.rule} is unknown`);
    if (typeof one.max === 'object' && !rules.has(one.max.rule)) fault(`${at}: rule ${one.max.rule} is unknown`);
    if ((one.type === 'choice' || one.type === 'choices') && !one.choices?.length)
      fault(`${at}: a choice needs choices`);
    if (one.type === 'records' && !one.fields?.length) fault(`${at}: records need fields`);
    if (one.party && !parties.has(one.party)) fault(`${at}: party ${one.party} is unknown`);
    if (one.pattern) new RegExp(one.pattern, 'u');
    if (one.personal && (one.type === 'records' || one.type === 'parties'))
      fault(`${at}: ${one.type} are not personal themselves; mark the fields of a record`);
    if (one.subject && !one.fields?.some((inner) => inner.id === one.subject && inner.personal))
      fault(`${at}: the subject ${one.subject} is no personal field of the record`);
    if (one.fields) checkFields(one.fields, at, rules, parties, fault);
  }
};

const partiesOf = (names: readonly string[]): string[] =>
  names.filter((name) => name.startsWith('party:')).map((name) => name.slice('party:'.length));

const checkMoves = (table: Procedure, rules: ReadonlyMap<string, Rule>, fault: Fault) => {
  const parties = new Set(table.parties.map((one) => one.id));
  const clocks = new Set(table.clocks.map((one) => one.id));
  const papers = new Set(table.papers.map((one) => one.id));
  const ids = new Set(table.moves.map((one) => one.id));
  if (ids.size !== table.moves.length) fault('two moves of one id');
  const ruleNamed = (id: string, at: string) => rules.has(id) || fault(`${at}: rule ${id} is unknown`);

  for (const one of table.moves) {
    const at = `move ${one.id}`;
    for (const name of one.to === 'stay' ? one.from : [...one.from, one.to])
      if (!table.states[name]) fault(`${at}: state ${name} is unknown`);
    for (const name of one.from) if (table.states[name]?.end) fault(`${at}: leaves the end ${name}`);
    checkLog(table, one, fault);
    checkFields(one.input, at, rules, parties, fault);
    // Inputs go into notices and the timeline as they are.
    if (one.input.some((field) => field.personal || field.fields?.some((inner) => inner.personal)))
      fault(`${at}: personal fields belong to the form, not to the input of a step`);
    const { start, stop, pause, resume, extend } = one.clocks;
    const named = [
      ...start.map((item) => (typeof item === 'string' ? item : item.clock)),
      ...stop,
      ...pause,
      ...resume,
      ...extend.map((item) => item.clock),
    ];
    for (const name of named) if (!clocks.has(name)) fault(`${at}: clock ${name} is unknown`);
    for (const item of extend) {
      ruleNamed(item.rule, at);
      if (!one.input.some((input) => input.id === item.input && input.type === 'number'))
        fault(`${at}: input ${item.input} must be a number`);
    }
    for (const name of [...one.papers, ...one.mayAttach])
      if (!papers.has(name)) fault(`${at}: paper ${name} is unknown`);
    for (const name of one.distinctFrom) if (!ids.has(name)) fault(`${at}: distinct from the unknown ${name}`);
    if (typeof one.timesMax === 'object') ruleNamed(one.timesMax.rule, at);
    const named2 = [
      ...partiesOf(one.by),
      ...partiesOf(one.notices.map((item) => item.to)),
      ...(one.joins ? [one.joins] : []),
    ];
    for (const name of named2) if (!parties.has(name)) fault(`${at}: party ${name} is unknown`);
  }
};

const showsPersonal = (form: readonly Field[], path: string, marks: readonly Field['personal'][]): boolean => {
  const [id, inner] = path.split('.');
  const field = form.find((one) => one.id === id);
  const shown = inner ? field?.fields?.filter((one) => one.id === inner) : (field?.fields ?? (field ? [field] : []));
  return shown?.some((one) => one.personal && marks.includes(one.personal)) ?? false;
};

/** What enters the log stays for good: in clear only what is public, and nobody's name even if a notice shows it. */
const checkLog = (table: Procedure, one: Procedure['moves'][number], fault: Fault) => {
  const at = `move ${one.id}`;
  if (one.log === 'effect' && one.effects.length === 0) fault(`${at}: no effect makes the entry`);
  if (one.log !== 'clear') return;
  for (const name of one.to === 'stay' ? one.from : [one.to]) {
    const shown = table.states[name]?.public;
    if (!shown) fault(`${at}: nothing is public in ${name}, so nothing is clear`);
    if (shown?.some((path) => showsPersonal(table.form, path, ['private', 'notice'])))
      fault(`${at}: what ${name} shows of persons may not enter the log`);
  }
};

const checkStates = (table: Procedure, fault: Fault) => {
  if (!table.states[table.start]) fault(`start ${table.start} is no state`);
  else if (!table.states[table.start]!.private)
    fault(`start ${table.start} must be private: a case is a draft until its papers are handed in`);
  const fields = new Set(table.form.map((one) => one.id));
  const reached = new Set([table.start]);
  for (let before = 0; before < reached.size; ) {
    before = reached.size;
    for (const one of table.moves)
      if (one.to !== 'stay' && one.from.some((name) => reached.has(name))) reached.add(one.to);
  }
  for (const [id, state] of Object.entries(table.states)) {
    if (!reached.has(id)) fault(`state ${id} is never reached`);
    if (!state.end && !table.moves.some((one) => one.from.includes(id) && one.to !== id && one.to !== 'stay'))
      fault(`state ${id} has no way out`);
    for (const name of state.public ?? []) {
      if (!fields.has(name.split('.')[0]!)) fault(`state ${id}: public field ${name} is unknown`);
      if (showsPersonal(table.form, name, ['private'])) fault(`state ${id}: ${name} is personal and may not be public`);
    }
    if (state.private && state.public) fault(`state ${id} is both private and public`);
  }
};

const checkClocks = (table: Procedure, rules: ReadonlyMap<string, Rule>, fault: Fault) => {
  for (const one of table.clocks) {
    const at = `clock ${one.id}`;
    const length = 'rule' in one.length ? one.length.rule : one.length.maxRule;
    if (length && typeof rules.get(length)?.value !== 'number') fault(`${at}: rule ${length} gives no number`);
    const unit = 'rule' in one.length ? rules.get(one.length.rule)?.unit : one.length.unit;
    if (unit && !['workingDay', 'calendarDay', 'calendarMonth', 'calendarYear'].includes(unit))
      fault(`${at}: unit ${unit} is no length of time`);
    const expiry = table.moves.find((item) => item.id === one.onExpiry?.move);
    if (one.onExpiry && !expiry?.by.includes('system')) fault(`${at}: expiry needs a move by the system`);
    const starters = table.moves.filter((item) =>
      item.clocks.start.some((start) => (typeof start === 'string' ? start : start.clock) === one.id),
    );
    if (starters.length === 0) fault(`${at} is never started`);
    if ('input' in one.length) {
      const { input } = one.length;
      for (const item of starters)
        if (!item.input.some((given) => given.id === input && given.type === 'number'))
          fault(`${at}: move ${item.id} lacks the number ${input}`);
    }
  }
};

const checkConstraints = (table: Procedure, rules: ReadonlyMap<string, Rule>, fault: Fault) => {
  const fields = new Map(table.form.map((one) => [one.id, one]));
  for (const one of table.moves)
    for (const condition of one.requires)
      if (!fields.has(condition.field)) fault(`move ${one.id}: field ${condition.field} is unknown`);
  for (const one of table.constraints) {
    const at = `constraint ${one.id}`;
    for (const condition of one.when)
      if (!fields.has(condition.field)) fault(`${at}: field ${condition.field} is unknown`);
    const holders = one.records ? fields.get(one.records)?.fields : table.form;
    if (!holders?.some((field) => field.id === one.field)) fault(`${at}: field ${one.field} is unknown`);
    if (!rules.has(one.rule)) fault(`${at}: rule ${one.rule} is unknown`);
    if (one.within && !Array.isArray(rules.get(one.within.rule)?.value))
      fault(`${at}: rule ${one.within.rule} gives no list`);
  }
};

/** Throws with every fault of the table at once. */
export const parseProcedure = (source: unknown, rules: ReadonlyMap<string, Rule>, place: string): Procedure => {
  const parsed = procedure.safeParse(source);
  if (!parsed.success) throw new Error(`${place}: ${z.prettifyError(parsed.error)}`);
  const table = parsed.data;
  const faults: string[] = [];
  const fault: Fault = (text) => void faults.push(text);
  checkFields(table.form, 'form', rules, new Set(table.parties.map((one) => one.id)), fault);
  checkStates(table, fault);
  checkMoves(table, rules, fault);
  checkClocks(table, rules, fault);
  checkConstraints(table, rules, fault);
  if (faults.length) throw new Error(`${place} ${table.id}: ${faults.join('; ')}`);
  return table;
};
