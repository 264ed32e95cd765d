/** Nouns of data spaces, and what the room asks of its neighbours. */
import type { SuiteName } from '@shugu/evidence';
import type { Text } from '@shugu/wire';
import type {
  policyDemands,
  spaceDraft,
  spaceKinds,
  spaceMemberStates,
  spaceRoles,
  spaceRulesDraft,
  spaceStates,
  spaceTerms,
} from '@shugu/wire/spaces';
import type { z } from 'zod';
import type { Agreements } from '../agreements/index.ts';
import type { Catalogue } from '../catalogue/index.ts';
import type { Cases } from '../kernel/case/index.ts';
import type { Database } from '../kernel/db/db.ts';
import type { Keys } from '../kernel/keys.ts';
import type { PublicLog } from '../kernel/publiclog/publiclog.ts';
import type { Market } from '../market/index.ts';
import type { Members } from '../members/index.ts';

export type SpaceKind = (typeof spaceKinds)[number];
export type SpaceState = (typeof spaceStates)[number];
export type SpaceRole = (typeof spaceRoles)[number];
export type MemberState = (typeof spaceMemberStates)[number];
export type PolicyDemand = (typeof policyDemands)[number];
export type Terms = z.output<typeof spaceTerms>;
export type RulesDraft = z.output<typeof spaceRulesDraft>;
export type SpaceDraft = z.output<typeof spaceDraft>;
export type Conditions = SpaceDraft['conditions'];

export interface Space {
  id: string;
  participant: string;
  kind: SpaceKind;
  name: Text;
  purpose: Text;
  conditions: Conditions;
  state: SpaceState;
  reason: string;
  case: string | null;
  createdAt: Date;
  endedAt: Date | null;
  /** Of the rules in force. */
  terms: Terms;
  /** Who signed and has not left. */
  members: number;
}

export interface Rules {
  id: string;
  space: string;
  number: number;
  text: Text;
  terms: Terms;
  document: string;
  digest: string;
  signBy: Date | null;
  publishedAt: Date;
}

export interface Member {
  id: string;
  space: string;
  participant: string;
  roles: SpaceRole[];
  state: MemberState;
  note: string;
  reason: string;
  signed: number | null;
  signedAt: Date | null;
  keyId: string | null;
  since: Date | null;
  /** By when the first version after the one that it signed is to be signed; null where it signed the latest. */
  signBy: Date | null;
  createdAt: Date;
  endedAt: Date | null;
}

export interface EndedMembership {
  space: string;
  participant: string;
  endedAt: Date;
  contracts: Terms['contracts'];
}

export interface Entry {
  id: string;
  space: string;
  participant: string;
  product: string;
  title: string;
  summary: string;
  industry: string;
  /** Offered to members of the space alone. */
  membersOnly: boolean;
  createdAt: Date;
  endedAt: Date | null;
}

export interface SpacesDeps {
  database: Database;
  cases: Pick<Cases, 'register' | 'file' | 'move' | 'serve' | 'ruleBook'>;
  keys: Pick<Keys, 'signer'>;
  publicLog: Pick<PublicLog, 'publish' | 'inclusion'>;
  suite: SuiteName;
  members: Pick<Members, 'operatorOf' | 'organisation' | 'displayNames'>;
  catalogue: Pick<Catalogue, 'product'>;
  market: Pick<Market, 'offered'>;
  agreements: Pick<Agreements, 'openOffers' | 'signText'>;
  now(): Date;
}
