/**
 * What the log says before it shows: a promise for an entry that waits, and how far it has grown by now. Both under the key
 * that signs its checkpoints, so that a log which breaks its word is convicted by it (package evidence, promise.ts).
 */
import { makeDatedCheckpoint, makePromise } from '@shugu/evidence';
import { encodeBase64, leafHash } from '@shugu/tlog';
import type { Reader } from '../db/db.ts';
import type { PublicLogOptions } from './publiclog.ts';
import * as store from './store.ts';

export const promiseLimits = {
  /** The promised maximum delay: so many batches, and not less than this, or a restart would already break it. */
  delayBatches: 30,
  delaySecondsMin: 3600,
} as const;

export interface Promises {
  /** The log's signed word by when it will hold the entry; undefined once it does. */
  promise(read: Reader, entryId: string): Promise<Uint8Array | undefined>;
  /** The log's signed word on how far it has grown by now. */
  dated(read: Reader, origin: string): Promise<Uint8Array | undefined>;
}

type Options = Pick<PublicLogOptions, 'node' | 'originKey' | 'rhythmSeconds' | 'now'>;

export const makePromises = ({ node, originKey, rhythmSeconds, now }: Options): Promises => {
  const promise = async (read: Reader, entryId: string): Promise<Uint8Array | undefined> => {
    const entry = await store.entryById(read, entryId);
    const open = await store.openOrigin(read, node);
    if (!entry || entry.position !== null || !open) return undefined;
    const { hash, signer } = await originKey(open);
    const batches = rhythmSeconds[entry.form] * promiseLimits.delayBatches;
    const delay = Math.max(promiseLimits.delaySecondsMin, batches) * 1000;
    return makePromise(
      {
        origin: open.origin,
        suite: open.suite,
        leaf: encodeBase64(leafHash(hash, new Uint8Array(entry.entry))),
        acceptedAt: entry.created_at.toISOString(),
        sequencedBy: new Date(entry.created_at.getTime() + delay).toISOString(),
      },
      signer,
    );
  };

  // One signature a second and size, however many ask.
  const last = new Map<string, { key: string; bytes: Uint8Array }>();
  const dated = async (read: Reader, name: string): Promise<Uint8Array | undefined> => {
    // Before the checkpoint is read: the log may not convict itself by what it adds between the two.
    const at = now();
    const origin = (await store.origins(read)).find((one) => one.origin === name);
    const checkpoint = origin && (await store.latestCheckpoint(read, name));
    if (!checkpoint) return undefined;
    const key = `${Math.floor(at.getTime() / 1000)} ${checkpoint.size}`;
    const known = last.get(name);
    if (known?.key === key) return known.bytes;
    const { signer } = await originKey(origin);
    const bytes = await makeDatedCheckpoint(
      { origin: name, suite: origin.suite, checkpoint: checkpoint.note, at: at.toISOString() },
      signer,
    );
    last.set(name, { key, bytes });
    return bytes;
  };

  return { promise, dated };
};
