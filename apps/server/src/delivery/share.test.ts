/** The table share through its own door, as the buyer with a profile file, and as everybody else. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ingestFile } from '../registry/ingest/ingest.ts';
import { openRig, planOf, type Rig } from './testing.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await openRig();
  await rig.call('supplier', 'PUT', `/api/versions/${rig.version.id}/endpoints`, { endpoints: [{ kind: 'share' }] });
}, 120_000);
afterAll(() => rig?.close());

interface Profile {
  endpoint: string;
  bearerToken: string;
  expirationTime: string;
  shareCredentialsVersion: number;
  type?: string;
}
const profileOf = async (grant: string, credentialsVersion = 1): Promise<Profile> =>
  (await rig.call('buyer', 'POST', `/api/grants/${grant}/profiles`, { name: '笔记本', credentialsVersion })).body
    .profile;

/** As a client would: below the profile's address, with its token. */
const ask = (profile: Profile, path: string, options: RequestInit = {}) =>
  fetch(profile.endpoint + path, {
    ...options,
    headers: { authorization: `Bearer ${profile.bearerToken}`, ...(options.headers as Record<string, string>) },
  });
const table = (grant: string) => `shares/${grant}/schemas/${encodeURIComponent('货车运行指数')}/tables/trucks`;
// biome-ignore lint/suspicious/noExplicitAny: lines of the protocol, looked at by tests
const linesOf = async (response: Response): Promise<any[]> =>
  (await response.text())
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
const query = async (profile: Profile, grant: string, body: object = {}, headers: Record<string, string> = {}) =>
  ask(profile, `${table(grant)}/query`, { method: 'POST', body: JSON.stringify(body), headers });
/** Rows of the files of an answer, read by an engine that knows nothing of us. */
// biome-ignore lint/suspicious/noExplicitAny: rows of a test's tables
const rowsOf = async (lines: any[], select = '*'): Promise<any[]> => {
  const folder = mkdtempSync(join(tmpdir(), 'shugu-share-'));
  const duck = await (await DuckDBInstance.create(':memory:')).connect();
  try {
    const rows: unknown[] = [];
    for (const line of lines) {
      const file = line.file ?? line.add ?? line.cdf;
      if (!file) continue;
      const path = join(folder, 'part.parquet');
      writeFileSync(path, Buffer.from(await (await fetch(file.url)).arrayBuffer()));
      rows.push(...(await duck.runAndReadAll(`SELECT ${select} FROM read_parquet('${path}')`)).getRowObjectsJS());
    }
    return rows;
  } finally {
    duck.closeSync();
    rmSync(folder, { recursive: true });
  }
};
/** Uploads new data behind the version's table, as its supplier does through the registry. */
const upload = async (csv: string): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), 'shugu-share-'));
  writeFileSync(join(folder, 'up.csv'), csv);
  const schema = await ingestFile({ path: join(folder, 'up.csv'), folder: join(folder, 'normal'), format: 'csv' });
  const stored = await rig.kernel.objects.put(readFileSync(join(folder, 'normal', schema.normal.file)));
  const one = rig.version.tables[0]!;
  one.newest = { ...one.data!, ...stored, columns: schema.columns };
  rmSync(folder, { recursive: true });
};
const publish = () => rig.call('supplier', 'POST', `/api/versions/${rig.version.id}/revisions`, {});
const code = async (response: Response) => [
  response.status,
  ((await response.json()) as { errorCode: string }).errorCode,
];

