import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  generateKey,
  publicJwk,
  readReceipts,
  softwareSigner,
  type Trust,
  trustFrom,
  verifyReceipts,
  vkeyOf,
} from '@shugu/evidence';
import { encodeFrame, encodeHeader, openMeter, sealedSegment, type Use } from '@shugu/gateway';
import { afterReceipts } from '@shugu/wire/metering';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../kernel/ids.ts';
import { origins } from '../kernel/publiclog/store.ts';
import { manifestSigner } from './keys.ts';
import type { MeteredGrant } from './model.ts';
import { makeReceiptFile, receiptFileLimits } from './receipt-file.ts';
import { dayStart } from './rules.ts';
import { makeSegmentReader } from './segments.ts';
import { type MeteringRig, openMeteringRig, type Who } from './testing.ts';

let rig: MeteringRig;
let trust: Trust;
const closing: (() => Promise<void>)[] = [];
beforeAll(async () => {
  rig = await openMeteringRig();
  rig.moveTo(new Date('2026-08-02T02:00:00Z'));
  const known = await rig.kernel.keys.known(rig.kernel.database);
  const logs = (await origins(rig.kernel.database)).map(({ origin, suite, key }) => ({
    origin,
    suite,
    vkey: vkeyOf(origin, known.find(({ id }) => id === key)!.publicKey),
  }));
  const meters = known.filter(({ purpose }) => purpose === 'gateway');
  trust = trustFrom({ logs, keys: meters.map(({ id }) => ({ keyId: id, holder: 'hn', roles: ['meter'] })) });
}, 120_000);
afterAll(async () => {
  for (const close of closing) await close();
  await rig?.close();
});

const ask = (who: Who | '', grant: string, query = 'from=2026-08-01&until=2026-08-31') =>
  rig.call(who, 'GET', `/api/grants/${grant}/receipts/file?${query}`);

/** The file once the log holds all that is sealed. */
const fileOf = async (grant: MeteredGrant, query?: string) => {
  await rig.metering.flush();
  await rig.kernel.publicLog.sequence();
  const { body } = await ask('buyer', grant.id, query);
  expect(body.range).toMatchObject({ complete: true });
  return { body, report: await verifyReceipts(Buffer.from(JSON.stringify(body)), trust) };
};

