/**
 * A rule pack is law as data: figures with their source and force, and procedures as tables. The engine knows neither the
 * figures nor the procedures; a case pins the version of the pack it was filed under.
 */

import { field, procedureId } from '@shugu/wire/cases';
import { z } from 'zod';
import type { PermissionTable } from '../http/principal.ts';

export const limits = {
  rulesMax: 500,
  proceduresMax: 60,
  statesMax: 60,
  movesMax: 120,
  clocksMax: 30,
  retentionClassesMax: 60,
  warningsMax: 60,
} as const;

const text = z.strictObject({ zh: z.string().min(1), en: z.string().min(1) });
const key = z.string().regex(/^[a-z][A-Za-z0-9]{0,59}$/);

export const rule = z.strictObject({
  id: key,
  title: text,
  value: z.union([z.number(), z.string(), z.boolean(), z.array(z.string())]),
  unit: z.enum([
    'workingDay',
    'hour',
    'calendarDay',
    'calendarMonth',
    'calendarYear',
    'character',
    'fen',
    'percent',
    'count',
    'time',
    'text',
    'boolean',
    'list',
    'pattern',
  ]),
  source: z.strictObject({ instrument: z.string().min(1), article: z.string() }),
  /** law: binding; guide: recommended (参照) or trial text; operator: the operator's own figure. */
  force: z.enum(['law', 'guide', 'operator']),
  /** Read in the source itself. An unconfirmed figure is never printed as law. */
  confirmed: z.boolean(),
  validFrom: z.iso.date(),
  validTo: z.iso.date().optional(),
});
export type Rule = z.infer<typeof rule>;

const retentionClassId = z.string().regex(/^[a-z]+(-[a-z]+)*$/);

/** How long records are kept. Every row names one; what no loaded pack knows is kept. */
export const retentionClass = z.strictObject({
  id: retentionClassId,
  title: text,
  /** Rules of the pack that each say “at least so long”: the longest counts, nothing may be deleted before. */
  minimum: z.array(key).default([]),
  /** The rule after which records are deleted by themselves; absent: they stay. Never shorter than the minimum. */
  maximum: key.optional(),
});
export type RetentionClass = z.infer<typeof retentionClass>;

/** A condition worth a look, named by a room that finds it: how grave it is and which rules of the pack are its thresholds. */
export const warning = z.strictObject({
  id: key,
  title: text,
  /** What to do about it, in a sentence. */
  meaning: text,
  severity: z.enum(['low', 'medium', 'high']),
  figures: z.array(key).max(10),
});
export type Warning = z.infer<typeof warning>;

const who = z.string().regex(/^(applicant|handler|system|anyone|party:[a-z][A-Za-z0-9]*)$/);
const turn = z.string().regex(/^(applicant|handler|system|public|nobody|party:[a-z][A-Za-z0-9]*)$/);

const state = z.strictObject({
  title: text,
  /** A heading that groups states in the portal: draft, acceptance, review, notice, done … */
  phase: key,
  turn,
  /** What comes next, in a sentence. */
  next: text,
  /** Form fields that anyone may read while here; absent: nothing is public. */
  public: z.array(z.string().regex(/^[a-z]\w*(\.[a-z]\w*)?$/)).optional(),
  /** Only the applicant sees the case while here. */
  private: z.boolean().optional(),
  end: z.boolean().optional(),
});

const notice = z.strictObject({
  to: z.string().regex(/^(applicant|handler|party:[a-z][A-Za-z0-9]*)$/),
  /** May hold {title}, {id}, {handlerRole}, {state}, {input.<field>} and {due.<clock>}. */
  text,
  /** When service counts: with delivery to the inbox, or when somebody there opens it. */
  deemedServed: z.enum(['onDelivery', 'onRead']).optional(),
});

/** One test of a form's values; an absent value is `empty`, and no member of `in`. */
const condition = z.strictObject({
  field: key,
  in: z.array(z.union([z.string(), z.boolean(), z.number()])).optional(),
  notIn: z.array(z.union([z.string(), z.boolean(), z.number()])).optional(),
  empty: z.boolean().optional(),
});

/** What a complete form may not say: where all of `when` holds, `field` (of each of `records`) must lie within the rule's list. */
const constraint = z.strictObject({
  id: key,
  when: z.array(condition).min(1),
  field: key,
  records: key.optional(),
  /** Absent: whatever the field says is refused. */
  within: z.strictObject({ rule: key }).optional(),
  effect: z.enum(['refuse', 'warn']),
  text,
  /** The rule that it stands on. */
  rule: key,
});

const clockStart = z.union([key, z.strictObject({ clock: key, at: z.enum(['move', 'service']) })]);

