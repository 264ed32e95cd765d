/** Import of listings: every format, dry run, row by row. */
import * as wire from '@shugu/wire/market';
import * as more from '@shugu/wire/market-more';
import { afterAll, beforeAll, expect, test } from 'vitest';
import writeXlsxFile from 'write-excel-file/node';
import { assess } from '../../../../cli/src/scenario/product.ts';
import { until } from '../../../../cli/src/scenario/resource.ts';
import { type TestExchange, testExchange } from '../../../test/support/exchange.ts';
import { lawFirm, listingOf, policyOf, refusal, supplier, version } from '../testing.ts';
import { type ImportColumn, ImportFault, importColumns, readRows } from './rows.ts';

let exchange: TestExchange;
beforeAll(async () => {
  exchange = await testExchange();
}, 120_000);
afterAll(() => exchange.end());

const ready = async () => {
  const made = await version(exchange);
  return { ...made, report: (await assess(exchange.stage, supplier, lawFirm, made.version, '产品')).id };
};
type Cells = Partial<Record<ImportColumn, string>>;
const cellsFor = (one: { version: string; report: string }, over: Cells = {}): Cells => ({
  version: one.version,
  planTitle: '按次',
  priceKind: 'perCall',
  price: '0.05',
  settlementWays: 'direct；postpaid',
  taxRate: '0.06',
  policy: JSON.stringify(policyOf()),
  deliveryModes: 'file',
  acceptanceDays: '5',
  purposes: 'logistics、statistics',
  reports: one.report,
  securityStatement: '经网关鉴权',
  sourceStatement: '自有系统',
  ...over,
});
const header = Object.keys(importColumns) as ImportColumn[];
const quoted = (text: string) => `"${text.replace(/"/g, '""')}"`;
const csv = (rows: Cells[]) =>
  [header.join(','), ...rows.map((row) => header.map((name) => quoted(row[name] ?? '')).join(','))].join('\r\n');

const send = async (format: 'csv' | 'xlsx' | 'ndjson', content: string | Buffer, dryRun = false, login = supplier) => {
  const client = await exchange.as(login);
  const made = await client.call(more.importListings, {
    body: { fileName: `上架.${format}`, format, dryRun, content: Buffer.from(content).toString('base64') },
  });
  await exchange.settle();
  // The server's own worker may have taken the job before us.
  return until('the import', async () => {
    const seen = await client.call(more.readImport, { params: { id: made.id } });
    return seen.state !== 'queued' && seen;
  });
};

test('a dry run says what would happen and keeps nothing; the run does it', async () => {
  const [one, two] = [await ready(), await ready()];
  const text = csv([cellsFor(one), cellsFor(two, { taxRate: '六' }), cellsFor({ ...two, report: one.report })]);
  const dry = await send('csv', text, true);
  expect(dry).toMatchObject({ state: 'done', dryRun: true, rows: 3, listed: 0, failed: 2 });
  expect(dry.report[0]).toEqual({ row: 2, ok: true, listing: null, product: one.product, errors: [] });
  expect(dry.report[1]).toMatchObject({ row: 3, ok: false, errors: [{ field: 'plans.0.taxRate' }] });
  expect(dry.report[2]!.errors.map((fault) => fault.code)).toContain('complianceReportMissing');
  const client = await exchange.as(supplier);
  const mine = async () => (await client.call(wire.listListings, { query: {} })).items;
  expect(await mine()).toEqual([]);

  const run = await send('csv', text);
  expect(run).toMatchObject({ state: 'done', listed: 1, failed: 2 });
  const [listing] = await mine();
  expect(listing).toMatchObject({
    id: run.report[0]!.listing,
    // Without a certificate its papers come next.
    state: 'draft',
    purposes: ['logistics', 'statistics'],
    plans: [{ plan: { kind: 'perCall', unitPrice: '0.05' }, settlementWays: ['direct', 'postpaid'] }],
  });
  // The same file again finds the product under review.
  expect((await send('csv', text)).report[0]!.errors[0]!.code).toBe('market.alreadyListed');
});

test('NDJSON carries whole applications, XLSX the columns of the table', async () => {
  const [one, two] = [await ready(), await ready()];
  const lines = [JSON.stringify(listingOf(one.version, one.report)), '{broken'].join('\n');
  expect(await send('ndjson', lines)).toMatchObject({ listed: 1, failed: 1 });
  const cells = cellsFor(two);
  const rows = [header, header.map((name) => cells[name] ?? '')].map((row) => row.map((value) => ({ value })));
  const book = await (writeXlsxFile as (data: unknown) => { toBuffer(): Promise<Buffer> })(rows).toBuffer();
  expect(await send('xlsx', book)).toMatchObject({ state: 'done', listed: 1, failed: 0 });
});

