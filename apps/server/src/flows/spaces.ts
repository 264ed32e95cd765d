/** A catalogue of a space holds references: they go with the product, and with what its offers or the space's rules say. */
import type { Rooms } from '../build.ts';
import type { RoomParts } from '../kernel/parts.ts';

export const spacesFlow = ({ spaces, catalogue }: Rooms): RoomParts => ({
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
        if (type === 'spaces.rules.published') return spaces.followEntries(tx, { space: subject });
        const product = data.product ?? (await catalogue.version(tx, data.productVersion))?.product;
        if (product) await spaces.followEntries(tx, { product });
      },
    },
  ],
});
