/** SQL of trade between nodes. Fen and quantities are whole numbers within the safe range; amounts of statements go as bigint. */
import { type Moment, type Reader, type Sql, sql, type Tx } from '../../kernel/db/db.ts';
import { decodeCursor, type PageQuery, pageOf, pageSize } from '../../kernel/pages.ts';
import type { Envelope } from '../envelope.ts';
import type { Difference, PurchaseState, StatementLine, Withdrawal } from '../model.ts';

export interface PurchaseRow {
  id: string;
  participant: string;
  peer: string;
  peer_key: string;
  peer_name: string;
  subject: string;
  title: string;
  supplier_name: string;
  supplier: string;
  address: string;
  dataset: string;
  offer: string;
  terms: unknown;
  plan: unknown;
  plan_title: string;
  tax_rate: string;
  quantity: number;
  estimate_fen: number;
  /** Asked for by mutual statements that both have signed. */
  owed_fen: number;
  /** The last of its statements is among them. */
  closed: boolean;
  state: PurchaseState;
  reason: string;
  negotiation: string;
  agreement: string | null;
  /** Type of transfer that the buyer chose when it bought. */
  format: string | null;
  attempts: number;
  next_at: Date;
  /** Since when the seller's node is believed no longer. */
  unbelieved_at: Date | null;
  created_at: Date;
  changed_at: Date;
}

const purchaseColumns = sql`id, participant, peer, peer_key, peer_name, subject, title, supplier_name, supplier, address, dataset, offer, terms,
  plan, plan_title, tax_rate, quantity, estimate_fen, owed_fen, closed, state, reason, negotiation, agreement, format, attempts, next_at, unbelieved_at,
  created_at, changed_at`;

export type PurchaseDraft = Omit<
  PurchaseRow,
  | 'owed_fen'
  | 'closed'
  | 'state'
  | 'reason'
  | 'agreement'
  | 'attempts'
  | 'next_at'
  | 'unbelieved_at'
  | 'created_at'
  | 'changed_at'
>;

export const insertPurchase = async (tx: Tx, one: PurchaseDraft): Promise<void> => {
  await tx.exec(sql`insert into node_purchases (id, node, market, participant, peer, peer_key, peer_name, subject, title, supplier_name, supplier,
      address, dataset, offer, terms, plan, plan_title, tax_rate, quantity, estimate_fen, state, negotiation, format, next_at, created_at, changed_at)
    values (${one.id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.participant}, ${one.peer}, ${one.peer_key}, ${one.peer_name}, ${one.subject},
      ${one.title}, ${one.supplier_name}, ${one.supplier}, ${one.address}, ${one.dataset}, ${one.offer}, ${JSON.stringify(one.terms)},
      ${JSON.stringify(one.plan)}, ${one.plan_title}, ${one.tax_rate}, ${one.quantity}, ${one.estimate_fen}, 'holding', ${one.negotiation},
      ${one.format}, ${tx.now}, ${tx.now}, ${tx.now})`);
};

export const findPurchase = (read: Reader, id: string): Promise<PurchaseRow | undefined> =>
  read.first<PurchaseRow>(sql`select ${purchaseColumns} from node_purchases where id = ${id}`);

export const lockPurchase = (tx: Tx, id: string): Promise<PurchaseRow | undefined> =>
  tx.first<PurchaseRow>(sql`select ${purchaseColumns} from node_purchases where id = ${id} for update`);

export const purchaseOfNegotiation = (tx: Tx, negotiation: string): Promise<PurchaseRow | undefined> =>
  tx.first<PurchaseRow>(
    sql`select ${purchaseColumns} from node_purchases where negotiation = ${negotiation} for update`,
  );

/** Of negotiations, those that belong to a purchase at another node: it knows its own before it begins. */
export const negotiatedOf = async (read: Reader, negotiations: readonly string[]): Promise<ReadonlySet<string>> => {
  const rows = await read.rows<{ negotiation: string }>(
    sql`select negotiation from node_purchases where negotiation = any(${[...negotiations]})`,
  );
  return new Set(rows.map(({ negotiation }) => negotiation));
};