test('a table says everything that a listing may say: tiers, split, basis for personal data, template', async () => {
  const one = await ready();
  const { xingsha, mapping } = exchange.seeded.organisations;
  const cells = cellsFor(one, {
    priceKind: 'tiered',
    price: '',
    tiers: '100:1.00；1000:0.80；*:0.50',
    tierUnit: 'call',
    tierMode: 'graduated',
    included: '10',
    minimumCharge: '5.00',
    split: `${xingsha}:0.7；${mapping}:0.3`,
    personalBasis: '不含个人信息',
    contractKind: 'processing',
  });
  const seen = await send('csv', csv([cells]));
  expect(seen.report[0]).toMatchObject({ ok: true, errors: [] });
  const listing = await (await exchange.as(supplier)).call(wire.readListing, {
    params: { id: seen.report[0]!.listing! },
  });
  expect(listing).toMatchObject({
    contractKind: 'processing',
    split: [
      { party: xingsha, share: '0.7' },
      { party: mapping, share: '0.3' },
    ],
  });
  expect(listing.plans[0]!.plan).toEqual({
    kind: 'tiered',
    unit: 'call',
    mode: 'graduated',
    tiers: [
      { upTo: 100, unitPrice: '1.00' },
      { upTo: 1000, unitPrice: '0.80' },
      { upTo: null, unitPrice: '0.50' },
    ],
    included: 10,
    minimumCharge: '5.00',
  });
});

test('a table saved in GB18030 reads as in UTF-8, with its mark or without', async () => {
  const utf8 = csv([cellsFor({ version: 'prv_1', report: 'rep_1' })]);
  // 按次 and 经网关鉴权 as GB18030 has them.
  const words: [string, number[]][] = [
    ['按次', [0xb0, 0xb4, 0xb4, 0xce]],
    ['经网关鉴权', [0xbe, 0xad, 0xcd, 0xf8, 0xb9, 0xd8, 0xbc, 0xf8, 0xc8, 0xa8]],
  ];
  const plain = utf8.replace('自有系统', 'own').replace('direct；postpaid', 'direct;postpaid').replace('、', ';');
  const bytes: number[] = [];
  for (let at = 0; at < plain.length; ) {
    const word = words.find(([text]) => plain.startsWith(text, at));
    bytes.push(...(word ? word[1] : [plain.charCodeAt(at)]));
    at += word ? word[0].length : 1;
  }
  const expected = await readRows('csv', Buffer.from(plain));
  expect(await readRows('csv', Buffer.from(bytes))).toEqual(expected);
  expect(await readRows('csv', Buffer.from(`\uFEFF${plain}`))).toEqual(expected);
});

test('a file that cannot be taken fails as a whole, with its reason', async () => {
  expect(await send('csv', 'version,colour\n1,2')).toMatchObject({
    state: 'failed',
    failure: expect.stringMatching(/^columns missing/),
  });
  expect(await send('xlsx', 'no book')).toMatchObject({ state: 'failed', failure: expect.stringContaining('xlsx') });
  expect(await send('csv', `${header.join(',')}\n`)).toMatchObject({ state: 'failed', failure: 'there are no rows' });
});

test('imports are of those who may list, and seen by them alone', async () => {
  expect(await refusal(send('csv', 'x', true, 'xingsha.finance'))).toBe('kernel.notPermitted');
  const made = await send('csv', csv([{}]), true);
  const other = await exchange.as('mapping.trader');
  expect(await refusal(other.call(more.readImport, { params: { id: made.id } }))).toBe('kernel.unknown');
  expect((await other.call(more.listImports, { query: {} })).items).toEqual([]);
});

test('rows are limited and counted as a person counts them', async () => {
  const many = Array.from({ length: more.marketMoreLimits.importRowsMax + 1 }, () => '{}').join('\n');
  await expect(readRows('ndjson', Buffer.from(many))).rejects.toThrow(ImportFault);
  expect((await readRows('ndjson', Buffer.from('{}\n\n{}'))).map((one) => one.row)).toEqual([1, 3]);
  await expect(readRows('csv', Buffer.from([0xff, 0xfe, 0x41]))).rejects.toThrow(ImportFault);
});
