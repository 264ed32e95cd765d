/** Nouns of data spaces, and what the room asks of its neighbours. */
import type { SuiteName } from '@shugu/evidence';
import type { Policy } from '@shugu/policy';
import type { Text } from '@shugu/wire';
import type {
  foreignRef,
  nestedCatalogue,
  nestedRef,
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
import type { Database, Reader, Sql } from '../kernel/db/db.ts';
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

/** SQL of the rooms whose entries may be referred to; columns as `Catalogue.foreignEntry` says. */
export interface Elsewhere {
  harvested: Catalogue['foreignEntry'];
  listed(node: Sql, subject: Sql): Sql;
}

/** What a foreign entry refers to. */
export type ForeignRef = z.output<typeof foreignRef>;
export interface ForeignFacts {
  title: string;
  summary: string;
  industry: string;
  words: string;
}
export interface ForeignStanding extends ForeignFacts {
  connector: ForeignConnector | null;
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
  /** Null of a foreign entry. */
  product: string | null;
  harvested: string | null;
  foreignNode: string | null;
  foreignSubject: string | null;
  title: string;
  summary: string;
  industry: string;
  /** Of a foreign one, which demands the policies of its offers met when its supplier was asked last; null: it never was. */
  demandsMet: PolicyDemand[] | null;
  /** Offered to members of the space alone. */
  membersOnly: boolean;
  createdAt: Date;
  endedAt: Date | null;
}

/** Of a foreign one, where it stands: who publishes it, in whose catalogue, its page there; null of a product. */
export interface SeenEntry extends Entry {
  by: string | null;
  origin: string | null;
  url: string | null;
  /** Whether the purchase across nodes leads to it. */
  traded: boolean | null;
}

/** Of a supplier elsewhere, below the address of its node: whom to ask, where, for which data set. */
export interface ForeignConnector {
  participant: string;
  address: string;
  dataset: string;
}
/** An offer of a supplier elsewhere; without terms where they are not understood here. */
export interface ForeignOffer {
  id: string;
  terms: Policy['terms'] | undefined;
}

export type NestedView = z.output<typeof nestedCatalogue>;
export type NestedRef = z.output<typeof nestedRef>;
export interface NestedCatalogue {
  id: string;
  space: string;
  /** One of the two. */
  childSpace: string | null;
  childNode: string | null;
  createdAt: Date;
  endedAt: Date | null;
}

/** A node of this hub that takes part. */
export interface NodeNamed {
  id: string;
  name: string;
  url: string;
  listings: number;
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
  elsewhere: Elsewhere;
  /** What the supplier offers of it to an organisation here, as its connector says now; undefined: nothing. That room stands after this one. */
  offersElsewhere(read: Reader, participant: string, asked: ForeignConnector): Promise<ForeignOffer[] | undefined>;
  /** Of these nodes, those that take part. */
  nodes(read: Reader, ids: readonly string[]): Promise<NodeNamed[]>;
  now(): Date;
}
