/** Keys to data: sealed wherever a data address lies, open on the wire and before those whom it was sent to. */
import type { Reader, Tx } from '../../kernel/db/db.ts';
import type { Json } from '../model.ts';
import type { Room } from './room.ts';

type Sealing = Pick<Room, 'seal'>;
/** Whose process it is. */
interface Owned {
  participant: string;
}

const subjectOf = ({ participant }: Owned): string => `dataspace:${participant}`;
const isAddress = (value: unknown): value is Json => typeof value === 'object' && value !== null;

/** As it is kept. What a counter-party calls `sealed` is dropped: only our own seal may stand there. */
export const sealAddress = async ({ seal }: Sealing, tx: Tx, owner: Owned, address: unknown): Promise<unknown> => {
  if (!isAddress(address)) return address;
  const { endpointProperties, sealed: _, ...open } = address;
  if (endpointProperties === undefined) return open;
  return { ...open, sealed: await seal.seal(tx, subjectOf(owner), JSON.stringify(endpointProperties)) };
};

/** As it came; without its key once the owner's key has been destroyed. */
export const openAddress = async ({ seal }: Sealing, read: Reader, owner: Owned, kept: unknown): Promise<unknown> => {
  if (!isAddress(kept)) return kept;
  const { sealed, ...open } = kept;
  const text = typeof sealed === 'string' ? await seal.open(read, subjectOf(owner), sealed) : null;
  return text === null ? open : { ...open, endpointProperties: JSON.parse(text) as unknown };
};

/** Of an address as it is kept or came: nothing that opens anything. */
export const keyless = (address: unknown): unknown => {
  if (!isAddress(address)) return address;
  const { endpointProperties: _, sealed: __, ...open } = address;
  return open;
};

export const sealMessage = async (room: Sealing, tx: Tx, owner: Owned, body: Json): Promise<Json> =>
  'dataAddress' in body ? { ...body, dataAddress: await sealAddress(room, tx, owner, body.dataAddress) } : body;

export const openMessage = async (room: Sealing, read: Reader, owner: Owned, body: Json): Promise<Json> =>
  'dataAddress' in body ? { ...body, dataAddress: await openAddress(room, read, owner, body.dataAddress) } : body;
