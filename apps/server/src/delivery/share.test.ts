/** The table share through its own door, as the buyer with a profile file, and as everybody else. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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
    expect((await fetch(file.url.replace(/signature=./, 'signature=_'))).status).toBe(404);
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
