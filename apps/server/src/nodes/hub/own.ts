/** What the hub's own members demand is told to its nodes like any other's. */
import type { Tx } from '../../kernel/db/db.ts';
import { digestOf } from '../envelope.ts';
import type { NodesDeps } from '../model.ts';
import { demandContent } from '../uplink/changes.ts';
import { lastOfOwn, relay } from './relays.ts';

/** One demand as it stands now, where that is news. Harmless to repeat. */
export const relayOwn = async (deps: NodesDeps, tx: Tx, subject: string): Promise<void> => {
  const content = await demandContent(deps, tx, subject);
  const before = (await lastOfOwn(tx, subject)) ?? null;
  const { suite } = deps.settings;
  if (digestOf(suite, content) === digestOf(suite, before)) return;
  const { id } = await deps.members.operatorOf(tx);
  await relay(tx, { participant: id, node: null, subject, content });
};
