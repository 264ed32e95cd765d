import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  appendEntries,
  batchEntriesMax,
  cachedStore,
  consistencyProof,
  decodeEntries,
  emptyRoot,
  encodeEntries,
  entryBytesMax,
  type Hash,
  inclusionProof,
  leafHash,
  nodeHash,
  readEntries,
  rootAt,
  sha256,
  sm3,
  type TileStore,
  verifyConsistency,
  verifyInclusion,
} from './index.ts';

/**
 * RFC 6962 section 2.1 word for word, over an array of leaf hashes: the yardstick, plain. Roots of ranges are remembered,
 * or all pairs of a few hundred leaves would take minutes.
 */
const split = (count: number) => 2 ** Math.floor(Math.log2(count - 1));
function yardstick(hash: Hash, leaves: Uint8Array[]) {
  const known = new Map<number, Uint8Array>();
  const root = (low: number, high: number): Uint8Array => {
    if (low === high) return emptyRoot(hash);
    if (high - low === 1) return leaves[low]!;
    const key = low * 2 ** 20 + high;
    const middle = low + split(high - low);
    const value = known.get(key) ?? nodeHash(hash, root(low, middle), root(middle, high));
    known.set(key, value);
    return value;
  };
  const path = (index: number, low: number, high: number): Uint8Array[] => {
    if (high - low === 1) return [];
    const middle = low + split(high - low);
    return index < middle
      ? [...path(index, low, middle), root(middle, high)]
      : [...path(index, middle, high), root(low, middle)];
  };
  const steps = (from: number, low: number, high: number, whole: boolean): Uint8Array[] => {
    if (from === high) return whole ? [] : [root(low, high)];
    const middle = low + split(high - low);
    return from <= middle
      ? [...steps(from, low, middle, whole), root(middle, high)]
      : [...steps(from, middle, high, false), root(low, middle)];
  };
  return {
    root: (size: number) => root(0, size),
    path: (index: number, size: number) => path(index, 0, size),
    consistency: (from: number, to: number) => (from === 0 ? [] : steps(from, 0, to, true)),
  };
}

const entryOf = (i: number) => new TextEncoder().encode(`entry ${i}`);
const entries = (count: number, from = 0) => Array.from({ length: count }, (_, i) => entryOf(from + i));
const leavesOf = (hash: Hash, count: number) => entries(count).map((entry) => leafHash(hash, entry));
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const hexes = (list: Uint8Array[]) => list.map(hex);

function memoryStore() {
  const files = new Map<string, Uint8Array>();
  let reads = 0;
  const store: TileStore = {
    read: async (path) => {
      reads++;
      return files.get(path);
    },
  };
  return { files, store, reads: () => reads, resetReads: () => (reads = 0) };
}

/** Appends in the given batch sizes, writing every tile. */
async function grow(hash: Hash, batches: number[]) {
  const memory = memoryStore();
  let size = 0;
  let root = emptyRoot(hash);
  for (const count of batches) {
    const step = await appendEntries({
      hash,
      store: memory.store,
      oldSize: size,
      oldRoot: root,
      entries: entries(count, size),
    });
    for (const [path, bytes] of step.tiles) memory.files.set(path, bytes);
    ({ size, root } = step);
  }
  return { ...memory, size, root };
}

describe('known vectors', () => {
  // Reference tree of the certificate-transparency test data.
  const leaves = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
  const roots = [
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
    'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
    'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
    '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
    'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
    '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
  ];

  it('gives the roots of the eight reference leaves', async () => {
    const { files, store } = memoryStore();
    for (let size = 0; size < leaves.length; size++) {
      expect(hex(await rootAt({ hash: sha256, store, size }))).toBe(roots[size]);
      const entry = new Uint8Array(Buffer.from(leaves[size]!, 'hex'));
      const step = await appendEntries({ hash: sha256, store, oldSize: size, entries: [entry] });
      for (const [path, bytes] of step.tiles) files.set(path, bytes);
      expect(hex(step.root)).toBe(roots[size + 1]);
    }
  });

  it('hashes SM3 as GB/T 32905 example 1', () => {
    expect(hex(sm3.digest(new TextEncoder().encode('abc')))).toBe(
      '66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0',
    );
  });
});

