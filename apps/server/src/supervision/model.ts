import type { directiveStates, measures, suspensionStates, targetKinds } from '@shugu/wire/supervision';
import type { Delivery } from '../delivery/index.ts';
import type { Calendar } from '../kernel/calendar/calendar.ts';
import type { Cases } from '../kernel/case/index.ts';
import type { Database } from '../kernel/db/db.ts';
import type { Issue } from '../kernel/issue/index.ts';
import type { RuleBook } from '../kernel/rulepack/rulebook.ts';
import type { Market } from '../market/index.ts';
import type { Members } from '../members/index.ts';

export type TargetKind = (typeof targetKinds)[number];
export type Measure = (typeof measures)[number];
export type DirectiveState = (typeof directiveStates)[number];
export type SuspensionState = (typeof suspensionStates)[number];

export interface Target {
  kind: TargetKind;
  id: string;
}

/** A target as it was found: what it is called, whom it concerns, which product stands behind it. */
export interface FoundTarget extends Target {
  name: string;
  addressees: string[];
  /** Of listings and products. */
  product: string | null;
}

export interface Directive {
  id: string;
  participant: string;
  number: string;
  state: DirectiveState;
  measure: Measure;
  emergency: boolean;
  basis: string;
  reason: string;
  target_kind: TargetKind;
  target: string;
  target_name: string;
  addressees: string[];
  lifts: string | null;
  answer_days: number | null;
  answer_by: Date | null;
  confirm_by: Date | null;
  issued_by: string;
  confirmed_by: string | null;
  confirmed_at: Date | null;
  declined_by: string | null;
  decline_reason: string | null;
  paper: string | null;
  effect: Effect | null;
  created_at: Date;
  effective_at: Date | null;
  ended_at: Date | null;
}

export interface Answer {
  id: string;
  directive: string;
  participant: string;
  person: string;
  body: string;
  late: boolean;
  created_at: Date;
}

export interface Suspension {
  id: string;
  participant: string;
  state: SuspensionState;
  target_kind: 'product' | 'grant' | 'contract';
  target: string;
  target_name: string;
  reason: string;
  proposed_by: string;
  confirmed_by: string | null;
  lifted_by: string | null;
  lift_reason: string | null;
  created_at: Date;
  effective_at: Date | null;
  ended_at: Date | null;
}

/** What stopped: grants that were in use, listings that stood. */
export interface Effect {
  grants: number;
  listings: number;
}

/**
 * `grant`, `contract`, `product`, `participant`: use stops there. `standing`: the member is suspended. `listing`: no listing of
 * this product, or of this organisation, may stand.
 */
export interface Hold {
  kind: 'grant' | 'contract' | 'product' | 'participant' | 'standing' | 'listing';
  target: string;
}

export interface SupervisionDeps {
  database: Database;
  now(): Date;
  members: Members;
  market: Market;
  delivery: Delivery;
  issue: Issue;
  serve: Cases['serve'];
  ruleBook: RuleBook;
  calendar: Calendar;
}
