import { generateKeyPairSync, sign, verify } from 'node:crypto';
import {
  constants,
  copyFile,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { crc32c } from './crc32c.ts';
import { type Meter, type MeterOptions, openMeter, segmentsSince } from './meter.ts';
import { receiptProof, verifyReceiptProof } from './receipts.ts';
import {
  encodeFrame,
  encodeHeader,
  readSegment,
  recordText,
  segmentPath,
  segmentRoot,
  type Use,
  verifySegment,
} from './segment.ts';

const keys = generateKeyPairSync('ed25519');
const signer = { keyId: 'k1', sign: (bytes: Uint8Array) => sign(null, bytes, keys.privateKey) };
const verifySignature = (_keyId: string, bytes: Uint8Array, signature: Uint8Array) =>
  verify(null, bytes, keys.publicKey, signature);

const use = (id: number): Use => ({
  use: `use-${id}`,
  grant: 'grant',
  contract: 'contract',
  product: 'product',
  tenancy: { node: 'n', market: 'm', participant: 'p' },
  at: 1_790_000_000_000 + id,
  driver: 'api',
  action: 'use',
  policy: 'ab'.repeat(32),
  status: 'complete',
  units: { calls: 1, rows: 2, bytes: 100 + id },
  latencyMs: 1.5,
});

test('a record’s text is that of the whole record, whatever is in it or left out', () => {
  const { status, units, latencyMs, ...before } = use(7);
  const after = { status, units, latencyMs };
  const uses: Use[] = [
    use(7),
    { ...use(7), use: 'use"7' },
    // In the order in which the gateway makes them.
    { ...before, purpose: '研究 "1"\n', part: true, slice: undefined, ...after },
    { ...before, purpose: 'p'.repeat(200), authorisation: 'a_-', slice: 's"1', ...after, headMs: 0.001 },
    { ...use(7), grant: 'g"\u2028', status: 'failed', failure: 'busy' },
    { ...use(7), status: 'incomplete', corrects: 'use-1', reason: 'answerCut' },
  ];
  for (const of of uses) {
    for (const source of ['g1', 'g"\u2028']) {
      const whole = { version: 1, source, sequence: 9, ...of };
      expect(recordText(source, 9, of)).toBe(JSON.stringify(whole));
    }
  }
});

let folder: string;
let now = 1_790_000_000_000;
const meters: Meter[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shugu-meter-'));
});
afterEach(async () => {
  for (const meter of meters.splice(0)) await meter.close();
  await rm(folder, { recursive: true });
});

async function meterAt(place: string, more: Partial<MeterOptions> = {}): Promise<Meter> {
  const meter = await openMeter({
    source: 'g1',
    folder: join(place, 'wal'),
    objectFolder: join(place, 'objects'),
    signer,
    clock: () => now,
    windowMs: 1,
    ...more,
  });
  meters.push(meter);
  return meter;
}

test('one after the other, records wait for no company; many at once share a write', async () => {
  let writes = 0;
  const sync = async () => {
    writes += 1;
  };
  const meter = await meterAt(folder, { windowMs: 600_000, sync });
  const before = writes;
  for (let id = 1; id <= 5; id++) await meter.append(use(id));
  expect(writes - before).toBe(5);
  await Promise.all(Array.from({ length: 50 }, (_, at) => meter.append(use(6 + at))));
  expect(writes - before).toBe(6);
});

async function everything(place: string): Promise<{ sequence: number; use: string }[]> {
  const meter = await meterAt(place);
  const found: { sequence: number; use: string }[] = [];
  for await (const segment of segmentsSince(join(place, 'objects'), 'g1', 0)) {
    const bytes = await segment.read();
    expect(await verifySegment(bytes, segment.manifest, verifySignature)).toEqual([]);
    for (const { sequence, record } of readSegment(bytes)?.entries ?? []) found.push({ sequence, use: record.use });
  }
  return [
    ...found,
    ...(await meter.openTail(found.length)).map(({ sequence, record }) => ({ sequence, use: record.use })),
  ];
}

const expected = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ sequence: index + 1, use: `use-${index + 1}` }));
const fill = (meter: Meter, from: number, to: number) =>
  Promise.all(Array.from({ length: to - from + 1 }, (_, index) => meter.append(use(from + index))));

test('CRC-32C of the published vectors', () => {
  expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
  expect(crc32c(Buffer.alloc(32))).toBe(0x8a9136aa);
  const counting = Buffer.from(Array.from({ length: 40 }, (_, at) => at - 5));
  expect(crc32c(counting, 5, 37)).toBe(0x46dd794e);
});

