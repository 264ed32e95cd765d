/**
 * The data plane that carries what runs under a contract, whoever steers it: a transfer of the Dataspace Protocol, or a data flow of a
 * control plane outside. Either the gateway itself, or a data plane outside, which reads at the gateway what it hands on: no way leads
 * around the contract.
 */
import { bearerAddress, type DataAddress, type TokenRenewal } from '@shugu/dataspace';
import type { Rooms } from '../build.ts';
import { gatewayFormatOf, type Process, type PushAddress, type ServedFlow } from '../federation/index.ts';
import type { Reader, Tx } from '../kernel/db/db.ts';
import { followPush } from './bringing.ts';

/** What is carried. */
export interface Carried {
  id: string;
  participant: string;
  contract: string;
  format: string | null;
  /** Another with each move: what began under one that is past goes no further. */
  version: number;
}

/** `access`: of what is fetched; a push has none. `waiting`: told by `delivery.grant.opened`. */
export type Begun =
  | { state: 'open'; access?: { address: string; secret: string } }
  | { state: 'waiting' }
  | { state: 'refused'; reason: string };

export interface DataPlane {
  /** `seconds`: a key lives so long and is renewed, else as long as it is carried. `target`: where a push goes. */
  open(tx: Tx, carried: Carried, of: { seconds: number | null; target: PushAddress | undefined }): Promise<Begun>;
  /** It flows, for the first time or again. */
  run(tx: Tx, carried: Carried): Promise<void>;
  /** Nothing flows any more, for now or for good. Harmless to repeat. */
  stop(tx: Tx, carried: Carried): Promise<void>;
  /** The data address of what is fetched. */
  address(carried: Carried, access: { address: string; secret: string }, renewal?: TokenRenewal): DataAddress;
}

/** Of what a data plane outside reads at the gateway. */
const plain = 'https://w3id.org/idsa/v4.1/HTTP';

const byKey = ({ delivery }: Rooms) => ({
  open: async (tx: Tx, { id: transfer, contract }: Carried, seconds: number | null): Promise<Begun> => {
    const access = await delivery.openTransfer(tx, { contract, transfer, seconds });
    return access ? { state: 'open', access } : { state: 'waiting' };
  },
  run: (tx: Tx, { id, contract }: Carried) => delivery.resumeTransfer(tx, contract, id),
  stop: (tx: Tx, { id, contract }: Carried) => delivery.stopTransfer(tx, contract, id),
});

const isPush = ({ format }: Carried): boolean => gatewayFormatOf(format)?.way === 'push';

const openPush = async (
  tx: Tx,
  { delivery }: Rooms,
  { contract }: Carried,
  target: PushAddress | undefined,
): Promise<Begun> => {
  const files = await delivery.filesUnder(tx, contract);
  const opened = (await delivery.grantsOf(tx, contract)).some(
    ({ state }) => state === 'active' || state === 'suspended',
  );
  if (!opened) return { state: 'waiting' };
  if (files.length === 0)
    return {
      state: 'refused',
      reason: '该产品不以文件交付，不能推送 / it is not delivered as files, so nothing can be pushed',
    };
  if (!target)
    return { state: 'refused', reason: '缺少可用的 dataAddress / there is no dataAddress that can be called' };
  return { state: 'open' };
};

/** The node's own: fetched by a key, or brought. What was brought before a stop is not brought again. */
export const gatewayPlane = (rooms: Rooms): DataPlane => {
  const keys = byKey(rooms);
  return {
    open: (tx, carried, { seconds, target }) =>
      isPush(carried) ? openPush(tx, rooms, carried, target) : keys.open(tx, carried, seconds),
    run: (tx, carried) => (isPush(carried) ? followPush(tx, rooms, carried) : keys.run(tx, carried)),
    // A push looks for itself whether it may go on.
    stop: async (tx, carried) => (isPush(carried) ? undefined : keys.stop(tx, carried)),
    address: ({ format }, { address: endpoint, secret: token }, renewal) =>
      bearerAddress(gatewayFormatOf(format)!.endpointType, { endpoint, token, renewal }),
  };
};

/** Registered by the organisation: its signals are the room's of federation, what it reads is the gateway's. */
export const outsidePlane = (rooms: Rooms): DataPlane => {
  const keys = byKey(rooms);
  return {
    open: (tx, carried) => keys.open(tx, carried, null),
    run: keys.run,
    stop: keys.stop,
    address: (_carried, { address: endpoint, secret: token }) => bearerAddress(plain, { endpoint, token }),
  };
};

/** Undefined: nobody serves that type for the organisation. */
export const planeOf = async (read: Reader, rooms: Rooms, process: Process): Promise<DataPlane | undefined> => {
  if (await rooms.federation.takesFormat(read, process)) return outsidePlane(rooms);
  return gatewayFormatOf(process.format) ? gatewayPlane(rooms) : undefined;
};

export const carriedOf = ({ id, participant, format, version }: Process, contract: string): Carried => ({
  ...{ id, participant, contract, format, version },
});

export const carriedFlow = ({ id, participant, contract, profile, version }: ServedFlow): Carried => ({
  ...{ id, participant, contract, format: profile, version },
});
