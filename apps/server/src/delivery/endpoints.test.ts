import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ingestFile } from '../registry/ingest/ingest.ts';
import { apiDraft, openRig, planOf, type Rig } from './testing.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await openRig();
}, 120_000);
afterAll(() => rig?.close());

const put = (draft: object) =>
  rig.call('supplier', 'PUT', `/api/versions/${rig.version.id}/endpoints`, { endpoints: [draft] });
const api = async () =>
  (await rig.call('supplier', 'GET', `/api/versions/${rig.version.id}/endpoints`)).body.items.find(
    (one: { kind: string }) => one.kind === 'api',
  );

describe('a look-up', () => {
  it('serves what was built until the new one is ready, and only the copied columns', async () => {
    await put(apiDraft);
    await rig.settle();
    const grant = await rig.grant(planOf(), [{ kind: 'api' }]);
    const key = await rig.key(grant);
    const ask = async (query: string) => (await rig.use(`/gateway/api/${grant}?${query}`, key)).json();
    expect(await ask(`city=${encodeURIComponent('株洲')}&limit=1`)).toMatchObject({
      data: [{ city: '株洲' }],
      meta: { rows: 1, truncated: true },
    });
    expect(
      Object.keys(((await ask(`plate=${encodeURIComponent('湘A10001')}`)) as { data: object[] }).data[0]!),
    ).toEqual(['plate', 'city', 'score']);
    await put({ ...apiDraft, filterColumns: ['owner'], answerColumns: ['plate'] });
    expect(await api()).toMatchObject({ state: 'building', revision: 2 });
    expect(await ask(`city=${encodeURIComponent('株洲')}&limit=1`)).toMatchObject({ meta: { rows: 1 } });
    await rig.settle();
    expect(await api()).toMatchObject({ state: 'ready', api: { rows: 60 } });
    expect(await ask(`city=${encodeURIComponent('株洲')}`)).toMatchObject({ code: 'requestInvalid' });
    expect(await ask(`owner=${encodeURIComponent('车主7')}`)).toMatchObject({
      data: [{ plate: '湘A10007', owner: '车主7' }],
    });
    await put({ ...apiDraft, filterColumns: ['owner'], answerColumns: ['plate'] });
    expect((await api()).revision).toBe(2);
  });

  it('is built again when its store is gone, as after a restore', async () => {
    const folder = await rig.kernel.objects.folder('stores');
    for (const name of readdirSync(folder)) rmSync(join(folder, name));
    await rig.restart();
    expect(await api()).toMatchObject({ state: 'building' });
    await rig.settle();
    expect(await api()).toMatchObject({ state: 'ready' });
    expect(readdirSync(folder)).toHaveLength(1);
  });

  it('is not built from data that is not the version’s, and says so', async () => {
    const table = rig.version.tables[0]!;
    const kept = table.normal!;
    const folder = mkdtempSync(join(tmpdir(), 'shugu-other-'));
    writeFileSync(join(folder, 'other.csv'), 'plate,city,score,owner\nA,B,1,C\n');
    await ingestFile({ path: join(folder, 'other.csv'), folder: join(folder, 'normal'), format: 'csv' });
    table.normal = { ...kept, folder: join(folder, 'normal') };
    await put(apiDraft);
    await rig.settle();
    expect(await api()).toMatchObject({ state: 'failed', fault: { en: expect.stringContaining('differs') } });
    table.normal = kept;
    await put(apiDraft);
    await rig.settle();
    expect(await api()).toMatchObject({ state: 'ready', fault: null });
    rmSync(folder, { recursive: true });
  });
});
