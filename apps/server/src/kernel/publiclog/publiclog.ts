/**
 * The node's public log. A fact is published inside the transaction that makes it true and sequenced after commit, in batches
 * of fixed rhythm, commitments in rarer ones (batch.ts); a checkpoint is signed over each batch. Only the node's open origin
 * grows; a node restored from behind its last witnessed checkpoint opens a new one (succession.ts). Witnesses, where
 * configured, are asked after each batch.
 */
import { checkpointSigner, entryBytes, paddingEntry, type Signer } from '@shugu/evidence';
import {
  appendEntries,
  cachedStore,
  consistencyProof,
  formatCheckpoint,
  type Hash,
  inclusionProof,
  signNote,
  type TileStore,
} from '@shugu/tlog';
import type { Logger } from 'pino';
import type { Database, Reader, Sql, Tx } from '../db/db.ts';
import { systemActor } from '../http/principal.ts';
import { newId } from '../ids.ts';
import { inBatchOrder, paddingFor } from './batch.ts';
import { askWitness, hasLineOf, withLine, witnessRestSeconds } from './cosign.ts';
import { makePromises, type Promises } from './promises.ts';
import * as store from './store.ts';
import type { Witness } from './witnesses.ts';

export const limits = {
  batchEntries: 20_000,
  tilesCached: 256,
  /** A paper waits this long for a witnessed checkpoint before it goes out with the log's word alone. */
  witnessWaitSeconds: 60,
} as const;

/** What signs an origin's checkpoints and promises. */
export interface OriginKey {
  suite: 'intl' | 'sm';
  hash: Hash;
  signer: Signer;
}

export interface Publication {
  kind: string;
  form: 'clear' | 'commitment';
  /** Canonical bytes of the entry. */
  bytes: Uint8Array;
  /** What people read in the list of public entries; clear entries only. */
  title?: { zh: string; en: string };
  participant?: string;
}

export interface Inclusion {
  origin: string;
  suite: 'intl' | 'sm';
  position: number;
  size: number;
  proof: Uint8Array[];
  /** Signed note of the checkpoint of that size. */
  checkpoint: string;
  entry: Buffer;
  /** An outside authority's time stamp over the checkpoint. */
  stamp?: Uint8Array;
}

export interface PublicLog extends Promises {
  publish(tx: Tx, publication: Publication): Promise<string>;
  /** Sequences what is committed, clear entries alone or all; number of entries. */
  sequence(what?: 'clear' | 'all'): Promise<number>;
  /** Whether there is something to sequence, as SQL; undefined where witnesses are asked, too. */
  due?(what: 'clear' | 'all'): Sql;
  /** Undefined before the entry is sequenced and, for a short while, before a witness has seen it. */
  inclusion(read: Reader, entryId: string): Promise<Inclusion | undefined>;
  consistency(read: Reader, origin: string, from: number, to: number): Promise<Uint8Array[]>;
  /** The latest checkpoint that can go out: cosigned where there are witnesses, unless they are silent. */
  presentable(origin: string): Promise<store.StoredCheckpoint | undefined>;
}

export interface PublicLogOptions {
  database: Database;
  node: string;
  /** Opens the first origin, or gives the key of the open one. */
  originKey(origin: store.Origin): Promise<OriginKey>;
  log: Logger;
  /** Between two batches with entries of that form. */
  rhythmSeconds: Record<'clear' | 'commitment', number>;
  /** Called with the entries' ids after a batch is durable. */
  onSequenced?(tx: Tx, entryIds: string[]): Promise<void>;
  witnesses?: readonly Witness[];
  now(): Date;
}

