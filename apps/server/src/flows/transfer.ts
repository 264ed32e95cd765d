/** A transfer over the Dataspace Protocol gives access to what its contract grants: a key of its own, which lives as long as it runs. */
import { bearerAddress } from '@shugu/dataspace';
import type { Rooms } from '../build.ts';
import { gatewayFormatOf, type Process } from '../federation/index.ts';
import type { Tx } from '../kernel/db/db.ts';
import type { StoredEvent } from '../kernel/outbox.ts';
import type { RoomParts } from '../kernel/parts.ts';
import { followPush, openPush, pushJob, pushJobHandler } from './bringing.ts';

const contractOf = async (tx: Tx, rooms: Rooms, { reference }: Process): Promise<string | undefined> =>
  (reference && (await rooms.market.order(tx, reference))?.contract) || undefined;

/** Of what a data plane outside reads at the gateway. */
const plain = 'https://w3id.org/idsa/v4.1/HTTP';

/** Starts as soon as the contract's grant is open: money may have to be frozen first, a file to be marked. */
export const openTransfer = async (tx: Tx, rooms: Rooms, process: Process): Promise<void> => {
  const { federation, delivery } = rooms;
  const contract = await contractOf(tx, rooms, process);
  // A data plane of the supplier's reads from the gateway what it hands on: no way leads around the contract.
  const outside = await federation.takesFormat(tx, process);
  const format = gatewayFormatOf(process.format);
  if (!format && !outside)
    return federation.refuse(tx, process.id, '没有数据面承担此类传输 / no data plane serves this type of transfer');
  const seen = contract && (await rooms.agreements.contract(tx, 'system', contract));
  if (!contract || !seen || seen.state !== 'effective')
    return federation.refuse(tx, process.id, '合同已终止 / the contract has ended');
  if (format?.way === 'push' && !outside) return openPush(tx, rooms, { process, contract });
  const seconds = outside ? null : federation.accessSeconds(process);
  const access = await delivery.openTransfer(tx, { contract, transfer: process.id, seconds });
  if (!access) return;
  const { address: endpoint, secret: token } = access;
  const renewal = seconds === null ? undefined : await federation.giveRenewal(tx, process, token);
  const dataAddress = bearerAddress(outside || !format ? plain : format.endpointType, { endpoint, token, renewal });
  await federation.clear(tx, process.id, { dataAddress });
};

/** Stopped while it is suspended, for good when it is over. */
const follow = async (tx: Tx, rooms: Rooms, { subject, data }: StoredEvent): Promise<void> => {
  const process = await rooms.federation.process(tx, subject);
  if (process?.kind !== 'transfer' || process.side !== 'provider') return;
  const contract = await contractOf(tx, rooms, process);
  if (!contract) return;
  if (gatewayFormatOf(process.format)?.way === 'push' && !(await rooms.federation.takesFormat(tx, process))) {
    if (data.state === 'STARTED') await followPush(tx, rooms, process, contract);
    return;
  }
  if (data.state === 'STARTED') await rooms.delivery.resumeTransfer(tx, contract, process.id);
  // That it was asked for may be heard of only after its key was made.
  else if (data.state !== 'REQUESTED') await rooms.delivery.stopTransfer(tx, contract, process.id);
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