/** A gateway's own meter, and what its shipper sends. */
const openAway = async () => {
  const folder = mkdtempSync(join(tmpdir(), 'shugu-away-'));
  const key = generateKey('intl');
  const signer = manifestSigner(softwareSigner(key, { level: 'platform' }));
  await rig.as((tx) => rig.kernel.keys.admit(tx, 'gwy_1', 'gateway', publicJwk(key.publicKey)));
  trust = { ...trust, keys: [...trust.keys!, { keyId: key.publicKey.keyId, holder: 'away', roles: ['meter'] }] };
  const source = 'hn-gateway-away';
  const meter = await openMeter({
    source,
    folder: join(folder, 'open'),
    objectFolder: folder,
    signer,
    clock: () => rig.kernel.clock.now().getTime(),
  });
  closing.push(async () => {
    await meter.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const held = () => rig.metering.remote().held(source);
  return {
    use: (grant: MeteredGrant) => rig.use(grant, {}, meter),
    records: async () => {
      const tail = await meter.openTail((await held()).sequence);
      const header = encodeHeader({ source, segment: 0, firstSequence: tail[0]!.sequence });
      const bytes = Buffer.concat([header, ...tail.map(({ record }) => encodeFrame(record))]);
      await rig.metering.remote().takeRecords(source, bytes);
    },
    segment: async () => {
      await meter.rotate();
      const next = await sealedSegment(folder, source, (await held()).segment + 1);
      await rig.metering.remote().takeSegment(source, next!.manifest, next!.bytes);
    },
  };
};

describe('a file of receipts', () => {
  it('holds the buyer’s uses of the days asked for, and verifies without us', async () => {
    const [grant, other] = [await rig.grant(), await rig.grant()];
    const useAt = async (text: string, more: Partial<Use> = {}) => {
      const use = newId('use', new Date(text));
      await rig.use(grant, { use, at: Date.parse(text), ...more });
      return use;
    };
    // Days of the grant’s zone: the last instant of June, the first of July, the last of July, the first of August.
    await useAt('2026-06-30T15:59:59.999Z');
    const first = await useAt('2026-06-30T16:00:00Z');
    await rig.use(other);
    await rig.metering.flush();
    const last = await useAt('2026-07-31T15:59:59.999Z', { status: 'incomplete' });
    await useAt('2026-07-31T16:00:00Z');
    const { body, report } = await fileOf(grant, 'from=2026-07-01&until=2026-07-31');
    expect(report.checks.filter(({ ok }) => !ok)).toEqual([]);
    expect(report).toMatchObject({
      grant: grant.id,
      contracts: [grant.contract],
      period: { from: '2026-06-30T16:00:00.000Z', until: '2026-07-31T16:00:00.000Z' },
      total: { receipts: 2, calls: 2, incompleteCalls: 1, rows: 4, bytes: 200 },
      signer: { holder: 'hn' },
    });
    const text = Buffer.concat(
      readReceipts(body).segments.flatMap((one) => one.receipts.map(({ payload }) => Buffer.from(payload, 'base64'))),
    ).toString('utf8');
    expect([text.includes(first), text.includes(last), text.includes(other.id)]).toEqual([true, true, false]);
    expect((await fileOf(grant, 'from=2026-07-31&until=2026-07-31')).report.total).toMatchObject({ receipts: 1 });
  });

  it('is the buyer’s alone: others learn not even that the grant exists', async () => {
    const grant = await rig.grant();
    await rig.use(grant);
    await fileOf(grant);
    const nothing = await ask('buyer', 'grt_00000000000000000000000000');
    expect(nothing).toMatchObject({ status: 404, body: { code: 'kernel.unknown' } });
    const same = ({ status, body: { requestId: _, ...body } }: typeof nothing) => ({ status, body });
    for (const who of ['supplier', 'stranger', 'settlement', ''] as const)
      expect([who, same(await ask(who, grant.id))]).toEqual([
        who,
        same(await ask(who, 'grt_00000000000000000000000000')),
      ]);
    for (const who of ['supplier', 'stranger'] as const) expect(same(await ask(who, grant.id))).toEqual(same(nothing));
  });

  it('says plainly what it cannot give', async () => {
    const grant = await rig.grant();
    const code = async (query: string) => {
      const { status, body } = await ask('buyer', grant.id, query);
      return [status, body.code];
    };
    await rig.use(grant);
    expect(await code('from=2026-08-01&until=2026-08-31')).toEqual([409, 'metering.noReceipts']);
    expect(await code('from=2026-08-01&until=2026-09-01')).toEqual([422, 'metering.receiptPeriodTooLong']);
    for (const query of [
      'from=2026-07-02&until=2026-07-01',
      'from=2026-07',
      'from=2026-07-01&until=2026-07-02&after=-1',
    ])
      expect(await code(query)).toEqual([400, 'kernel.invalid']);
  });

  it('holds the uses at gateways of their own process, once they are sealed', async () => {
    const [grant, other] = [await rig.grant(), await rig.grant()];
    const away = await openAway();
    const early = async () => (await ask('buyer', grant.id)).body;
    await rig.use(grant);
    await away.use(other);
    await away.records();
    await fileOf(grant);
    await away.use(grant);
    await away.records();
    expect(await early()).toMatchObject({ total: { receipts: 1 }, range: { complete: false } });
    await away.segment();
    await rig.use(grant);
    const { body, report } = await fileOf(grant);
    expect(report.checks.filter(({ ok }) => !ok)).toEqual([]);
    expect(report.total).toMatchObject({ receipts: 3, calls: 3 });
    const names = body.range.sources.map(({ source }: { source: string }) => source);
    expect(names).toEqual(['hn-gateway-1', 'hn-gateway-away']);
    // What a restart has forgotten of records that are not sealed may be such a use.
    await away.use(other);
    await away.records();
    await fileOf(grant);
    await rig.restart();
    expect(await early()).toMatchObject({ total: { receipts: 3 }, range: { complete: false } });
    await away.segment();
    await fileOf(grant);
  });

  it('leaves what is not sealed or full for a next part, and says so', async () => {
    const grant = await rig.grant();
    for (let made = 0; made < 3; made++) await rig.use(grant);
    await rig.metering.flush();
    for (let made = 0; made < 2; made++) await rig.use(grant);
    await fileOf(grant);
    await rig.use(grant);
    expect((await ask('buyer', grant.id)).body).toMatchObject({ total: { receipts: 5 }, range: { complete: false } });
    await rig.metering.flush();
    await fileOf(grant);
    const { database, keys, publicLog, clock } = rig.kernel;
    const signer = await rig.as((tx) => keys.signer(tx, '', 'gateway'));
    const parts = (limits: Partial<typeof receiptFileLimits>) =>
      makeReceiptFile(
        {
          meter: rig.metering.meter(),
          remote: rig.metering.remote(),
          contentOf: makeSegmentReader(dirname(rig.segments)),
          keys,
          publicLog,
          signer,
          node: 'hn',
          now: () => clock.now(),
        },
        { ...receiptFileLimits, ...limits },
      );
    for (const limits of [{ receiptsMax: 2 }, { receiptsMax: 3 }, { receiptBytesMax: 1 }, { segmentsPerRead: 1 }]) {
      const part = parts(limits as Partial<typeof receiptFileLimits>);
      let [after, receipts, complete] = ['', 0, false];
      for (let n = 0; !complete && n < 10; n++) {
        const bytes = await part(database, grant, {
          from: '2026-08-01',
          until: '2026-08-31',
          after: after || undefined,
        });
        const report = await verifyReceipts(bytes, trust);
        expect(report.checks.filter(({ ok }) => !ok)).toEqual([]);
        receipts += report.total!.receipts;
        after = afterReceipts(report.range!);
        ({ complete } = report.range!);
      }
      expect([limits, receipts, complete]).toEqual([limits, 6, true]);
    }
  });
});

it('days begin at their first instant, whatever the zone', () => {
  const start = (day: string, zone: string) => new Date(dayStart(day, zone)).toISOString();
  expect(start('2026-07-01', 'Asia/Shanghai')).toBe('2026-06-30T16:00:00.000Z');
  expect(start('2026-07-01', 'Pacific/Kiritimati')).toBe('2026-06-30T10:00:00.000Z');
  expect(start('2026-07-01', 'Etc/GMT+12')).toBe('2026-07-01T12:00:00.000Z');
  // Midnight does not exist on that day.
  expect(start('2026-09-06', 'America/Santiago')).toBe('2026-09-06T04:00:00.000Z');
});
