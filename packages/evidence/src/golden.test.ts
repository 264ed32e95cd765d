import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseTrust, verifyBundle, verifyReceipts } from './index.ts';

/**
 * Bundles as earlier releases wrote them. They stay for good: a change after which one of them no longer verifies needs a
 * new format version, not a new golden file.
 */
const read = (name: string) => new Uint8Array(readFileSync(new URL(`./golden/${name}.json`, import.meta.url)));
const files = new Map([['attached.txt', new TextEncoder().encode('attached text\n')]]);

describe.each(['v1-intl-clear', 'v1-intl-commitment', 'v1-sm-clear', 'v1-sm-commitment'])('%s', (name) => {
  const trust = parseTrust(read(`${name.split('-').slice(0, 2).join('-')}.trust`));

  it('verifies', async () => {
    const report = await verifyBundle(read(name), trust, { files });
    expect(report.checks.filter(({ ok }) => !ok)).toEqual([]);
    expect(report.asOf).toMatchObject({ size: 299, witnesses: ['witness.example'] });
  });

  it('does not verify against the other suite', async () => {
    const other = parseTrust(read(name.includes('sm') ? 'v1-intl.trust' : 'v1-sm.trust'));
    expect((await verifyBundle(read(name), other, { files })).ok).toBe(false);
  });
});

it('a bundle with an outside time stamp (by openssl ts) verifies, and not without its authority', async () => {
  const trust = parseTrust(read('stamped-v1-intl.trust'));
  const report = await verifyBundle(read('stamped-v1-intl'), trust, { files });
  expect(report.checks.filter(({ ok }) => !ok)).toEqual([]);
  expect(report.stamp).toMatchObject({
    authority: 'Specimen time stamps (Specimen Trust)',
    trustedAs: 'Specimen root (Specimen Trust)',
    accuracySeconds: 1.5,
  });
  const without = await verifyBundle(read('stamped-v1-intl'), parseTrust(read('v1-intl.trust')), { files });
  expect(without.checks.filter(({ ok }) => !ok).map(({ id }) => id)).toEqual(['stamp']);
});

it.each([
  ['v1', ['hn-gateway-1'], { receipts: 6, calls: 6, incompleteCalls: 0, rows: 12, bytes: 600 }],
  ['v2', ['hn-gateway-1', 'hn-gateway-away'], { receipts: 3, calls: 3, incompleteCalls: 0, rows: 6, bytes: 300 }],
])('receipts, %s', async (version, sources, total) => {
  const trust = parseTrust(read(`${version}-receipts.trust`));
  const report = await verifyReceipts(read(`${version}-receipts`), trust);
  expect(report.checks.filter(({ ok }) => !ok)).toEqual([]);
  expect(report.range!.sources.map(({ source }) => source)).toEqual(sources);
  expect(report.total).toEqual(total);
});
