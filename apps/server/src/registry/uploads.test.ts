/** Uploads through the door: parts, wrong offsets, broken files, other people's. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import type { Client } from '@shugu/wire';
import { ProblemError } from '@shugu/wire';
import * as wire from '@shugu/wire/registry';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { refusal } from '../members/testing.server.ts';
import { freight, freightTable, startRegistryServer, type TestRegistry, upload } from './testing.server.ts';

// Every file read starts three child processes, on a machine that others use too.
vi.setConfig({ testTimeout: 150_000 });

let rig: TestRegistry;
let steward: Client;
beforeAll(async () => {
  rig = await startRegistryServer();
  steward = await rig.as('xingsha.steward');
}, 120_000);
afterAll(() => rig?.close());

const binary = { 'content-type': 'application/octet-stream' };
const drafted = async (over: object = {}) =>
  (await steward.call(wire.createResource, { body: { ...freight, ...over } })).id;
const begin = (resource: string, bytes: number, digest?: string) =>
  steward.call(wire.startUpload, { body: { resource, fileName: '货运.csv', bytes, ...(digest ? { digest } : {}) } });
const part = (client: Client, id: string, offset: number, content: Buffer) =>
  client
    .raw(wire.putPart, { params: { id, offset } }, { rawBody: new Uint8Array(content), headers: binary })
    .then((response) => response.json() as Promise<{ received: number }>);
const complete = (id: string) => steward.call(wire.completeUpload, { params: { id }, body: {} });
const digestOf = (content: Buffer) => `sha256:${createHash('sha256').update(content).digest('hex')}`;

test('a file in three parts, with a wrong offset and a lost answer between them', async () => {
  const resource = await drafted();
  const { id } = await begin(resource, freightTable.length, digestOf(freightTable));
  expect((await part(steward, id, 0, freightTable.subarray(0, 100))).received).toBe(100);
  expect(await refusal(complete(id))).toBe('registry.incomplete');
  const wrong = await part(steward, id, 90, freightTable.subarray(90)).catch((error) => error as ProblemError);
  expect(wrong).toBeInstanceOf(ProblemError);
  expect((wrong as ProblemError).problem).toMatchObject({ code: 'registry.offset', detail: '100' });
  expect(await refusal(part(steward, id, 100, Buffer.alloc(freightTable.length)))).toBe('kernel.tooLarge');
  expect((await steward.call(wire.getUpload, { params: { id } })).received).toBe(100);
  await part(steward, id, 100, freightTable.subarray(100, 500));
  await part(steward, id, 500, freightTable.subarray(500));
  const first = await complete(id);
  expect(await complete(id)).toMatchObject({ state: 'complete', content: first.content });
  await rig.settle();
  const seen = await steward.call(wire.getResource, { params: { id: resource } });
  expect(seen).toMatchObject({ state: 'profiled', content: { digest: digestOf(freightTable), rowCount: 40 } });
  expect(await refusal(part(steward, id, freightTable.length, Buffer.from('x')))).toBe('registry.uploadEnded');
  expect(await rig.registry.sample(rig.kernel.database, resource, 2)).toEqual({
    columns: ['day', 'plate', 'phone', 'mileage'],
    rows: [
      ['2025-01-01', '湘A10000', '13800131000', '0.5'],
      ['2025-01-02', '湘A10037', '13800131013', '3.5'],
    ],
  });
});

test('the self-check shows masks, never a value, and says what it is', async () => {
  const resource = await drafted();
  await upload(rig, steward, resource);
  const shown = await steward.call(wire.getProfile, { params: { id: resource } });
  expect(shown.label.zh).toBe('平台自检');
  const text = JSON.stringify(shown);
  expect(text).toContain('plate');
  expect(text).not.toContain('湘A10037');
  expect(text).not.toContain('13800131013');
  expect(shown.classification).toMatchObject({ status: 'proposed', personal: true });
});

test('faults stand at the resource, row by row, and an older readable file stays its content', async () => {
  const resource = await drafted();
  await upload(rig, steward, resource, Buffer.from('a,b\n1,2\n3\n'));
  const faulty = await steward.call(wire.getResource, { params: { id: resource } });
  expect(faulty).toMatchObject({
    state: 'draft',
    content: { state: 'faulty', fault: { code: 'ingest.faults', faults: [{ row: 3 }] } },
  });
  expect(await refusal(steward.call(wire.getProfile, { params: { id: resource } }))).toBe('registry.notProfiled');
  await upload(rig, steward, resource);
  const good = await rig.registry.resource(rig.kernel.database, resource);
  expect(good).toMatchObject({ state: 'profiled', rowCount: 40 });
  await upload(rig, steward, resource, Buffer.from('a,b\n1\n'));
  expect(await rig.registry.resource(rig.kernel.database, resource)).toEqual(good);
  expect((await steward.call(wire.getResource, { params: { id: resource } })).state).toBe('profiled');
});

test('another file than the one announced is refused, and nothing of it is kept', async () => {
  const resource = await drafted();
  const { id } = await begin(resource, freightTable.length, `sha256:${'0'.repeat(64)}`);
  await part(steward, id, 0, freightTable);
  await complete(id);
  await rig.settle();
  expect(await steward.call(wire.getResource, { params: { id: resource } })).toMatchObject({
    state: 'draft',
    content: { state: 'faulty', fault: { code: 'registry.digestDiffers' } },
  });
  expect(existsSync(`${await rig.kernel.objects.folder('uploads')}/${id}`)).toBe(false);
});

test('other organisations see neither resource nor upload; wrong seats and formats are refused', async () => {
  const resource = await drafted();
  const { id } = await begin(resource, 10);
  const neighbour = await rig.as('mapping.trader');
  for (const call of [
    () => neighbour.call(wire.getResource, { params: { id: resource } }),
    () => neighbour.call(wire.getUpload, { params: { id } }),
    () => part(neighbour, id, 0, Buffer.from('x')),
    () => neighbour.call(wire.completeUpload, { params: { id }, body: {} }),
    () => neighbour.call(wire.changeResource, { params: { id: resource }, body: { revision: 1 } }),
    () => neighbour.call(wire.startUpload, { body: { resource, fileName: 'a.csv', bytes: 1 } }),
  ])
    expect(await refusal(call())).toBe('kernel.unknown');
  const finance = await rig.as('xingsha.finance');
  expect(await refusal(finance.call(wire.createResource, { body: freight }))).toBe('kernel.notPermitted');
  expect((await finance.call(wire.getResource, { params: { id: resource } })).id).toBe(resource);
  const officer = await rig.as('regulator.officer');
  expect((await officer.call(wire.getResource, { params: { id: resource } })).id).toBe(resource);
  expect(await refusal((await rig.as('registrar.clerk')).call(wire.getResource, { params: { id: resource } }))).toBe(
    'kernel.unknown',
  );
  expect(await refusal(steward.call(wire.startUpload, { body: { resource, fileName: 'a.exe', bytes: 1 } }))).toBe(
    'registry.format',
  );
});

test('uploads that nobody finishes end, and their number is bounded', async () => {
  const trader = await rig.as('mapping.trader');
  const { id: resource } = await trader.call(wire.createResource, { body: freight });
  const begun = [];
  for (let count = 0; count < wire.registryLimits.openUploadsMax; count++)
    begun.push(await trader.call(wire.startUpload, { body: { resource, fileName: 'a.csv', bytes: 5 } }));
  const another = () => trader.call(wire.startUpload, { body: { resource, fileName: 'a.csv', bytes: 5 } });
  expect(await refusal(another())).toBe('registry.uploadsOpen');
  rig.moveTo('2026-03-09T02:00:00Z');
  await rig.settle();
  expect((await trader.call(wire.getUpload, { params: { id: begun[0]!.id } })).state).toBe('expired');
  expect(await refusal(part(trader, begun[0]!.id, 0, Buffer.from('a,b\n1')))).toBe('registry.uploadEnded');
  expect((await another()).state).toBe('open');
});

test('a resource warns of long names, keeps its revision, and is retired only once', async () => {
  const resource = await drafted({ name: '数'.repeat(41) });
  const seen = await steward.call(wire.getResource, { params: { id: resource } });
  expect(seen.warnings.map((warning) => warning.field)).toEqual(['name']);
  const change = (body: { revision: number; region?: null; timeUntil?: string }) =>
    steward.call(wire.changeResource, { params: { id: resource }, body });
  expect((await change({ revision: 1, timeUntil: '2025-06-30' })).revision).toBe(2);
  expect(await refusal(change({ revision: 1 }))).toBe('kernel.stale');
  expect(await refusal(change({ revision: 2, region: null }))).toBe('kernel.invalid');
  expect(await refusal(change({ revision: 2, timeUntil: '2024-01-01' }))).toBe('kernel.invalid');
  const retire = () => steward.call(wire.retireResource, { params: { id: resource }, body: { reason: '不再更新' } });
  expect((await retire()).state).toBe('retired');
  expect(await refusal(retire())).toBe('registry.retired');
  const listed = await steward.call(wire.listResources, { query: { state: 'retired' } });
  expect(listed.items.map((item) => item.id)).toEqual([resource]);
});
