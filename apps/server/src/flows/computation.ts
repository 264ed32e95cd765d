/** The price of a use of a computation contract: it runs when its money is frozen, and is paid when its statement is. */
import type { Rooms } from '../build.ts';
import type { RoomParts } from '../kernel/parts.ts';

export const computationFlow = ({ compute }: Rooms): RoomParts => ({
  consumers: [
    {
      name: 'flow.computation',
      types: ['settlement.hold.placed', 'settlement.hold.waiting', 'settlement.order.settled'],
      handle: async (tx, event) => {
        if (event.type === 'settlement.hold.placed') await compute.moneyFrozen(tx, event.subject);
        else if (event.type === 'settlement.hold.waiting') await compute.moneyRefused(tx, event.subject);
        else await compute.moneyPaid(tx, event.subject);
      },
    },
  ],
});
