/** What the use cases share: who acts in which space, telling of facts, notices. */
import type { Text } from '@shugu/wire';
import type { Tx } from '../../kernel/db/db.ts';
import { emit } from '../../kernel/outbox.ts';
import { kernelProblems } from '../../kernel/problem.ts';
import type { Rule } from '../../kernel/rulepack/model.ts';
import { groundsOf } from '../../kernel/rulepack/rulebook.ts';
import type { SpacesEvents } from '../events.ts';
import type { Conditions, Member, PolicyDemand, Space, SpaceKind, SpacesDeps } from '../model.ts';
import { problems } from '../problems.ts';
import { lockSpace, membershipOf } from '../reads.ts';
import { demandsOf, isOperator, isPublic } from '../rules.ts';

export const tell = <K extends keyof SpacesEvents>(
  tx: Tx,
  type: K,
  space: Pick<Space, 'id' | 'participant'>,
  data: Omit<SpacesEvents[K], 'space'>,
): Promise<void> =>
  emit(tx, { type, subject: space.id, participant: space.participant, data: { space: space.id, ...data } });

export const serve = async (
  { cases }: Pick<SpacesDeps, 'cases'>,
  tx: Tx,
  space: Space,
  one: { to: string; text: Text; dueAt?: Date | null },
): Promise<void> => {
  await cases.serve(tx, {
    ...{ to: one.to, text: one.text, dueAt: one.dueAt ?? null },
    ...{ caseId: null, subject: space.id, title: space.name.zh, at: tx.now },
    deemedServed: 'onDelivery',
    startsClocks: [],
  });
};

/** The space, locked, with the actor's own membership; a space that was never admitted is nobody else's. */
export const asAnyone = async (tx: Tx, id: string): Promise<{ space: Space; own: Member | undefined }> => {
  const space = await lockSpace(tx, id);
  if (!space || (!isPublic(space) && space.participant !== tx.actor.participant)) throw kernelProblems.unknown();
  return { space, own: await membershipOf(tx, id, tx.actor.participant) };
};

export const requireActive = ({ state }: Space): void => {
  if (state !== 'active') throw problems.wrongState({ detail: state });
};

/** Whoever is in the space or asked to be; to all others there is nothing to act on. */
export const asMember = async (tx: Tx, id: string): Promise<{ space: Space; own: Member }> => {
  const { space, own } = await asAnyone(tx, id);
  if (!own || own.endedAt) throw kernelProblems.unknown();
  requireActive(space);
  return { space, own };
};

export const asOperator = async (tx: Tx, id: string): Promise<{ space: Space; own: Member }> => {
  const { space, own } = await asAnyone(tx, id);
  if (!own || !isOperator(own)) throw kernelProblems.unknown();
  requireActive(space);
  return { space, own };
};

type RulePacks = Pick<SpacesDeps, 'cases' | 'now'>;

const packOf = ({ cases }: Pick<SpacesDeps, 'cases'>, at: Date) => {
  const found = cases.ruleBook.current('spaces', at);
  if (!found) throw new Error('no version of rule pack spaces is in force');
  return found;
};

export const figure = (deps: Pick<SpacesDeps, 'cases'>, id: string, at: Date): number =>
  deps.cases.ruleBook.number(packOf(deps, at).pin, id);

/** What the rule pack asks of the policies in spaces of a kind, beside the space's own rules. */
export const demandsIn = (deps: RulePacks, space: Pick<Space, 'kind' | 'terms'>): PolicyDemand[] => {
  const ofKind = packOf(deps, deps.now()).rules.get(`${space.kind}Policy`)?.value;
  return demandsOf(space.terms, Array.isArray(ofKind) ? (ofKind as PolicyDemand[]) : []);
};

export const wordsWithGrounds = (rule: Rule): Text => {
  const grounds = groundsOf(rule);
  return { zh: rule.title.zh + grounds.zh, en: rule.title.en + grounds.en };
};

const answers: readonly (keyof Conditions)[] = ['consent', 'assessment', 'exportRoute'];

/** Rules of the pack that a kind of space stands on, each with the answer that it asks for. */
export const conditionsOf = (deps: RulePacks, kind: SpaceKind) =>
  [...packOf(deps, deps.now()).rules.values()].flatMap((rule) => {
    const asked = rule.id.startsWith(kind) && Array.isArray(rule.value) ? rule.value[0] : undefined;
    const answer = answers.find((one) => one === asked);
    return answer ? [{ rule, answer }] : [];
  });
