/** Who may do what in a space, decided of what is known. */
import type { Policy } from '@shugu/policy';
import type { Text } from '@shugu/wire';
import { policyDemands } from '@shugu/wire/spaces';
import type { FieldFault } from '../kernel/problem.ts';
import type { Member, MemberState, PolicyDemand, Space, Terms } from './model.ts';

export type MemberMove = 'admit' | 'refuse' | 'sign' | 'leave' | 'expel' | 'rest' | 'end';

/** Of a membership: from a state by a move to another; what is not named is not open. */
export const memberMoves: Record<MemberMove, Partial<Record<MemberState, MemberState>>> = {
  admit: { applied: 'invited' },
  refuse: { applied: 'refused' },
  sign: { invited: 'active', active: 'active', resting: 'active' },
  leave: { applied: 'withdrawn', invited: 'declined', active: 'left', resting: 'left' },
  expel: { invited: 'expelled', active: 'expelled', resting: 'expelled' },
  rest: { active: 'resting' },
  /** The space itself has ended. */
  end: { applied: 'left', invited: 'left', active: 'left', resting: 'left' },
};

export const openStates: readonly MemberState[] = ['applied', 'invited', 'active', 'resting'];

/** A newer version of the rules may still wait for its signature; once its time has passed the member rests, noted or not. */
export const isStanding = (member: Pick<Member, 'state' | 'signBy'> | undefined, now: Date): boolean =>
  member?.state === 'active' && (member.signBy === null || now < member.signBy);

export const isOperator = (member: Pick<Member, 'roles'> | undefined): boolean =>
  member?.roles.includes('operator') ?? false;

/** Whose products may stand in the catalogue: the operator's of the space too. */
export const provides = ({ roles }: Pick<Member, 'roles'>): boolean =>
  roles.includes('provider') || roles.includes('operator');

/** A space that was not admitted yet, or never was, is its founder's business. */
export const isPublic = ({ state }: Pick<Space, 'state'>): boolean => ['active', 'closed', 'revoked'].includes(state);

export const mayJoin = (terms: Terms, roles: readonly string[]): boolean =>
  terms.joinRoles.length === 0 ? roles.length > 0 : terms.joinRoles.some((role) => roles.includes(role));

export const seesCatalogue = (space: Pick<Space, 'state' | 'terms'>, standing: boolean, supervises: boolean): boolean =>
  space.state === 'active' && (supervises || standing || space.terms.catalogue === 'everyone');

const demandWords: Record<PolicyDemand, Text> = {
  purposes: { zh: '策略须列明用途', en: 'the policy names purposes' },
  noOnward: { zh: '策略须禁止转让、再分发', en: 'the policy prohibits distribution' },
  authorisation: { zh: '策略须要求每次使用附授权凭证', en: 'the policy asks for an authorisation with each use' },
  regions: { zh: '策略须限定使用地域', en: 'the policy names regions' },
};

const met: Record<PolicyDemand, (terms: Policy['terms']) => boolean> = {
  purposes: ({ purposes }) => (purposes?.length ?? 0) > 0,
  noOnward: ({ prohibited }) => prohibited.includes('distribute'),
  authorisation: ({ authorisationRequired }) => authorisationRequired,
  regions: ({ regions }) => (regions?.length ?? 0) > 0,
};

export const demandsOf = (terms: Pick<Terms, 'policy'>, ofKind: readonly PolicyDemand[]): PolicyDemand[] => [
  ...new Set([...ofKind, ...terms.policy]),
];

/** What the policies of a product's offers lack; every offer has to say it, as each can be bought by itself. */
export const policyFaults = (
  demands: readonly PolicyDemand[],
  offers: readonly { id: string; terms: Policy['terms'] | undefined }[],
): FieldFault[] =>
  offers.flatMap(({ id, terms }) =>
    demands
      .filter((demand) => !terms || !met[demand](terms))
      .map((demand) => ({ field: `policy.${demand}`, code: demand, message: inOffer(demandWords[demand], id) })),
  );

/** Of all demands those that every offer meets; without an offer none. */
export const demandsMet = (offers: Parameters<typeof policyFaults>[1]): PolicyDemand[] =>
  offers.length === 0 ? [] : policyDemands.filter((demand) => policyFaults([demand], offers).length === 0);

const inOffer = (words: Text, offer: string): Text => ({
  zh: `${words.zh}（${offer}）`,
  en: `${words.en} (${offer})`,
});

/** What a search looks through. */
export const wordsOf = (...parts: string[]): string => parts.join(' ').toLowerCase();
