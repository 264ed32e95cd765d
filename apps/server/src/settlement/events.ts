/** Facts this room tells. */
export interface SettlementEvents {
  'settlement.account.opened': { account: string };
  'settlement.deposit.seen': { reference: string; fen: string };
  /** The bank refuses or the buyer lacks money: the order waits for a deposit. */
  'settlement.hold.waiting': { order: string; hold: string; fen: string };
  /** Subject: the order (or dispute). `hold` is empty and `fen` 0 where nothing had to be held. */
  'settlement.hold.placed': { order: string; hold: string; fen: string };
  'settlement.hold.released': { order: string; fen: string };
  'settlement.statement.issued': { order: string; statement: string; fen: string; final: boolean };
  'settlement.statement.differing': { order: string; statement: string };
  'settlement.statement.agreed': { order: string; statement: string; fen: string };
  'settlement.statement.settled': { order: string; statement: string; fen: string };
  /** Subject: the order. Every statement is paid and no money of it is held any more. */
  'settlement.order.settled': { order: string; fen: string; statements: string[] };
  'settlement.payout.paid': { payout: string; fen: string };
  'settlement.refund.done': { refund: string; order: string; statement: string; fen: string };
  /** Subject: the statement. The parties settle it themselves, and the supplier owes the exchange its service fee. */
  'settlement.fee.owed': { order: string; statement: string; fen: string };
  'settlement.fee.paid': { order: string; statement: string; fen: string };
  /** Subject: the credit note. A month broke its service levels; the event's participant is the buyer. */
  'settlement.credit.proposed': { credit: string; order: string; period: string };
  'settlement.credit.answered': { credit: string; accepted: boolean };
  /** The operator did not agree to a refund of it. */
  'settlement.credit.refused': { credit: string; refund: string };
  'settlement.credit.settled': { credit: string; order: string; fen: string };
  'settlement.difference.found': { day: string; differences: number };
  'settlement.difference.resolved': { difference: string };
}
export type SettlementEvent = keyof SettlementEvents;
