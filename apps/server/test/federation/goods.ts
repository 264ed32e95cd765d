/** What a supplier of a node lists: the divisions, by key, at the plans and on the terms that a test names. */
import { odrlFrom } from '@shugu/policy';
import * as catalogueWire from '@shugu/wire/catalogue';
import {
  applyForListing,
  assess,
  draftProduct,
  type ListingDraft,
  reviewListing,
} from '../../../cli/src/scenario/product.ts';
import { bringResource } from '../../../cli/src/scenario/resource.ts';
import { divisionsListing, divisionsProduct, divisionsResource } from '../../../cli/src/trade/goods.ts';
import { configureDelivery } from '../../../cli/src/trade/settle.ts';
import { lawFirm } from '../../src/market/testing.ts';
import type { TestExchange } from '../support/exchange.ts';

export const divisions = async ({ stage }: TestExchange): Promise<string> => {
  const { fields, file } = await divisionsResource();
  return (await bringResource(stage, 'xingsha.steward', fields, file)).id;
};

export const perCall = (title: string, unitPrice: string, settlementWays: string[]): ListingDraft['plans'][number] => ({
  title,
  plan: { kind: 'perCall', unitPrice },
  settlementWays: settlementWays as 'custody'[],
  taxRate: '0.06',
});

export interface Listed {
  resource: string;
  plans: ListingDraft['plans'];
  important?: { table: string; name: string } | undefined;
  /** As two files, within hours of the day where they are given. */
  files?: boolean;
  hoursOfDay?: { from: number; to: number } | undefined;
}

export const listDivisions = async (
  { stage, settle }: TestExchange,
  { resource, plans, important, files = false, hoursOfDay }: Listed,
): Promise<string> => {
  const goods = divisionsProduct(resource);
  const dictionary = important ? [{ ...important, sensitivity: 'important' as const }] : [];
  const made = await draftProduct(stage, 'xingsha.steward', goods.fields, { ...goods.version, dictionary });
  const report = await assess(stage, 'xingsha.trader', lawFirm, made.version, goods.fields.name);
  const draft = {
    ...divisionsListing(made.version, report.id, await stage.now(), []),
    plans,
    policy: odrlFrom({
      ...{ actions: ['use', 'read'], purposes: ['logistics'] },
      ...(hoursOfDay ? { hoursOfDay } : {}),
    }) as unknown as ListingDraft['policy'],
  };
  if (files) draft.deliveryModes = ['api', 'file'];
  const params = { id: made.product, version: made.version };
  const { tables } = await (await stage.as('xingsha.trader')).call(catalogueWire.getVersion, { params });
  const both = (['original', 'normal'] as const).map((form) => ({ table: tables[0]!.name, form }));
  await configureDelivery(stage, made.product, made.version, files ? [{ kind: 'file', files: both }] : []);
  await reviewListing(stage, await applyForListing(stage, 'xingsha.trader', draft));
  await settle();
  return made.product;
};