describe('a contract with a table share', () => {
  it('gives its buyer a profile, lists, answers queries, and serves files in ranges', async () => {
    const grant = await rig.grant(planOf(), [{ kind: 'share' }]);
    const view = (await rig.call('buyer', 'GET', `/api/grants/${grant}`)).body;
    expect(view).toMatchObject({
      state: 'active',
      lines: [
        { kind: 'share', ready: true, share: { share: grant, schema: '货车运行指数', tables: ['trucks'], version: 0 } },
      ],
    });
    const profile = await profileOf(grant);
    expect(profile).toMatchObject({ shareCredentialsVersion: 1, endpoint: `${rig.origin}/delta-sharing/` });
    expect(profile.expirationTime).toMatch(/^2027-06-30T16:00/);
    const second = await profileOf(grant, 2);
    expect(second).toMatchObject({ shareCredentialsVersion: 2, type: 'bearer_token' });

    expect(await (await ask(second, 'shares')).json()).toMatchObject({ items: [{ name: grant }] });
    expect(await (await ask(profile, `shares/${grant.toUpperCase()}`)).json()).toMatchObject({
      share: { name: grant },
    });
    expect(await (await ask(profile, `shares/${grant}/schemas`)).json()).toEqual({
      items: [{ name: '货车运行指数', share: grant }],
    });
    const tables = { items: [{ name: 'trucks', schema: '货车运行指数', share: grant, accessModes: ['url'] }] };
    const schema = encodeURIComponent('货车运行指数');
    expect(await (await ask(profile, `shares/${grant}/schemas/${schema}/tables`)).json()).toMatchObject(tables);
    expect(await (await ask(profile, `shares/${grant}/all-tables`)).json()).toMatchObject(tables);
    const version = await ask(profile, `${table(grant)}/version`);
    expect([version.status, version.headers.get('delta-table-version'), await version.text()]).toEqual([200, '0', '']);
    const metadata = await ask(profile, `${table(grant)}/metadata`);
    expect(metadata.headers.get('delta-sharing-capabilities')).toBe('responseformat=parquet');
    const [protocol, described] = await linesOf(metadata);
    expect(protocol).toEqual({ protocol: { minReaderVersion: 1 } });
    expect(
      JSON.parse(described.metaData.schemaString).fields.map((one: { name: string; type: string }) => [
        one.name,
        one.type,
      ]),
    ).toEqual([
      ['plate', 'string'],
      ['city', 'string'],
      ['score', 'long'],
      ['owner', 'string'],
    ]);

    const answer = await query(profile, grant);
    expect(answer.headers.get('x-receipt')).toMatch(/^use_/);
    const [, , { file }, ...rest] = await linesOf(answer);
    expect(rest).toEqual([]);
    expect(JSON.parse(file.stats)).toMatchObject({
      numRecords: 60,
      minValues: { score: 60 },
      maxValues: { score: 119 },
    });
    const whole = Buffer.from(await (await fetch(file.url)).arrayBuffer());
    expect(whole.length).toBe(file.size);
    expect(whole.subarray(0, 4).toString()).toBe('PAR1');
    const part = await fetch(file.url, { headers: { range: `bytes=${file.size - 8}-` } });
    expect([part.status, part.headers.get('content-range'), part.headers.get('accept-ranges')]).toEqual([
      206,
      `bytes ${file.size - 8}-${file.size - 1}/${file.size}`,
      'bytes',
    ]);
    expect(Buffer.from(await part.arrayBuffer())).toEqual(whole.subarray(-8));
    const head = await fetch(file.url, { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length')]).toEqual([200, String(file.size)]);

    // One call with the rows it opened, and every byte that left; the pieces of the file are no calls of their own.
    const balance = (await rig.call('buyer', 'GET', `/api/grants/${grant}/balance`)).body;
    expect(balance.used).toMatchObject({ calls: 1, rows: 60 });
    expect(balance.used.bytes).toBe(file.size + 8 + Number(answer.headers.get('content-length')));
  });

  it('tells strangers and other buyers nothing, and dies at once when it is withdrawn', async () => {
    const grant = await rig.grant(planOf(), [{ kind: 'share' }]);
    const other = await rig.grant(planOf(), [{ kind: 'share' }], { buyer: 'org_stranger' });
    const profile = await profileOf(grant);
    const foreign = (await rig.call('stranger', 'POST', `/api/grants/${other}/profiles`, { name: '别家' })).body
      .profile as Profile;
    const [, , { file }] = await linesOf(await query(profile, grant));
    const unknown = { ...profile, bearerToken: 'sgd_unknown' };
    for (const [who, wrong] of [
      ['another buyer', foreign],
      ['a stranger', unknown],
    ] as const)
      for (const path of [
        `shares/${grant}`,
        `shares/${grant}/schemas`,
        `shares/${grant}/all-tables`,
        `${table(grant)}/version`,
      ])
        expect(await code(await ask(wrong, path)), `${who} ${path}`).toEqual([404, 'RESOURCE_DOES_NOT_EXIST']);
    expect(await code(await query(foreign, grant))).toEqual([404, 'RESOURCE_DOES_NOT_EXIST']);
    expect(await code(await ask(unknown, 'shares'))).toEqual([401, 'UNAUTHENTICATED']);
    expect((await (await ask(foreign, 'shares')).json()) as object).toMatchObject({ items: [{ name: other }] });
    expect((await fetch(file.url.replace(grant, other))).status).toBe(404);
    expect(
      (
        await fetch(
          file.url.replace(/signature=(.)/, (_: string, first: string) => `signature=${first === '_' ? '-' : '_'}`),
        )
      ).status,
    ).toBe(404);
    expect((await rig.call('stranger', 'POST', `/api/grants/${grant}/profiles`, { name: '偷' })).status).toBe(404);

    await rig.as('system', (tx) => rig.delivery.withdrawGrants(tx, { grant }, '合同解除'));
    const stranger = await (await ask(unknown, `shares/${grant}`)).text();
    const gone = await ask(profile, `shares/${grant}`);
    expect(gone.status).toBe(404);
    const [missing, withdrawn] = [JSON.parse(stranger), (await gone.json()) as object];
    expect(withdrawn).toMatchObject({ errorCode: missing.errorCode });
    expect(await (await ask(profile, 'shares')).json()).toEqual({ items: [] });
    expect((await fetch(file.url)).status).toBe(404);
    expect((await ask(foreign, `shares/${other}`)).status).toBe(200);
  });
});

describe('what the contract says of rows and columns', () => {
  it('is what stands in the files, and nothing else', async () => {
    const plan = planOf({
      columns: ['plate', 'score', 'owner', 'city'],
      masks: { owner: { kind: 'hash' }, plate: { kind: 'truncate', length: 2 }, city: { kind: 'hide' } },
      rowFilter: [
        { column: 'city', operator: '=', value: '长沙' },
        { column: 'score', operator: '>=', value: 100 },
      ],
    });
    const [one, other] = [await rig.grant(plan, [{ kind: 'share' }]), await rig.grant(plan, [{ kind: 'share' }])];
    const [profile, second] = [await profileOf(one), await profileOf(other)];
    const rows = await rowsOf(await linesOf(await query(profile, one)));
    expect(rows).toHaveLength(10);
    expect(Object.keys(rows[0]).sort()).toEqual(['owner', 'plate', 'score']);
    expect(rows.every(({ plate, score }) => plate === '湘A' && score >= 100n)).toBe(true);
    expect(JSON.stringify(rows, (_, value) => String(value))).not.toContain('车主');
    // Two buyers must not be able to join on what stands for the owner.
    const foreign = await rowsOf(await linesOf(await query(second, other)));
    expect(foreign.map(({ owner }) => owner)).not.toEqual(rows.map(({ owner }) => owner));
    expect((await (await ask(profile, `${table(one)}/metadata`)).text()).includes('city')).toBe(false);
  });

  it('is cut anew when the terms are amended; the old cut is served to nobody under the new terms', async () => {
    const contract = 'con_01kx0000000000000000000000';
    const grant = await rig.grant(planOf(), [{ kind: 'share' }], { contract });
    const profile = await profileOf(grant);
    const [, , { file }] = await linesOf(await query(profile, grant));
    const narrower = planOf({ columns: ['plate'] });
    await rig.as('system', (tx) =>
      rig.delivery.openGrant(tx, {
        contract,
        order: null,
        product: rig.version.product,
        productName: rig.version.productName,
        version: rig.version.id,
        supplier: 'org_supplier',
        buyer: 'org_buyer',
        plan: narrower,
        policyHash: narrower.policyHash,
        from: tx.now,
        until: null,
        drivers: [{ kind: 'share' }],
      }),
    );
    await expect.poll(async () => (await fetch(file.url)).status).toBe(503);
    await rig.settle();
    expect((await fetch(file.url)).status).toBe(404);
    expect(Object.keys((await rowsOf(await linesOf(await query(profile, grant))))[0])).toEqual(['plate']);
  });

  it('counts a query once, and lets what it opened be read when the last call is used', async () => {
    const plan = planOf({ quotas: [{ metric: 'calls', period: 'total', limit: 2 }], rate: { perSecond: 5, burst: 5 } });
    const grant = await rig.grant(plan, [{ kind: 'share' }]);
    const profile = await profileOf(grant);
    await query(profile, grant);
    const [, , { file }] = await linesOf(await query(profile, grant));
    expect(await code(await query(profile, grant))).toEqual([403, 'countExhausted']);
    for (let read = 0; read < 8; read++)
      expect((await fetch(file.url, { headers: { range: 'bytes=0-3' } })).status).toBe(206);
  });

  it('is used for the purpose that its profile states', async () => {
    const grant = await rig.grant(planOf({ purposes: ['logistics', 'statistics'] }), [{ kind: 'share' }]);
    const make = (body: object) =>
      rig.call('buyer', 'POST', `/api/grants/${grant}/profiles`, { name: '用途', ...body });
    expect((await make({})).body.code).toBe('delivery.purposeNeeded');
    expect((await make({ purpose: 'credit' })).body.code).toBe('delivery.purposeNeeded');
    const { profile } = (await make({ purpose: 'statistics' })).body;
    const lines = await linesOf(await query(profile, grant));
    expect(await rowsOf(lines)).toHaveLength(60);
    const silent = { ...profile, endpoint: `${rig.origin}/delta-sharing/` };
    expect(await code(await query(silent, grant))).toEqual([403, 'purposeMissing']);
    const other = { ...profile, endpoint: `${rig.origin}/delta-sharing/for/credit/` };
    expect(await code(await query(other, grant))).toEqual([403, 'purposeNotAllowed']);
  });

  it('stops files when the volume is used up', async () => {
    const limit = 8000;
    const plan = planOf({ quotas: [{ metric: 'bytes', period: 'total', limit }] });
    const grant = await rig.grant(plan, [{ kind: 'share' }]);
    const profile = await profileOf(grant);
    const [, , { file }] = await linesOf(await query(profile, grant));
    let read = 0;
    let last = await fetch(file.url);
    for (; last.status === 200; last = await fetch(file.url)) read += (await last.arrayBuffer()).byteLength;
    expect(await code(last)).toEqual([403, 'volumeExhausted']);
    expect(read).toBeGreaterThan(0);
    expect(read).toBeLessThan(limit);
  });
});

describe('new data', () => {
  // What is published is cut for every open grant; here only for those of these tests.
  beforeAll(async () => {
    for (const who of ['buyer', 'stranger'] as const)
      for (const { id } of (await rig.call(who, 'GET', '/api/grants?state=active')).body.items)
        await rig.as('system', (tx) => rig.delivery.withdrawGrants(tx, { grant: id }, '试毕'));
  });
  const csv = (rows: string[]) => `plate,city,score,owner\n${rows.join('\n')}\n`;
  const first = Array.from(
    { length: 60 },
    (_, at) => `湘A${10_000 + at},${at % 2 ? '长沙' : '株洲'},${60 + at},车主${at}`,
  );

  it('becomes the next version, with its changes, for everybody who holds a grant', async () => {
    const grant = await rig.grant(planOf(), [{ kind: 'share' }]);
    const profile = await profileOf(grant);
    expect((await publish()).body.code).toBe('delivery.revisionSame');
    expect((await rig.call('stranger', 'POST', `/api/versions/${rig.version.id}/revisions`, {})).status).toBe(404);
    await upload(csv([...first.slice(1), '湘A10000,株洲,99,车主0', '湘A99999,湘潭,1,车主新']));
    const before = rig.kernel.clock.now();
    rig.moveTo(new Date(before.getTime() + 3_600_000));
    expect(await publish()).toMatchObject({ status: 201, body: { number: 1 } });
    await rig.settle();
    expect((await ask(profile, `${table(grant)}/version`)).headers.get('delta-table-version')).toBe('1');
    expect(await rowsOf(await linesOf(await query(profile, grant)))).toHaveLength(61);
    expect(await rowsOf(await linesOf(await query(profile, grant, { version: 0 })))).toHaveLength(60);
    const then = await query(profile, grant, { timestamp: before.toISOString() });
    expect(then.headers.get('delta-table-version')).toBe('0');
    const since = await ask(
      profile,
      `${table(grant)}/version?startingTimestamp=${encodeURIComponent(new Date(before.getTime() + 1000).toISOString())}`,
    );
    expect(since.headers.get('delta-table-version')).toBe('1');

    const changes = await linesOf(await ask(profile, `${table(grant)}/changes?startingVersion=1`));
    const rows = await rowsOf(changes);
    expect(rows.map((row) => [row._change_type, row.plate, Number(row.score)]).sort()).toEqual([
      ['delete', '湘A10000', 60],
      ['insert', '湘A10000', 99],
      ['insert', '湘A99999', 1],
    ]);
    const whole = await linesOf(await ask(profile, `${table(grant)}/changes?startingVersion=0&endingVersion=1`));
    expect(whole.slice(2).map((line) => Object.keys(line)[0])).toEqual(['add', 'cdf']);
    const stream = await linesOf(await query(profile, grant, { startingVersion: 0 }));
    expect(stream.slice(2).map((line) => [Object.keys(line)[0], (line.add ?? line.remove).version])).toEqual([
      ['add', 0],
      ['add', 1],
      ['remove', 1],
    ]);
    for (const wrong of ['', '?startingVersion=9', '?startingVersion=1&endingVersion=0', '?startingVersion=x'])
      expect(await code(await ask(profile, `${table(grant)}/changes${wrong}`)), wrong).toEqual([
        400,
        'INVALID_PARAMETER_VALUE',
      ]);
    expect((await rig.call('supplier', 'GET', `/api/versions/${rig.version.id}/revisions`)).body.items).toMatchObject([
      { number: 1 },
      { number: 0 },
    ]);
    // Files are made from data and are not in a backup.
    rmSync(await rig.kernel.objects.folder('shares'), { recursive: true });
    await rig.restart();
    await rig.settle();
    const moved = { ...profile, endpoint: `${rig.origin}/delta-sharing/` };
    expect(await rowsOf(await linesOf(await query(moved, grant)))).toHaveLength(61);
  });

  it('that does not fit is refused, or passed over with its reason', async () => {
    await upload('plate,city,score\n湘A1,长沙,1\n');
    expect((await publish()).body.code).toBe('delivery.revisionColumns');
    const grant = await rig.grant(planOf(), [{ kind: 'share' }]);
    const profile = await profileOf(grant);
    await upload(csv(['湘A1,长沙,不是数字,车主']));
    expect((await publish()).status).toBe(201);
    await rig.settle();
    expect(await rowsOf(await linesOf(await query(profile, grant)))).toHaveLength(61);
    const told = (await rig.call('supplier', 'GET', `/api/versions/${rig.version.id}/endpoints`)).body.items[0].share;
    expect(told).toMatchObject({ revision: 2, faults: [{ en: expect.stringContaining('score') }] });
    await upload(csv([...first, '湘A10000,株洲,99,车主0']));
    expect((await publish()).body).toMatchObject({ number: 3 });
    await rig.settle();
    expect(await rowsOf(await linesOf(await query(profile, grant)))).toHaveLength(61);
    expect((await ask(profile, `${table(grant)}/version`)).headers.get('delta-table-version')).toBe('3');
  });
});

it('goes a day after the last contract that it was cut for, and is cut anew for the next', async () => {
  const terms = planOf({ columns: ['plate', 'city'] });
  const folders = async () => (await readdir(await rig.kernel.objects.folder('shares'))).sort();
  const before = await folders();
  const grant = await rig.grant(terms, [{ kind: 'share' }]);
  const [own] = (await folders()).filter((name) => !before.includes(name));
  expect(own).toMatch(/^cut_/);
  const later = async () => {
    rig.moveTo(new Date(rig.kernel.clock.now().getTime() + 86_400_000 + 1));
    await rig.settle();
  };
  await later();
  expect(await folders()).toContain(own);
  await rig.as('system', (tx) => rig.delivery.withdrawGrants(tx, { grant }, '合同解除'));
  await rig.settle();
  expect(await folders()).toContain(own);
  await later();
  expect(await folders()).not.toContain(own);
  const next = await rig.grant(terms, [{ kind: 'share' }]);
  expect(await folders()).toContain(own);
  const answer = await query(await profileOf(next), next);
  expect(answer.status).toBe(200);
  expect(Object.keys((await rowsOf(await linesOf(answer)))[0])).toEqual(['plate', 'city']);
});