export const movePurchase = async (
  tx: Tx,
  one: PurchaseRow,
  to: Partial<Pick<PurchaseRow, 'state' | 'reason' | 'agreement'>>,
): Promise<void> => {
  Object.assign(one, to);
  await tx.exec(sql`update node_purchases set state = ${one.state}, reason = ${one.reason.slice(0, 1000)}, agreement = ${one.agreement},
    next_at = ${tx.now}, attempts = 0, changed_at = ${tx.now} where id = ${one.id}`);
};

export const owePurchase = async (tx: Tx, id: string, fen: number, closed: boolean): Promise<void> => {
  await tx.exec(
    sql`update node_purchases set owed_fen = owed_fen + ${fen}, closed = closed or ${closed}, changed_at = ${tx.now} where id = ${id}`,
  );
};

/** Whose guarantee waits to be told, or asked back. */
const purchaseSays = (at: Moment): Sql => sql`state in ('guaranteeing', 'withdrawing') and next_at <= ${at}`;

export const duePurchases = (read: Reader, now: Date): Promise<PurchaseRow[]> =>
  read.rows<PurchaseRow>(
    sql`select ${purchaseColumns} from node_purchases where ${purchaseSays(now)} order by next_at limit 50`,
  );

export const delayPurchase = async (tx: Tx, id: string, next: Date, reason: string): Promise<void> => {
  await tx.exec(
    sql`update node_purchases set attempts = attempts + 1, next_at = ${next}, reason = ${reason.slice(0, 1000)} where id = ${id}`,
  );
};

/** What a participant is negotiating. */
export const negotiatingPurchases = (read: Reader, participant: string): Promise<PurchaseRow[]> =>
  read.rows<PurchaseRow>(sql`select ${purchaseColumns} from node_purchases where state = 'negotiating'
    and participant = ${participant} order by id limit 200`);

/** Without money, or without an end of the negotiation, for so long. */
export const latePurchases = (read: Reader, before: Date): Promise<Pick<PurchaseRow, 'id'>[]> =>
  read.rows(sql`select id from node_purchases where state in ('holding', 'negotiating') and changed_at < ${before}
    order by id limit 200`);

const openPurchase = sql`state in ('guaranteeing', 'negotiating', 'withdrawing', 'bought')`;

/** Bound to another node, whose word about it would count. */
export const openPurchases = (read: Reader): Promise<PurchaseRow[]> =>
  read.rows<PurchaseRow>(sql`select ${purchaseColumns} from node_purchases where ${openPurchase} order by id`);

export const noteUnbelieved = (tx: Tx, id: string, since: Date | null): Promise<number> =>
  tx.exec(sql`update node_purchases set unbelieved_at = ${since} where id = ${id}`);

export const purchasePage = async (read: Reader, participant: string, query: PageQuery) => {
  const after = decodeCursor(query.after, 2);
  const rows =
    await read.rows<PurchaseRow>(sql`select ${purchaseColumns} from node_purchases where participant = ${participant}
    ${after ? sql`and (created_at, id) < (${after[0]}::timestamptz, ${after[1]})` : sql``}
    order by created_at desc, id desc limit ${pageSize(query) + 1}`);
  return pageOf(
    rows,
    query,
    (row) => [row.created_at.toISOString(), row.id],
    (row) => row,
  );
};

export interface GuaranteeRow {
  id: string;
  peer_key: string;
  peer_name: string;
  peer_did: string;
  purchase: string;
  negotiation: string;
  buyer: string;
  supplier: string;
  dataset: string;
  offer: string;
  quantity: number;
  fen: number;
  digest: string;
  order_id: string | null;
  /** Its node asked it back: what became of that; null: it did not. */
  withdrawn: Withdrawal | null;
  /** In force when it was asked back. */
  agreement: string | null;
}
const guaranteeColumns = sql`id, peer_key, peer_name, peer_did, purchase, negotiation, buyer, supplier, dataset, offer, quantity, fen, digest, order_id,
  withdrawn, agreement`;

