import { appendEntries, formatCheckpoint, inclusionProof, leafHash, nodeHash, sha256, signNote } from '@shugu/tlog';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  buildReceipts,
  canonicalBytes,
  checkpointSigner,
  commitmentEntry,
  committedManifest,
  entryBytes,
  generateKey,
  type ReceiptSegment,
  type ReceiptsFile,
  readReceipts,
  type SuiteName,
  segmentKind,
  signInContext,
  softwareSigner,
  suite,
  type Trust,
  trustFrom,
  type UsageManifest,
  verifyReceipts,
  vkeyOf,
} from './index.ts';

const origin = 'shugu.example/log';
const grant = 'grt_01k9f3t6zq8m4x2v7b5n1c0d9e';
const start = Date.parse('2026-07-01T00:00:00Z');
const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');

const record = (sequence: number, more: object = {}) => ({
  version: 1,
  source: 'hn-gateway-1',
  sequence,
  use: `use_${sequence}`,
  grant: `${grant}.api`,
  contract: 'con_1',
  product: 'prd_1',
  at: start + sequence * 1000,
  status: 'complete',
  units: { calls: 1, rows: 2, bytes: 100 },
  ...more,
});

/** Three records to a segment; a tree of three is (0, 1), 2. */
const tree = (payloads: readonly Uint8Array[]) => {
  const [a, b, c] = payloads.map((one) => leafHash(sha256, one)) as [Uint8Array, Uint8Array, Uint8Array];
  const left = nodeHash(sha256, a, b);
  return { root: nodeHash(sha256, left, c), paths: [[b, c], [a, c], [left]] };
};

async function make(name: SuiteName, more: (sequence: number) => object = () => ({}), signKey = generateKey(name)) {
  const meter = generateKey(name);
  const signer = softwareSigner(meter, { level: 'platform' });
  const log = generateKey(name);
  const { hash } = suite(name);
  const manifests: UsageManifest[] = [];
  const payloads: Uint8Array[][] = [];
  for (const segment of [1, 2]) {
    const first = (segment - 1) * 3 + 1;
    const own = [first, first + 1, first + 2].map((n) => Buffer.from(JSON.stringify(record(n, more(n)))));
    const unsigned = {
      version: 1 as const,
      source: 'hn-gateway-1',
      segment,
      firstSequence: first,
      lastSequence: first + 2,
      count: 3,
      bytes: 999,
      sealedAt: start + 60_000 * segment,
      root: Buffer.from(tree(own).root).toString('hex'),
      digest: String(segment).repeat(64),
      previousDigest: manifests.at(-1)?.digest ?? null,
      keyId: signer.keyId,
    };
    const signature = base64(await signInContext(signer, 'segment', canonicalBytes(unsigned)));
    manifests.push({ ...unsigned, signature });
    payloads.push(own);
  }
  const committed = manifests.map((manifest) =>
    commitmentEntry({ suite: name, kind: segmentKind, record: committedManifest(manifest) }),
  );
  const files = new Map<string, Uint8Array>();
  const store = { read: async (path: string) => files.get(path) };
  const entries = [new Uint8Array([1]), ...committed.map(({ entry }) => entryBytes(entry)), new Uint8Array([2])];
  const grown = await appendEntries({ hash, store, oldSize: 0, entries });
  for (const [path, bytes] of grown.tiles) files.set(path, bytes);
  const note = await signNote(formatCheckpoint({ origin, size: grown.size, root: grown.root }), [
    checkpointSigner(origin, softwareSigner(log, { level: 'platform' })),
  ]);
  const segments: ReceiptSegment[] = [];
  for (const [i, manifest] of manifests.entries()) {
    const proof = await inclusionProof({ hash, store, size: grown.size, index: i + 1 });
    segments.push({
      manifest,
      log: {
        checkpoint: 0,
        index: i + 1,
        entry: committed[i]!.entry,
        salt: base64(committed[i]!.salt),
        proof: proof.map(base64),
      },
      receipts: payloads[i]!.map((payload, place) => ({
        sequence: manifest.firstSequence + place,
        payload: base64(payload),
        path: tree(payloads[i]!).paths[place]!.map(base64),
      })),
    });
  }
  const input = {
    issued: '2026-08-01T00:00:00Z',
    node: 'hn',
    grant,
    period: { from: '2026-06-30T16:00:00.000Z', until: '2026-07-31T16:00:00.000Z' },
    range: { sources: [{ source: 'hn-gateway-1', after: 0, through: 6 }], complete: true },
    total: { receipts: 6, calls: 6, incompleteCalls: 0, rows: 12, bytes: 600 },
    segments,
    checkpoints: [{ origin, suite: name, size: grown.size, note }],
  };
  const logs = [{ origin, suite: name, vkey: vkeyOf(origin, log.publicKey) }];
  const listed = [{ keyId: signer.keyId, holder: '样例节点', roles: ['meter'] }];
  /** What somebody makes of it who has the meter's key, and what somebody makes who has not. */
  const sign = (over: Partial<typeof input> = {}) => buildReceipts({ ...input, ...over }, [meter.publicKey], signer);
  const forge = (over: Partial<typeof input>) =>
    buildReceipts({ ...input, ...over }, [meter.publicKey], softwareSigner(signKey, { level: 'platform' }));
  return { sign, forge, input, trust: trustFrom({ logs, keys: listed }), bare: trustFrom({ logs }) };
}

