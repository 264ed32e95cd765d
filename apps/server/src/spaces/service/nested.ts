/** Catalogues within catalogues: put in by the operator of the outer space, who sees the inner one; never in a circle. */
import { spaceLimits } from '@shugu/wire/spaces';
import { audit } from '../../kernel/audit.ts';
import type { Tx } from '../../kernel/db/db.ts';
import type { Principal } from '../../kernel/http/principal.ts';
import { kernelProblems } from '../../kernel/problem.ts';
import type { NestedCatalogue, NestedRef, SpacesDeps } from '../model.ts';
import { above, below, endNested, findNested, insertNested, lockNesting, nestedIn, nestedWith } from '../nested.ts';
import { problems } from '../problems.ts';
import { findSpace } from '../reads.ts';
import { visibleSpace } from '../view.ts';
import { asOperator, tell } from './deps.ts';

/** What the outer space would reach by it: a circle, or too many levels. */
const requireBelow = async (tx: Tx, outer: string, inner: string): Promise<void> => {
  const [up, down] = [await above(tx, outer), await below(tx, inner)];
  if (down.some(({ id }) => id === outer)) throw problems.nestedInItself({ field: 'body.space' });
  const deepest = (found: readonly { level: number }[]) => Math.max(...found.map(({ level }) => level));
  if (deepest(up) + deepest(down) > spaceLimits.nestedDepthMax)
    throw problems.nestedTooDeep({ field: 'body.space', detail: String(spaceLimits.nestedDepthMax) });
};

export const nest = async (
  deps: SpacesDeps,
  tx: Tx,
  principal: Principal,
  { id, ref }: { id: string; ref: NestedRef },
): Promise<NestedCatalogue> => {
  const { space } = await asOperator(tx, id);
  await lockNesting(tx);
  if (ref.kind === 'space') {
    if (!(await visibleSpace(deps, tx, principal, ref.space)).seesCatalogue) throw kernelProblems.unknown();
    await requireBelow(tx, id, ref.space);
  } else if ((await deps.nodes(tx, [ref.node])).length === 0) throw kernelProblems.unknown();
  const held = await nestedIn(tx, id);
  const same = (one: NestedCatalogue) =>
    ref.kind === 'space' ? one.childSpace === ref.space : one.childNode === ref.node;
  if (held.some(same)) throw problems.alreadyListed();
  if (held.length >= spaceLimits.nestedMax) throw problems.full({ detail: String(spaceLimits.nestedMax) });
  const catalogue = await insertNested(tx, id, ref);
  await audit(tx, { action: 'spaces.catalogue.nest', subject: id, data: { catalogue, ...ref } });
  await tell(tx, 'spaces.catalogue.nested', space, { catalogue });
  return (await findNested(tx, id, catalogue))!;
};

const end = async (tx: Tx, one: NestedCatalogue, reason: string): Promise<void> => {
  if (!(await endNested(tx, one.id, reason))) return;
  const space = (await findSpace(tx, one.space))!;
  const { id: subject, participant } = space;
  await audit(tx, { action: 'spaces.catalogue.withdraw', subject, participant, data: { catalogue: one.id, reason } });
  await tell(tx, 'spaces.catalogue.withdrawn', space, { catalogue: one.id, reason });
};

export const withdrawNested = async (tx: Tx, id: string, catalogue: string, reason: string): Promise<void> => {
  await asOperator(tx, id);
  const found = await findNested(tx, id, catalogue);
  if (!found) throw kernelProblems.unknown();
  if (found.endedAt) throw problems.wrongState({ detail: 'withdrawn' });
  await end(tx, found, reason);
};

/** With a space or a node that ends. Harmless to repeat. */
export const endNestedWith = async (
  tx: Tx,
  by: { space: string } | { node: string },
  reason: string,
): Promise<void> => {
  for (const one of await nestedWith(tx, by)) await end(tx, one, reason);
};
