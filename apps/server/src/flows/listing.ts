/** What stands on the market for everybody shows in the catalogue, and so in all that gives it out. */
import type { Rooms } from '../build.ts';
import type { RoomParts } from '../kernel/parts.ts';

export const listingFlow = ({ catalogue, market }: Rooms): RoomParts => ({
  consumers: [
    {
      name: 'flow.listing',
      types: ['market.listing.listed', 'market.listing.resumed', 'market.listing.suspended', 'market.listing.delisted'],
      // Listings of one product write to the same entry.
      lane: (event) => event.data.product,
      handle: async (tx, event) => {
        const open = (await market.listing(tx, event.data.listing))?.space === null;
        const shown = open && (event.type === 'market.listing.listed' || event.type === 'market.listing.resumed');
        await catalogue.setPublished(tx, event.data.product, shown ? event.data.version : null);
      },
    },
  ],
});
