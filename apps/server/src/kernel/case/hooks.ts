/** What a room adds to a procedure: named guards and effects of its table, and who else may see a case. */
import type { Reader, Tx } from '../db/db.ts';
import type { Principal } from '../http/principal.ts';
import type { Procedure } from '../rulepack/model.ts';
import type { Data, Text } from './model.ts';
import type { CaseRecord } from './store.ts';

export interface Occasion {
  case: CaseRecord;
  move: string;
  input: Data;
  principal: Principal;
}

export interface Hooks {
  /** `true`, or why not. */
  guards?: Record<string, (reader: Reader, occasion: Occasion) => Promise<true | Text>>;
  /** Runs in the transaction of the move, after the case is written; what it returns is kept in the case's outcome. */
  effects?: Record<string, (tx: Tx, occasion: Occasion) => Promise<Data | undefined>>;
  /** Others who see the whole case. */
  visible?: (reader: Reader, seen: { case: CaseRecord; principal: Principal }) => Promise<boolean>;
}

/** Names in a procedure's table for which no hook stands. */
export const hooksMissing = (table: Procedure, hooks: Hooks): string[] => [
  ...new Set(
    table.moves.flatMap((move) => [
      ...move.guards.filter((name) => !hooks.guards?.[name]).map((name) => `guard ${name}`),
      ...move.effects.filter((name) => !hooks.effects?.[name]).map((name) => `effect ${name}`),
    ]),
  ),
];
