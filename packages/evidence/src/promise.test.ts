import {
  appendEntries,
  encodeBase64,
  formatCheckpoint,
  leafHash,
  leafHashes,
  rightEdge,
  rootAt,
  sha256,
  signNote,
} from '@shugu/tlog';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkpointSigner,
  entryBytes,
  generateKey,
  judgePromise,
  makeDatedCheckpoint,
  makePromise,
  paddingEntry,
  type SuiteName,
  softwareSigner,
  suite,
  trustFrom,
  verifyPromise,
  vkeyOf,
} from './index.ts';

const origin = 'log.test/promises';
const accepted = '2026-07-01T01:00:00Z';
const by = '2026-07-01T02:00:00Z';
const later = '2026-07-01T02:00:01Z';

const makeLog = (name: SuiteName) => {
  const { hash } = suite(name);
  const signer = softwareSigner(generateKey(name), { level: 'platform' });
  const files = new Map<string, Uint8Array>();
  const store = { read: async (path: string) => files.get(path) };
  let size = 0;
  let note = '';
  const grow = async (entries: Uint8Array[]) => {
    const appended = await appendEntries({ hash, store, oldSize: size, entries });
    for (const [path, bytes] of appended.tiles) files.set(path, bytes);
    size = appended.size;
    const text = formatCheckpoint({ origin, size, root: appended.root });
    note = await signNote(text, [checkpointSigner(origin, signer)]);
  };
  return {
    files,
    store,
    signer,
    grow,
    trust: trustFrom({ logs: [{ origin, suite: name, vkey: vkeyOf(origin, signer.publicKey) }] }),
    promise: (entry: Uint8Array, by_ = signer) =>
      makePromise(
        { origin, suite: name, leaf: encodeBase64(leafHash(hash, entry)), acceptedAt: accepted, sequencedBy: by },
        by_,
      ),
    dated: (at: string, by_ = signer) => makeDatedCheckpoint({ origin, suite: name, checkpoint: note, at }, by_),
  };
};
const entry = () => entryBytes(paddingEntry());
const entries = (count: number) => Array.from({ length: count }, entry);

describe.each(['intl', 'sm'] as const)('a promise of a log of suite %s', (name) => {
  it('is believed of a trusted log only, and to the last bit', async () => {
    const log = makeLog(name);
    const bytes = await log.promise(entry());
    expect(verifyPromise(bytes, log.trust)).toMatchObject({ ok: true, promise: { origin, sequencedBy: by } });
    expect(verifyPromise(bytes, makeLog(name).trust).ok).toBe(false);
    expect(verifyPromise(await log.dated(later), log.trust).ok).toBe(false);
    const elsewhere = { ...log.trust, logs: log.trust.logs.map((one) => ({ ...one, origin: 'log.test/other' })) };
    expect(verifyPromise(bytes, elsewhere).ok).toBe(false);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(7), (place, bit) => {
        const changed = Uint8Array.from(bytes);
        changed[place] = changed[place]! ^ (1 << bit);
        expect(verifyPromise(changed, log.trust).ok).toBe(false);
      }),
      { numRuns: name === 'sm' ? 60 : 300 },
    );
  });

  it('is open until its time, then kept or provably broken', async () => {
    const log = makeLog(name);
    const mine = entry();
    const promise = verifyPromise(await log.promise(mine), log.trust).promise!;
    const judge = async (at: string) =>
      judgePromise(promise, log.trust, { dated: await log.dated(at), store: log.store });
    await log.grow(entries(300));
    expect(await judge(by)).toBe('open');
    expect(await judge(later)).toBe('broken');
    await log.grow([...entries(3), mine, ...entries(2)]);
    expect(await judge(by)).toBe('kept');
    expect(await judge(later)).toBe('kept');
  });

  it('is not judged by what does not hold together', async () => {
    const log = makeLog(name);
    const promise = verifyPromise(await log.promise(entry()), log.trust).promise!;
    await log.grow(entries(300));
    const judge = async (dated: Uint8Array) => judgePromise(promise, log.trust, { dated, store: log.store });
    expect(await judge(await log.dated(later, makeLog(name).signer))).toBe('unproven');
    expect(await judge(await log.promise(entry()))).toBe('unproven');
    expect(await judge(Uint8Array.of(1))).toBe('unproven');
    // One leaf hidden behind another: the upper tiles still look right.
    const tile = log.files.get('tile/0/000')!;
    tile[5]! ^= 1;
    expect(await judge(await log.dated(later))).toBe('unproven');
    log.files.delete('tile/0/000');
    expect(await judge(await log.dated(later))).toBe('unproven');
  });
});

it('the right edge gives the root that the tiles give, at any size', async () => {
  const files = new Map<string, Uint8Array>();
  const store = { read: async (path: string) => files.get(path) };
  let size = 0;
  for (const count of [1, 1, 3, 250, 1, 1, 255, 300]) {
    const appended = await appendEntries({ hash: sha256, store, oldSize: size, entries: entries(count) });
    for (const [path, bytes] of appended.tiles) files.set(path, bytes);
    size = appended.size;
    const edge = rightEdge(sha256);
    for await (const leaf of leafHashes(sha256, store, size)) edge.add(leaf);
    expect(edge.root()).toEqual(await rootAt({ hash: sha256, store, size }));
  }
  expect(rightEdge(sha256).root()).toEqual(await rootAt({ hash: sha256, store, size: 0 }));
});