const failed = async (bytes: Uint8Array, trust: Trust) =>
  (await verifyReceipts(bytes, trust)).checks.filter(({ ok }) => !ok).map(({ id }) => id);

describe.each(['intl', 'sm'] as const)('receipts, suite %s', (name) => {
  let rig: Awaited<ReturnType<typeof make>>;
  let bytes: Uint8Array;
  const without = (keep: (sequence: number) => boolean) =>
    rig.input.segments.map((one) => ({ ...one, receipts: one.receipts.filter(({ sequence }) => keep(sequence)) }));
  beforeAll(async () => {
    rig = await make(name);
    bytes = await rig.sign();
  });

  it('say whose uses they are, how much, and as of when', async () => {
    const report = await verifyReceipts(bytes, rig.trust);
    expect(report.checks.filter(({ ok }) => !ok)).toEqual([]);
    expect(report).toMatchObject({
      ok: true,
      grant,
      contracts: ['con_1'],
      total: { receipts: 6, calls: 6, incompleteCalls: 0, rows: 12, bytes: 600 },
      firstAt: '2026-07-01T00:00:01.000Z',
      lastAt: '2026-07-01T00:00:06.000Z',
      signer: { holder: '样例节点' },
      asOf: [{ origin, size: 4 }],
    });
    expect((await verifyReceipts(bytes, rig.bare)).ok).toBe(true);
  });

  it('are refused with any one bit changed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.nat(7), async (place, bit) => {
        const changed = Uint8Array.from(bytes);
        changed[place] = changed[place]! ^ (1 << bit);
        expect((await verifyReceipts(changed, rig.trust)).ok).toBe(false);
        expect((await verifyReceipts(changed, rig.bare)).ok).toBe(false);
      }),
      { numRuns: 300 },
    );
    for (const cut of [0, 1, bytes.length - 1])
      expect((await verifyReceipts(bytes.slice(0, cut), rig.trust)).ok).toBe(false);
  });

  it('are refused when one is left out or stands twice, whoever signs', async () => {
    const missing = { segments: without((sequence) => sequence !== 5) };
    const doubled = {
      segments: rig.input.segments.map((one) => ({ ...one, receipts: [one.receipts[0]!, ...one.receipts] })),
    };
    // The meter itself would have to state another number; nobody else can.
    expect(await failed(await rig.sign(missing), rig.trust)).toEqual(['total']);
    expect(await failed(await rig.sign(doubled), rig.trust)).toEqual(['receipts.once', 'total']);
    expect(await failed(await rig.sign({ segments: [...rig.input.segments].reverse() }), rig.trust)).toContain(
      'segments',
    );
    const total = { ...rig.input.total, receipts: 5, calls: 5, rows: 10, bytes: 500 };
    for (const trust of [rig.trust, rig.bare])
      expect(await failed(await rig.forge({ ...missing, total }), trust)).toEqual(['signer.known']);
    const file = readReceipts(JSON.parse(Buffer.from(bytes).toString('utf8')));
    const cut: ReceiptsFile = { ...file, ...missing, total };
    expect(await failed(canonicalBytes(cut), rig.trust)).toEqual(['signature']);
  });

  it('are refused of a log or by a key that is not trusted, and of another grant, period or segment', async () => {
    const other = await make(name);
    expect(await failed(bytes, other.trust)).toEqual(
      expect.arrayContaining(['signer.known', 'checkpoint', 'segments']),
    );
    expect(await failed(bytes, { ...rig.trust, logs: [{ ...rig.trust.logs[0]!, origin: 'elsewhere/log' }] })).toContain(
      'log.known',
    );
    expect(await failed(bytes, { ...rig.trust, keys: [{ ...rig.trust.keys![0]!, roles: ['issuer'] }] })).toContain(
      'signer.known',
    );
    expect(await failed(bytes, { ...rig.trust, stampRequired: true })).toEqual(['stamp']);
    const refused = async (over: Partial<typeof rig.input>) => failed(await rig.sign(over), rig.trust);
    expect(await refused({ grant: 'grt_other' })).toContain('receipts');
    expect(await refused({ period: { ...rig.input.period, until: '2026-07-01T00:00:05Z' } })).toContain('receipts');
    expect(
      await refused({ range: { sources: [{ source: 'hn-gateway-1', after: 0, through: 5 }], complete: true } }),
    ).toContain('receipts');
    expect(await refused({ range: { sources: [{ source: 'other', after: 0, through: 6 }], complete: true } })).toEqual(
      expect.arrayContaining(['segments', 'receipts']),
    );
    const [first, second] = rig.input.segments as [ReceiptSegment, ReceiptSegment];
    expect(await refused({ segments: [first, { ...second, log: first.log }] })).toContain('segments');
    expect(await refused({ segments: [first, { ...second, receipts: first.receipts }] })).toContain('receipts');
  });
});

