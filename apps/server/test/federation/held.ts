/** A contract of the cast's buyer in force: a file and a look-up, free of charge, signed by both. */
import { odrlFrom } from '@shugu/policy';
import * as catalogueWire from '@shugu/wire/catalogue';
import { placeOrder, signBoth, stateScenario } from '../../../cli/src/scenario/order.ts';
import {
  applyForListing,
  assess,
  draftProduct,
  type Listing,
  type ListingDraft,
  reviewListing,
} from '../../../cli/src/scenario/product.ts';
import { bringResource } from '../../../cli/src/scenario/resource.ts';
import { divisionsListing, divisionsProduct, divisionsResource } from '../../../cli/src/trade/goods.ts';
import { configureDelivery } from '../../../cli/src/trade/settle.ts';
import { buyer, lawFirm, scenarioOf, supplier } from '../../src/market/testing.ts';
import type { TestExchange } from '../support/exchange.ts';

export interface Held {
  contract: string;
  product: string;
  listing: Listing;
}

const day = 86_400_000;

export const signAgain = async (world: TestExchange, listing: Listing): Promise<string> => {
  const { stage, settle } = world;
  const now = await stage.now();
  const dayAt = (days: number) => new Date(now.getTime() + days * day).toISOString().slice(0, 10);
  const scenario = await stateScenario(stage, buyer, { ...scenarioOf(), from: dayAt(0), until: dayAt(300) });
  const order = await placeOrder(stage, buyer, { listing, scenario, quantity: 1, way: 'direct', months: 6 });
  await signBoth(stage, buyer, supplier, order.contract!);
  await settle();
  return order.contract!;
};

/** `kinds`: what is delivered; `ready`: whether its endpoint is. */
export const holdContract = async (
  world: TestExchange,
  { api = true, file = true, ready = true } = {},
): Promise<Held & { version: string; makeReady(): Promise<void> }> => {
  const { stage, settle } = world;
  const resource = await divisionsResource();
  const { id } = await bringResource(stage, 'xingsha.steward', resource.fields, resource.file);
  const goods = divisionsProduct(id);
  const modes = [...(api ? ['api'] : []), ...(file ? ['file'] : [])] as 'api'[];
  goods.fields.deliveryModes = modes;
  const made = await draftProduct(stage, 'xingsha.steward', goods.fields, goods.version);
  const report = await assess(stage, supplier, lawFirm, made.version, goods.fields.name);
  const draft = {
    ...divisionsListing(made.version, report.id, await stage.now(), []),
    deliveryModes: modes,
    policy: odrlFrom({ actions: ['use', 'read'], purposes: ['logistics'] }) as unknown as ListingDraft['policy'],
    plans: [{ title: '免费', plan: { kind: 'free' }, settlementWays: ['direct'], taxRate: '0.06' }],
  } as unknown as ListingDraft;
  const makeReady = async () => {
    const params = { id: made.product, version: made.version };
    const { tables } = await (await stage.as(supplier)).call(catalogueWire.getVersion, { params });
    const files = [{ kind: 'file' as const, files: [{ table: tables[0]!.name, form: 'normal' as const }] }];
    await configureDelivery(stage, made.product, made.version, file ? files : []);
    await settle();
  };
  if (ready) await makeReady();
  const listing = await reviewListing(stage, await applyForListing(stage, supplier, draft));
  await settle();
  return {
    contract: await signAgain(world, listing),
    product: made.product,
    version: made.version,
    listing,
    makeReady,
  };
};
