/** A case as the pure rules see it. Times are moments; lengths of clocks are in the unit of their rule. */
import type { Principal } from '../http/principal.ts';
import type { Move } from '../rulepack/model.ts';

export interface Text {
  zh: string;
  en: string;
}

export type Data = Record<string, unknown>;

export type LengthUnit = 'workingDay' | 'calendarDay' | 'calendarMonth' | 'calendarYear';

export interface ClockState {
  clock: string;
  startedAt: Date;
  /** End of the last day; null while paused or awaiting service. */
  dueAt: Date | null;
  /** When the system acts on it, or marks it overdue; null once it has, while paused, or awaiting service. */
  firesAt: Date | null;
  length: number;
  unit: LengthUnit;
  /** Working days added by extensions, in all. */
  extendedBy: number;
  pausedAt: Date | null;
  /** What was left when paused: whole days of the unit's calendar (working days, else calendar days). */
  remaining: number | null;
  overdueAt: Date | null;
  stoppedAt: Date | null;
  /** Starts when the notice of its move is served. */
  awaitsService: boolean;
  provisional: boolean;
}

export interface PastMove {
  move: string;
  person: string;
  participant: string;
  /** What was given with the move; rules don't look at it, effects do. */
  input?: Data;
}

export interface CaseState {
  id: string;
  procedure: string;
  pin: string;
  title: string;
  subject: string | null;
  participant: string;
  handler: string;
  state: string;
  data: Data;
  outcome: Data;
  parties: Record<string, string[]>;
  clocks: ClockState[];
  moves: PastMove[];
  /** `object`: digest of the content. */
  papers: { kind: string; participant: string; object?: string }[];
  version: number;
  filedAt: Date;
  endedAt: Date | null;
}

export interface Command {
  move: string;
  input: Data;
  form?: Data;
}

export interface NoticeDraft {
  /** Participants served. */
  to: string[];
  text: Text;
  deemedServed: 'onDelivery' | 'onRead';
  /** Clocks that begin when this notice is served. */
  startsClocks: string[];
}

export interface Warning {
  field: string;
  text: Text;
}

export interface Decision {
  move: string;
  from: string;
  to: string;
  /** In which capacity the actor acted. */
  by: string;
  /** Input as accepted. */
  input: Data;
  data: Data;
  /** Public fields in the new state; null where nothing is public. */
  publicData: Data | null;
  parties: Record<string, string[]>;
  /** All live clocks afterwards, and those that this move stopped. */
  clocks: ClockState[];
  notices: NoticeDraft[];
  effects: string[];
  log: Move['log'];
  turn: string;
  ended: boolean;
  warnings: Warning[];
}

export type Actor = Pick<Principal, 'kind' | 'id' | 'participant' | 'roles' | 'permissions'>;
