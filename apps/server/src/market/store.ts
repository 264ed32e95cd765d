/** The only SQL that writes the market's tables. */
import { sql, type Tx } from '../kernel/db/db.ts';
import type { Listing, ListingState, Order, Report, Scenario } from './model.ts';

export const insertReport = async (tx: Tx, report: Omit<Report, 'created_at'>): Promise<void> => {
  await tx.exec(sql`insert into reports (id, node, market, participant, body, case_id, product, version, conclusion, scope, limits, valid_until, digest, paper, number, created_at)
    values (${report.id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${report.participant}, ${report.body}, ${report.case_id}, ${report.product}, ${report.version},
      ${report.conclusion}, ${report.scope}, ${report.limits}, ${report.valid_until}, ${report.digest}, ${report.paper}, ${report.number}, ${tx.now})`);
};

export const insertListing = async (
  tx: Tx,
  one: Omit<Listing, 'created_at' | 'number' | 'case_id' | 'paper' | 'reason' | 'listed_at'>,
): Promise<void> => {
  await tx.exec(sql`insert into listings (id, node, market, participant, product, version, state, space, plans, policy, explanation, delivery_modes, acceptance_days, trial, split,
      basis, purposes, contract_kind, security_statement, source_statement, stands_until, created_at, updated_at)
    values (${one.id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.participant}, ${one.product}, ${one.version}, ${one.state}, ${one.space}, ${JSON.stringify(one.plans)},
      ${JSON.stringify(one.policy)}, ${JSON.stringify(one.explanation)}, ${one.delivery_modes}, ${one.acceptance_days}, ${one.trial ? JSON.stringify(one.trial) : null}, ${JSON.stringify(one.split)},
      ${JSON.stringify(one.basis)}, ${one.purposes}, ${one.contract_kind}, ${one.security_statement}, ${one.source_statement}, ${one.stands_until}, ${tx.now}, ${tx.now})`);
};

export const setListingCase = async (tx: Tx, id: string, caseId: string): Promise<void> => {
  await tx.exec(sql`update listings set case_id = ${caseId}, updated_at = ${tx.now} where id = ${id}`);
};

export const setListed = async (
  tx: Tx,
  id: string,
  paper: string,
  number: string,
  until: Date | null,
): Promise<void> => {
  await tx.exec(sql`update listings set state = 'listed', paper = ${paper}, number = ${number}, stands_until = ${until}, listed_at = ${tx.now}, reason = null,
    updated_at = ${tx.now} where id = ${id}`);
};

/** False when the listing was not in one of `from`. */
/** What a listing stands on, and until when. */
export const setGround = async (tx: Tx, id: string, basis: Listing['basis'], until: Date | null): Promise<void> => {
  await tx.exec(
    sql`update listings set basis = ${JSON.stringify(basis)}, stands_until = ${until}, updated_at = ${tx.now} where id = ${id}`,
  );
};

export const setListingState = async (
  tx: Tx,
  id: string,
  from: readonly ListingState[],
  to: ListingState,
  reason: string | null,
): Promise<boolean> =>
  (await tx.exec(
    sql`update listings set state = ${to}, reason = ${reason}, updated_at = ${tx.now} where id = ${id} and state = any(${[...from]})`,
  )) > 0;

export const insertScenario = async (tx: Tx, scenario: Omit<Scenario, 'created_at'>): Promise<void> => {
  await tx.exec(sql`insert into scenarios (id, node, market, participant, statement, created_at)
    values (${scenario.id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${scenario.participant}, ${JSON.stringify(scenario.statement)}, ${tx.now})`);
};

type NewOrder = Pick<
  Order,
  | 'id'
  | 'participant'
  | 'supplier'
  | 'number'
  | 'listing'
  | 'product'
  | 'version'
  | 'offer'
  | 'scenario'
  | 'plan'
  | 'plan_title'
  | 'tax_rate'
  | 'quantity'
  | 'estimate_fen'
  | 'settlement_way'
  | 'months'
  | 'split'
  | 'verification'
  | 'review'
  | 'acceptance_days'
>;

export const insertOrder = async (tx: Tx, one: NewOrder): Promise<void> => {
  await tx.exec(sql`insert into orders (id, node, market, participant, supplier, number, state, listing, product, version, offer, scenario, plan, plan_title, tax_rate,
      quantity, estimate_fen, settlement_way, months, split, verification, review, acceptance_days, created_at, updated_at)
    values (${one.id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.participant}, ${one.supplier}, ${one.number}, 'reviewing', ${one.listing}, ${one.product},
      ${one.version}, ${one.offer}, ${one.scenario}, ${JSON.stringify(one.plan)}, ${one.plan_title}, ${one.tax_rate}, ${one.quantity}, ${one.estimate_fen},
      ${one.settlement_way}, ${one.months}, ${JSON.stringify(one.split)}, ${JSON.stringify(one.verification)}, ${JSON.stringify(one.review)}, ${one.acceptance_days}, ${tx.now}, ${tx.now})`);
};

/** Writes an order's moving parts as a whole; the caller holds its row lock. */
export const saveOrder = async (tx: Tx, one: Order): Promise<void> => {
  await tx.exec(sql`update orders set state = ${one.state}, contract = ${one.contract}, until = ${one.until}, review = ${JSON.stringify(one.review)},
      delivery = ${one.delivery ? JSON.stringify(one.delivery) : null}, acceptance = ${one.acceptance ? JSON.stringify(one.acceptance) : null},
      accept_by = ${one.accept_by}, rework_by = ${one.rework_by}, reminded_at = ${one.reminded_at}, ended_at = ${one.ended_at},
      ended_how = ${one.ended_how}, decision = ${one.decision ? JSON.stringify(one.decision) : null}, quantity = ${one.quantity}, estimate_fen = ${one.estimate_fen}, papers = ${JSON.stringify(one.papers)}, signed_at = ${one.signed_at}, settled_fen = ${one.settled_fen},
      settled_at = ${one.settled_at}, updated_at = ${tx.now} where id = ${one.id}`);
};
