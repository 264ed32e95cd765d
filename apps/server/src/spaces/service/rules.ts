/** Versions of a space's rules: published by its operator, signed by every member, never changed. */
import { createHash } from 'node:crypto';
import { canonicalBytes, EvidenceError } from '@shugu/evidence';
import { spaceLimits } from '@shugu/wire/spaces';
import { audit } from '../../kernel/audit.ts';
import type { Tx } from '../../kernel/db/db.ts';
import { logStatement } from '../../kernel/issue/statement.ts';
import { kernelProblems } from '../../kernel/problem.ts';
import type { Member, Rules, RulesDraft, Space, SpacesDeps } from '../model.ts';
import { problems } from '../problems.ts';
import { currentRules, openMembers } from '../reads.ts';
import { insertRules, insertSignature, moveMember } from '../store.ts';
import { asOperator, figure, serve, tell } from './deps.ts';

const dayMs = 86_400_000;

const textOf = (content: Record<string, unknown>): { document: string; digest: string } => {
  try {
    const bytes = canonicalBytes(content as never);
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    return { document: Buffer.from(bytes).toString('utf8'), digest };
  } catch (error) {
    // Text that is not in NFC, say.
    if (error instanceof EvidenceError) throw problems.rulesInvalid({ field: 'body.rules', detail: error.message });
    throw error;
  }
};

const signDaysOf = (deps: SpacesDeps, tx: Tx, given: number | undefined): number => {
  const days = given ?? figure(deps, 'signDays', tx.now);
  const [least, most] = [figure(deps, 'signDaysMin', tx.now), figure(deps, 'signDaysMax', tx.now)];
  if (days >= least && days <= most) return days;
  throw kernelProblems.invalid({
    field: 'body.signDays',
    detail: { zh: `签署期限为 ${least} 至 ${most} 日`, en: `members have ${least} to ${most} days to sign` },
  });
};

/** The next version, as it is signed from now on; its digest stands in the public log in clear. */
export const keepRules = async (
  deps: SpacesDeps,
  tx: Tx,
  space: Pick<Space, 'id' | 'participant'>,
  draft: RulesDraft,
  number: number,
): Promise<Rules> => {
  const days = signDaysOf(deps, tx, draft.signDays);
  const signBy = number === 1 ? null : new Date(tx.now.getTime() + days * dayMs);
  const { text, terms } = draft;
  const made = textOf({ form: 'shugu/space-rules/1', space: space.id, number, text, terms });
  await insertRules(tx, { space: space.id, number, text, terms, ...made, signBy });
  await audit(tx, { action: 'spaces.rules.publish', subject: space.id, data: { number, digest: made.digest } });
  return currentRules(tx, space.id);
};

/** Once the space is open: what binds its members is public. */
export const announceRules = async (deps: SpacesDeps, tx: Tx, space: Space, rules: Rules): Promise<void> => {
  await logStatement(deps, tx, {
    kind: 'spaceRules',
    title: { zh: '数据空间规则', en: 'Rules of a data space' },
    document: { space: space.id, name: space.name.zh, number: rules.number, digest: rules.digest },
    form: 'clear',
    participant: space.participant,
  });
  await tell(tx, 'spaces.rules.published', space, { number: rules.number, digest: rules.digest });
};

/** With the member's key, as a contract is signed; the log has a salted commitment to it, which tells nobody who joined. */
export const signRules = async (
  deps: SpacesDeps,
  tx: Tx,
  space: Pick<Space, 'id' | 'participant'>,
  member: Pick<Member, 'id' | 'participant' | 'signed'>,
  rules: Rules,
): Promise<void> => {
  if (member.signed === rules.number) throw problems.alreadySigned();
  const made = await deps.agreements.signText(tx, member.participant, Buffer.from(rules.document, 'utf8'));
  const said = await logStatement(deps, tx, {
    kind: 'spaceMembership',
    title: { zh: '数据空间规则签署', en: 'Signature of the rules of a data space' },
    document: {
      ...{ space: space.id, member: member.participant, number: rules.number, rules: rules.digest },
      ...{ keyId: made.keyId, signature: made.signature },
    },
    form: 'commitment',
    participant: member.participant,
  });
  const { number } = rules;
  await insertSignature(tx, member, { number, ...made }, said);
  await moveMember(tx, member.id, { state: 'active', reason: '', ended: false, signed: number });
  await audit(tx, {
    action: 'spaces.member.sign',
    subject: space.id,
    participant: member.participant,
    data: { member: member.id, number, digest: rules.digest, keyId: made.keyId },
  });
  await tell(tx, 'spaces.member.signed', space, { member: member.id, number });
};

export const publishRules = async (deps: SpacesDeps, tx: Tx, id: string, draft: RulesDraft): Promise<void> => {
  const { space, own } = await asOperator(tx, id);
  const before = await currentRules(tx, id);
  if (before.number >= spaceLimits.rulesVersionsMax)
    throw problems.full({ detail: String(spaceLimits.rulesVersionsMax) });
  const rules = await keepRules(deps, tx, space, draft, before.number + 1);
  await announceRules(deps, tx, space, rules);
  await signRules(deps, tx, space, own, rules);
  for (const { participant, state } of await openMembers(tx, id)) {
    if (participant === space.participant || state === 'applied') continue;
    await serve(deps, tx, space, {
      to: participant,
      dueAt: rules.signBy,
      text: {
        zh: `数据空间《${space.name.zh}》发布第 ${rules.number} 版规则，请阅读并签署；逾期未签的，成员资格暂停。`,
        en: `The data space “${space.name.en}” has published version ${rules.number} of its rules. Read and sign it; a membership without its signature rests once the time has passed.`,
      },
    });
  }
};
