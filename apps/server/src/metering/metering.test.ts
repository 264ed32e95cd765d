import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { commitmentOf, parseEntry, publicKeyFromJwk, verifyCommitment, verifyInContext } from '@shugu/evidence';
import { type UseRecord, verifyReceiptProof } from '@shugu/gateway';
import { leafHash, parseCheckpoint, sha256, verifyInclusion } from '@shugu/tlog';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type MeteringRig, openMeteringRig } from './testing.ts';

let rig: MeteringRig;
beforeAll(async () => {
  rig = await openMeteringRig();
}, 120_000);
afterAll(() => rig?.close());

const day = 86_400_000;
const later = (ms: number) => new Date(rig.kernel.clock.now().getTime() + ms);

describe('import', () => {
  it('counts each use once: from the tail, sealed, again, and after a restart', async () => {
    const grant = await rig.grant();
    const usage = () => rig.metering.usageUpTo(rig.kernel.database, grant.id);
    for (let made = 0; made < 3; made++) await rig.use(grant);
    await rig.tick();
    expect(await usage()).toMatchObject({ calls: 3, rows: 6, bytes: 300, watermarks: { 'hn-gateway-1': 3 } });
    await rig.use(grant);
    expect(await rig.metering.flush()).toBe(1);
    expect(await rig.metering.flush()).toBe(0);
    await Promise.all([rig.tick(), rig.tick(), rig.metering.flush()]);
    await rig.restart();
    await rig.use(grant);
    await rig.tick();
    expect(await usage()).toMatchObject({ calls: 5, watermarks: { 'hn-gateway-1': 5 } });
    expect((await rig.metering.quotaSnapshot(rig.kernel.database)).grants[grant.id]).toMatchObject({
      total: { calls: 5 },
      day: { calls: 5, rows: 10 },
    });
  });

  it('gives a contract’s usage by days of its zone', async () => {
    const contract = 'con_01k9f3t6zq8m4x2v7b5n1c0d9e';
    const [one, other] = [await rig.grant({ contract }), await rig.grant({ contract, trial: true })];
    const at = (text: string) => ({ at: Date.parse(text) });
    await rig.use(one, at('2026-07-01T15:59:59Z'));
    await rig.use(one, at('2026-07-01T16:00:00Z'));
    await rig.use(other, at('2026-07-02T16:00:00Z'));
    await rig.metering.flush();
    const usage = (from: string | null, until: string | null) =>
      rig.metering.usageOf(rig.kernel.database, contract, from ? new Date(from) : null, until ? new Date(until) : null);
    expect((await usage(null, null)).calls).toBe(3);
    const second = await usage('2026-07-01T16:00:00Z', '2026-07-02T16:00:00Z');
    expect(second).toMatchObject({ calls: 1, byGrant: [{ grant: one.id }], byDay: [{ day: '2026-07-02', calls: 1 }] });
    expect((await usage('2026-07-02T16:00:00Z', null)).byGrant).toMatchObject([{ grant: other.id, calls: 1 }]);
  });

  it('a rolled-back import takes its watermark back with it', async () => {
    const grant = await rig.grant();
    await rig.use(grant);
    await rig.kernel.database.pool.query(
      'create function refuse() returns trigger language plpgsql as $$ begin raise exception $e$no$e$; end $$',
    );
    await rig.kernel.database.pool.query(
      'create trigger refuse before update on metering_sources for each row execute function refuse()',
    );
    await expect(rig.metering.flush()).rejects.toThrow('no');
    expect((await rig.metering.usageUpTo(rig.kernel.database, grant.id)).calls).toBe(0);
    await rig.kernel.database.pool.query('drop trigger refuse on metering_sources');
    await rig.metering.flush();
    expect((await rig.metering.usageUpTo(rig.kernel.database, grant.id)).calls).toBe(1);
  });
});

