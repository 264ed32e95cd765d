/** Push into an object store: a real client over a real socket, to a store that we did not write. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Bucket, openBucket } from '../../kernel/s3/bucket.ts';
import { type FarBucket, openFarBucket } from '../../kernel/s3/testing.ts';
import { openShare, type SharedTable } from '../share/testing.ts';
import { planOf, type Rig } from '../testing.ts';

const count = 150_000;
/** Digests do not compress well: about 20 MB, three parts. */
const data = `SELECT i AS id, sha256(CAST(i AS VARCHAR)) || sha256(CAST(-i AS VARCHAR)) || sha256(CAST(i * 3 AS VARCHAR)) || sha256(CAST(i * 5 AS VARCHAR)) AS plate
  FROM range(${count}) r(i)`;
const mebibyte = 2 ** 20;

let shared: SharedTable;
let rig: Rig;
let far: FarBucket;
let bucket: Bucket;
beforeAll(async () => {
  far = await openFarBucket();
  bucket = await openBucket(far.address, far.secret, { allowed: null });
  // Each part is a turn of its own: turns are no faults, and lose nothing.
  shared = await openShare({ data, push: { folder: '', addresses: ['127.0.0.0/8'], pace: { turnMs: 1 } } });
  rig = shared.rig;
}, 120_000);
afterAll(async () => {
  bucket?.close();
  await shared?.close();
  await far?.close();
});

const destination = async (more: object = {}): Promise<string> =>
  (
    await rig.call('buyer', 'POST', '/api/destinations', {
      kind: 's3',
      name: '数据湖',
      ...far.address,
      secretAccessKey: far.secret,
      prefix: '湖/货车',
      ...more,
    })
  ).body.id;
const push = async (grant: string, to: string) =>
  (await rig.call('buyer', 'POST', '/api/pushes', { grant, destination: to, rhythm: { kind: 'once' } })).body;
const runOf = async (id: string) => (await rig.call('buyer', 'GET', `/api/push-runs/${id}`)).body;
const usedBy = async (grant: string) => (await rig.call('buyer', 'GET', `/api/grants/${grant}/balance`)).body.used;
const check = async (id: string) =>
  (await rig.call('buyer', 'POST', `/api/destinations/${id}/check`, {})).body.checkFault?.code ?? null;
const partsSent = () => far.asked.filter((one) => one.startsWith('PUT ') && /\?part=\d/.test(one));
const anHourLater = () => rig.moveTo(new Date(rig.kernel.clock.now().getTime() + 3_600_000));

const bytesAt = async (key: string): Promise<Buffer> => {
  const pieces: Buffer[] = [];
  for await (const piece of await bucket.read(key)) pieces.push(piece);
  return Buffer.concat(pieces);
};

