/** Whom a listing is for: everybody, or the members of one data space. To all others the latter is as if there were none. */
import { parsePolicy } from '@shugu/policy';
import type { Text } from '@shugu/wire';
import type { Reader } from '../kernel/db/db.ts';
import type { Principal } from '../kernel/http/principal.ts';
import type { Listing, MarketDeps } from './model.ts';

export interface Viewer {
  /** '' for strangers. */
  participant: string;
  supervises: boolean;
  /** Data spaces in which the organisation stands. */
  spaces: readonly string[];
}

/** The policy says it, so that the offers, the contract and what is told over the Dataspace Protocol say the same. */
export const spaceOfPolicy = (policy: unknown): string | null => {
  const parsed = parsePolicy(policy);
  return (parsed.ok && parsed.policy.terms.memberOf) || null;
};

export const isShownTo = ({ space, participant }: Pick<Listing, 'space' | 'participant'>, viewer: Viewer): boolean =>
  space === null ||
  viewer.supervises ||
  (viewer.participant !== '' && viewer.participant === participant) ||
  viewer.spaces.includes(space);

/** Stands in the labels of what is not for everybody, beside the space's own. */
export const membersOnly = 'members:only';
export const spaceLabel = (space: string): string => `space:${space}`;
/** Labels of which one opens what is for members only; the supplier's own is among them. */
export const opening = ({ participant, spaces }: Viewer): string[] => [
  ...(participant === '' ? [] : [`supplier:${participant}`]),
  ...spaces.map(spaceLabel),
];

export const viewerOf = async (
  { spaces }: Pick<MarketDeps, 'spaces'>,
  read: Reader,
  { participant, roles, permissions }: Pick<Principal, 'participant' | 'roles' | 'permissions'>,
): Promise<Viewer> => ({
  participant,
  supervises: permissions.has('market.order.supervise') || permissions.has('market.listing.review'),
  // An organisation that the exchange has suspended is nobody's member.
  spaces: participant !== '' && roles.size > 0 ? (await spaces.standing(read, participant)).map(({ id }) => id) : [],
});

export const mayView = async (
  deps: Pick<MarketDeps, 'spaces'>,
  read: Reader,
  principal: Pick<Principal, 'participant' | 'roles' | 'permissions'>,
  listing: Pick<Listing, 'space' | 'participant'>,
): Promise<boolean> => listing.space === null || isShownTo(listing, await viewerOf(deps, read, principal));

/** As a page shows it. */
export const namedSpace = async (
  { spaces }: Pick<MarketDeps, 'spaces'>,
  read: Reader,
  space: string | null,
): Promise<{ id: string; name: Text } | null> =>
  space === null
    ? null
    : { id: space, name: (await spaces.names(read, [space])).get(space) ?? { zh: space, en: space } };
