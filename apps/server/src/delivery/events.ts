/** Facts this room tells. The event's participant is the supplier. */
interface About {
  grant: string;
  contract: string | null;
  order: string | null;
  product: string;
  version: string;
  supplier: string;
  buyer: string;
  trial: boolean;
}

export interface DeliveryEvents {
  'delivery.endpoint.ready': { endpoint: string; version: string; kind: string };
  'delivery.endpoint.failed': { endpoint: string; version: string; kind: string };
  /** New data for the holders of grants with a table share. */
  'delivery.revision.published': {
    version: string;
    product: string;
    number: number /** When the one before was. */;
    before: string;
  };
  /** No newer data within the hours that the data contract promises; once for each revision. */
  'delivery.revision.late': { version: string; product: string; number: number; hours: number };
  /** The buyer can use it from now on (or from its beginning): every path is ready. What market notes as delivered. */
  'delivery.grant.opened': About & {
    delivered: { kind: string; address: string; files: { name: string; bytes: number; sha256: string }[] }[];
  };
  'delivery.grant.suspended': About & { reason: string };
  'delivery.grant.resumed': About;
  /** Use has stopped. */
  'delivery.grant.withdrawn': About & { reason: string };
  'delivery.grant.expired': About;
  /** A month broke what the data contract promises; `findings` are those that were missed. */
  'delivery.level.breached': About & {
    assessment: string;
    period: string;
    from: string;
    until: string;
    findings: { level: string; target: number; measured: number | null; withinMs?: number; missedPercent: number }[];
    /** The contract’s own table; empty: the operator’s. */
    credits: { missedPercent: number; creditPercent: number }[];
    requests: number;
    digest: string;
  };
}
