/** For tests only. */
import {
  checkpointSigner,
  generateKey,
  type SuiteName,
  softwareSigner,
  suite as suiteOf,
  vkeyOf,
} from '@shugu/evidence';
import { appendEntries, consistencyProof, formatCheckpoint, signNote } from '@shugu/tlog';
import pino from 'pino';
import type { Database } from '../db/db.ts';
import { systemActor } from '../http/principal.ts';
import { makeKeys } from '../keys.ts';
import { makePublicLog } from './publiclog.ts';
import { insertOrigin } from './store.ts';
import { originName } from './succession.ts';

/** Keys and a public log with its origin, on a migrated database that no kernel was opened on. */
export const logOn = async (database: Database, suite: SuiteName = 'intl') => {
  const keys = makeKeys(Buffer.alloc(32, 7), suite);
  const node = await database.tx(systemActor('test'), async (tx) => {
    const { keyId } = await keys.signer(tx, '', 'log');
    await insertOrigin(tx, originName(tx.tenancy.node, keyId), suite, keyId);
    return tx.tenancy.node;
  });
  const publicLog = makePublicLog({
    database,
    node,
    log: pino({ level: 'silent' }),
    originKey: async (origin) => ({
      suite: origin.suite,
      hash: suiteOf(origin.suite).hash,
      signer: await keys.signerById(database, origin.key),
    }),
    rhythmSeconds: { clear: 1, commitment: 1 },
    now: () => new Date(),
  });
  return { keys, publicLog, suite };
};

/** A log in memory; with the `signer` of another it is a second history under one key. */
export const makeLog = (
  name: SuiteName,
  origin: string,
  signer = softwareSigner(generateKey(name), { level: 'sealed-file' }),
) => {
  const { hash } = suiteOf(name);
  const files = new Map<string, Uint8Array>();
  const store = { read: async (path: string) => files.get(path) };
  let size = 0;
  return {
    origin,
    hash,
    store,
    vkey: vkeyOf(origin, signer.publicKey),
    grow: async (...texts: string[]) => {
      const entries = texts.map((text) => new TextEncoder().encode(text));
      const appended = await appendEntries({ hash, store, oldSize: size, entries });
      for (const [path, bytes] of appended.tiles) files.set(path, bytes);
      size = appended.size;
      const note = await signNote(formatCheckpoint({ origin, size, root: appended.root }), [
        checkpointSigner(origin, signer),
      ]);
      return { size, root: appended.root, note };
    },
    proof: (from: number, to: number) => consistencyProof({ hash, store, from, to }),
    signer,
  };
};
