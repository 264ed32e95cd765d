/** A transfer over the Dataspace Protocol gives access to what its contract grants: a key of its own, which lives as long as it runs. */
import type { Rooms } from '../build.ts';
import type { Process } from '../federation/index.ts';
import type { Tx } from '../kernel/db/db.ts';
import type { StoredEvent } from '../kernel/outbox.ts';
import type { RoomParts } from '../kernel/parts.ts';
import { pushJob, pushJobHandler } from './bringing.ts';
import { carriedOf, outsidePlane, planeOf } from './planes.ts';

const contractOf = async (tx: Tx, rooms: Rooms, { reference }: Process): Promise<string | undefined> =>
  (reference && (await rooms.market.order(tx, reference))?.contract) || undefined;

/** Starts as soon as the contract's grant is open: money may have to be frozen first, a file to be marked. */
export const openTransfer = async (tx: Tx, rooms: Rooms, process: Process): Promise<void> => {
  const { federation } = rooms;
  const contract = await contractOf(tx, rooms, process);
  const plane = await planeOf(tx, rooms, process);
  if (!plane)
    return federation.refuse(tx, process.id, '没有数据面承担此类传输 / no data plane serves this type of transfer');
  const seen = contract && (await rooms.agreements.contract(tx, 'system', contract));
  if (!contract || !seen || seen.state !== 'effective')
    return federation.refuse(tx, process.id, '合同已终止 / the contract has ended');
  const outside = await federation.takesFormat(tx, process);
  const seconds = outside ? null : federation.accessSeconds(process);
  const carried = carriedOf(process, contract);
  const begun = await plane.open(tx, carried, { seconds, target: await federation.pushAddress(tx, process) });
  if (begun.state === 'waiting') return;
  if (begun.state === 'refused') return federation.refuse(tx, process.id, begun.reason);
  const { access } = begun;
  if (!access) return federation.clear(tx, process.id);
  const renewal = seconds === null ? undefined : await federation.giveRenewal(tx, process, access.secret);
  await federation.clear(tx, process.id, { dataAddress: plane.address(carried, access, renewal) });
};

/** Stopped while it is suspended, for good when it is over. */
const follow = async (tx: Tx, rooms: Rooms, { subject, data }: StoredEvent): Promise<void> => {
  const process = await rooms.federation.process(tx, subject);
  if (process?.kind !== 'transfer' || process.side !== 'provider') return;
  const contract = await contractOf(tx, rooms, process);
  if (!contract) return;
  const plane = (await planeOf(tx, rooms, process)) ?? outsidePlane(rooms);
  const carried = carriedOf(process, contract);
  if (data.state === 'STARTED') await plane.run(tx, carried);
  // That it was asked for may be heard of only after its key was made.
  else if (data.state !== 'REQUESTED') await plane.stop(tx, carried);
};

export const transferFlow = (rooms: Rooms): RoomParts => ({
  jobs: { [pushJob]: pushJobHandler(rooms) },
  consumers: [
    {
      name: 'flow.transfer',
      types: ['federation.process.moved'],
      concerns: ({ data }) => data.kind === 'transfer' && data.reference !== null,
      handle: (tx, event) => follow(tx, rooms, event),
    },
    {
      name: 'flow.transferOpened',
      types: ['delivery.grant.opened'],
      handle: async (tx, event) => {
        for (const { id, act } of await rooms.federation.waitingOfReference(tx, event.data.order ?? '')) {
          const process = act === 'start' && (await rooms.federation.waitingClearance(tx, id));
          if (process) await openTransfer(tx, rooms, process);
        }
      },
    },
    {
      name: 'flow.transferEnd',
      types: ['agreements.contract.terminated', 'agreements.contract.expired', 'agreements.contract.completed'],
      handle: async (tx, event) => {
        if (event.data.order)
          await rooms.federation.endAgreements(tx, event.data.order, '合同已终止 / the contract has ended');
      },
    },
  ],
});
