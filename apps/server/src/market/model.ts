/** Nouns of the market, and what it asks of its neighbours. */
import type { Json } from '@shugu/evidence';
import type { listingStates, orderStates, pricePlan, settlementWays } from '@shugu/wire/market';
import type { z } from 'zod';
import type { Agreements, ContractKind, SpaceMembership } from '../agreements/index.ts';
import type { Catalogue, DeliveryMode } from '../catalogue/index.ts';
import type { Cases } from '../kernel/case/index.ts';
import type { Reader } from '../kernel/db/db.ts';
import type { Issue } from '../kernel/issue/index.ts';
import type { Members } from '../members/index.ts';

export type PricePlan = z.output<typeof pricePlan>;
export type SettlementWay = (typeof settlementWays)[number];
export type ListingState = (typeof listingStates)[number];
export type OrderState = (typeof orderStates)[number];

export interface Report {
  id: string;
  participant: string;
  body: string;
  case_id: string;
  product: string;
  version: string;
  conclusion: 'compliant' | 'conditional' | 'notCompliant';
  scope: string;
  limits: string;
  valid_until: Date;
  digest: string;
  paper: string;
  number: string;
  created_at: Date;
}

export interface ListingPlan {
  offer: string;
  title: string;
  plan: PricePlan;
  settlementWays: SettlementWay[];
  taxRate: string;
}

/** Share of the income after the exchange's fee. */
export interface SplitLeg {
  party: string;
  share: string;
}

export interface Listing {
  id: string;
  participant: string;
  number: string | null;
  product: string;
  version: string;
  state: ListingState;
  /** Only for members of this data space; null: for everybody. */
  space: string | null;
  case_id: string | null;
  paper: string | null;
  plans: ListingPlan[];
  policy: Record<string, Json>;
  explanation: { zh: string[]; en: string[] };
  delivery_modes: DeliveryMode[];
  acceptance_days: number;
  trial: { calls: number; days: number } | null;
  /** Empty: everything to the supplier. */
  split: SplitLeg[];
  basis: { kind: 'certificate' | 'opinion'; certificates: string[]; reports: string[] };
  purposes: string[];
  /** Of the template for its orders; null, of early listings: provision. */
  contract_kind: ContractKind | null;
  security_statement: string;
  source_statement: string;
  stands_until: Date | null;
  reason: string | null;
  listed_at: Date | null;
  created_at: Date;
}

/** 使用场景申报: what the buyer says it will do with the data. */
export interface ScenarioStatement {
  title: string;
  purposes: string[];
  endUser: string;
  personalData: boolean;
  onwardUse: string;
  licence: string;
  region: string;
  from: string;
  until: string;
  authorisation: string;
}

export interface Scenario {
  id: string;
  participant: string;
  statement: ScenarioStatement;
  created_at: Date;
}

/** Something handed over: a file with its digest, or a way to get at the data. */
export interface DeliveredItem {
  kind: DeliveryMode;
  text: string;
  /** sha256:… of a file. */
  digest?: string;
}

/** One rule's word on a trade: passes, needs a person, or is refused. */
export interface Finding {
  rule: string;
  outcome: 'pass' | 'person' | 'refuse';
  zh: string;
  en: string;
}

export type EndedHow = 'agreed' | 'forced' | 'expired' | 'completed' | 'basis';

/** Two people of the operator say what becomes of the money; `approvedBy` is null until the second has. */
export interface Decision {
  verdict: 'bill' | 'release';
  reason: string;
  proposedBy: string;
  proposedAt: string;
  approvedBy: string | null;
  approvedAt: string | null;
}

export type Next = { zh: string; en: string; who: 'buyer' | 'supplier' | 'operator' | 'system' | 'nobody' };

export interface Order {
  id: string;
  participant: string;
  supplier: string;
  number: string;
  state: OrderState;
  listing: string;
  product: string;
  version: string;
  offer: string;
  scenario: string;
  plan: PricePlan;
  plan_title: string;
  tax_rate: string;
  quantity: number;
  estimate_fen: number;
  settlement_way: SettlementWay;
  months: number;
  /** Frozen from the listing when the order was placed. */
  split: SplitLeg[];
  until: Date | null;
  contract: string | null;
  /** Identity of both sides and the source, as verified before the trade opened (DSL art. 33). */
  verification: Json;
  review: { case: string; findings: Finding[] };
  delivery: { at: string; note: string; items: DeliveredItem[] } | null;
  acceptance: { at: string; kind: 'accepted' | 'objected' | 'automatic'; note: string; dueAt: string | null } | null;
  accept_by: Date | null;
  acceptance_days: number;
  /** Until when the supplier is to deliver again. */
  rework_by: Date | null;
  /** Both sides were told that the time to answer has passed. */
  reminded_at: Date | null;
  /** The contract's end. */
  ended_at: Date | null;
  ended_how: EndedHow | null;
  decision: Decision | null;
  papers: { id: string; kind: string; number: string }[];
  signed_at: Date | null;
  settled_fen: number | null;
  settled_at: Date | null;
  created_at: Date;
  updated_at: Date;
}

/** What this node lists, by its kind and settings. */
export interface ListingScope {
  /** Nothing that is charged for. */
  free: boolean;
  /** Codes of GB/T 4754, of which one begins a product's; empty: all. */
  industries: readonly string[];
  /** Credit code of the one supplier; null: anybody's; empty: nobody's yet. */
  supplier: string | null;
}

export interface MarketDeps {
  members: Members;
  catalogue: Catalogue;
  agreements: Agreements;
  cases: Cases;
  issue: Issue;
  /** Further down: who is a member of which data space. */
  spaces: SpaceMembership;
  lists: ListingScope;
  /** Organisations with an active right to operate a resource. */
  operators(read: Reader, resource: string): Promise<string[]>;
  /** What the buyer has access to under a contract, for the note that says what was delivered. */
  delivered(read: Reader, contract: string): Promise<DeliveredItem[]>;
  now(): Date;
}