describe.each([sha256, sm3])('tree over $name', (hash) => {
  it('verifies every inclusion and consistency of the RFC recursion up to 300 leaves', () => {
    const sizeMax = hash.name === 'sha256' ? 300 : 90;
    const leaves = leavesOf(hash, sizeMax);
    const naive = yardstick(hash, leaves);
    for (let size = 0; size <= sizeMax; size++) {
      const root = naive.root(size);
      for (let other = 0; other <= size; other++) {
        const steps = naive.consistency(other, size);
        const grown = { hash, from: other, to: size, fromRoot: naive.root(other), toRoot: root, proof: steps };
        if (!verifyConsistency(grown)) expect.unreachable(`consistency ${other} to ${size}`);
        if (other === size) continue;
        const proof = naive.path(other, size);
        if (!verifyInclusion({ hash, index: other, size, leaf: leaves[other]!, root, proof })) {
          expect.unreachable(`inclusion of ${other} in ${size}`);
        }
      }
    }
  });

  it.each([1, 2, 255, 256, 257, 300])('makes the proofs of the RFC recursion at %i leaves', async (size) => {
    const { store } = await grow(hash, [size]);
    const naive = yardstick(hash, leavesOf(hash, size));
    for (let other = 0; other < size; other++) {
      const proof = await inclusionProof({ hash, store, index: other, size });
      expect(hexes(proof)).toEqual(hexes(naive.path(other, size)));
      const steps = await consistencyProof({ hash, store, from: other, to: size });
      expect(hexes(steps)).toEqual(hexes(naive.consistency(other, size)));
    }
  });

  it('agrees with the RFC recursion whatever the batches and sizes', async () => {
    const batches = fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(batches, fc.nat(), fc.nat(), async (sizes, a, b) => {
        const { store, size, root } = await grow(hash, sizes);
        const naive = yardstick(hash, leavesOf(hash, size));
        expect(hex(root)).toBe(hex(naive.root(size)));
        if (size === 0) return;
        expect(hexes(await inclusionProof({ hash, store, index: a % size, size }))).toEqual(
          hexes(naive.path(a % size, size)),
        );
        expect(hexes(await consistencyProof({ hash, store, from: b % size, to: size }))).toEqual(
          hexes(naive.consistency(b % size, size)),
        );
      }),
      { numRuns: 25 },
    );
  });

  it('refuses every changed, cut, lengthened or moved proof', async () => {
    const { store, size, root } = await grow(hash, [300]);
    const leaf = (index: number) => leafHash(hash, entryOf(index));
    await fc.assert(
      fc.asyncProperty(fc.nat(299), fc.integer({ min: 1, max: 299 }), fc.nat(), async (index, from, at) => {
        const proof = await inclusionProof({ hash, store, index, size });
        const right = { hash, index, size, leaf: leaf(index), root, proof };
        expect(verifyInclusion(right)).toBe(true);
        const flipped = proof.map((bytes, i) => (i === at % proof.length ? flip(bytes, at) : bytes));
        for (const wrong of [
          { ...right, proof: flipped },
          { ...right, proof: proof.slice(1) },
          { ...right, proof: proof.slice(0, -1) },
          { ...right, proof: [...proof, root] },
          { ...right, index: (index + 1 + (at % 299)) % 300 },
          { ...right, size: index },
          { ...right, size: 1024 },
          { ...right, leaf: leaf((index + 1) % 300) },
          { ...right, leaf: right.leaf.slice(1) },
          { ...right, root: flip(root, at) },
          { ...right, index: -1 },
          { ...right, index: 0.5 },
          { ...right, size: 2 ** 53 },
        ]) {
          expect(verifyInclusion(wrong)).toBe(false);
        }
        const fromRoot = yardstick(hash, leavesOf(hash, from)).root(from);
        const steps = await consistencyProof({ hash, store, from, to: size });
        const grown = { hash, from, to: size, fromRoot, toRoot: root, proof: steps };
        expect(verifyConsistency(grown)).toBe(true);
        const bent = steps.map((bytes, i) => (i === at % steps.length ? flip(bytes, at) : bytes));
        for (const wrong of [
          { ...grown, proof: bent },
          { ...grown, proof: steps.slice(1) },
          { ...grown, proof: [...steps, root] },
          { ...grown, proof: [] },
          { ...grown, fromRoot: flip(fromRoot, at) },
          { ...grown, toRoot: flip(root, at) },
          { ...grown, from: size, to: from },
          { ...grown, from: 0 },
        ]) {
          expect(verifyConsistency(wrong)).toBe(false);
        }
      }),
      { numRuns: 40 },
    );
  });
});

