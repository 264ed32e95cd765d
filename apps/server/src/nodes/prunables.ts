/** The room's rows that go by themselves. */
import { sql } from '../kernel/db/db.ts';
import type { Prunable } from '../kernel/retention/prune.ts';

export const prunables: Prunable[] = [
  { table: 'node_recognitions', since: sql`at`, about: ['participant', 'actor', 'id'] },
];
