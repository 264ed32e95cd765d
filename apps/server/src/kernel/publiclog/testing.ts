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
