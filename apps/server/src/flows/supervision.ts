/** What the registrar records on a right stops what stands on it; what is stopped does not come back by another way. */
import type { Rooms } from '../build.ts';
import type { RoomParts } from '../kernel/parts.ts';

export const supervisionFlow = ({ supervision, registry, market }: Rooms): RoomParts => ({
  consumers: [
    {
      name: 'flow.remarks',
      types: ['registry.right.remarked', 'registry.right.released', 'registry.certificate.issued'],
      handle: async (tx, event) => {
        if (event.type === 'registry.right.released')
          return supervision.freeForRight(tx, event.subject, '权利备注已解除 / the remark on the right is lifted');
        if (event.type === 'registry.certificate.issued') {
          // A right that ended while frozen leaves its products stopped until the resource is registered anew.
          const over = (await registry.rightsOf(tx, event.data.resource)).filter(
            ({ state }) => state !== 'active' && state !== 'frozen',
          );
          for (const { id } of over)
            await supervision.freeForRight(tx, id, '数据资源已重新登记 / the resource is registered anew');
          return;
        }
        const right = event.data.freezes ? await registry.right(tx, event.subject) : undefined;
        // Lifted again before we heard of it.
        if (right?.state !== 'frozen') return;
        await supervision.stopForRight(
          tx,
          { id: right.id, kind: right.right, participant: right.participant, resource: right.resource },
          `登记权利已加备注 / a remark stands on the registered right (${event.data.kind})`,
        );
      },
    },
    {
      name: 'flow.held',
      types: ['market.listing.listed', 'market.listing.resumed'],
      handle: async (tx, event) => {
        const reason = await supervision.listingHeld(tx, event.data.product);
        if (reason !== undefined) await market.suspendListingsOf(tx, event.data.product, reason);
      },
    },
  ],
});
