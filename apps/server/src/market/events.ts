/** Facts that the market announces. */
export interface MarketEvents {
  'market.listing.listed': { listing: string; product: string; version: string };
  /** `ground`: what the listing stands on is gone, so its trials end too. */
  'market.listing.suspended': { listing: string; product: string; reason: string; ground: boolean };
  'market.listing.resumed': { listing: string; product: string; version: string };
  'market.listing.delisted': { listing: string; product: string; reason: string };
  'market.report.accepted': { report: string; version: string };
  'market.order.placed': { order: string };
  'market.order.refused': { order: string };
  'market.order.contracted': { order: string; contract: string };
  /** Access is open: the order is being delivered. */
  'market.order.opened': { order: string; contract: string };
  'market.order.delivered': { order: string };
  'market.order.accepted': { order: string; contract: string };
  'market.order.objected': { order: string; note: string };
  'market.order.settled': { order: string };
  'market.order.closed': { order: string };
  'market.order.cancelled': { order: string };
  /** Two people of the operator have decided about the money: billed, or given back. */
  'market.order.decided': { order: string; contract: string; bill: boolean };
  /** More of a metered order: so much more is to be held. */
  'market.order.extended': { order: string; contract: string; fen: string };
  'market.demand.published': { demand: string; industry: string };
  'market.demand.closed': { demand: string };
  'market.quotation.offered': { quotation: string; demand: string | null; buyer: string };
  'market.quotation.accepted': { quotation: string; buyer: string };
  'market.quotation.declined': { quotation: string; buyer: string };
  'market.quotation.withdrawn': { quotation: string; buyer: string };
  'market.quotation.lapsed': { quotation: string; buyer: string };
  'market.enquiry.said': { enquiry: string; message: string; to: string };
  /** Delivery opens a grant of so many calls until then. */
  'market.trial.opened': {
    trial: string;
    listing: string;
    version: string;
    buyer: string;
    supplier: string;
    calls: number;
    until: string;
  };
  'market.filing.filed': { filing: string; case: string };
}
