/** A month that broke its service levels leads to a proposed credit note on the order's money. */
import type { Rooms } from '../build.ts';
import type { RoomParts } from '../kernel/parts.ts';
import { runsOn } from '../market/index.ts';

export const levelsFlow = (rooms: Rooms): RoomParts => ({
  consumers: [
    {
      name: 'flow.levels',
      types: ['delivery.level.breached'],
      handle: async (tx, event) => {
        const {
          order: id,
          contract: contractId,
          assessment,
          grant,
          period,
          from,
          until,
          findings,
          credits,
        } = event.data;
        const order = id ? await rooms.market.order(tx, id) : undefined;
        const contract = contractId ? await rooms.agreements.contract(tx, 'system', contractId) : undefined;
        if (!order || !contract) return;
        const term =
          contract.effectiveAt && contract.until ? { from: contract.effectiveAt, until: contract.until } : null;
        await rooms.settlement.proposeCredit(tx, {
          ...{ assessment, order: order.id, grant, title: contract.productName, period },
          ...{ from: new Date(from), until: new Date(until), findings, tiers: credits },
          // A price that is paid once pays for the whole term.
          spread: runsOn(order.plan) ? null : term,
          ...{ requests: event.data.requests, digest: event.data.digest },
        });
      },
    },
  ],
});