export const makePublicLog = (options: PublicLogOptions): PublicLog => {
  const { database } = options;
  const caches = new Map<string, TileStore>();
  const cached = (origin: string): TileStore => {
    let found = caches.get(origin);
    if (!found) {
      found = cachedStore(store.tilesOf(database, origin), limits.tilesCached);
      caches.set(origin, found);
    }
    return found;
  };

  const padding = async (tx: Tx, pending: readonly store.PendingEntry[]): Promise<store.PendingEntry[]> => {
    const count = paddingFor(pending.filter((one) => one.form === 'commitment').length);
    const made = Array.from({ length: count }, () => ({
      id: newId('lge', tx.now),
      form: 'commitment' as const,
      entry: Buffer.from(entryBytes(paddingEntry())),
    }));
    for (const { id, form, entry } of made)
      await store.insertEntry(tx, { id, kind: 'padding', form, bytes: entry, participant: '' });
    return made;
  };

  const appendBatch = async (
    tx: Tx,
    what: 'clear' | 'all',
    origin: store.Origin,
    key: OriginKey,
  ): Promise<string[]> => {
    const pending = await store.pendingEntries(tx, what, limits.batchEntries);
    const before = await store.latestCheckpoint(tx, origin.origin);
    if (pending.length === 0 && before) return [];
    const batch = inBatchOrder([...pending, ...(await padding(tx, pending))]);
    const appended = await appendEntries({
      hash: key.hash,
      store: store.tilesOf(tx, origin.origin),
      oldSize: origin.size,
      entries: batch.map((one) => one.entry),
      oldRoot: before?.root,
    });
    await store.writeTiles(tx, origin.origin, appended.tiles);
    await store.placeEntries(
      tx,
      origin.origin,
      batch.map((one, place) => ({ id: one.id, position: origin.size + place })),
    );
    const text = formatCheckpoint({ origin: origin.origin, size: appended.size, root: appended.root });
    const note = await signNote(text, [checkpointSigner(origin.origin, key.signer)]);
    await store.writeCheckpoint(tx, origin.origin, { size: appended.size, root: appended.root, note });
    const ids = pending.map((one) => one.id);
    await options.onSequenced?.(tx, ids);
    return ids;
  };

  const witnesses = options.witnesses ?? [];
  // By vkey: the size it cosigned last, and until when (monotonic ms) it is left alone after a failure.
  const standing = new Map<string, { size: number; restUntil: number }>();

  const cosignWith = async (witness: Witness, origin: store.Origin, key: OriginKey): Promise<void> => {
    const checkpoint = await store.latestCheckpoint(database, origin.origin);
    const before = standing.get(witness.vkey) ?? { size: 0, restUntil: 0 };
    if (!checkpoint || hasLineOf(checkpoint.note, witness) || performance.now() < before.restUntil) return;
    const { size, note } = checkpoint;
    try {
      const answer = await askWitness(
        witness,
        { hash: key.hash, store: cached(origin.origin), size, note },
        before.size,
      );
      if (answer.kind !== 'cosigned') throw new Error(`the witness answered: ${JSON.stringify(answer)}`);
      await database.tx(systemActor('publiclog'), async (tx) => {
        await store.lockOrigin(tx, origin.origin);
        const present = (await store.checkpointAt(tx, origin.origin, size))!;
        await store.replaceNote(tx, origin.origin, size, await withLine(present.note, witness, answer.signatures));
      });
      standing.set(witness.vkey, { size, restUntil: 0 });
    } catch (error) {
      options.log.warn({ err: error, witness: witness.url, size }, 'a witness has not cosigned');
      standing.set(witness.vkey, { ...before, restUntil: performance.now() + witnessRestSeconds * 1000 });
    }
  };

  let pendingRun: Promise<unknown> = Promise.resolve();
  const sequenceOnce = async (what: 'clear' | 'all'): Promise<number> => {
    const open = await store.standing(database, options.node, what);
    if (!open) return 0;
    // Asked every second and after every piece of work, mostly for nothing.
    if (!open.pending && open.begun && witnesses.length === 0) return 0;
    const key = await options.originKey(open);
    let count = 0;
    for (;;) {
      const ids = await database.tx(systemActor('publiclog'), async (tx) =>
        appendBatch(tx, what, await store.lockOrigin(tx, open.origin), key),
      );
      count += ids.length;
      if (ids.length < limits.batchEntries) break;
    }
    await Promise.all(witnesses.map((witness) => cosignWith(witness, open, key)));
    return count;
  };

  const silent = (since: Date): boolean =>
    options.now().getTime() - since.getTime() >= limits.witnessWaitSeconds * 1000;

  const presentable = async (origin: string): Promise<store.StoredCheckpoint | undefined> => {
    const latest = await store.latestCheckpoint(database, origin);
    const waits = witnesses.length > 0 && latest && !latest.witnessed && !silent(latest.at);
    return waits ? store.latestCheckpoint(database, origin, { witnessed: true }) : latest;
  };

  /** The latest checkpoint that a witness has seen where one covers the position, else the latest. */
  const checkpointFor = async (read: Reader, entry: store.LoggedEntry): Promise<store.StoredCheckpoint | undefined> => {
    const witnessed = await store.latestCheckpoint(read, entry.origin!, { witnessed: true });
    if (witnessed && witnessed.size > entry.position!) return witnessed;
    if (witnesses.length > 0 && !silent(entry.sequenced_at ?? new Date(0))) return undefined;
    return store.latestCheckpoint(read, entry.origin!);
  };

  return {
    ...makePromises(options),
    presentable,
    publish: async (tx, publication) => {
      const id = newId('lge', tx.now);
      await store.insertEntry(tx, { id, ...publication });
      return id;
    },
    ...(witnesses.length === 0 ? { due: (what) => store.unsequenced(options.node, what) } : {}),
    sequence: (what = 'all') => {
      const run = () => sequenceOnce(what);
      const next = pendingRun.then(run, run);
      pendingRun = next.catch(() => undefined);
      return next;
    },
    inclusion: async (read, entryId) => {
      const entry = await store.entryById(read, entryId);
      if (!entry || entry.origin === null || entry.position === null) return undefined;
      const origin = (await store.origins(read)).find((one) => one.origin === entry.origin)!;
      const key = await options.originKey(origin);
      const stamped = await store.stampedCheckpoint(read, entry.origin, entry.position, {
        witnessed: witnesses.length > 0,
      });
      let checkpoint = stamped ?? (await checkpointFor(read, entry));
      if (!checkpoint) {
        // The witnesses are being asked at this moment; their answer is part of the run.
        await pendingRun;
        checkpoint = await checkpointFor(read, entry);
      }
      if (!checkpoint) return undefined;
      const proof = await inclusionProof({
        hash: key.hash,
        store: cached(origin.origin),
        size: checkpoint.size,
        index: entry.position,
      });
      return {
        origin: origin.origin,
        suite: origin.suite,
        position: entry.position,
        size: checkpoint.size,
        proof,
        checkpoint: checkpoint.note,
        entry: entry.entry,
        ...(stamped ? { stamp: new Uint8Array(stamped.token) } : {}),
      };
    },
    consistency: async (read, originName, from, to) => {
      const origin = (await store.origins(read)).find((one) => one.origin === originName);
      if (!origin) throw new Error('no such origin');
      const key = await options.originKey(origin);
      return consistencyProof({ hash: key.hash, store: cached(originName), from, to });
    },
  };
};