export const insertGuarantee = async (
  tx: Tx,
  one: Omit<GuaranteeRow, 'order_id' | 'withdrawn' | 'agreement'> & { participant: string; envelope: Envelope },
): Promise<boolean> =>
  (await tx.exec(sql`insert into node_guarantees (id, node, market, participant, peer_key, peer_name, peer_did, purchase, negotiation, buyer, supplier,
      dataset, offer, quantity, fen, envelope, digest, at)
    values (${one.id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.participant}, ${one.peer_key}, ${one.peer_name}, ${one.peer_did}, ${one.purchase},
      ${one.negotiation}, ${one.buyer}, ${one.supplier}, ${one.dataset}, ${one.offer}, ${one.quantity}, ${one.fen}, ${JSON.stringify(one.envelope)},
      ${one.digest}, ${tx.now}) on conflict do nothing`)) === 1;

export const guaranteeOf = (read: Reader, peerKey: string, purchase: string): Promise<GuaranteeRow | undefined> =>
  read.first<GuaranteeRow>(
    sql`select ${guaranteeColumns} from node_guarantees where peer_key = ${peerKey} and purchase = ${purchase}`,
  );

export const guaranteeOfNegotiation = (
  tx: Tx,
  { buyer, negotiation }: { buyer: string; negotiation: string },
): Promise<GuaranteeRow | undefined> =>
  tx.first<GuaranteeRow>(
    sql`select ${guaranteeColumns} from node_guarantees where buyer = ${buyer} and negotiation = ${negotiation} for update`,
  );

export const guaranteeOfOrder = (read: Reader, order: string): Promise<GuaranteeRow | undefined> =>
  read.first<GuaranteeRow>(sql`select ${guaranteeColumns} from node_guarantees where order_id = ${order}`);

export const bindGuarantee = async (tx: Tx, id: string, order: string): Promise<void> => {
  await tx.exec(sql`update node_guarantees set order_id = ${order} where id = ${id}`);
};

/** Of one node, by its purchases. */
export const guaranteesOf = (read: Reader, peerKey: string, purchases: readonly string[]): Promise<GuaranteeRow[]> =>
  read.rows<GuaranteeRow>(sql`select ${guaranteeColumns} from node_guarantees where peer_key = ${peerKey} and order_id is not null
    and purchase = any(${[...purchases]}) order by id`);

const boundGuarantee = sql`unbacked_at is null and withdrawn is distinct from 'void'`;

/** Told by nodes other than these, of which it was not yet noted that they are believed no longer. */
export const guaranteesOfOthers = (read: Reader, keys: readonly string[]): Promise<Pick<GuaranteeRow, 'id'>[]> =>
  read.rows(
    sql`select id from node_guarantees where ${boundGuarantee} and peer_key <> all(${[...keys]}) order by id limit 200`,
  );

/** Whether anything waits for another node, or for money to be guaranteed to one. */
export const anyBound = (): Sql => sql`(exists (select from node_purchases where state = 'holding' or ${openPurchase})
  or exists (select from node_guarantees where ${boundGuarantee}))`;

export const noteUnbacked = (tx: Tx, id: string): Promise<number> =>
  tx.exec(sql`update node_guarantees set unbacked_at = ${tx.now} where id = ${id}`);

export const lockGuarantee = (tx: Tx, id: string): Promise<GuaranteeRow | undefined> =>
  tx.first<GuaranteeRow>(sql`select ${guaranteeColumns} from node_guarantees where id = ${id} for update`);

export const withdrawGuarantee = (
  tx: Tx,
  id: string,
  withdrawn: Withdrawal,
  agreement: string | null = null,
): Promise<number> =>
  tx.exec(sql`update node_guarantees set withdrawn = ${withdrawn}, agreement = ${agreement} where id = ${id}`);

