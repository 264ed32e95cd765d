/** A space is founded by a case of `space.founding`: two people of the exchange's operator admit it, and its steps are its state. */
import { spaceLimits } from '@shugu/wire/spaces';
import { audit } from '../../kernel/audit.ts';
import type { Occasion } from '../../kernel/case/index.ts';
import type { Tx } from '../../kernel/db/db.ts';
import { type Principal, systemPrincipal } from '../../kernel/http/principal.ts';
import { kernelProblems } from '../../kernel/problem.ts';
import type { SpaceDraft, SpaceState, SpacesDeps } from '../model.ts';
import { problems } from '../problems.ts';
import { currentRules, entriesOf, findMember, foundedBy, openMembers, spaceOfCase } from '../reads.ts';
import { endEntry, insertMember, insertSpace, moveMember, moveSpace, setCase } from '../store.ts';
import { conditionsOf, tell, wordsWithGrounds } from './deps.ts';
import { endNestedWith } from './nested.ts';
import { announceRules, keepRules, signRules } from './rules.ts';

export const foundingProcedure = 'space.founding';
const system = systemPrincipal('spaces');

/** What the rule pack asks of a kind, told at the form's own fields; the procedure's table holds it against the case once more. */
const requireConditions = (deps: SpacesDeps, { kind, conditions }: SpaceDraft): void => {
  const errors = conditionsOf(deps, kind)
    .filter(({ answer }) => !conditions[answer])
    .map(({ rule, answer }) => ({
      field: `body.conditions.${answer}`,
      code: 'required',
      message: wordsWithGrounds(rule),
    }));
  if (errors.length) throw kernelProblems.invalid({ errors });
};

export const foundSpace = async (
  deps: SpacesDeps,
  tx: Tx,
  { participant }: Principal,
  draft: SpaceDraft,
): Promise<string> => {
  if ((await foundedBy(tx, participant)) >= spaceLimits.foundedMax)
    throw problems.full({ detail: String(spaceLimits.foundedMax) });
  requireConditions(deps, draft);
  const id = await insertSpace(tx, draft);
  const rules = await keepRules(deps, tx, { id, participant }, draft.rules, 1);
  const member = await insertMember(tx, { space: id, participant, roles: ['operator'], state: 'invited', note: '' });
  await signRules(deps, tx, { id, participant }, (await findMember(tx, id, member))!, rules);
  await audit(tx, { action: 'spaces.space.found', subject: id, data: { kind: draft.kind, name: draft.name } });
  const { kind, name, purpose, conditions } = draft;
  const { case: filed } = await deps.cases.file(tx, system, {
    procedure: foundingProcedure,
    handler: (await deps.members.operatorOf(tx)).id,
    participant,
    title: `数据空间：${name.zh}`,
    subject: id,
    data: {
      ...{ kind, nameZh: name.zh, nameEn: name.en, purposeZh: purpose.zh, purposeEn: purpose.en },
      rulesDigest: rules.digest,
      ...conditions,
    },
  });
  await setCase(tx, id, filed.id);
  await deps.cases.move(tx, system, filed.id, 'submit');
  await tell(tx, 'spaces.space.founded', { id, participant }, { kind });
  return id;
};

const stateOf: Record<string, Exclude<SpaceState, 'reviewing'>> = {
  active: 'active',
  refused: 'refused',
  withdrawn: 'withdrawn',
  closed: 'closed',
  revoked: 'revoked',
};

/** With the space its memberships end and its catalogue is empty; what was signed stays. */
const endAll = async (tx: Tx, space: string, reason: string): Promise<void> => {
  for (const one of await openMembers(tx, space)) await moveMember(tx, one.id, { state: 'left', reason, ended: true });
  for (const one of await entriesOf(tx, { space })) await endEntry(tx, one.id, reason);
  await endNestedWith(tx, { space }, reason);
};

const follow = async (deps: SpacesDeps, tx: Tx, { case: one, input }: Occasion): Promise<undefined> => {
  const space = await spaceOfCase(tx, one.id);
  const state = stateOf[one.state];
  if (!space || !state) throw new Error(`case ${one.id} in ${one.state} is of no space`);
  const ended = state !== 'active';
  const reason = String(input.reason ?? '');
  await moveSpace(tx, space.id, { state, reason, ended });
  const about = { subject: space.id, participant: space.participant };
  if (state === 'active') {
    await audit(tx, { action: 'spaces.space.admit', ...about });
    await announceRules(deps, tx, space, await currentRules(tx, space.id));
    await tell(tx, 'spaces.space.admitted', space, {});
    return;
  }
  await endAll(tx, space.id, reason);
  await audit(tx, { action: 'spaces.space.end', ...about, data: { state, reason } });
  await tell(tx, 'spaces.space.ended', space, { state, reason });
};

export const registerCases = (deps: SpacesDeps): void =>
  deps.cases.register(foundingProcedure, { effects: { follow: (tx, occasion) => follow(deps, tx, occasion) } });
