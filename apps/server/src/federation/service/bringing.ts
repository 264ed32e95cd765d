/**
 * Files for the consumer of a push transfer: a POST each to the data address that it named, by the HTTP push profile of Data Plane
 * Signaling (bearer token among its properties). Guarded as every address of others; who stops reading is given up.
 */
import type { Reader, Tx } from '../../kernel/db/db.ts';
import { type Json, limits, type Process } from '../model.ts';
import { isOver } from '../rules.ts';
import { insertParcel, lockProcess } from '../store.ts';
import { answerFault, postTo } from './posting.ts';
import type { Room } from './room.ts';
import { openAddress } from './secrets.ts';

export interface Parcel {
  /** Of the content: type, length, digest, name. */
  headers: Record<string, string>;
  body: AsyncIterable<Uint8Array> | Uint8Array;
}
export type Brought = { taken: true } | { taken: false; again: boolean; fault: string };

const told = ['content-type', 'content-length', 'repr-digest', 'content-disposition'];

export interface PushAddress {
  endpoint: string;
  authorization: string | undefined;
}

/** Where the consumer wants it; undefined: it named no address that can be called. */
export const pushAddress = async (
  room: Pick<Room, 'seal'>,
  read: Reader,
  process: Process,
): Promise<PushAddress | undefined> => {
  return pushAddressIn(await openAddress(room, read, process, process.data_address));
};

export const pushAddressIn = (address: unknown): PushAddress | undefined => {
  const { endpoint, endpointProperties = [] } = (address ?? {}) as Json;
  if (typeof endpoint !== 'string' || !/^https?:$/.test(URL.parse(endpoint)?.protocol ?? '')) return undefined;
  const value = (name: string) =>
    (endpointProperties as { name: string; value: string }[]).find((one) => one.name === name)?.value;
  const token = value('authorization');
  return { endpoint, authorization: token && (value('authType') === 'bearer' ? `Bearer ${token}` : token) };
};

const withoutToken = (text: string, authorization: string | undefined): string => {
  const token = authorization?.replace(/^Bearer /, '');
  return token ? text.replaceAll(token, '…') : text;
};

export const bring = async (
  { outgoing }: Pick<Room, 'outgoing'>,
  { endpoint, authorization }: PushAddress,
  { headers, body }: Parcel,
  signal: AbortSignal,
): Promise<Brought> => {
  const stalled = new AbortController();
  const stall = () => stalled.abort(new Error('the receiver has stopped reading'));
  let timer = setTimeout(stall, limits.stallSeconds * 1000);
  const pieces = async function* () {
    for await (const piece of body instanceof Uint8Array ? [body] : body) {
      yield piece;
      clearTimeout(timer);
      timer = setTimeout(stall, limits.stallSeconds * 1000);
    }
  };
  const make = async () => ({
    url: new URL(endpoint),
    headers: {
      ...Object.fromEntries(told.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]]))),
      ...(authorization ? { authorization } : {}),
    },
    body: pieces(),
  });
  const until = AbortSignal.any([signal, stalled.signal]);
  try {
    const posted = await postTo(outgoing, endpoint, make, limits.answerBytesMax, until);
    if ('fault' in posted) return { taken: false, ...posted };
    const { status } = posted;
    if (status >= 200 && status < 300) return { taken: true };
    const { again, fault } = answerFault(posted);
    // Whoever says no may repeat what it was shown.
    return { taken: false, again, fault: withoutToken(fault, authorization) };
  } finally {
    clearTimeout(timer);
  }
};

export const noteTaken = async (tx: Tx, id: string, name: string): Promise<void> => {
  const process = await lockProcess(tx, id);
  if (process && !isOver(process)) await insertParcel(tx, process, name);
};
