/**
 * Data flows that control planes outside steer run under contracts of the organisation that has let them in: as their buyer it is bound by
 * their terms, and each use is counted on it.
 */
import type { Rooms } from '../build.ts';
import { type FlowGateway, gatewayFormatOf } from '../federation/index.ts';
import type { Reader } from '../kernel/db/db.ts';
import type { RoomParts } from '../kernel/parts.ts';
import { carriedFlow, gatewayPlane } from './planes.ts';

const heldContract = async (rooms: Rooms, read: Reader, buyer: string, id: string) => {
  const contract = await rooms.agreements.contract(read, 'system', id);
  return contract?.state === 'effective' && contract.buyer.participant === buyer ? contract : undefined;
};

export const holdsContract =
  (roomsOf: () => Rooms) =>
  async (read: Reader, participant: string, contract: string): Promise<boolean> =>
    (await heldContract(roomsOf(), read, participant, contract)) !== undefined;

export const flowGateway = (roomsOf: () => Rooms): FlowGateway => ({
  open: async (tx, flow) => {
    const rooms = roomsOf();
    const contract = await heldContract(rooms, tx, flow.participant, flow.contract);
    if (contract?.product !== flow.dataset)
      return {
        state: 'refused',
        reason: '该合同不含此数据集，或已终止 / the contract is not about that data set, or has ended',
      };
    const { federation } = rooms;
    const seconds = federation.accessSeconds({ format: flow.profile });
    const target = await federation.served.pushAddress(tx, flow);
    return gatewayPlane(rooms).open(tx, carriedFlow(flow), { seconds, target });
  },
  run: (tx, flow) => gatewayPlane(roomsOf()).run(tx, carriedFlow(flow)),
  stop: (tx, flow) => gatewayPlane(roomsOf()).stop(tx, carriedFlow(flow)),
  renew: async (tx, flow, of) =>
    gatewayFormatOf(flow.profile)?.renews
      ? roomsOf().delivery.renewTransfer(tx, { contract: flow.contract, transfer: flow.id, ...of })
      : undefined,
});

export const servingFlow = (rooms: Rooms): RoomParts => ({
  consumers: [
    {
      name: 'flow.servedOpened',
      types: ['delivery.grant.opened'],
      concerns: ({ data }) => data.contract !== null,
      handle: async (tx, { data }) => {
        const { served } = rooms.federation;
        for (const { id, state } of await served.under(tx, data.contract!))
          if (state === 'STARTING') await served.proceed(tx, id);
      },
    },
    {
      name: 'flow.servedEnd',
      types: ['agreements.contract.terminated', 'agreements.contract.expired', 'agreements.contract.completed'],
      handle: async (tx, { subject }) => {
        const { served } = rooms.federation;
        for (const { id } of await served.under(tx, subject))
          await served.fail(tx, id, '合同已终止 / the contract has ended');
      },
    },
  ],
});
