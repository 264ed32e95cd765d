/**
 * Buckets of a store that checks every signature and keeps checksums (versitygw, on plain files): what it says of objects and parts,
 * a push over a line that breaks, and a node’s own objects. What arrived is read from the disk, without the protocol.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { openShare } from '../apps/server/src/delivery/share/testing.ts';
import { openObjects } from '../apps/server/src/kernel/bucket-objects.ts';
import { readConfig } from '../apps/server/src/kernel/config.ts';
import { stopTestPostgres } from '../apps/server/src/kernel/postgres/testing.ts';
import { type Bucket, faultOf, openBucket, partBytesOf, partsChecksum } from '../apps/server/src/kernel/s3/bucket.ts';
import { type BucketAddress, openClient } from '../apps/server/src/kernel/s3/client.ts';
import { openLine } from '../apps/server/src/kernel/testing.ts';
import { freePort } from '../apps/server/test/crash/processes.ts';
import { inFolder, type Outcome, runProgram, type Tally, tally, versionOf } from './check.ts';

export const about = 'buckets of versitygw';

const version = 'v1.8.0';
const tools = join(import.meta.dirname, 'node_modules', `.versitygw-${version}`);
const program = join(tools, 'versitygw');
/** From nothing it takes minutes: only for somebody who asks for this check by its name. What was built by then stays with Go. */
const buildSeconds = process.argv.includes('s3') ? 600 : 45;

export const needs = async (): Promise<string | undefined> => {
  if (existsSync(program)) return undefined;
  if (!(await versionOf('go', 'version'))) return 'Go is not installed';
  const ran = await runProgram('go', ['install', `github.com/versity/versitygw/cmd/versitygw@${version}`], {
    env: { ...process.env, GOBIN: tools },
    seconds: buildSeconds,
  });
  if (ran.code === 0) return undefined;
  const why = ran.code === 137 ? `not in ${buildSeconds} s` : ran.stderr.trim().split('\n').at(-1);
  return `versitygw could not be built (${why}); npm run interop -- s3 takes its time`;
};

const secret = 'secret-of-the-lake';
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const kindOf = (run: () => Promise<unknown>): Promise<string> =>
  run().then(
    () => 'none',
    (error) => faultOf(error).kind,
  );

interface Store {
  address: BucketAddress;
  /** Of objects, by key. */
  folder: string;
  child: ChildProcess;
}

const startStore = async (folder: string): Promise<Store> => {
  const root = join(folder, 'store');
  await mkdir(join(root, 'lake'), { recursive: true });
  const port = await freePort();
  const child = spawn(program, ['--port', `127.0.0.1:${port}`, '--quiet', 'posix', root], {
    env: { PATH: process.env.PATH, ROOT_ACCESS_KEY: 'lake-key', ROOT_SECRET_KEY: secret },
    stdio: 'ignore',
  });
  const endpoint = `http://127.0.0.1:${port}`;
  for (let tries = 0; tries < 100; tries++) {
    if (
      await fetch(endpoint).then(
        () => true,
        () => false,
      )
    )
      break;
    await pause(100);
  }
  const address = {
    endpoint,
    region: 'us-east-1',
    bucket: 'lake',
    addressing: 'path' as const,
    accessKeyId: 'lake-key',
  };
  return { address, folder: join(root, 'lake'), child };
};

const labels = { contentType: 'text/plain', metadata: { rows: '3' } };

const plainCalls = async (counts: Tally, { address, folder }: Store, bucket: Bucket): Promise<void> => {
  const small = Buffer.from('数谷');
  await bucket.put('湖/小', small, labels);
  const head = await bucket.head('湖/小');
  counts.expect(head?.sha256?.of === 'object', 'an object in one piece has a checksum of its own');
  counts.expect(Buffer.from(head?.sha256?.value ?? '', 'base64').toString('hex') === sha256(small), 'and it is ours');
  counts.expect(head?.metadata.rows === '3', 'what was said of it comes back');
  counts.expect((await readFile(join(folder, '湖/小'))).equals(small), 'its bytes stand on the disk under its key');
  const range = Buffer.concat(await Array.fromAsync(await bucket.read('湖/小', { start: 0, end: 0 })));
  counts.expect(range.equals(small.subarray(0, 1)), 'a range of one byte is one byte');

  const body = Buffer.alloc(partBytesOf(0), 'z');
  const id = await bucket.begin('large', labels);
  const parts = [await bucket.part('large', id, 1, body), await bucket.part('large', id, 2, small)];
  await bucket.complete('large', { id, parts });
  const sum = (await bucket.head('large'))?.sha256;
  counts.expect(
    parts.every(({ proven }) => proven),
    'each part is answered with the checksum of what came',
  );
  counts.expect(
    sum?.of === 'parts' && sum.value === partsChecksum(parts),
    'of parts it keeps the checksum of checksums',
  );

  const gone = await bucket.begin('gone', labels);
  await bucket.abort('gone', gone);
  await bucket.abort('gone', gone);
  counts.expect(
    (await kindOf(() => bucket.part('gone', gone, 1, small))) === 'upload',
    'an ended upload takes no part',
  );
  const as = async (more: Partial<BucketAddress>, key: string) => {
    const other = await openBucket({ ...address, ...more }, key, { allowed: null });
    return kindOf(() => other.put('x', small, labels)).finally(() => other.close());
  };
  counts.expect((await as({}, 'wrong')) === 'login', 'a wrong secret is refused');
  counts.expect((await as({ bucket: 'no-lake' }, secret)) === 'bucket', 'a bucket that is not there is named as such');
  const { client, library } = await openClient(address, secret, null);
  const wrong = Buffer.alloc(32).toString('base64');
  const damaged = new library.PutObjectCommand({ Bucket: 'lake', Key: 'damaged', Body: small, ChecksumSHA256: wrong });
  counts.expect((await kindOf(() => client.send(damaged))) === 'refused', 'a body of another checksum is refused');
  client.destroy();
};

