import { dirname } from 'node:path';
import { readReceipts, type Trust, trustFrom, verifyReceipts, vkeyOf } from '@shugu/evidence';
import type { Use } from '@shugu/gateway';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../kernel/ids.ts';
import { origins } from '../kernel/publiclog/store.ts';
import type { MeteredGrant } from './model.ts';
import { makeReceiptFile, receiptFileLimits } from './receipt-file.ts';
import { dayStart } from './rules.ts';
import { makeSegmentReader } from './segments.ts';
import { type MeteringRig, openMeteringRig, type Who } from './testing.ts';

let rig: MeteringRig;
let trust: Trust;
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
afterAll(() => rig?.close());

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
      let [after, receipts, complete] = [0, 0, false];
      for (let n = 0; !complete && n < 10; n++) {
        const bytes = await part(database, grant, { from: '2026-08-01', until: '2026-08-31', after });
        const report = await verifyReceipts(bytes, trust);
        expect(report.checks.filter(({ ok }) => !ok)).toEqual([]);
        receipts += report.total!.receipts;
        ({ through: after, complete } = report.range!);
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
