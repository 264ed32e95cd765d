/** One contract, both drivers: a folder, and a bucket of a store that we did not write. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OpenedObjects, openObjects } from './bucket-objects.ts';
import { readConfig } from './config.ts';
import type { ObjectStore } from './objects.ts';
import { type Bucket, openBucket } from './s3/bucket.ts';
import { type FarBucket, openFarBucket } from './s3/testing.ts';

const log = pino({ level: 'silent' });
const mebibyte = 2 ** 20;
const small = Buffer.from('登记凭证');
/** Three parts of an upload. */
const large = Buffer.concat(Array.from({ length: 17 * 16 }, (_, at) => Buffer.alloc(65_536, at % 251)));
const digestOf = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const unknown = `sha256:${'0'.repeat(64)}`;
const all = async (pieces: AsyncIterable<Uint8Array>) => Buffer.concat(await Array.fromAsync(pieces));
async function* inChunks(bytes: Buffer, size = 100_000) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

let far: FarBucket;
let bucket: Bucket;
const homes: string[] = [];
const newHome = () => {
  const home = mkdtempSync(join(tmpdir(), 'shugu-objects-'));
  homes.push(home);
  return home;
};
const configOf = (home: string, prefix?: string, more: object = {}) =>
  readConfig(
    {},
    {
      home,
      ...(prefix
        ? {
            objectsUrl: `${far.address.endpoint}/lake/${prefix}`,
            objectsKey: far.address.accessKeyId,
            objectsSecret: far.secret,
          }
        : {}),
      ...more,
    },
  );
const open = (home: string, prefix?: string) => openObjects(configOf(home, prefix), log);

beforeAll(async () => {
  far = await openFarBucket();
  bucket = await openBucket(far.address, far.secret, { allowed: null });
});
afterAll(async () => {
  bucket?.close();
  await far?.close();
  for (const home of homes) rmSync(home, { recursive: true, force: true });
});

const withoutCopies = (home: string) => rmSync(join(home, 'objects', 'sha256'), { recursive: true, force: true });

describe.each([
  ['a folder', undefined, false],
  ['a bucket', 'with-copies', false],
  ['a bucket without copies here', 'without', true],
] as const)('objects in %s', (_name, prefix, bare) => {
  let home: string;
  let objects: OpenedObjects;
  beforeAll(async () => {
    home = newHome();
    objects = await open(home, prefix);
  });
  afterAll(() => objects?.close());
  const put: ObjectStore['put'] = async (content, options) => {
    const stored = await objects.put(content, options);
    if (bare) withoutCopies(home);
    return stored;
  };

  it('are named by their content, whatever shape it comes in, and given back whole and in part', async () => {
    for (const bytes of [small, large, Buffer.alloc(0)]) {
      const digest = digestOf(bytes);
      expect(await put(bytes)).toEqual({ digest, bytes: bytes.length });
      expect(await put(inChunks(bytes))).toEqual({ digest, bytes: bytes.length });
      expect(await objects.size(digest)).toBe(bytes.length);
      expect((await objects.bytes(digest)).equals(bytes)).toBe(true);
      expect((await all(objects.read(digest))).equals(bytes)).toBe(true);
    }
    const digest = digestOf(large);
    for (const [start, end] of [
      // Not 0 to 0: s3rver takes an end of 0 for none.
      [1, 1],
      [8 * mebibyte - 3, 8 * mebibyte + 5],
      [large.length - 4, large.length - 1],
    ] as const)
      expect((await all(objects.read(digest, { start, end }))).equals(large.subarray(start, end + 1))).toBe(true);
    expect(objects.pathOf(digest)).toBe(await objects.local(digest));
    expect(readFileSync(await objects.local(digest)).equals(large)).toBe(true);
  });

  it('are refused above their limit, and leave nothing', async () => {
    const more = Buffer.concat([large, small]);
    await expect(put(inChunks(more), { bytesMax: large.length })).rejects.toMatchObject({ code: 'kernel.tooLarge' });
    expect(await objects.size(digestOf(more))).toBeUndefined();
    expect(readdirSync(join(home, 'objects', 'incoming'))).toEqual([]);
  });

  it('are missing when they are, and are no paths', async () => {
    expect(await objects.size(unknown)).toBeUndefined();
    await expect(objects.bytes(unknown)).rejects.toThrow();
    await expect(all(objects.read(unknown))).rejects.toThrow();
    for (const name of ['../etc/passwd', 'sha256:..', '']) expect(() => objects.read(name)).toThrow('not a digest');
  });
});

describe('objects in a bucket', () => {
  it('are not acknowledged before they are there, and leave no parts behind', async () => {
    const objects = await open(newHome(), 'broken');
    const bytes = Buffer.concat([small, large]);
    far.breakAfter(12 * mebibyte);
    await expect(objects.put(bytes)).rejects.toMatchObject({ code: 'kernel.busy' });
    far.mend();
    expect(
      await bucket.head(`broken/sha256/${digestOf(bytes).slice(7, 9)}/${digestOf(bytes).slice(7)}`),
    ).toBeUndefined();
    // The copy that stayed is no reason to believe it is there.
    await objects.put(bytes);
    const [asked] = [far.asked.filter((one) => one.includes('broken/sha256') && one.includes('?part='))];
    expect(asked.length).toBeGreaterThanOrEqual(3);
    objects.close();
  });

  it('that are not what they were are not given out', async () => {
    const home = newHome();
    const objects = await open(home, 'damaged');
    const { digest } = await objects.put(small);
    await bucket.put(`damaged/sha256/${digest.slice(7, 9)}/${digest.slice(7)}`, Buffer.from('别的内容别的'), {
      contentType: 'text/plain',
    });
    expect(await objects.bytes(digest)).toEqual(small);
    withoutCopies(home);
    await expect(objects.bytes(digest)).rejects.toThrow('is not what it was');
    await expect(objects.local(digest)).rejects.toThrow('is not what it was');
    objects.close();
  });

  it('come there from a node that had none, which then starts with no other', async () => {
    const home = newHome();
    const before = await open(home);
    await before.put(small);
    await before.put(large);
    const moved = await open(home, 'moved');
    withoutCopies(home);
    expect((await moved.bytes(digestOf(large))).equals(large)).toBe(true);
    expect(await moved.bytes(digestOf(small))).toEqual(small);
    moved.close();
    await expect(open(home)).rejects.toThrow(/SHUGU_OBJECTS_URL: the objects of this node lie in .*\/lake\/moved\//);
    await expect(open(home, 'elsewhere')).rejects.toThrow('which is another one');
    (await open(home, 'moved')).close();
  });

  it('need a bucket that can be used, and settings that name one', async () => {
    const config = configOf(newHome(), 'x');
    const nowhere = { ...config, objectsUrl: `${far.address.endpoint}/no-such-lake` };
    await expect(openObjects(nowhere, log)).rejects.toThrow('cannot be used (bucket, 404 NoSuchBucket)');
    const read = (environment: Record<string, string>) => () => readConfig(environment);
    expect(read({ SHUGU_OBJECTS_URL: 'https://store.example/lake' })).toThrow('SHUGU_OBJECTS_KEY');
    for (const url of ['https://store.example', 'https://store.example/lake/../x?y', 'ftp://store.example/lake'])
      expect(read({ SHUGU_OBJECTS_URL: url, SHUGU_OBJECTS_KEY: 'k', SHUGU_OBJECTS_SECRET: 's' })).toThrow(
        'SHUGU_OBJECTS_URL',
      );
  });
});