/** With an order here, and not yet stated for the last time; not those of which nothing came. */
export const guaranteesUsed = (read: Reader): Promise<GuaranteeRow[]> =>
  read.rows<GuaranteeRow>(
    sql`select ${guaranteeColumns} from node_guarantees g where order_id is not null
      and withdrawn is distinct from 'void' and not exists (select 1 from node_statement_lines l
        join node_statements s on s.id = l.mutual where s.side = 'creditor' and s.state = 'agreed' and s.peer_key = g.peer_key
          and l.purchase = g.purchase and l.final) order by peer_key, at, id`,
  );

export interface MutualRow {
  id: string;
  side: 'creditor' | 'debtor';
  peer_key: string;
  peer_name: string;
  number: string;
  until: Date;
  total_fen: number;
  account: string;
  state: 'sending' | 'agreed' | 'differing' | 'corrected';
  /** Number of the one that it stands in place of, and of the one that stands in its place. */
  corrects: string | null;
  corrected_by: string | null;
  reason: string;
  statement: Envelope;
  digest: string;
  answer: Envelope | null;
  attempts: number;
  failure: string;
  created_at: Date;
  answered_at: Date | null;
}
const mutualColumns = sql`id, side, peer_key, peer_name, number, until, total_fen, account, state, statement, digest, answer, attempts, failure,
  created_at, answered_at, corrects, corrected_by, reason`;

export const insertMutual = async (
  tx: Tx,
  one: Omit<MutualRow, 'attempts' | 'failure' | 'created_at' | 'answered_at' | 'corrected_by'> & {
    participant: string;
  },
  lines: readonly StatementLine[],
): Promise<void> => {
  await tx.exec(sql`insert into node_statements (id, node, market, participant, side, peer_key, peer_name, number, until, total_fen, account, state,
      statement, digest, answer, next_at, created_at, answered_at, corrects, reason)
    values (${one.id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.participant}, ${one.side}, ${one.peer_key}, ${one.peer_name}, ${one.number},
      ${one.until}, ${one.total_fen}, ${one.account}, ${one.state}, ${JSON.stringify(one.statement)}, ${one.digest},
      ${one.answer === null ? null : JSON.stringify(one.answer)}, ${tx.now}, ${tx.now}, ${one.answer === null ? null : tx.now}, ${one.corrects}, ${one.reason})`);
  for (const [place, line] of lines.entries())
    await tx.exec(sql`insert into node_statement_lines (mutual, place, node, market, participant, purchase, statement, from_at, until_at, quantity, fen, final)
      values (${one.id}, ${place}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.participant}, ${line.purchase}, ${line.statement}, ${line.from},
        ${line.until}, ${line.quantity}, ${line.fen}, ${line.final})`);
};

/**
 * A statement of the seller's stands in one that both have signed, or in one that waits for its answer; with the creditor also in one that
 * waits for people, or it was left out for good.
 */
export const statedBefore = async (
  read: Reader,
  side: MutualRow['side'],
  peerKey: string,
  numbers: readonly string[],
): Promise<Set<string>> =>
  new Set(
    (
      await read.rows<{
        statement: string;
      }>(sql`select l.statement from node_statement_lines l join node_statements s on s.id = l.mutual
        where s.side = ${side} and s.peer_key = ${peerKey} and (s.state in ('agreed', 'sending')
          or s.side = 'creditor' and (s.state = 'differing' or l.left_out)) and l.statement = any(${[...numbers]})`)
    ).map(({ statement }) => statement),
  );

export const noteDifferences = async (tx: Tx, mutual: string, differences: readonly Difference[]): Promise<void> => {
  for (const one of differences)
    await tx.exec(sql`update node_statement_lines set difference = ${JSON.stringify(one)} where mutual = ${mutual}
      and purchase = ${one.purchase} and statement = ${one.statement}`);
};

