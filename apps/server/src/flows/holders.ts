/**
 * What holders of grants hear of the data they hold: that it was renewed, that it is late, that a newer version is another, that
 * it is no longer sold.
 */
import type { Rooms } from '../build.ts';
import { schemaChanges } from '../catalogue/index.ts';
import type { Holder } from '../delivery/index.ts';
import type { Cases } from '../kernel/case/index.ts';
import type { Tx } from '../kernel/db/db.ts';
import type { RoomParts } from '../kernel/parts.ts';

/** Where data comes every hour, that it came is no news. */
const newsMs = 86_400_000;

interface Told {
  zh: string;
  en: string;
}

/** Each organisation once, however many grants it holds. */
const tellHolders = async (tx: Tx, cases: Cases, holders: readonly Holder[], told: (holder: Holder) => Told) => {
  const once = new Map(holders.map((holder) => [holder.buyer, holder]));
  for (const holder of once.values())
    await cases.serve(tx, {
      to: holder.buyer,
      caseId: null,
      subject: holder.version,
      title: holder.productName,
      dueAt: null,
      text: told(holder),
      deemedServed: 'onDelivery',
      startsClocks: [],
      at: tx.now,
    });
};

export const holdersFlow = ({ delivery, catalogue, market, spaces }: Rooms, cases: Cases): RoomParts => ({
  consumers: [
    {
      name: 'flow.holders.renewed',
      types: ['delivery.revision.published'],
      handle: async (tx, { data, at }) => {
        if (!(at.getTime() - Date.parse(data.before) >= newsMs)) return;
        await tellHolders(tx, cases, await delivery.holders(tx, data.product, data.version), ({ productName }) => ({
          zh: `《${productName}》的数据已更新（第 ${data.number} 次），表共享与推送自动取到新数据。`,
          en: `The data of “${productName}” was renewed (revision ${data.number}); table shares and deliveries bring it by themselves.`,
        }));
      },
    },
    {
      name: 'flow.holders.late',
      types: ['delivery.revision.late'],
      handle: async (tx, { data, participant }) => {
        const holders = await delivery.holders(tx, data.product, data.version);
        const supplier = holders.slice(0, 1).map((one) => ({ ...one, buyer: participant }));
        await tellHolders(tx, cases, [...holders, ...supplier], ({ productName }) => ({
          zh: `《${productName}》的数据晚于约定：约定每 ${data.hours} 小时内更新，至今没有新数据。月末按约定评定并提出抵扣。`,
          en: `The data of “${productName}” is late: no newer data has come within the ${data.hours} hours that were promised. The month’s end judges it and proposes what is credited.`,
        }));
      },
    },
    {
      name: 'flow.holders.version',
      types: ['market.listing.listed'],
      handle: async (tx, { data }) => {
        const listing = (await market.listing(tx, data.listing))!;
        const older: Holder[] = [];
        for (const holder of await delivery.holders(tx, data.product)) {
          if (holder.version === data.version) continue;
          // What is for members of a data space is told to nobody else.
          const member = (await spaces.standing(tx, holder.buyer)).some(({ id }) => id === listing.space);
          if (listing.space === null || member) older.push(holder);
        }
        if (older.length === 0) return;
        const listed = (await catalogue.version(tx, data.version))!;
        const breaking = new Map<string, boolean>();
        for (const version of new Set(older.map((one) => one.version))) {
          const held = await catalogue.version(tx, version);
          breaking.set(
            version,
            schemaChanges(held?.tables ?? [], listed.tables).some((change) => change.breaking),
          );
        }
        await tellHolders(tx, cases, older, ({ productName, version }) => ({
          zh: `《${productName}》已上架第 ${listed.number} 版${breaking.get(version) ? '，字段有不兼容的变化' : ''}。现有合同仍按原版本交付。`,
          en: `Version ${listed.number} of “${productName}” is on the market${breaking.get(version) ? '; its columns have changed in a way that may break readers' : ''}. Your contract goes on with the version it names.`,
        }));
      },
    },
    {
      name: 'flow.holders.delisted',
      types: ['market.listing.delisted'],
      handle: async (tx, { data }) =>
        tellHolders(tx, cases, await delivery.holders(tx, data.product), ({ productName }) => ({
          zh: `《${productName}》已下架，不再接受新订单：${data.reason}。现有合同不受影响，请在到期前安排替代。`,
          en: `“${productName}” is off the market and takes no new orders: ${data.reason}. Contracts in force go on; find another source before yours ends.`,
        })),
    },
  ],
});
