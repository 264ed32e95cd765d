/** What stands on the market shows in the catalogue. */
import type { Rooms } from '../build.ts';
import type { RoomParts } from '../kernel/parts.ts';

export const listingFlow = ({ catalogue }: Rooms): RoomParts => ({
  consumers: [
    {
      name: 'flow.listing',
      types: ['market.listing.listed', 'market.listing.resumed', 'market.listing.suspended', 'market.listing.delisted'],
      // Listings of one product write to the same entry.
      lane: (event) => event.data.product,
      handle: async (tx, event) => {
        const shown = event.type === 'market.listing.listed' || event.type === 'market.listing.resumed';
        await catalogue.setPublished(tx, event.data.product, shown ? event.data.version : null);
      },
    },
  ],
});