describe('a push into an object store', () => {
  it('goes on after the last part that the store has, over breaks, with equal digests on both ends', async () => {
    const grant = await rig.grant(planOf({}), [{ kind: 'share' }]);
    const to = await destination();
    expect(await check(to)).toBeNull();
    const listed = JSON.stringify((await rig.call('buyer', 'GET', '/api/destinations')).body);
    expect(listed).toContain('lake/湖/货车');
    const rows = JSON.stringify((await rig.kernel.database.pool.query('select * from delivery_destinations')).rows);
    expect(listed + rows).not.toContain(far.secret);
    far.asked.length = 0;
    const made = await push(grant, to);
    // Half of the second part comes through.
    far.breakAfter(12 * mebibyte);
    await rig.settle();
    expect(await runOf(made.lastRun.id)).toMatchObject({ state: 'waiting', fault: { code: 'storeUnreachable' } });
    expect(await far.openUploads()).toHaveLength(1);
    far.mend();
    anHourLater();
    await rig.settle();
    const run = await runOf(made.lastRun.id);
    expect(run).toMatchObject({ state: 'done', version: 0, rows: count, rowsTotal: count, fault: null });
    expect(run.bytes).toBe(run.bytesTotal);
    const key = '湖/货车/trucks/v0/part-00001.parquet';
    const bytes = await bytesAt(key);
    const digest = createHash('sha256').update(bytes).digest('hex');
    expect(bytes.length).toBeGreaterThan(2 * 8 * mebibyte);
    expect((await bucket.head(key))!.metadata).toEqual({ rows: String(count), sha256: digest });
    const manifest = JSON.parse((await bytesAt('湖/货车/trucks/v0/manifest.json')).toString());
    expect(manifest).toMatchObject({ rows: count, files: [{ bytes: bytes.length, rows: count, sha256: digest }] });
    const list = createHash('sha256').update(`${digest}  part-00001.parquet\n`).digest('hex');
    expect(run.sent).toMatchObject([{ rows: count, rowsBack: count, checksum: list, checksumBack: list }]);
    // The first part came once; what the gateway counted is the file, and once more the part that broke.
    expect(partsSent().filter((one) => one.endsWith('?part=1'))).toHaveLength(1);
    expect(far.asked.filter((one) => one.endsWith('?uploads'))).toHaveLength(1);
    expect(await far.openUploads()).toEqual([]);
    const used = await usedBy(grant);
    expect(used).toMatchObject({ calls: 1, rows: count });
    expect(used.bytes).toBeLessThan(bytes.length + 9 * mebibyte);
  });

  it('begins anew when the store has lost the upload', async () => {
    const made = await push(shared.grant, await destination({ prefix: 'lost' }));
    far.breakAfter(12 * mebibyte);
    await rig.settle();
    far.mend();
    const [upload] = await far.openUploads();
    await bucket.abort('lost/trucks/v0/part-00001.parquet', upload!);
    for (let at = 0; at < 3; at++) {
      anHourLater();
      await rig.settle();
    }
    expect(await runOf(made.lastRun.id)).toMatchObject({ state: 'done', rows: count });
  });

  it('stops at once when the grant is withdrawn, and ends what it had begun', async () => {
    const grant = await rig.grant(planOf(), [{ kind: 'share' }]);
    const made = await push(grant, await destination({ prefix: 'withdrawn' }));
    far.stallAfter(12 * mebibyte, () => {
      void rig.as('system', (tx) => rig.delivery.withdrawGrants(tx, { grant }, 'test'));
    });
    await rig.settle();
    expect(await runOf(made.lastRun.id)).toMatchObject({ state: 'stopped', fault: { code: 'withdrawn' } });
    expect(await bucket.head('withdrawn/trucks/v0/part-00001.parquet')).toBeUndefined();
    expect(await far.openUploads()).toEqual([]);
  });

  it('ends its uploads with the destination, when there is a secret no more', async () => {
    const to = await destination({ prefix: 'removed' });
    await push(shared.grant, to);
    far.breakAfter(12 * mebibyte);
    await rig.settle();
    far.mend();
    expect(await far.openUploads()).toHaveLength(1);
    expect((await rig.call('buyer', 'POST', `/api/destinations/${to}/remove`, {})).status).toBe(200);
    await expect.poll(() => far.openUploads()).toEqual([]);
  });

  it('goes where the operator allows, also by name, and says what a store has against it', async () => {
    for (const endpoint of ['http://10.1.2.3', 'http://[::1]:9', 'http://169.254.169.254'])
      expect([endpoint, await check(await destination({ endpoint }))]).toEqual([endpoint, 'addressRefused']);
    // A name is judged by what it leads to.
    const endpoint = far.address.endpoint.replace('127.0.0.1', 'localhost');
    const named = await openBucket({ ...far.address, endpoint }, far.secret, { allowed: [] });
    await expect(named.head('x')).rejects.toMatchObject({ code: 'upstreamAddressRefused' });
    named.close();
    expect(await check(await destination({ bucket: 'no-such-lake' }))).toBe('bucketMissing');
    for (const wrong of [
      { endpoint: 'file:///etc' },
      { endpoint: 'https://someone:secret@store.example' },
      { endpoint: 'https://store.example/path' },
      { bucket: 'arn:aws:s3:::lake' },
      { bucket: '../lake' },
      { prefix: 'a/../b' },
      { prefix: '/a' },
    ]) {
      const draft = { kind: 's3', name: 'x', ...far.address, secretAccessKey: 'x', ...wrong };
      expect([wrong, (await rig.call('buyer', 'POST', '/api/destinations', draft)).status]).toEqual([wrong, 400]);
    }
  });
});
