/** From our words to the wire's. */
import type { Reader } from '../kernel/db/db.ts';
import type { Principal } from '../kernel/http/principal.ts';
import { kernelProblems } from '../kernel/problem.ts';
import type { Member, NestedCatalogue, NestedView, Rules, SeenEntry, Space, SpacesDeps } from './model.ts';
import { countEntries, countMembers, currentRules, findSpace, membershipOf, membershipsOf, spacesOf } from './reads.ts';
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

/** Of several spaces, those whose catalogues somebody may see. */
const openCatalogues = async (
  deps: SpacesDeps,
  read: Reader,
  principal: Principal,
  ids: readonly string[],
): Promise<Map<string, Space>> => {
  const own = await membershipsOf(read, ids, principal.participant);
  const shown = (await spacesOf(read, ids)).filter((space) =>
    seesCatalogue(space, inStanding(principal, own.get(space.id), deps.now()), supervises(principal)),
  );
  return new Map(shown.map((space) => [space.id, space]));
};

/**
 * Each to whom its own rules show it. `all`: whoever takes out what stands there meets the rest as well, without a word of what it is or
 * why it is not shown.
 */
export const nestedViews = async (
  deps: SpacesDeps,
  read: Reader,
  principal: Principal,
  nested: readonly NestedCatalogue[],
  all: boolean,
) => {
  const ids = nested.flatMap(({ childSpace }) => childSpace ?? []);
  const spaces = await openCatalogues(deps, read, principal, ids);
  const nodes = await deps.nodes(
    read,
    nested.flatMap(({ childNode }) => childNode ?? []),
  );
  const name = await namesOf(
    deps,
    read,
    [...spaces.values()].map(({ participant }) => participant),
  );
  return nested.flatMap(({ id, childSpace, childNode, createdAt }): NestedView[] => {
    const addedAt = createdAt.toISOString();
    const space = childSpace === null ? undefined : spaces.get(childSpace);
    if (space) {
      const { kind, participant } = space;
      return [
        { id, space: { id: space.id, name: space.name, kind, operator: name(participant) }, node: null, addedAt },
      ];
    }
    const node = nodes.find((one) => one.id === childNode);
    return node ? [{ id, space: null, node, addedAt }] : all ? [{ id, space: null, node: null, addedAt }] : [];
  });
};

/** What is offered to members alone is shown to them, and to whoever supervises. */
export const entriesFor = ({ elsewhere, now }: SpacesDeps, { standing, supervising }: Seen) => ({
  elsewhere,
  now: now(),
  inside: standing || supervising,
});

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
    entries: seen.seesCatalogue ? await countEntries(read, id, entriesFor(deps, seen)) : null,
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

export const entryView = (one: SeenEntry, name: Names) => {
  const { id, product, title, summary, industry, membersOnly, participant, createdAt } = one;
  return {
    ...{ id, product, title, summary, industry, membersOnly },
    supplier: product === null ? null : name(participant),
    foreign:
      product === null
        ? {
            kind: one.harvested === null ? ('node' as const) : ('harvest' as const),
            ...{ harvested: one.harvested, node: one.foreignNode, subject: one.foreignSubject },
            ...{ by: one.by ?? '', origin: one.origin ?? '', url: one.url ?? '' },
            traded: one.traded ?? false,
          }
        : null,
    addedAt: createdAt.toISOString(),
  };
};
