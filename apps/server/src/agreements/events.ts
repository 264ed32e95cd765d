/** Facts this room tells. `supplier` and `buyer` are organisations; the event's participant is the supplier. */
interface About {
  contract: string;
  supplier: string;
  buyer: string;
  product: string;
  productVersion: string;
  order: string | null;
}

export interface AgreementEvents {
  'agreements.offer.created': { offer: string; productVersion: string; policyHash: string };
  'agreements.offer.withdrawn': { offer: string; productVersion: string };
  'agreements.template.enabled': { template: string; code: string; version: number };
  'agreements.contract.drafted': About;
  'agreements.contract.proposed': About & { version: number; round: number; by: string };
  'agreements.contract.locked': About & { version: number; documentHash: string };
  'agreements.contract.signed': About & { version: number; by: string };
  /** Both have signed: use may begin at `from` and ends at `until`. */
  'agreements.contract.effective': About & {
    version: number;
    policyHash: string;
    from: string;
    until: string;
    paper: string;
  };
  'agreements.contract.amended': About & {
    version: number;
    policyHash: string;
    from: string;
    until: string;
    paper: string;
  };
  'agreements.contract.refused': About & { version: number; reason: string };
  /** Use stops at once. */
  'agreements.contract.terminated': About & { how: 'agreed' | 'forced' | 'basis'; reason: string };
  /** Its term is over, or nobody signed in time (`from` not effective). */
  'agreements.contract.expired': About & { from: string };
  'agreements.contract.completed': About;
}
