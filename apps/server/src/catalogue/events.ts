/** Facts this room tells. Data carries what a follower needs without asking back. */
export interface CatalogueEvents {
  'catalogue.product.created': { product: string; name: string; kind: string };
  'catalogue.product.changed': { product: string; revision: number };
  'catalogue.version.created': { product: string; version: string; number: number; breaking: boolean };
  'catalogue.product.ready': { product: string; version: string };
  'catalogue.product.retired': { product: string; reason: string };
  /** The version shown on the market changed; `version` null when the product left it. */
  'catalogue.product.published': { product: string; version: string | null };
}
