import { readFileSync } from 'node:fs';
import { encodeBase64 } from '@shugu/tlog';
import { describe, expect, it } from 'vitest';
import {
  acceptStamp,
  type BundleFile,
  canonicalBytes,
  formatTrust,
  parseTrust,
  stampAuthorities,
  stampedBytes,
  stampRequest,
  type Trust,
  trustFrom,
  verifyBundle,
} from './index.ts';
import { makeTestAuthority } from './stamp/testing.ts';

const read = (name: string) => new Uint8Array(readFileSync(new URL(`./golden/${name}.json`, import.meta.url)));
const nonce = Uint8Array.of(1, 2, 3);
const at = new Date('2026-11-28T10:00:00Z');

/** A golden bundle with a stamp over its checkpoint, as its log part may be renewed at any time. */
const stamped = (suite: 'intl' | 'sm', { now = at, over }: { now?: Date; over?: string } = {}) => {
  const bundle = JSON.parse(Buffer.from(read(`v1-${suite}-clear`)).toString('utf8')) as BundleFile;
  const authority = makeTestAuthority({ now: () => now, kind: suite === 'sm' ? 'sm2' : 'ec' });
  const trust = trustFrom({
    ...parseTrust(read(`v1-${suite}.trust`)),
    stampAuthorities: [{ certificate: encodeBase64(authority.certificates.root) }],
  });
  const bytes = stampedBytes(over ?? bundle.log.checkpoint, bundle.log.origin);
  const asked = { bytes, nonce, authorities: stampAuthorities(trust) };
  const { token } = acceptStamp(authority.answer(stampRequest({ suite, bytes, nonce })), asked);
  const withStamp = (stamp: Uint8Array) =>
    canonicalBytes({ ...bundle, log: { ...bundle.log, stamp: encodeBase64(stamp) } });
  return { bundle, bytes: withStamp(token), token, withStamp, trust, authority };
};

const failed = async (bytes: Uint8Array, trust: Trust) =>
  (await verifyBundle(bytes, trust)).checks.filter(({ ok }) => !ok).map(({ id }) => id);

describe.each(['intl', 'sm'] as const)('a bundle with an outside time stamp, suite %s', (suite) => {
  it('verifies, and says who witnessed the checkpoint and when, in both languages', async () => {
    const { bytes, trust } = stamped(suite);
    const report = await verifyBundle(bytes, trust);
    expect(report.ok).toBe(true);
    expect(report.stamp).toMatchObject({ time: at, authority: 'Test time stamps', trustedAs: 'Test root' });
    const check = report.checks.find(({ id }) => id === 'stamp')!;
    for (const text of [check.zh, check.en]) expect(text).toContain('2026-11-28T10:00:00.000Z');
    expect(check.zh).toContain('时间戳机构Test time stamps见证');
    expect(report.notice.en).not.toContain('no outside time stamp');
  });

  it('says so when there is none, and is refused then by a reader who asks for one', async () => {
    const { bundle, trust } = stamped(suite);
    const report = await verifyBundle(canonicalBytes(bundle), trust);
    expect([report.ok, report.stamp]).toEqual([true, undefined]);
    expect(report.notice).toMatchObject({
      zh: expect.stringContaining('未附外部时间戳'),
      en: expect.stringContaining('no outside time stamp'),
    });
    expect(await failed(canonicalBytes(bundle), trustFrom({ ...trust, stampRequired: true }))).toEqual(['stamp']);
  });

  it('is refused when the stamp cannot be checked, or leads elsewhere', async () => {
    const { bytes, trust } = stamped(suite);
    const { stampAuthorities: _, ...without } = trust;
    expect(await failed(bytes, without)).toEqual(['stamp']);
    expect(await failed(bytes, stamped(suite).trust)).toEqual(['stamp']);
    const ended = trust.stampAuthorities!.map((one) => ({ ...one, notAfter: '2026-11-28T09:59:59Z' }));
    expect(await failed(bytes, trustFrom({ ...trust, stampAuthorities: ended }))).toEqual(['stamp']);
  });

  it('is refused with the stamp of another checkpoint', async () => {
    const { bundle } = stamped(suite);
    const over = bundle.log.checkpoint.replace('\n299\n', '\n300\n');
    const { bytes, trust } = stamped(suite, { over });
    expect(await failed(bytes, trust)).toEqual(['stamp']);
  });

  it('is refused when it was stamped before it says it was issued', async () => {
    const issued = Date.parse(stamped(suite).bundle.issued);
    const seen = (seconds: number) => stamped(suite, { now: new Date(issued + seconds * 1000) });
    const [early, close] = [seen(-310), seen(-200)];
    expect(await failed(early.bytes, early.trust)).toEqual(['stamp.order']);
    expect(await failed(close.bytes, close.trust)).toEqual([]);
  });

  it('is refused with any byte of the stamp changed', async () => {
    const { token, withStamp, trust } = stamped(suite);
    for (let place = 0; place < token.length; place += suite === 'intl' ? 1 : 97) {
      const changed = Uint8Array.from(token);
      changed[place]! ^= 1 << (place % 8);
      expect(await failed(withStamp(changed), trust), `byte ${place}`).toEqual(['stamp']);
    }
  });
});

describe('a trust file', () => {
  it('names authorities in one form, and keeps what it read', () => {
    const { trust } = stamped('intl');
    const required = trustFrom({ ...trust, stampRequired: true });
    expect(parseTrust(formatTrust(required))).toEqual(required);
    const { stampAuthorities: _, ...without } = required;
    expect(() => trustFrom(without)).toThrow('stampRequired');
    for (const certificate of ['', '!', encodeBase64(Uint8Array.of(0x30, 0)), encodeBase64(new Uint8Array(20_000))])
      expect(() => trustFrom({ ...trust, stampAuthorities: [{ certificate }] }), certificate.slice(0, 9)).toThrow(
        'stampAuthorities[0].certificate',
      );
  });
});
