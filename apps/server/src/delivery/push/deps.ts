import type { Clock } from '../../kernel/clock.ts';
import type { Database, Reader } from '../../kernel/db/db.ts';
import type { Seal } from '../../kernel/seal.ts';
import type { Plane } from '../plane/plane.ts';

export interface PushDeps {
  database: Database;
  clock: Clock;
  seal: Pick<Seal, 'seal' | 'open'>;
  plane(): Plane | undefined;
  displayNames(read: Reader, ids: readonly string[]): Promise<Map<string, string>>;
  /** Below it buyers may have files brought; empty: nowhere. */
  foldersRoot: string;
  /** Private addresses or networks that destinations may lie at. */
  allowedAddresses: readonly string[];
  /** Runs at work in this process, by id: how to stop each at once. */
  stoppers: Map<string, () => void>;
  /** Where runs keep what they have fetched until they are over. */
  workFolder(): Promise<string>;
  /** For tests: how long a turn is, ms, and how many rows a piece has. */
  turnMs?: number | undefined;
  rowsPerPiece?: number | undefined;
  /** For the crash suite only, to show that it turns red. */
  testOnlySabotage?: 'noteAfter' | undefined;
}
