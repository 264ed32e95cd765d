import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPaperFont } from './font.ts';
import type { Paper } from './paper.ts';
import { createPress } from './press.ts';
import { renderPaper } from './render.ts';
import { certificateSample, statementSample } from './samples.ts';

const font = readPaperFont();
const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const hasRasteriser = spawnSync('pdftoppm', ['-v']).error === undefined;

describe('renderPaper', () => {
  it('gives the same bytes for the same paper, and others for another', async () => {
    const first = await renderPaper(certificateSample, font);
    const second = await renderPaper(structuredClone(certificateSample), font);
    const other = await renderPaper({ ...certificateSample, number: 'SJ4312026070002' }, font);
    expect(digest(second.bytes)).toBe(digest(first.bytes));
    expect(digest(other.bytes)).not.toBe(digest(first.bytes));
    expect(Buffer.from(first.bytes.slice(0, 5)).toString()).toBe('%PDF-');
    expect(first).toMatchObject({ pages: 1, missing: [] });
  });

  it('names the characters that the font lacks', async () => {
    const { missing } = await renderPaper({ ...certificateSample, rows: [['权利人', '𪚥数据 \u{FE00}甲']] }, font);
    expect(missing).toEqual([{ character: '𪚥', codePoint: 'U+2A6A5' }]);
  });

  it('runs a long table over pages', async () => {
    const table = {
      columns: [{ title: '序号' }, { title: '金额' }],
      rows: Array.from({ length: 200 }, (_, at) => [String(at), '1.00']),
    };
    const { pages } = await renderPaper({ ...statementSample, tables: [table] }, font);
    expect(pages).toBeGreaterThan(4);
    expect(pages).toBeLessThan(10);
  });

  it('refuses what has no room, and broken tables', async () => {
    const tooMany: Paper = { ...certificateSample, rows: Array.from({ length: 81 }, () => ['甲', '乙']) };
    await expect(renderPaper(tooMany, font)).rejects.toMatchObject({
      code: 'paper.limit',
      details: { field: 'rows', max: 80 },
    });
    const uneven: Paper = { ...statementSample, tables: [{ columns: [{ title: '甲' }], rows: [['1', '2']] }] };
    await expect(renderPaper(uneven, font)).rejects.toMatchObject({ code: 'paper.invalid' });
    await expect(renderPaper({ ...certificateSample, createdAt: 'today' }, font)).rejects.toMatchObject({
      code: 'paper.invalid',
    });
    const endless = '数据'.repeat(1_900);
    const high: Paper = {
      ...statementSample,
      tables: [{ columns: [{ title: '甲' }, { title: '乙' }], rows: [[endless, '']] }],
    };
    await expect(renderPaper(high, font)).rejects.toMatchObject({ code: 'paper.limit', details: { field: 'height' } });
    await expect(renderPaper({ ...certificateSample, qr: 'x'.repeat(301) }, font)).rejects.toMatchObject({
      code: 'paper.limit',
    });
  });
});

describe('createPress', () => {
  it('prints a batch in a warm child, byte for byte as here', async () => {
    const press = createPress();
    try {
      const [certificate, statement] = await press.print([certificateSample, statementSample]);
      expect(digest(certificate!.bytes)).toBe(digest((await renderPaper(certificateSample, font)).bytes));
      expect(digest(statement!.bytes)).toBe(digest((await renderPaper(statementSample, font)).bytes));
      await expect(press.print([{ ...certificateSample, createdAt: 'x' }])).rejects.toMatchObject({
        code: 'paper.invalid',
      });
    } finally {
      press.end();
    }
  });
});

/** The text of a PDF can be right while its glyphs are blank, so what counts is ink. */
describe.skipIf(!hasRasteriser)('pixels (needs pdftoppm)', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'paper-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const pixels = async (paper: Paper) => {
    const { bytes } = await renderPaper(paper, font);
    writeFileSync(join(folder, 'page.pdf'), bytes);
    execFileSync('pdftoppm', ['-r', '72', '-gray', '-singlefile', join(folder, 'page.pdf'), join(folder, 'page')]);
    const image = readFileSync(join(folder, 'page.pgm'));
    const head = /^P5\s+(\d+)\s+(\d+)\s+255\s/.exec(image.subarray(0, 40).toString('latin1'))!;
    return { width: Number(head[1]), values: image.subarray(head[0].length) };
  };
  const plain: Paper = {
    layout: 'document',
    number: '1',
    title: { zh: '', en: '' },
    issuer: '',
    issuedOn: '',
    createdAt: '2026-01-01T00:00:00Z',
    rows: [],
    footer: '',
  };
  /** Sum of darkness, in fully black pixels. */
  const inkOf = async (text: string) => {
    const { values } = await pixels({ ...plain, paragraphs: [text] });
    let sum = 0;
    for (const value of values) sum += (255 - value) / 255;
    return sum;
  };

  it('every Chinese character leaves ink, dense ones more than thin ones', async () => {
    const blank = await inkOf('');
    const each = await Promise.all(
      [...'一数据谷㼆䶮龘'].reduce<Promise<number>[]>((queue, character) => {
        // One after another, since they share the picture's file.
        const before = queue.at(-1) ?? Promise.resolve(0);
        queue.push(before.then(() => inkOf(character)));
        return queue;
      }, []),
    );
    for (const amount of each) expect(amount - blank).toBeGreaterThan(2);
    expect(each.at(-1)! - blank).toBeGreaterThan(2 * (each[0]! - blank));
  });

  it('prints watermark and seal only when asked', async () => {
    const total = ({ values }: { values: Uint8Array }) => values.reduce((sum, value) => sum + 255 - value, 0) / 255;
    const bare = total(await pixels({ ...certificateSample, specimen: false, seal: undefined }));
    expect(total(await pixels({ ...certificateSample, seal: undefined }))).toBeGreaterThan(bare + 300);
    expect(total(await pixels({ ...certificateSample, specimen: false }))).toBeGreaterThan(bare + 300);
  });
});
