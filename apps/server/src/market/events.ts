/** Facts that the market announces. */
export interface MarketEvents {
  'market.listing.listed': { listing: string; product: string; version: string };
  'market.listing.suspended': { listing: string; product: string; reason: string };
  'market.listing.resumed': { listing: string; product: string; version: string };
  'market.listing.delisted': { listing: string; product: string; reason: string };
  'market.report.accepted': { report: string; version: string };
  'market.order.placed': { order: string };
  'market.order.refused': { order: string };
  'market.order.contracted': { order: string; contract: string };
  'market.order.delivered': { order: string };
  'market.order.accepted': { order: string; contract: string };
  'market.order.objected': { order: string; note: string };
  'market.order.settled': { order: string };
  'market.order.closed': { order: string };
}
