/** Delivery of objects that lie in a bucket: what this machine had of them is gone, and every kind of delivery has it again. */
import { createHash } from 'node:crypto';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type FarBucket, openFarBucket } from '../kernel/s3/testing.ts';
import { openRig, planOf, type Rig } from './testing.ts';

let far: FarBucket;
let rig: Rig;
beforeAll(async () => {
  far = await openFarBucket();
  const { endpoint, bucket, accessKeyId } = far.address;
  const settings = { objectsUrl: `${endpoint}/${bucket}/node`, objectsKey: accessKeyId, objectsSecret: far.secret };
  rig = await openRig({ settings });
}, 120_000);
afterAll(async () => {
  await rig?.close();
  await far?.close();
});

const sql = 'select city, count(*) as trucks from trucks group by city order by city';
const endpoints = [
  { kind: 'file' },
  { kind: 'query', templates: [{ name: 'cities', title: '城市', sql, parameters: [] }] },
  { kind: 'share' },
];

it('files, queries and shares of it are served after the copies here are gone', async () => {
  const copies = join(rig.kernel.config.home, 'objects', 'sha256');
  const put = await rig.call('supplier', 'PUT', `/api/versions/${rig.version.id}/endpoints`, { endpoints });
  expect(put.body.items.map(({ kind, state }: { kind: string; state: string }) => [kind, state]).sort()).toEqual([
    ['file', 'ready'],
    ['query', 'ready'],
    ['share', 'ready'],
  ]);
  const grant = await rig.grant(planOf(), [{ kind: 'file' }, { kind: 'query' }]);
  const key = await rig.key(grant);
  rmSync(copies, { recursive: true });
  await rig.restart();
  expect(existsSync(copies)).toBe(true);

  const large = rig.version.tables[1]!.original!;
  const file = await rig.use(`/gateway/file/${grant}/large.bin`, key);
  const digest = createHash('sha256')
    .update(new Uint8Array(await file.arrayBuffer()))
    .digest('hex');
  expect([file.status, `sha256:${digest}`]).toEqual([200, large.digest]);
  const part = await rig.use(`/gateway/file/${grant}/large.bin`, key, { range: 'bytes=9000000-9000009' });
  expect([part.status, await part.text()]).toEqual([206, 'xxxxxxxxxx']);
  const answer = await rig.use(`/gateway/query/${grant}/cities`, key);
  expect(await answer.json()).toMatchObject({ data: [{ trucks: 30 }, { trucks: 30 }] });

  // Cut from the object, which is fetched for it.
  rmSync(copies, { recursive: true });
  const shared = await rig.grant(planOf(), [{ kind: 'share' }]);
  const { body } = await rig.call('buyer', 'GET', `/api/grants/${shared}`);
  expect(body.state).toBe('active');
});
