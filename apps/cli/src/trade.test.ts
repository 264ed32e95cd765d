/** The whole trade by the command line, in SM2/SM3; then its papers, offline, whole and damaged. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseTrust, type Trust, verifyBundle } from '@shugu/evidence';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { auditAmounts } from './trade/auditor.ts';
import { run as runTrade } from './trade.ts';
import { run as runVerify } from './verify.ts';

const context = { language: 'en' as const, cwd: process.cwd() };
let folder: string;
let printed = '';
let status: number;
let trust: Trust;
let bundles: { name: string; bytes: Uint8Array }[];

const quietly = async <T>(run: () => Promise<T>): Promise<T> => {
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
  try {
    return await run();
  } finally {
    write.mockRestore();
  }
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shugu trade 样张 '));
  status = await quietly(() => runTrade(['--suite', 'sm', '--out', folder, '--json'], context));
  trust = parseTrust(new Uint8Array(await readFile(join(folder, 'trust.json'))));
  const names = (await readdir(folder)).filter((name) => name.endsWith('.bundle.json'));
  bundles = await Promise.all(
    names.map(async (name) => ({ name, bytes: new Uint8Array(await readFile(join(folder, name))) })),
  );
}, 300_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('shugu trade', () => {
  test('holds at every step and says so in one object', () => {
    const said = JSON.parse(printed) as {
      ok: boolean;
      steps: { name: string; ok: boolean }[];
      files: { kind: string }[];
    };
    expect({ status, ok: said.ok, bad: said.steps.filter((one) => !one.ok) }).toEqual({ status: 0, ok: true, bad: [] });
    const kinds = new Set(said.files.map((one) => one.kind));
    for (const kind of [
      'certificate',
      'listing-voucher',
      'contract',
      'data',
      'receipts',
      'acceptance-note',
      'statement',
      'trade-voucher',
      'trade-confirmation',
      'journal',
      'trust',
    ])
      expect(kinds).toContain(kind);
  });
});

describe('shugu verify', () => {
  const verify = (files: string[], more: string[] = []) => quietly(() => runVerify([...files, ...more], context));

  test('accepts every bundle of the trade', async () => {
    expect(await verify(bundles.map(({ name }) => join(folder, name)))).toBe(0);
  });

  test('refuses a bundle with one bit changed, wherever it is', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.nat(), fc.nat(7), async (which, where, bit) => {
        const { bytes } = bundles[which % bundles.length]!;
        const changed = Uint8Array.from(bytes);
        const place = where % bytes.length;
        changed[place] = changed[place]! ^ (1 << bit);
        expect((await verifyBundle(changed, trust)).ok).toBe(false);
      }),
      { numRuns: 150 },
    );
    const { name, bytes } = bundles[0]!;
    const changed = Uint8Array.from(bytes);
    changed[100] = changed[100]! ^ 1;
    const path = join(folder, `changed-${name}`);
    await writeFile(path, changed);
    expect(await verify([path])).toBe(1);
    await rm(path);
  });

  test('refuses a perfect bundle of a log that is not trusted', async () => {
    const keys = join(import.meta.dirname, '../../../packages/evidence/src/golden/v1-sm.trust.json');
    const stranger = await verify(
      bundles.map(({ name }) => join(folder, name)),
      ['--trust', keys],
    );
    expect(stranger).toBe(1);
  });
});

test('the auditor notices a fen too much', () => {
  const right = {
    calls: 17,
    unitPrice: '0.035',
    feePercent: '2',
    shares: { a: '0.6', b: '0.4' },
    legs: { a: '35', b: '24' },
    fee: '1',
    total: '60',
  };
  expect(auditAmounts(right).agrees).toBe(true);
  expect(auditAmounts({ ...right, legs: { a: '36', b: '23' } }).agrees).toBe(false);
  expect(auditAmounts({ ...right, total: '59' }).agrees).toBe(false);
});
