/** How a good of the demo comes to stand in the shop window: registered, assessed, listed, its delivery set. */
import type { CallInput } from '@shugu/wire';
import * as catalogueWire from '@shugu/wire/catalogue';
import * as deliveryWire from '@shugu/wire/delivery';
import { applyForListing, assess, draftProduct, type Listing, reviewListing } from '../scenario/product.ts';
import { applyForRegistration, passNotice, reviewRegistration } from '../scenario/registration.ts';
import { bringResource } from '../scenario/resource.ts';
import type { Stage } from '../scenario/stage.ts';
import type { Good } from './products.ts';

// Who enters resources differs by organisation: where there is no steward the trader holds both seats.
const stewardOf = (key: string): string => (key === 'xingsha' ? 'xingsha.steward' : `${key}.trader`);
const developerOf = (key: string): string => `${key}.developer`;

export const registerGood = async (stage: Stage, good: Good): Promise<string> => {
  const login = stewardOf(good.supplier);
  const resource = await bringResource(stage, login, good.resource, good.file);
  const caseId = await applyForRegistration(stage, login, resource, [good.supplier], good.claims);
  await reviewRegistration(stage, caseId);
  await passNotice(stage, login, caseId, resource.name);
  return resource.id;
};

export const listGood = async (stage: Stage, good: Good, resource: string): Promise<Listing> => {
  const trader = `${good.supplier}.trader`;
  const made = await draftProduct(
    stage,
    stewardOf(good.supplier),
    { ...good.product, resources: [resource] },
    { note: '首个版本', dictionary: [], declared: [], sampleRows: 5 },
  );
  const report = await assess(
    stage,
    trader,
    { key: 'lawfirm', login: 'lawfirm.assessor' },
    made.version,
    good.product.name,
  );
  const listing = await applyForListing(stage, trader, good.listing(made.version, report.id, await stage.now()));
  await setDelivery(stage, good, made.product, made.version);
  return reviewListing(stage, listing);
};

const setDelivery = async (stage: Stage, good: Good, product: string, version: string): Promise<void> => {
  const client = await stage.as(developerOf(good.supplier));
  const seen = await (await stage.as(stewardOf(good.supplier))).call(catalogueWire.getVersion, {
    params: { id: product, version },
  });
  const endpoints: CallInput<typeof deliveryWire.putEndpoints>['body']['endpoints'] = [];
  if (good.product.deliveryModes.includes('api'))
    endpoints.push({ kind: 'api', table: seen.tables[0]!.name, keyColumns: [good.keyColumn] });
  if (good.product.deliveryModes.includes('file')) endpoints.push({ kind: 'file' });
  if (good.queries) endpoints.push({ kind: 'query', templates: good.queries(seen.tables[0]!.name) });
  if (good.product.deliveryModes.includes('share')) endpoints.push({ kind: 'share' });
  await client.call(deliveryWire.putEndpoints, { params: { id: version }, body: { endpoints } });
};
