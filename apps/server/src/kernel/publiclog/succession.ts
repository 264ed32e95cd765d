/**
 * Succession of the log. A node whose log lies behind a checkpoint that others hold must not grow it again: that would be a
 * second history under one name. It closes the origin and opens a new one under a new key, and the first entry there says
 * in clear which origin ended, how far it is known to have gone, and why.
 */
import {
  checkpointSigner,
  clearEntry,
  entryBytes,
  type Json,
  type SuiteName,
  suite as suiteOf,
  vkeyOf,
} from '@shugu/evidence';
import { appendEntries, encodeBase64, formatCheckpoint, signNote } from '@shugu/tlog';
import { audit } from '../audit.ts';
import type { Tx } from '../db/db.ts';
import { newId } from '../ids.ts';
import type { Keys } from '../keys.ts';
import * as store from './store.ts';

export const successionKind = 'logSuccession';

export interface Succession {
  node: string;
  suite: SuiteName;
  keys: Keys;
  reason: { zh: string; en: string };
  /** The furthest that others hold of the old log; the note where they could show it. */
  lastKnown?: { origin: string; size: number; checkpoint?: string };
}

/** The name of an origin: node and key, so that two data folders never grow one log. */
export const originName = (node: string, keyId: string): string => `shugu.${node}/${keyId.split(':')[1]!.slice(0, 12)}`;

/** Closes the open origin and opens its successor with the entry that says so. Name of the new origin. */
export const succeed = async (tx: Tx, { node, suite, keys, reason, lastKnown }: Succession): Promise<string> => {
  const open = await store.openOrigin(tx, node);
  if (!open) throw new Error('this node has no open log');
  const old = await store.lockOrigin(tx, open.origin);
  const checkpoint = await store.latestCheckpoint(tx, old.origin);
  const oldSigner = await keys.signerById(tx, old.key);
  const signer = await keys.rotate(tx, '', 'log');
  const origin = originName(node, signer.keyId);
  await store.closeOrigin(tx, old.origin, origin);
  await store.insertOrigin(tx, origin, suite, signer.keyId);
  const body: Record<string, Json> = {
    previousOrigin: old.origin,
    previousKey: vkeyOf(old.origin, oldSigner.publicKey),
    keptSize: old.size,
    ...(checkpoint ? { keptRoot: encodeBase64(new Uint8Array(checkpoint.root)) } : {}),
    ...(lastKnown ? { lastKnownOrigin: lastKnown.origin, lastKnownSize: lastKnown.size } : {}),
    ...(lastKnown?.checkpoint ? { lastKnownCheckpoint: lastKnown.checkpoint } : {}),
    reason,
    at: tx.now.toISOString(),
  };
  const bytes = entryBytes(clearEntry(successionKind, body));
  const id = newId('lge', tx.now);
  const title = { zh: `公开日志换代：承接 ${old.origin}`, en: `The log succeeds ${old.origin}` };
  await store.insertEntry(tx, { id, kind: successionKind, form: 'clear', bytes, title, participant: '' });
  // Appended here and not left to the next batch: nothing else may stand first.
  const { hash } = suiteOf(suite);
  const { size, root, tiles } = await appendEntries({
    hash,
    store: store.tilesOf(tx, origin),
    oldSize: 0,
    entries: [bytes],
  });
  await store.writeTiles(tx, origin, tiles);
  await store.placeEntries(tx, origin, [{ id, position: 0 }]);
  const note = await signNote(formatCheckpoint({ origin, size, root }), [checkpointSigner(origin, signer)]);
  await store.writeCheckpoint(tx, origin, { size, root, note });
  await audit(tx, {
    action: 'kernel.log.succeed',
    subject: origin,
    participant: '',
    data: { previous: old.origin, keptSize: old.size, lastKnownSize: lastKnown?.size ?? null, reason },
  });
  return origin;
};