export const findMutual = (
  read: Reader,
  side: MutualRow['side'],
  peerKey: string,
  number: string,
): Promise<MutualRow | undefined> =>
  read.first<MutualRow>(
    sql`select ${mutualColumns} from node_statements where side = ${side} and peer_key = ${peerKey} and number = ${number}`,
  );

export const mutualById = (read: Reader, id: string): Promise<MutualRow | undefined> =>
  read.first<MutualRow>(sql`select ${mutualColumns} from node_statements where id = ${id}`);

export const lockMutual = (tx: Tx, id: string): Promise<MutualRow | undefined> =>
  tx.first<MutualRow>(sql`select ${mutualColumns} from node_statements where id = ${id} for update`);

const mutualSays = (at: Moment): Sql => sql`state = 'sending' and next_at <= ${at}`;

/** Whether another node is to be told something. */
export const sayingDue = (at: Moment): Sql => sql`(exists (select from node_purchases where ${purchaseSays(at)})
  or exists (select from node_statements where ${mutualSays(at)}))`;

export const dueMutuals = (read: Reader, now: Date): Promise<MutualRow[]> =>
  read.rows<MutualRow>(
    sql`select ${mutualColumns} from node_statements where ${mutualSays(now)} order by next_at limit 20`,
  );

export const answerMutual = async (tx: Tx, id: string, state: 'agreed' | 'differing', answer: Envelope) => {
  await tx.exec(sql`update node_statements set state = ${state}, answer = ${JSON.stringify(answer)}, answered_at = ${tx.now}, failure = ''
    where id = ${id}`);
};

/** Another stands in its place, which asks nothing for those lines. */
export const correctMutual = async (
  tx: Tx,
  one: Pick<MutualRow, 'id'>,
  by: { number: string; leftOut: readonly string[] },
): Promise<void> => {
  await tx.exec(sql`update node_statements set state = 'corrected', corrected_by = ${by.number} where id = ${one.id}`);
  await tx.exec(
    sql`update node_statement_lines set left_out = true where mutual = ${one.id} and statement = any(${[...by.leftOut]})`,
  );
};

/** False: it was drawn up before. */
export const insertRound = async (tx: Tx, month: string, participant: string): Promise<boolean> =>
  (await tx.exec(sql`insert into node_statement_rounds (month, node, market, participant, at)
    values (${month}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${participant}, ${tx.now}) on conflict do nothing`)) ===
  1;

export const roundDue = (month: string): Sql =>
  sql`not exists (select from node_statement_rounds where month = ${month})`;
export const isRoundDone = async (read: Reader, month: string): Promise<boolean> =>
  (await read.first(sql`select 1 from node_statement_rounds where month = ${month}`)) !== undefined;

export const delayMutual = async (tx: Tx, id: string, next: Date, failure: string): Promise<void> => {
  await tx.exec(
    sql`update node_statements set attempts = attempts + 1, next_at = ${next}, failure = ${failure.slice(0, 500)} where id = ${id}`,
  );
};

export interface LineRow {
  mutual: string;
  purchase: string;
  statement: string;
  from_at: Date;
  until_at: Date;
  quantity: string;
  fen: number;
  final: boolean;
  difference: Difference | null;
  left_out: boolean;
}
export const linesOf = (read: Reader, mutuals: readonly string[]): Promise<LineRow[]> =>
  read.rows<LineRow>(sql`select mutual, purchase, statement, from_at, until_at, quantity, fen, final, difference, left_out from node_statement_lines
    where mutual = any(${[...mutuals]}) order by mutual, place`);

export const mutualPage = async (read: Reader, query: PageQuery) => {
  const after = decodeCursor(query.after, 2);
  const rows = await read.rows<MutualRow>(sql`select ${mutualColumns} from node_statements
    ${after ? sql`where (created_at, id) < (${after[0]}::timestamptz, ${after[1]})` : sql``}
    order by created_at desc, id desc limit ${pageSize(query) + 1}`);
  return pageOf(
    rows,
    query,
    (row) => [row.created_at.toISOString(), row.id],
    (row) => row,
  );
};
