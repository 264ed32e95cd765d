/** From our words to the wire's. */
import type { Reader } from '../kernel/db/db.ts';
import type { Principal } from '../kernel/http/principal.ts';
import { kernelProblems } from '../kernel/problem.ts';
import type { Entry, Member, Rules, Space, SpacesDeps } from './model.ts';
import { countEntries, countMembers, currentRules, findSpace, membershipOf } from './reads.ts';
import { isOperator, isPublic, isStanding, seesCatalogue } from './rules.ts';
import { conditionsOf, demandsIn, wordsWithGrounds } from './service/deps.ts';

const iso = (at: Date | null) => at?.toISOString() ?? null;

export type Names = (participant: string) => { id: string; name: string };

export const namesOf = async (deps: SpacesDeps, read: Reader, participants: readonly string[]): Promise<Names> => {
  const names = await deps.members.displayNames(read, [...new Set(participants)]);
  return (id) => ({ id, name: names.get(id) ?? id });
};

export const supervises = (principal: Principal): boolean => principal.permissions.has('spaces.space.supervise');

/** A seat in an organisation that the exchange has suspended sees nothing of its spaces. */
const inStanding = (principal: Principal, member: Member | undefined, now: Date): boolean =>
  principal.roles.size > 0 && isStanding(member, now);

export interface Seen {
  space: Space;
  own: Member | undefined;
  standing: boolean;
  supervising: boolean;
  seesCatalogue: boolean;
}

/** The space as somebody may look at it; one that is nobody else's yet is as if there were none. */
export const visibleSpace = async (deps: SpacesDeps, read: Reader, principal: Principal, id: string): Promise<Seen> => {
  const space = await findSpace(read, id);
  const supervising = supervises(principal);
  const founder = space !== undefined && principal.participant === space.participant;
  if (!space || !(isPublic(space) || supervising || founder)) throw kernelProblems.unknown();
  const own = principal.participant ? await membershipOf(read, id, principal.participant) : undefined;
  const standing = inStanding(principal, own, deps.now());
  return { space, own, standing, supervising, seesCatalogue: seesCatalogue(space, standing, supervising) };
};

/** What is offered to members alone is shown to them, and to whoever supervises. */
export const isInside = ({ standing, supervising }: Seen): boolean => standing || supervising;

const yoursOf = (principal: Principal, own: Member | undefined, now: Date) =>
  own
    ? {
        ...{ member: own.id, state: own.state, roles: own.roles, signed: own.signed },
        signBy: own.endedAt ? null : iso(own.signBy),
        standing: inStanding(principal, own, now),
        since: iso(own.since),
      }
    : null;

export const summaryView = (
  deps: SpacesDeps,
  principal: Principal,
  space: Space,
  own: Member | undefined,
  name: Names,
) => ({
  ...{ id: space.id, kind: space.kind, name: space.name, purpose: space.purpose, state: space.state },
  operator: name(space.participant),
  members: space.members,
  catalogue: space.terms.catalogue,
  createdAt: space.createdAt.toISOString(),
  yours: yoursOf(principal, own, deps.now()),
});

export const rulesView = ({ space: _, publishedAt, signBy, ...rules }: Rules) => ({
  ...rules,
  publishedAt: publishedAt.toISOString(),
  signBy: iso(signBy),
});

export const spaceView = async (deps: SpacesDeps, read: Reader, principal: Principal, id: string) => {
  const seen = await visibleSpace(deps, read, principal, id);
  const { space, own } = seen;
  const name = await namesOf(deps, read, [space.participant]);
  const inside = seen.supervising || principal.participant === space.participant;
  const decides = own !== undefined && own.endedAt === null && isOperator(own);
  return {
    ...summaryView(deps, principal, space, own, name),
    reason: space.reason,
    rules: rulesView(await currentRules(read, id)),
    demands: demandsIn(deps, space),
    conditions: conditionsOf(deps, space.kind).map(({ rule, answer }) => ({
      id: rule.id,
      text: wordsWithGrounds(rule),
      given: space.conditions[answer] ?? '',
    })),
    entries: seen.seesCatalogue ? await countEntries(read, id, { now: deps.now(), inside: isInside(seen) }) : null,
    waiting: decides ? await countMembers(read, id, 'applied') : null,
    case: inside ? space.case : null,
    endedAt: iso(space.endedAt),
  };
};

export const memberView = (member: Member, name: Names, now: Date) => ({
  ...{ id: member.id, roles: member.roles, state: member.state, note: member.note, reason: member.reason },
  organisation: name(member.participant),
  ...{ signed: member.signed, keyId: member.keyId },
  signedAt: iso(member.signedAt),
  signBy: member.endedAt ? null : iso(member.signBy),
  standing: isStanding(member, now),
  createdAt: member.createdAt.toISOString(),
  endedAt: iso(member.endedAt),
});

export const entryView = (
  { id, product, title, summary, industry, membersOnly, participant, createdAt }: Entry,
  name: Names,
) => ({
  ...{ id, product, title, summary, industry, membersOnly },
  supplier: name(participant),
  addedAt: createdAt.toISOString(),
});
