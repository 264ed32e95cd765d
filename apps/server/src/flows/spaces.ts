/** What spaces and the market tell each other: entries go with what they refer to, offers for members with the membership. */
import type { Rooms } from '../build.ts';
import type { Cases } from '../kernel/case/index.ts';
import type { Tx } from '../kernel/db/db.ts';
import type { RoomParts } from '../kernel/parts.ts';
import { tellParties } from './ground.ts';

const reason = { zh: '数据空间成员资格终止', en: 'the membership of the data space has ended' };

/** Nothing is offered or ordered as a member any more; what was concluded goes on or ends, as the rules say that this member signed. */
const followDeparture = async (
  tx: Tx,
  { spaces, market, agreements, delivery }: Rooms,
  cases: Cases,
  { space, member }: { space: string; member?: string },
): Promise<void> => {
  for (const lost of await spaces.endedMemberships(tx, space, member)) {
    for (const product of await market.productsInSpace(tx, space))
      await delivery.withdrawTrials(tx, product, reason.zh, lost.participant);
    await market.endMembership(tx, lost, reason);
    for (const one of await agreements.endMembership(tx, lost, reason))
      await tellParties(tx, cases, one, {
        zh: `合同${one.number ?? ''}（${one.productName}）随数据空间成员资格终止，使用立即停止。`,
        en: `Contract ${one.number ?? ''} (${one.productName}) ends with the membership of the data space; use stops at once.`,
      });
  }
};

export const spacesFlow = (rooms: Rooms, cases: Cases): RoomParts => ({
  consumers: [
    {
      name: 'flow.spaces',
      types: [
        'market.listing.listed',
        'market.listing.resumed',
        'market.listing.suspended',
        'market.listing.delisted',
        'agreements.offer.created',
        'agreements.offer.withdrawn',
        'spaces.rules.published',
      ],
      handle: async (tx, { type, subject, data }) => {
        const { spaces, catalogue } = rooms;
        if (type === 'spaces.rules.published') return spaces.followEntries(tx, { space: subject });
        const product = data.product ?? (await catalogue.version(tx, data.productVersion))?.product;
        if (product) await spaces.followEntries(tx, { product });
      },
    },
    {
      name: 'flow.spacesNodes',
      types: ['nodes.node.ended'],
      handle: (tx, { subject, data }) => rooms.spaces.nodeEnded(tx, subject, data.reason),
    },
    {
      name: 'flow.spacesLeft',
      types: ['spaces.member.moved', 'spaces.space.ended'],
      handle: async (tx, { type, subject, data }) => {
        if (type === 'spaces.space.ended') return followDeparture(tx, rooms, cases, { space: subject });
        if (data.state === 'left' || data.state === 'expelled')
          await followDeparture(tx, rooms, cases, { space: subject, member: data.member });
      },
    },
  ],
});