describe('who sees what', () => {
  it('figures for both sides, receipts for the buyer, sums for the operator, nothing for strangers', async () => {
    const grant = await rig.grant();
    const use = await rig.use(grant, { purpose: 'riskControl' });
    await rig.metering.flush();
    const usage = async (who: 'buyer' | 'supplier' | 'stranger') =>
      (await rig.call(who, 'GET', `/api/usage?grant=${grant.id}`)).body.items;
    expect(await usage('buyer')).toMatchObject([{ grant: grant.id, day: '2026-07-01', calls: 1 }]);
    expect(await usage('supplier')).toHaveLength(1);
    expect(JSON.stringify(await usage('supplier'))).not.toContain('riskControl');
    expect(await usage('stranger')).toEqual([]);
    const status = async (who: 'buyer' | 'supplier' | 'stranger' | 'settlement' | '', path: string) =>
      (await rig.call(who, 'GET', path)).status;
    for (const path of [`/api/receipts/${use}`, `/api/grants/${grant.id}/receipts`]) {
      expect(await status('buyer', path)).toBe(200);
      for (const who of ['supplier', 'stranger', 'settlement'] as const) expect(await status(who, path)).toBe(404);
      expect(await status('', path)).toBe(401);
    }
    expect(await status('settlement', '/api/usage')).toBe(403);
    expect(await status('buyer', '/api/usage/overview?from=2026-07-01&until=2026-07-31')).toBe(403);
    const overview = await rig.call('settlement', 'GET', '/api/usage/overview?from=2026-07-01&until=2026-07-31');
    const product = overview.body.items.find((one: { product: string }) => one.product === grant.product);
    expect(product).toMatchObject({ calls: 1, grants: 1, supplier: 'org_supplier' });
    expect(
      (await rig.call('settlement', 'GET', '/api/usage/overview?from=2025-01-01&until=2026-07-31')).body.code,
    ).toBe('metering.periodTooLong');
  });

  it('pages receipts newest first, over segments and the open tail, none twice', async () => {
    const grant = await rig.grant();
    const made: string[] = [];
    for (let count = 0; count < 7; count++) {
      made.push(await rig.use(grant));
      await rig.use(await rig.grant());
      if (count % 3 === 2) await rig.metering.flush();
    }
    const seen: { id: string; sealed: boolean }[] = [];
    for (let after = ''; ; ) {
      const path = `/api/grants/${grant.id}/receipts?limit=3${after ? `&after=${after}` : ''}`;
      const { items, next } = (await rig.call('buyer', 'GET', path)).body;
      seen.push(...items);
      if (!next) break;
      after = next;
    }
    expect(seen.map(({ id }) => id)).toEqual(made.toReversed());
    expect(seen.map(({ sealed }) => sealed)).toEqual([false, true, true, true, true, true, true]);
  });
});

describe('a receipt', () => {
  it('proves itself to somebody who has nothing but it', async () => {
    const grant = await rig.grant();
    for (let made = 0; made < 4; made++) await rig.use(grant);
    const use = await rig.use(grant);
    expect((await rig.call('buyer', 'GET', `/api/receipts/${use}`)).body).toMatchObject({ sealed: false, proof: null });
    await rig.metering.flush();
    await rig.kernel.publicLog.sequence();
    const { proof, key, log, record } = (await rig.call('buyer', 'GET', `/api/receipts/${use}`)).body;
    const verify = (keyId: string, bytes: Uint8Array, signature: Uint8Array) =>
      keyId === key.id && verifyInContext(publicKeyFromJwk(key.jwk), 'segment', bytes, signature);
    expect(await verifyReceiptProof(proof, verify)).toEqual(record);
    expect(await verifyReceiptProof({ ...proof, sequence: proof.sequence - 1 }, verify)).toBeNull();
    const entry = Buffer.from(log.entry, 'base64');
    const commitment = commitmentOf(parseEntry(entry))!;
    const salt = Buffer.from(log.salt, 'base64');
    expect(verifyCommitment({ suite: 'intl', kind: log.kind, record: log.record, salt, commitment })).toBe(true);
    expect(log.record).toMatchObject({ root: proof.manifest.root, digest: proof.manifest.digest });
    const checkpoint = parseCheckpoint(`${log.checkpoint.split('\n\n')[0]}\n`);
    const included = verifyInclusion({
      hash: sha256,
      index: log.position,
      size: log.size,
      leaf: leafHash(sha256, entry),
      proof: log.path.map((one: string) => new Uint8Array(Buffer.from(one, 'base64'))),
      root: checkpoint.root,
    });
    expect(included).toBe(true);
  });
});