describe('sequence and segments', () => {
  test('records are contiguous over segments and restarts, and proven against signed roots', async () => {
    const first = await meterAt(folder);
    await fill(first, 1, 50);
    expect((await first.rotate())?.count).toBe(50);
    await fill(first, 51, 60);
    await first.close();
    const second = await meterAt(folder);
    await fill(second, 61, 65);
    expect((await second.openTail(62)).map(({ sequence }) => sequence)).toEqual([63, 64, 65]);
    const manifests = [];
    for await (const { manifest } of segmentsSince(join(folder, 'objects'), 'g1', 50)) manifests.push(manifest);
    expect(manifests.map(({ firstSequence, lastSequence, count }) => [firstSequence, lastSequence, count])).toEqual([
      [51, 60, 10],
    ]);
    expect(manifests[0]?.previousDigest).toMatch(/^[0-9a-f]{64}$/);
    await second.close();
    expect(await everything(folder)).toEqual(expected(65));
  });

  test('segments are sealed by size and by age', async () => {
    const meter = await meterAt(folder, { sealBytes: 3000, sealMs: 400 });
    for (let round = 0; round < 3; round++) await fill(meter, round * 10 + 1, round * 10 + 10);
    await meter.ready();
    await meter.openTail(0);
    expect((await readdir(join(folder, 'objects', 'g1'))).length).toBeGreaterThanOrEqual(4);
    await fill(meter, 31, 31);
    now += 500;
    await new Promise((resolve) => setTimeout(resolve, 250));
    expect(await meter.openTail(0)).toEqual([]);
  });

  test.runIf(process.platform === 'linux').each([
    [undefined, true],
    ['noFsync' as const, false],
  ])('a write to the open file is durable when it returns: sabotage %s', async (testOnlySabotage, durable) => {
    const meter = await meterAt(folder, { testOnlySabotage });
    await fill(meter, 1, 1);
    const fds = await readdir('/proc/self/fd');
    const links = await Promise.all(fds.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')));
    const fd = fds[links.indexOf(join(folder, 'wal', '0000000001.wal'))];
    const flags = /flags:\s*(\d+)/.exec(await readFile(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1] ?? '';
    expect((Number.parseInt(flags, 8) & constants.O_DSYNC) !== 0).toBe(durable);
  });

  test('uses are recorded while a segment waits to be signed', async () => {
    let release = () => {};
    const asked = new Promise<void>((resolve) => {
      release = resolve;
    });
    const slow = { keyId: 'k1', sign: async (bytes: Uint8Array) => asked.then(() => signer.sign(bytes)) };
    const meter = await meterAt(folder, { sealBytes: 1000, signer: slow });
    await fill(meter, 1, 10);
    await fill(meter, 11, 20);
    expect(meter.lastSequence).toBe(20);
    release();
    await meter.close();
    expect(await everything(folder)).toEqual(expected(20));
  });

  test.each([1, 2, 3, 127, 128, 129, 300])('the root of %i records is that of RFC 6962', async (count) => {
    const meter = await meterAt(folder);
    await fill(meter, 1, count);
    const payloads = (await meter.openTail(0)).map(({ payload }) => payload);
    expect((await meter.rotate())?.root).toBe(Buffer.from(segmentRoot(payloads)).toString('hex'));
  });

  test.each(['payload', 'manifest', 'signature'])('a change is found: %s', async (what) => {
    const meter = await meterAt(folder);
    await fill(meter, 1, 9);
    const manifest = await meter.rotate();
    if (!manifest) throw new Error('nothing sealed');
    const bytes = await readFile(join(folder, 'objects', 'g1', '0000000001.seg'));
    if (what === 'payload') bytes[bytes.length - 5]! ^= 1;
    const changed = {
      ...manifest,
      ...(what === 'manifest' ? { count: 8 } : {}),
      ...(what === 'signature' ? { keyId: 'k2', sealedAt: 1 } : {}),
    };
    expect(await verifySegment(bytes, changed, verifySignature)).not.toEqual([]);
  });

  test('a receipt is proven for each record, and for no other sequence', async () => {
    const meter = await meterAt(folder);
    await fill(meter, 1, 7);
    const manifest = await meter.rotate();
    if (!manifest) throw new Error('nothing sealed');
    const bytes = await readFile(join(folder, 'objects', 'g1', '0000000001.seg'));
    for (let sequence = 1; sequence <= 7; sequence++) {
      const proof = receiptProof(bytes, manifest, sequence);
      if (!proof) throw new Error('no proof');
      expect((await verifyReceiptProof(proof, verifySignature))?.use).toBe(`use-${sequence}`);
      expect(await verifyReceiptProof({ ...proof, sequence: (sequence % 7) + 1 }, verifySignature)).toBeNull();
      const payload = Buffer.from(proof.payload, 'base64').toString().replace('"bytes":1', '"bytes":2');
      expect(
        await verifyReceiptProof({ ...proof, payload: Buffer.from(payload).toString('base64') }, verifySignature),
      ).toBeNull();
    }
    expect(receiptProof(bytes, manifest, 8)).toBeNull();
  });

  test('the empty root and the root of one leaf are those of RFC 6962', () => {
    expect(Buffer.from(segmentRoot([])).toString('hex')).toBe(
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    );
    expect(Buffer.from(segmentRoot([new Uint8Array(0)])).toString('hex')).toBe(
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    );
    expect(segmentPath([new Uint8Array(0)], 0)).toEqual([]);
  });
});

describe('after a crash', () => {
  const record = (sequence: number) => ({ version: 1 as const, source: 'g1', sequence, ...use(sequence) });
  const header = encodeHeader({ source: 'g1', segment: 1, firstSequence: 1 });
  const frames = [1, 2, 3].map((sequence) => encodeFrame(record(sequence)));
  const whole = Buffer.concat([header, ...frames]);
  const place = async (bytes: Uint8Array) => {
    await mkdir(join(folder, 'wal'), { recursive: true });
    await writeFile(join(folder, 'wal', '0000000001.wal'), bytes);
  };

  test('every cut of the tail leaves exactly the whole records', () => {
    const twoEnd = whole.length - frames[2]!.length;
    for (let end = header.length; end < whole.length; end++) {
      const content = readSegment(whole.subarray(0, end));
      expect(content?.entries.length).toBe(end >= twoEnd ? 2 : end >= twoEnd - frames[1]!.length ? 1 : 0);
    }
  });

  test('a torn tail is cut, kept aside, and the sequence goes on', async () => {
    await place(whole.subarray(0, whole.length - 3));
    const meter = await meterAt(folder);
    expect(meter.lastSequence).toBe(2);
    expect(await meter.append(use(3))).toBe(3);
    expect((await readdir(join(folder, 'wal'))).filter((name) => name.endsWith('.cut'))).toHaveLength(1);
    await meter.close();
    expect(await everything(folder)).toEqual(expected(3));
  });

  test.each([0, 5, header.length])('a file of %i bytes is started anew', async (length) => {
    await place(whole.subarray(0, length));
    const meter = await meterAt(folder);
    expect(await meter.append(use(1))).toBe(1);
  });

  test('a segment sealed before its write-ahead file was deleted is not counted twice', async () => {
    const meter = await meterAt(folder);
    await fill(meter, 1, 5);
    await meter.openTail(0);
    await copyFile(join(folder, 'wal', '0000000001.wal'), join(folder, 'saved'));
    await meter.close();
    await copyFile(join(folder, 'saved'), join(folder, 'wal', '0000000001.wal'));
    expect(await everything(folder)).toEqual(expected(5));
  });

  test('segments that do not join up are an error, not a new beginning', async () => {
    await place(Buffer.concat([encodeHeader({ source: 'g1', segment: 1, firstSequence: 4 }), encodeFrame(record(4))]));
    await expect(meterAt(folder)).rejects.toThrow('do not join up');
  });
});

/** Run uses, then keep of each file only what was synced, as a power cut may; the uses acknowledged but lost. */
async function lostInPowerCut(sabotage?: MeterOptions['testOnlySabotage']): Promise<number> {
  const synced = new Map<string, number>();
  const meter = await meterAt(folder, {
    testOnlySabotage: sabotage,
    sync: async (handle, path) => {
      await handle.datasync();
      synced.set(basename(path), (await handle.stat()).size);
    },
  });
  await fill(meter, 1, 40);
  const after = join(folder, 'after');
  await cp(join(folder, 'wal'), join(after, 'wal'), { recursive: true });
  for (const name of await readdir(join(after, 'wal'))) await truncate(join(after, 'wal', name), synced.get(name) ?? 0);
  const kept = await everything(after);
  return expected(40).filter((wanted) => !kept.some((found) => found.use === wanted.use)).length;
}

describe('power cut', () => {
  test('what was acknowledged is there', async () => expect(await lostInPowerCut()).toBe(0));
  test('the suite turns red without fsync', async () => expect(await lostInPowerCut('noFsync')).toBeGreaterThan(0));
});

describe('a disk that fails', () => {
  test('refuses, heals, and neither loses nor repeats a record', async () => {
    let failing = false;
    const meter = await meterAt(folder, {
      sync: async (handle) => {
        if (failing) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
        await handle.datasync();
      },
    });
    await fill(meter, 1, 3);
    failing = true;
    const refused = await Promise.allSettled([meter.append(use(98)), meter.append(use(99))]);
    expect(
      refused.map((result) => (result.status === 'rejected' ? (result.reason as { code: string }).code : 'accepted')),
    ).toEqual(['meteringUnavailable', 'meteringUnavailable']);
    await expect(meter.ready()).rejects.toMatchObject({ code: 'meteringUnavailable' });
    meter.owe(use(4));
    failing = false;
    now += 2000;
    await meter.ready();
    await meter.append(use(5));
    await meter.close();
    expect(await everything(folder)).toEqual(expected(5));
  });
});