function flip(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice();
  copy[at % copy.length]! ^= 1 << (at % 8);
  return copy;
}

describe('store', () => {
  it('needs few tile reads in a tree of 70,000', async () => {
    const { files, store, reads, resetReads, size } = await grow(sha256, [60_000, 10_000]);
    // The example of the C2SP text: 273 full and one partial tile of width 112; one full and one of width 17; one of 1.
    expect(files.get('tile/0/273.p/112')?.length).toBe(112 * 32);
    expect(files.get('tile/1/000')?.length).toBe(8192);
    expect(files.get('tile/1/001.p/17')?.length).toBe(17 * 32);
    expect(files.get('tile/2/000.p/1')?.length).toBe(32);
    resetReads();
    await inclusionProof({ hash: sha256, store, index: 12_345, size });
    expect(reads()).toBeLessThanOrEqual(6);
    const step = await appendEntries({ hash: sha256, store, oldSize: size, entries: entries(1, size) });
    expect([...step.tiles.keys()]).toEqual(['tile/entries/273.p/113', 'tile/0/273.p/113']);
    expect(hex((await readEntries(store, 273, size))[111]!)).toBe(hex(entryOf(69_999)));
  });

  it('takes the head of the full tile for a pruned partial one', async () => {
    const { files, store } = await grow(sha256, [100, 200]);
    const before = await rootAt({ hash: sha256, store, size: 100 });
    files.delete('tile/0/000.p/100');
    files.delete('tile/entries/000.p/100');
    expect(hex(await rootAt({ hash: sha256, store, size: 100 }))).toBe(hex(before));
    expect(await readEntries(store, 0, 100)).toHaveLength(100);
  });

  it('refuses missing and damaged tiles, and appending to a store that lost its root', async () => {
    const { files, store, size, root } = await grow(sha256, [300]);
    const again = { hash: sha256, store, oldSize: size, oldRoot: root, entries: [entryOf(1)] };
    files.set('tile/0/001.p/44', flip(files.get('tile/0/001.p/44')!, 5));
    await expect(appendEntries(again)).rejects.toMatchObject({ code: 'tlog.root-mismatch' });
    files.set('tile/0/001.p/44', new Uint8Array(31));
    await expect(rootAt({ hash: sha256, store, size })).rejects.toMatchObject({
      code: 'tlog.tile-malformed',
    });
    files.delete('tile/0/001.p/44');
    await expect(rootAt({ hash: sha256, store, size })).rejects.toMatchObject({ code: 'tlog.tile-missing' });
    await expect(inclusionProof({ hash: sha256, store, index: 300, size })).rejects.toMatchObject({
      code: 'tlog.range',
    });
    await expect(consistencyProof({ hash: sha256, store, from: 301, to: 300 })).rejects.toMatchObject({
      code: 'tlog.range',
    });
  });

  it('holds its limits', async () => {
    const { store } = memoryStore();
    const base = { hash: sha256, store, oldSize: 0 };
    await expect(appendEntries({ ...base, entries: [new Uint8Array(entryBytesMax + 1)] })).rejects.toMatchObject({
      code: 'tlog.entry-too-large',
    });
    const many = new Array<Uint8Array>(batchEntriesMax + 1).fill(new Uint8Array(0));
    await expect(appendEntries({ ...base, entries: many })).rejects.toMatchObject({ code: 'tlog.range' });
    expect((await appendEntries({ ...base, entries: [new Uint8Array(entryBytesMax)] })).size).toBe(1);
  });

  it('caches a bounded number of tiles', async () => {
    const { store, reads, resetReads } = await grow(sha256, [600]);
    const cached = cachedStore(store, 2);
    resetReads();
    for (const path of ['tile/0/000', 'tile/0/000', 'tile/0/001', 'tile/0/002.p/88', 'tile/0/000'])
      await cached.read(path);
    expect(reads()).toBe(4);
    expect(await cached.read('tile/0/009')).toBeUndefined();
  });

  it('round-trips entry bundles and refuses cut ones', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 }), (list) => {
        const bundle = encodeEntries(list);
        expect(hexes(decodeEntries(bundle))).toEqual(hexes(list));
        if (bundle.length > 0) expect(() => decodeEntries(bundle.subarray(0, -1))).toThrow(/cut off/);
      }),
    );
    expect(() => decodeEntries(encodeEntries(new Array(257).fill(new Uint8Array(0))))).toThrow(/256/);
  });
});
