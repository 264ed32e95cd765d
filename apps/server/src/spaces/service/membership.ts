/** Who is in a space: invited or applying, signing, resting while a newer version is unsigned, leaving, expelled. */
import type { Text } from '@shugu/wire';
import { type joiningRoles, spaceLimits } from '@shugu/wire/spaces';
import { audit } from '../../kernel/audit.ts';
import type { Database, Tx } from '../../kernel/db/db.ts';
import { systemActor } from '../../kernel/http/principal.ts';
import { kernelProblems } from '../../kernel/problem.ts';
import type { Organisation } from '../../members/index.ts';
import type { Member, Space, SpacesDeps } from '../model.ts';
import { problems } from '../problems.ts';
import { countMembers, currentRules, entriesOf, findMember, findSpace, lateMembers, membershipOf } from '../reads.ts';
import { isOperator, type MemberMove, mayJoin, memberMoves, openStates } from '../rules.ts';
import { endEntry, insertMember, moveMember } from '../store.ts';
import { asAnyone, asMember, asOperator, requireActive, serve, tell } from './deps.ts';
import { signRules } from './rules.ts';

type JoiningRole = (typeof joiningRoles)[number];
interface Draft {
  roles: readonly JoiningRole[];
  note: string;
}

const activeRoles = (one: Organisation | undefined): string[] =>
  one?.status === 'active' ? one.roles.filter(({ status }) => status === 'active').map(({ role }) => role) : [];

const requireJoinable = async (
  deps: SpacesDeps,
  tx: Tx,
  space: Space,
  participant: string,
  field?: string,
): Promise<void> => {
  const found = await deps.members.organisation(tx, participant);
  const place = field ? { field } : {};
  // Whoever was only recognised over the Dataspace Protocol has nobody here to sign.
  if (found?.status !== 'active' || found.dataspaceId !== null) throw problems.organisationUnknown(place);
  if (!mayJoin(space.terms, activeRoles(found)))
    throw problems.roleMissing({ ...place, detail: space.terms.joinRoles.join(', ') });
};

const enter = async (
  deps: SpacesDeps,
  tx: Tx,
  space: Space,
  one: Draft & { participant: string; state: 'applied' | 'invited' },
  field?: string,
): Promise<string> => {
  const before = await membershipOf(tx, space.id, one.participant);
  if (before && !before.endedAt) throw problems.alreadyMember({ detail: before.state });
  await requireJoinable(deps, tx, space, one.participant, field);
  if ((await countMembers(tx, space.id)) >= spaceLimits.membersMax)
    throw problems.full({ detail: String(spaceLimits.membersMax) });
  const roles = [...new Set(one.roles)];
  const id = await insertMember(tx, { ...one, space: space.id, roles });
  const action = one.state === 'applied' ? 'spaces.member.apply' : 'spaces.member.invite';
  await audit(tx, { action, subject: space.id, participant: one.participant, data: { member: id, roles } });
  await tell(tx, 'spaces.member.moved', space, { member: id, state: one.state });
  return id;
};

export const invite = async (
  deps: SpacesDeps,
  tx: Tx,
  id: string,
  { organisation, ...draft }: Draft & { organisation: string },
): Promise<string> => {
  const { space } = await asOperator(tx, id);
  const place = 'body.organisation';
  const member = await enter(deps, tx, space, { ...draft, participant: organisation, state: 'invited' }, place);
  await serve(deps, tx, space, {
    to: organisation,
    text: {
      zh: `贵单位受邀加入数据空间《${space.name.zh}》，阅读并签署其规则后成为成员。`,
      en: `Your organisation is invited to the data space “${space.name.en}”; it joins by signing the rules.`,
    },
  });
  return member;
};

export const apply = async (deps: SpacesDeps, tx: Tx, id: string, draft: Draft): Promise<string> => {
  const { space } = await asAnyone(tx, id);
  requireActive(space);
  const { participant } = tx.actor;
  const member = await enter(deps, tx, space, { ...draft, participant, state: 'applied' });
  await serve(deps, tx, space, {
    to: space.participant,
    text: {
      zh: `数据空间《${space.name.zh}》收到加入申请，请决定。`,
      en: `Somebody applies to join the data space “${space.name.en}”; please decide.`,
    },
  });
  return member;
};

