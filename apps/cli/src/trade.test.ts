/** The whole trade by the command line, in SM2/SM3; then its papers, offline, whole and damaged. */
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseTrust, type Trust, verifyBundle, verifyReceipts } from '@shugu/evidence';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Said, saidBy } from './testing.ts';
import { auditAmounts } from './trade/auditor.ts';
import { evidenceName } from './trade/folder.ts';
import { run as runTrade } from './trade.ts';
import { run as runVerify } from './verify.ts';

const context = { language: 'en' as const, cwd: process.cwd() };
let folder: string;
let trade: Said;
let trust: Trust;
let evidence: { name: string; bytes: Uint8Array }[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shugu trade 样张 '));
  trade = await saidBy(() => runTrade(['--suite', 'sm', '--out', folder, '--json'], context));
  trust = parseTrust(new Uint8Array(await readFile(join(folder, 'trust.json'))));
  const names = (await readdir(folder)).filter((name) => evidenceName.test(name));
  evidence = await Promise.all(
    names.map(async (name) => ({ name, bytes: new Uint8Array(await readFile(join(folder, name))) })),
  );
}, 300_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('shugu trade', () => {
  test('holds at every step and says so in one object; progress goes elsewhere', () => {
    const said = JSON.parse(trade.out) as {
      ok: boolean;
      steps: { name: string; ok: boolean }[];
      files: { kind: string }[];
    };
    expect(trade.status).toBe(0);
    expect({ ok: said.ok, bad: said.steps.filter((one) => !one.ok) }).toEqual({ ok: true, bad: [] });
    expect(trade.out.trim().split('\n')).toHaveLength(1);
    expect(trade.err.split('\n').filter((line) => line.startsWith('✓'))).toHaveLength(said.steps.length);
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
  const verify = (args: string[], language: 'zh' | 'en' = 'en') =>
    saidBy(() => runVerify(args, { ...context, language }));
  const receipts = () => evidence.find(({ name }) => name.endsWith('.receipts.json'))!;
  const among = async (files: Record<string, Uint8Array | string>): Promise<string> => {
    const inside = await mkdtemp(join(folder, 'some-'));
    await copyFile(join(folder, 'trust.json'), join(inside, 'trust.json'));
    for (const [name, content] of Object.entries(files)) await writeFile(join(inside, name), content);
    return inside;
  };

  test('checks a whole folder by its trust file, and says what is not evidence', async () => {
    const { status, out } = await verify([folder]);
    expect(status).toBe(0);
    const lines = out.split('\n');
    expect(lines.filter((line) => line.startsWith('✓ VALID')).map((line) => line.split('  ')[1])).toEqual(
      evidence.map(({ name }) => name).sort(),
    );
    const others = lines.filter((line) => line.startsWith('–')).join('\n');
    for (const name of ['books.journal', 'delivered.json', 'trust.json', '.xlsx', '.pdf'])
      expect(others).toContain(name);
    expect(out).toMatch(
      new RegExp(`✓ ${evidence.length} pieces of evidence, and all hold; \\d+ files are not evidence`),
    );
    // The same by the shell's list of files.
    const listed = (await readdir(folder)).map((name) => join(folder, name));
    expect((await verify(listed)).status).toBe(0);
  });

  test('tells of receipts whose they are and how much was used, in both languages', async () => {
    const path = join(folder, receipts().name);
    const zh = (await verify([path], 'zh')).out;
    expect(zh).toMatch(/授权 grt_\w+，合同 con_\w+，产品 prd_\w+/);
    expect(zh).toMatch(/合计：19 次调用，19 行，\d+ 字节；回执 19 条/);
    expect(zh).toMatch(/期间（北京时间）：2026-\d\d-\d\d 00:00:00 起/);
    expect(zh).toMatch(/截至检查点: shugu\.hn\/\w+ #\d+/);
    expect((await verify([path])).out).toContain('in all: 19 calls, 19 rows');
    const { files } = JSON.parse((await verify([path, '--json'])).out);
    expect(files).toMatchObject([{ format: 'receipts', ok: true, total: { calls: 19 }, signer: { holder: 'hn' } }]);
  });

  test('refuses evidence with one bit changed, wherever it is', async () => {
    const holds = async (name: string, bytes: Uint8Array) =>
      (await (name.endsWith('.receipts.json') ? verifyReceipts : verifyBundle)(bytes, trust)).ok;
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.nat(), fc.nat(7), async (which, where, bit) => {
        // Every second time the receipts, which are the longest.
        const { name, bytes } = which % 2 ? receipts() : evidence[which % evidence.length]!;
        const changed = Uint8Array.from(bytes);
        const place = where % bytes.length;
        changed[place] = changed[place]! ^ (1 << bit);
        expect(await holds(name, changed)).toBe(false);
      }),
      { numRuns: 150 },
    );
  });

  test('damage never makes evidence pass for something that is none', async () => {
    const [bundle] = evidence.filter(({ name }) => name.endsWith('.bundle.json'));
    const flipped = (bytes: Uint8Array, text: string) => {
      const changed = Buffer.from(bytes);
      const at = changed.indexOf(text);
      changed[at] = changed[at]! ^ 1;
      return changed;
    };
    for (const { name, bytes } of [bundle!, receipts()])
      for (const text of ['{', '"format"', 'shugu-', '"version"', '}']) {
        for (const called of [name, 'renamed.json']) {
          // Without its name and its first brace a file is no JSON at all, and nothing says that it was meant as evidence.
          if (called === 'renamed.json' && text === '{') continue;
          const inside = await among({ [called]: flipped(bytes, text), 'whole.json': bytes });
          const { status, out } = await verify([inside, '--json']);
          expect([called, text, status]).toEqual([called, text, 1]);
          expect(JSON.parse(out).files).toMatchObject([{ ok: false }, { ok: true }]);
        }
      }
    const cut = await among({ [bundle!.name]: bundle!.bytes.slice(0, 200), 'x.receipts.json': '' });
    expect((await verify([cut])).status).toBe(1);
  });

  test('refuses perfect evidence of a log that is not trusted', async () => {
    const keys = join(import.meta.dirname, '../../../packages/evidence/src/golden/v1-sm.trust.json');
    for (const { name } of evidence) {
      const { status, out } = await verify([join(folder, name), '--trust', keys, '--json']);
      expect(status).toBe(1);
      const failed = JSON.parse(out).files[0].checks.filter((one: { ok: boolean }) => !one.ok);
      expect(failed.map((one: { id: string }) => one.id)).toContain('log.known');
    }
  });

  test('says of anything else what it is, and that nothing was proven', async () => {
    const [pdf] = (await readdir(folder)).filter((name) => name.endsWith('.pdf'));
    const inside = await among({ empty: '', binary: new Uint8Array([0, 255, 1]), 'some.json': '{"a":1}' });
    await mkdir(join(inside, 'deeper'));
    const said = async (name: string) => {
      const { status, out } = await verify([name, '--json']);
      return [status, JSON.parse(out).notEvidence.map((one: { why: string }) => one.why)];
    };
    expect(await said(join(folder, pdf!))).toEqual([1, [expect.stringContaining('a PDF')]]);
    expect(await said(join(inside, 'empty'))).toEqual([1, ['an empty file']]);
    expect(await said(join(inside, 'binary'))).toEqual([1, ['a binary file']]);
    expect(await said(join(inside, 'some.json'))).toEqual([1, ['JSON, but in no format of evidence']]);
    expect((await said(inside))[1]).toContain('a folder, not looked into');
    expect((await verify([inside], 'zh')).out).toContain('没有找到可核验的证据');
    expect(basename(inside)).toMatch(/^some-/);
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
