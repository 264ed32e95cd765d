/** One purchase across the rooms, event by event: contract, money, access, use, acceptance, payment, voucher. */
import type { Rooms } from '../build.ts';
import { systemActor } from '../kernel/http/principal.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { RoomParts } from '../kernel/parts.ts';

export const purchaseFlow = ({ database }: Kernel, { agreements, market }: Rooms): RoomParts => ({
  consumers: [
    {
      name: 'flow.contract',
      types: [
        'agreements.contract.effective',
        'agreements.contract.refused',
        'agreements.contract.terminated',
        'agreements.contract.expired',
        'agreements.contract.completed',
      ],
      handle: async (tx, event) => {
        const { contract } = event.data as { contract: string };
        if (event.type === 'agreements.contract.effective')
          return market.contracted(tx, contract, new Date(event.data.until));
        // A refused amendment leaves the contract as it was.
        if (event.type === 'agreements.contract.refused' && event.data.version > 1) return;
        return market.contractEnded(tx, contract);
      },
    },
  ],
  ticks: [
    {
      name: 'agreements',
      everySeconds: 30,
      run: async () => {
        let count = 0;
        for (;;) {
          const done = await database.tx(systemActor('agreements'), (tx) => agreements.expireDue(tx));
          count += done;
          if (done === 0) return count;
        }
      },
    },
  ],
});