const moveTo = async (tx: Tx, space: Space, member: Member, move: MemberMove, reason: string): Promise<void> => {
  const state = memberMoves[move][member.state];
  if (!state) throw problems.wrongState({ detail: member.state });
  const ended = !openStates.includes(state);
  await moveMember(tx, member.id, { state, reason, ended });
  if (ended)
    for (const { id } of await entriesOf(tx, { space: space.id, participant: member.participant }))
      await endEntry(tx, id, reason || state);
  await audit(tx, {
    action: `spaces.member.${move}`,
    subject: space.id,
    participant: member.participant,
    data: { member: member.id, state, reason },
  });
  await tell(tx, 'spaces.member.moved', space, { member: member.id, state });
};

/** What the operator of a space decides about one of its members, and what that member hears of it. */
const decide = async (
  deps: SpacesDeps,
  tx: Tx,
  place: { id: string; member: string },
  move: 'admit' | 'refuse' | 'expel',
  { reason, words }: { reason: string; words: (space: Space) => Text },
): Promise<void> => {
  const { space } = await asOperator(tx, place.id);
  const member = await findMember(tx, space.id, place.member);
  if (!member) throw kernelProblems.unknown();
  // Whoever operates a space closes it instead.
  if (isOperator(member)) throw problems.wrongState({ detail: 'operator' });
  if (move === 'admit') await requireJoinable(deps, tx, space, member.participant);
  await moveTo(tx, space, member, move, reason);
  await serve(deps, tx, space, { to: member.participant, text: words(space) });
};

export const admit = (deps: SpacesDeps, tx: Tx, place: { id: string; member: string }) =>
  decide(deps, tx, place, 'admit', {
    reason: '',
    words: ({ name }) => ({
      zh: `加入数据空间《${name.zh}》的申请已获同意，签署其规则后成为成员。`,
      en: `The application to join the data space “${name.en}” is accepted; sign the rules to become a member.`,
    }),
  });

export const refuse = (deps: SpacesDeps, tx: Tx, place: { id: string; member: string }, reason: string) =>
  decide(deps, tx, place, 'refuse', {
    reason,
    words: ({ name }) => ({
      zh: `加入数据空间《${name.zh}》的申请未获同意：${reason}`,
      en: `The application to join the data space “${name.en}” is refused: ${reason}`,
    }),
  });

export const expel = (deps: SpacesDeps, tx: Tx, place: { id: string; member: string }, reason: string) =>
  decide(deps, tx, place, 'expel', {
    reason,
    words: ({ name }) => ({
      zh: `贵单位被数据空间《${name.zh}》除名：${reason}`,
      en: `Your organisation is expelled from the data space “${name.en}”: ${reason}`,
    }),
  });

export const sign = async (deps: SpacesDeps, tx: Tx, id: string, digest: string): Promise<void> => {
  const { space, own } = await asMember(tx, id);
  if (!memberMoves.sign[own.state]) throw problems.wrongState({ detail: own.state });
  const rules = await currentRules(tx, id);
  if (rules.digest !== digest) throw problems.digestDiffers({ field: 'body.digest' });
  await requireJoinable(deps, tx, space, own.participant);
  await signRules(deps, tx, space, own, rules);
};

export const leave = async (deps: SpacesDeps, tx: Tx, id: string, reason: string): Promise<void> => {
  const { space, own } = await asMember(tx, id);
  if (isOperator(own)) throw problems.wrongState({ detail: 'operator' });
  await moveTo(tx, space, own, 'leave', reason);
  const name = (await deps.members.organisation(tx, own.participant))?.name ?? own.participant;
  await serve(deps, tx, space, {
    to: space.participant,
    text: {
      zh: `${name}已退出数据空间《${space.name.zh}》，或撤回申请、谢绝邀请。`,
      en: `${name} has left the data space “${space.name.en}”, or taken back its application, or declined.`,
    },
  });
};

const lateMax = 100;

/** Notes what time has done: who did not sign in time may use nothing already. The number done. */
export const restLate = (deps: SpacesDeps, database: Database): Promise<number> =>
  database.tx(systemActor('spaces'), async (tx) => {
    const late = await lateMembers(tx, lateMax);
    for (const member of late) {
      const space = (await findSpace(tx, member.space))!;
      await moveTo(tx, space, member, 'rest', '');
      await serve(deps, tx, space, {
        to: member.participant,
        text: {
          zh: `逾期未签署数据空间《${space.name.zh}》的新版规则，成员资格暂停；签署后恢复。`,
          en: `The new rules of the data space “${space.name.en}” were not signed in time; the membership rests until they are.`,
        },
      });
    }
    return late.length;
  });
