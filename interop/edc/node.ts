/** A node of ours beside EDC: its connectors, and a product that it lists. */
import { odrlFrom } from '@shugu/policy';
import type { Client } from '@shugu/wire';
import * as wire from '@shugu/wire/federation';
import {
  applyForListing,
  assess,
  draftProduct,
  type ListingDraft,
  reviewListing,
} from '../../apps/cli/src/scenario/product.ts';
import { bringResource } from '../../apps/cli/src/scenario/resource.ts';
import { divisionsListing, divisionsProduct, divisionsResource } from '../../apps/cli/src/trade/goods.ts';
import { configureDelivery } from '../../apps/cli/src/trade/settle.ts';
import { lawFirm } from '../../apps/server/src/market/testing.ts';
import type { TestExchange } from '../../apps/server/test/support/exchange.ts';

export interface Ours {
  client: Client;
  participant: string;
  name: string;
  address: string;
}

export const connect = async ({ exchange, seeded, as }: TestExchange, key: string, called?: string): Promise<Ours> => {
  const participant = seeded.organisations[key]!;
  const actor = { kind: 'system', id: 'system:interop', participant } as const;
  await exchange.kernel.database.tx(actor, (tx) => exchange.rooms.federation.open(tx, called));
  const client = await as(`${key}.trader`);
  const { name, address } = (await client.call(wire.getConnector, {})).connector!;
  return { client, participant, name, address };
};

const ruled = (...lines: [kind: 'negotiation' | 'transfer', on: string, reaction: string][]): wire.ReactionRule[] =>
  lines.map(([kind, on, reaction]) => wire.reactionRule.parse({ kind, on, reaction }));

/** Everything goes by rule. */
export const supplierRules = ruled(
  ['negotiation', 'request', 'agree'],
  ['negotiation', 'verify', 'finalize'],
  ['transfer', 'request', 'start'],
);
export const buyerRules = ruled(['negotiation', 'agree', 'verify']);

/** The goods of `shugu trade`, free of charge, as an endpoint of the gateway. */
export const list = async ({ stage, settle }: TestExchange): Promise<string> => {
  const { fields, file } = await divisionsResource();
  const resource = await bringResource(stage, 'xingsha.steward', fields, file);
  const goods = divisionsProduct(resource.id);
  const made = await draftProduct(stage, 'xingsha.steward', goods.fields, goods.version);
  const report = await assess(stage, 'xingsha.trader', lawFirm, made.version, goods.fields.name);
  const draft = {
    ...divisionsListing(made.version, report.id, await stage.now(), []),
    plans: [
      { title: '免费查询', plan: { kind: 'perCall', unitPrice: '0' }, settlementWays: ['custody'], taxRate: '0.06' },
    ],
    policy: odrlFrom({ actions: ['use', 'read'], purposes: ['logistics'] }),
  } as unknown as ListingDraft;
  await configureDelivery(stage, made.product, made.version);
  await reviewListing(stage, await applyForListing(stage, 'xingsha.trader', draft));
  await settle();
  return made.product;
};