it('counts as the exchange counts: what was cut, what was given back', async () => {
  const cut = { use: 'use_1.cut', corrects: 'use_1', reason: 'answerCut', status: 'incomplete' };
  const rig = await make('intl', (n) =>
    n === 2
      ? { ...cut, units: { calls: 0, rows: -2, bytes: -60 } }
      : n === 4
        ? { use: 'cor_1', corrects: 'use_3', reason: '误计', units: { calls: -1, rows: -2, bytes: -100 } }
        : {},
  );
  const total = { receipts: 6, calls: 3, incompleteCalls: 1, rows: 4, bytes: 240 };
  expect((await verifyReceipts(await rig.sign({ total }), rig.trust)).ok).toBe(true);
});

it('counts a long answer once, as incomplete until its end is recorded', async () => {
  const goes = { corrects: 'use_1', status: 'incomplete', units: { calls: 0, rows: 0, bytes: 50 } };
  const rig = await make('intl', (n) =>
    n === 1
      ? { status: 'incomplete' }
      : n === 2
        ? { ...goes, use: 'use_1.2', reason: 'answerWentOn' }
        : n === 3
          ? { ...goes, use: 'use_1.end', status: 'complete', reason: 'answerCompleted' }
          : n === 4
            ? { status: 'incomplete', part: true }
            : {},
  );
  const total = { receipts: 6, calls: 4, incompleteCalls: 0, rows: 8, bytes: 500 };
  expect((await verifyReceipts(await rig.sign({ total }), rig.trust)).ok).toBe(true);
});

it('a segment that holds something else than records is refused, not thrown over', async () => {
  for (const odd of [{ grant: 7 }, { at: 'soon' }, { units: null }, { sequence: 99 }]) {
    const rig = await make('intl', (n) => (n === 3 ? odd : {}));
    expect(await failed(await rig.sign(), rig.trust)).toContain('receipts');
  }
});