const move = z.strictObject({
  id: key,
  title: text,
  from: z.array(key).min(1),
  /** `stay`: the case remains where it is. */
  to: key,
  by: z.array(who).min(1),
  /** Checked against the actor's permissions; systems need none. */
  permission: z.string().max(80).optional(),
  input: z.array(field).max(60).default([]),
  /** part: changes some values of the form; whole: the form must be complete afterwards. */
  form: z.enum(['none', 'part', 'whole']).default('none'),
  /** Kinds of paper that must be on file; `mayAttach` may be. */
  papers: z.array(key).default([]),
  mayAttach: z.array(key).default([]),
  clocks: z
    .object({
      start: z.array(clockStart).default([]),
      stop: z.array(key).default([]),
      pause: z.array(key).default([]),
      resume: z.array(key).default([]),
      /** Adds the working days of an input field, up to the rule's figure in all. */
      extend: z.array(z.strictObject({ clock: key, input: key, rule: key })).default([]),
    })
    .prefault({}),
  notices: z.array(notice).max(10).default([]),
  /** Moves whose actor must have been another person. */
  distinctFrom: z.array(key).default([]),
  timesMax: z.union([z.number().int().positive(), z.strictObject({ rule: key })]).optional(),
  /** The actor's organisation becomes this party. */
  joins: key.optional(),
  /** Values that the form must hold for this step. */
  requires: z.array(condition).default([]),
  guards: z.array(key).default([]),
  effects: z.array(key).default([]),
  /**
   * How the step enters the public log. clear: with the public fields of the state reached, for good, so never where they name
   * persons; commitment: salted, whatever the state; effect: an effect of the step makes the entry itself.
   */
  log: z.enum(['none', 'clear', 'commitment', 'effect']).default('none'),
});

const clock = z.strictObject({
  id: key,
  title: text,
  /** Length: a rule of the pack, or an input field of the starting move, capped by `maxRule`. */
  length: z.union([
    z.strictObject({ rule: key }),
    z.strictObject({ input: key, unit: z.enum(['workingDay', 'calendarDay']), maxRule: key.optional() }),
  ]),
  /** Who is late when it passes. */
  dueTo: turn,
  /** A silence rule: the move that the system makes; without it the clock is only marked overdue. */
  onExpiry: z.strictObject({ move: key, when: z.enum(['due', 'nextWorkingDay']) }).optional(),
});

const party = z.strictObject({
  id: key,
  title: text,
  /** whole: sees all of the case, as the applicant does; public: its public fields, and own papers and notices. */
  sees: z.enum(['whole', 'public']),
});

const paper = z.strictObject({
  id: key,
  title: text,
  sensitive: z.boolean().default(false),
  required: z.boolean().default(false),
});

export const procedure = z.strictObject({
  id: procedureId,
  title: text,
  summary: text.optional(),
  handlerRole: z.string(),
  applicantRoles: z.array(z.string()).default([]),
  filePermission: z.string().max(80).optional(),
  /** An organisation never handles its own case unless a procedure says so. */
  selfHandling: z.boolean().default(false),
  /** A subject (object of a room) is required. */
  subject: z.enum(['none', 'optional', 'required']).default('optional'),
  /** Retention class of the file and of all that hangs on it. */
  retentionClass: retentionClassId,
  form: z.array(field).max(60).default([]),
  constraints: z.array(constraint).max(60).default([]),
  papers: z.array(paper).max(40).default([]),
  parties: z.array(party).max(10).default([]),
  start: key,
  states: z.record(key, state),
  moves: z.array(move).min(1).max(limits.movesMax),
  clocks: z.array(clock).max(limits.clocksMax).default([]),
});
export type Procedure = z.infer<typeof procedure>;
export type State = z.infer<typeof state>;
export type Move = z.infer<typeof move>;
export type ClockDefinition = z.infer<typeof clock>;
export type Condition = z.infer<typeof condition>;
export type Constraint = z.infer<typeof constraint>;
export type NoticeDefinition = z.infer<typeof notice>;

/** `like` takes another procedure of the pack and lays the given parts over it: states by key, moves and clocks by id. */
export const procedureFile = z.looseObject({
  id: procedureId,
  like: procedureId.optional(),
  without: z
    .object({ states: z.array(key).default([]), moves: z.array(key).default([]), clocks: z.array(key).default([]) })
    .partial()
    .optional(),
});
export type ProcedureFile = z.infer<typeof procedureFile>;

export const packFile = z.strictObject({
  id: z.string().regex(/^[a-z][a-z0-9-]{1,30}$/),
  version: z.string().regex(/^\d+(\.\d+){0,2}$/),
  title: text,
  remarks: z.array(text).default([]),
  validFrom: z.iso.date(),
  validTo: z.iso.date().optional(),
  rules: z.array(rule).max(limits.rulesMax),
  /** Permissions that the procedures' steps ask for and no room declares: which seats of which kinds of organisation carry them. */
  permissions: z
    .record(
      z.string().regex(/^[a-z][A-Za-z]*(\.[a-z][A-Za-z]*)+$/),
      z.strictObject({ title: text, roles: z.array(z.string()).min(1), seats: z.array(z.string()).min(1) }),
    )
    .default({}),
  retention: z.array(retentionClass).max(limits.retentionClassesMax).default([]),
  warnings: z.array(warning).max(limits.warningsMax).default([]),
  procedures: z.array(procedureFile).max(limits.proceduresMax),
});
export type PackFile = z.infer<typeof packFile>;

export interface RulePack {
  id: string;
  version: string;
  /** `id@version`, what a case pins. */
  pin: string;
  /** SHA-256 of what it says; a pin keeps it for as long as cases stand on it. */
  digest: string;
  title: { zh: string; en: string };
  remarks: { zh: string; en: string }[];
  validFrom: string;
  validTo?: string;
  rules: ReadonlyMap<string, Rule>;
  permissions: PermissionTable;
  retention: readonly RetentionClass[];
  warnings: readonly Warning[];
  procedures: ReadonlyMap<string, Procedure>;
}