const rows = 150_000;
const data = `SELECT i AS id, sha256(CAST(i AS VARCHAR)) || sha256(CAST(-i AS VARCHAR)) || sha256(CAST(i * 3 AS VARCHAR)) || sha256(CAST(i * 5 AS VARCHAR)) AS plate
  FROM range(${rows}) r(i)`;

const uploadsOf = async (address: BucketAddress): Promise<number> => {
  const { client, library } = await openClient(address, secret, null);
  const listed = await client.send(new library.ListMultipartUploadsCommand({ Bucket: address.bucket }));
  client.destroy();
  return listed.Uploads?.length ?? 0;
};

const push = async (counts: Tally, { address, folder }: Store): Promise<void> => {
  const target = new URL(address.endpoint);
  const line = await openLine({ host: target.hostname, port: Number(target.port) });
  const shared = await openShare({ data, push: { folder: '', addresses: ['127.0.0.1'] } });
  const { rig, grant } = shared;
  try {
    const run = async (prefix: string, readsBack: boolean, disturb: () => Promise<void>) => {
      const draft = { ...address, endpoint: `http://127.0.0.1:${line.port}`, secretAccessKey: secret, prefix };
      const to = await rig.call('buyer', 'POST', '/api/destinations', { kind: 's3', name: '湖', ...draft });
      const wish = { grant, destination: to.body.id, rhythm: { kind: 'once' } };
      const { lastRun } = (await rig.call('buyer', 'POST', '/api/pushes', wish)).body;
      const before = line.returned();
      await disturb();
      await rig.settle();
      const readBack = line.returned() - before > 2 ** 20;
      const { body } = await rig.call('buyer', 'GET', `/api/push-runs/${lastRun.id}`);
      const bytes = await readFile(join(folder, prefix, 'trucks/v0/part-00001.parquet'));
      const manifest = JSON.parse(await readFile(join(folder, prefix, 'trucks/v0/manifest.json'), 'utf8'));
      counts.expect(body.state === 'done' && body.rows === rows, `${prefix}: the run is done, with all rows`);
      counts.expect(
        manifest.files[0].sha256 === sha256(bytes),
        `${prefix}: the file on the disk is the one of the manifest`,
      );
      counts.expect(readBack === readsBack, `${prefix}: what the store proves is not read back, and nothing else`);
      counts.expect(body.sent[0].checksumBack === body.sent[0].checksum, `${prefix}: both ends agree`);
    };
    await run('steady', false, async () => {});
    await run('broken', true, async () => {
      line.breakAfter(12 * 2 ** 20);
      await rig.settle();
      counts.expect((await uploadsOf(address)) === 1, 'a broken line leaves the upload to go on with');
      line.mend();
      rig.moveTo(new Date(rig.kernel.clock.now().getTime() + 3_600_000));
    });
    counts.expect((await uploadsOf(address)) === 0, 'no upload is left');
  } finally {
    await shared.close();
    line.close();
    await stopTestPostgres();
  }
};

const objects = async (counts: Tally, { address, folder }: Store, home: string): Promise<void> => {
  const { endpoint, bucket, accessKeyId } = address;
  const settings = { objectsUrl: `${endpoint}/${bucket}/node`, objectsKey: accessKeyId, objectsSecret: secret };
  const config = readConfig({}, { home, ...settings });
  const store = await openObjects(config, { info: () => {}, warn: () => {} });
  const large = Buffer.concat(Array.from({ length: 300 }, (_, at) => Buffer.alloc(65_536, at % 251)));
  const { digest } = await store.put(large);
  await rm(join(home, 'objects', 'sha256'), { recursive: true });
  counts.expect((await store.bytes(digest)).equals(large), 'an object of a node comes back without its copy');
  const hex = digest.slice('sha256:'.length);
  const there = await readFile(join(folder, 'node/sha256', hex.slice(0, 2), hex));
  counts.expect(sha256(there) === hex, 'and stands on the disk under its digest');
  store.close();
};

export const run = (): Promise<Outcome> =>
  inFolder(async (folder) => {
    const counts = tally();
    const store = await startStore(folder);
    const bucket = await openBucket(store.address, secret, { allowed: null });
    try {
      await plainCalls(counts, store, bucket);
      await push(counts, store);
      await objects(counts, store, join(folder, 'home'));
    } finally {
      bucket.close();
      store.child.kill();
    }
    counts.note(`versitygw ${version}; a push of ${rows} rows, once over a line that broke in the second part`);
    return counts.outcome();
  });