describe('corrections', () => {
  it('need two people, change the figures once, and leave the record as it was', async () => {
    const grant = await rig.grant();
    const use = await rig.use(grant, { units: { calls: 1, rows: 50, bytes: 1000 } });
    await rig.metering.flush();
    const draft = { use, calls: -1, rows: -50, bytes: -1000, reason: '供方接口返回错误数据' };
    const propose = (who: 'both' | 'buyer', body: object) => rig.call(who, 'POST', '/api/usage/corrections', body);
    expect((await propose('buyer', draft)).status).toBe(403);
    expect((await propose('both', { ...draft, rows: -51 })).body.code).toBe('metering.belowZero');
    expect((await propose('both', { ...draft, calls: 0, rows: 0, bytes: 0 })).body.code).toBe(
      'metering.correctionEmpty',
    );
    const made = await propose('both', draft);
    expect(made).toMatchObject({ status: 201, body: { state: 'proposed', grant: grant.id } });
    expect((await propose('both', draft)).body.code).toBe('metering.correctionOpen');
    const decide = (who: 'both' | 'approver') =>
      rig.call(who, 'POST', `/api/usage/corrections/${made.body.id}/decide`, { accept: true });
    expect((await decide('both')).body.code).toBe('metering.samePerson');
    const heard: UseRecord[] = [];
    rig.metering.onCorrection((record) => heard.push(record));
    expect((await decide('approver')).body).toMatchObject({ state: 'confirmed' });
    expect((await decide('approver')).body.code).toBe('metering.correctionClosed');
    await rig.tick();
    await rig.tick();
    expect(await rig.metering.usageUpTo(rig.kernel.database, grant.id)).toMatchObject({ calls: 0, rows: 0, bytes: 0 });
    expect(heard).toMatchObject([{ corrects: use, units: { calls: -1, rows: -50, bytes: -1000 } }]);
    const receipt = (await rig.call('buyer', 'GET', `/api/receipts/${use}`)).body;
    expect(receipt.record.units).toEqual({ calls: 1, rows: 50, bytes: 1000 });
    expect(receipt.corrections).toMatchObject([{ use: made.body.id, reason: 'correction' }]);
    const listed = (await rig.call('settlement', 'GET', '/api/usage/corrections')).body.items;
    expect(listed[0]).toMatchObject({ id: made.body.id, state: 'recorded' });
  });

  it('are written once though a crash came between writing and marking', async () => {
    const grant = await rig.grant();
    const use = await rig.use(grant);
    await rig.metering.flush();
    const made = await rig.call('settlement', 'POST', '/api/usage/corrections', {
      use,
      calls: 0,
      rows: 5,
      bytes: 0,
      reason: '漏计',
    });
    const { id } = made.body;
    await rig.call('approver', 'POST', `/api/usage/corrections/${id}/decide`, { accept: true });
    // What a crash leaves: the record is there, and the database knows nothing of it.
    await rig.use(grant, { use: id, corrects: use, reason: 'correction', units: { calls: 0, rows: 5, bytes: 0 } });
    await rig.tick();
    await rig.tick();
    expect((await rig.metering.usageUpTo(rig.kernel.database, grant.id)).rows).toBe(7);
  });
});

describe('a segment that is not what it says', () => {
  it('stops the import with a reason, and nothing is counted from it', async () => {
    const grant = await rig.grant();
    await rig.use(grant);
    rig.moveTo(later(day));
    // Sealed without being imported.
    const manifest = (await rig.metering.meter().rotate())!;
    const path = join(rig.segments, `${String(manifest.segment).padStart(10, '0')}.json`);
    const text = readFileSync(path, 'utf8');
    const refused = async (change: object, reason: RegExp) => {
      writeFileSync(path, JSON.stringify({ ...manifest, ...change }));
      await expect(rig.metering.flush()).rejects.toThrow(reason);
      expect((await rig.metering.usageUpTo(rig.kernel.database, grant.id)).calls).toBe(0);
    };
    await refused({ root: createHash('sha256').update('x').digest('hex') }, /segmentDiffers:root/);
    await refused({ previousDigest: null }, /signatureInvalid.*chainBroken/);
    await refused({ keyId: 'unknown' }, /signatureInvalid/);
    expect((await rig.call('buyer', 'GET', `/api/grants/${grant.id}/balance`)).status).toBe(200);
    writeFileSync(path, text);
    await rig.metering.flush();
    expect((await rig.metering.usageUpTo(rig.kernel.database, grant.id)).calls).toBe(1);
  });
});
