import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, describe, expect, it } from 'vitest';
import writeXlsx from 'write-excel-file/node';
import { detectDelimiter, readCsv } from './csv.ts';
import { columnObserver, plainNumber } from './inference.ts';
import { formatOf, type IngestRequest, ingestFile, readSchema } from './ingest.ts';

const root = mkdtempSync(join(tmpdir(), 'ingest-'));
afterAll(() => rmSync(root, { recursive: true }));
let serial = 0;

async function ingest(
  content: string | Uint8Array,
  format: IngestRequest['format'],
  more: Partial<IngestRequest> = {},
) {
  serial += 1;
  const folder = join(root, String(serial));
  const path = `${folder}.upload`;
  writeFileSync(path, content);
  const schema = await ingestFile({ path, folder, format, ...more });
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const rows = (
    await connection.runAndReadAll(`SELECT * FROM '${join(folder, schema.normal.file)}'`)
  ).getRowObjectsJson();
  connection.closeSync();
  return {
    schema,
    rows,
    folder,
    types: Object.fromEntries(schema.columns.map((column) => [column.name, column.type])),
  };
}

describe('ingestFile', () => {
  it('reads CSV: types, nulls, empty texts, quotes, line ends in cells', async () => {
    const content =
      '\u{feff}编号,名称,金额,日期,时刻,有效\r\n1,"甲""乙",12.50,2026/1/5,2026-01-05 08:00:00,true\r\n2,"两\n行",3,2026-12-31,2026-01-05T09:30,FALSE\r\n3,"",,,,\r\n';
    const { schema, rows, types, folder } = await ingest(content, 'csv');
    expect(types).toEqual({
      编号: 'integer',
      名称: 'string',
      金额: 'decimal',
      日期: 'date',
      时刻: 'timestamp',
      有效: 'boolean',
    });
    expect(rows).toEqual([
      { 编号: '1', 名称: '甲"乙', 金额: '12.50', 日期: '2026-01-05', 时刻: '2026-01-05 08:00:00', 有效: true },
      { 编号: '2', 名称: '两\n行', 金额: '3.00', 日期: '2026-12-31', 时刻: '2026-01-05 09:30:00', 有效: false },
      { 编号: '3', 名称: '', 金额: null, 日期: null, 时刻: null, 有效: null },
    ]);
    expect(schema).toMatchObject({
      rowCount: 3,
      encoding: 'utf-8',
      delimiter: ',',
      bytes: Buffer.byteLength(content),
      digest: createHash('sha256').update(content).digest('hex'),
    });
    expect(schema.columns.map((column) => column.nullable)).toEqual([false, false, true, true, true, true]);
    expect(readSchema(folder)).toEqual(schema);
  });

  it('reads GB18030, four-byte characters included', async () => {
    // 姓名,备注 / 𠮷野家,㼆䶮 as GB18030 bytes: 𠮷 is 95 34 B2 35, 㼆 and 䶮 are four and two bytes.
    const bytes = Buffer.from('d0d5c3fb2cb1b8d7a20a9534b235d2b0bcd22c82328d37fe9f0a', 'hex');
    const { schema, rows } = await ingest(bytes, 'csv');
    expect(schema.encoding).toBe('gb18030');
    expect(rows).toEqual([{ 姓名: '𠮷野家', 备注: '㼆䶮' }]);
  });

  it('names the line that is in no known encoding', async () => {
    const bytes = Buffer.concat([Buffer.from('名称\n甲\n'), Buffer.from([0xff, 0xff, 0x0a])]);
    await expect(ingest(bytes, 'csv')).rejects.toMatchObject({ code: 'ingest.encoding', details: { utf8Line: 3 } });
  });

  it('keeps codes as text: leading zeros, long digit runs of one length', async () => {
    const { types, rows } = await ingest(
      'a,b,c,d\n007,13800138000,430102199001011234,9007199254740993\n010,13900139000,110101200001011111,12\n',
      'csv',
    );
    expect(types).toEqual({ a: 'string', b: 'string', c: 'string', d: 'decimal' });
    expect(rows[0]).toEqual({ a: '007', b: '13800138000', c: '430102199001011234', d: '9007199254740993' });
  });

  it('says exactly which rows are wrong, lists 20, counts all, and keeps nothing', async () => {
    const lines = [
      'a,b,c,d,e,f',
      ...Array.from({ length: 15 }, () => '1,2,3,4,5,6'),
      '1,2,3,4,5',
      ...Array.from({ length: 30 }, () => '1'),
      '"x"y,2,3,4,5,6',
    ];
    const failure = await ingest(lines.join('\n'), 'csv').then(
      () => null,
      (error) => error,
    );
    expect(failure).toMatchObject({ code: 'ingest.faults', details: { count: 32 } });
    expect(failure.details.faults).toHaveLength(20);
    expect(failure.details.faults[0]).toMatchObject({
      code: 'row.width',
      row: 17,
      en: 'row 17 has 5 cells, the header has 6',
      zh: '第 17 行有 5 个单元格，表头有 6 个',
    });
  });

  it('sets faulty rows aside word by word when asked', async () => {
    const { schema, rows, folder } = await ingest('a,b\n1,2\n3\n"x"y,4\n5,6\n', 'csv', { setAsideFaults: true });
    expect(rows).toHaveLength(2);
    expect(schema.setAside).toEqual({ count: 2, file: 'faults.ndjson' });
    const kept = readFileSync(join(folder, 'faults.ndjson'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(kept).toEqual([
      { row: 3, line: 3, fault: 'row.width', raw: ['3'] },
      { row: 4, line: 4, fault: 'row.quote', raw: '"x"y,4' },
    ]);
  });

  it('holds declared types against every cell', async () => {
    await expect(ingest('a\n1\nx\n', 'csv', { types: { a: 'integer' } })).rejects.toMatchObject({
      details: { count: 1, faults: [{ code: 'cell.type', row: 3, column: 'a' }] },
    });
    const { types } = await ingest('a\n1\n2\n', 'csv', { types: { a: 'string' } });
    expect(types).toEqual({ a: 'string' });
  });

  it('leaves nothing behind when refused or stopped, not even of an earlier draft', async () => {
    const folder = join(root, 'stopped');
    const path = join(root, 'stopped.csv');
    writeFileSync(path, `a\n${'1\n'.repeat(400_000)}`);
    await expect(ingestFile({ path, folder, format: 'csv' }, { timeLimitMs: 250 })).rejects.toMatchObject({
      code: 'child.time-out',
    });
    expect(readdirSync(folder)).toEqual([]);
    await expect(ingestFile({ path, folder, format: 'csv', limits: { rowsMax: 10 } })).rejects.toMatchObject({
      code: 'ingest.limit',
    });
    expect(readdirSync(folder)).toEqual([]);
    await ingestFile({ path, folder, format: 'csv' });
    expect(readdirSync(folder).sort()).toEqual(['rows.parquet', 'schema.json']);
  });

  it('refuses bad headers, open quotes, empty files', async () => {
    await expect(ingest('a,,a\n1,2,3\n', 'csv')).rejects.toMatchObject({
      details: { count: 2, faults: [{ code: 'header.empty' }, { code: 'header.twice', column: 'a' }] },
    });
    await expect(ingest('a,b\n1,2\n3,"open\n5,6\n', 'csv')).rejects.toMatchObject({
      code: 'ingest.quote-open',
      details: { line: 3 },
    });
    await expect(ingest('', 'csv')).rejects.toMatchObject({ code: 'ingest.empty' });
    await expect(ingest('\n\n', 'csv')).rejects.toMatchObject({ code: 'ingest.empty' });
  });

  it('holds each limit', async () => {
    const code = (limits: IngestRequest['limits'], content = 'a,b\n1,2\n3,4\n') =>
      ingest(content, 'csv', { limits }).then(
        () => 'done',
        (error) => error.details?.limit ?? error.details?.faults[0].code,
      );
    expect(await code({ rowsMax: 1 })).toBe('rowsMax');
    expect(await code({ rowsMax: 2 })).toBe('done');
    expect(await code({ columnsMax: 1 })).toBe('columnsMax');
    expect(await code({ bytesMax: 11 })).toBe('bytesMax');
    expect(await code({ cellLengthMax: 3 }, 'a\n1234\n')).toBe('cell.length');
    expect(await code({ columnNameLengthMax: 3 }, 'abcd\n1\n')).toBe('header.long');
  });

  it('reads NDJSON: numbers digit for digit, keys that come late, nested values', async () => {
    const lines = [
      '{"id":9007199254740993,"rate":0.10,"name":"01"}',
      '{"id":1,"rate":1e-3,"name":"02","tags":["甲",1.50]}',
      '',
      '{"id":2,"when":"2026-01-01T08:00:00+08:00"}',
    ];
    const { rows, types, schema } = await ingest(lines.join('\n'), 'ndjson');
    expect(types).toEqual({ id: 'decimal', rate: 'decimal', name: 'string', tags: 'string', when: 'timestamp' });
    expect(rows[0]).toMatchObject({ id: '9007199254740993', rate: '0.100', name: '01', tags: null });
    expect(rows[1]).toMatchObject({ rate: '0.001', tags: '["甲",1.50]' });
    expect(rows[2]).toMatchObject({ when: '2026-01-01 00:00:00' });
    expect(schema.columns.at(-1)).toMatchObject({ zone: 'utc' });
    await expect(ingest('{"a":1}\n[1]\n', 'ndjson')).rejects.toMatchObject({
      details: { faults: [{ code: 'row.json', line: 2 }] },
    });
  });

  it('reads XLSX: text stays text, dates become dates, long numbers are warned about', async () => {
    const path = join(root, 'in.xlsx');
    const cell = (value: string | number | Date | boolean) => ({
      value,
      type: value instanceof Date ? Date : Object(value).constructor,
      ...(value instanceof Date ? { format: 'yyyy-mm-dd' } : {}),
    });
    await writeXlsx([
      ['编号', '名称', '金额', '日期'].map(cell),
      [cell('007'), cell('𠮷野家'), cell(12.5), cell(new Date('2026-01-05T00:00:00Z'))],
      [cell('008'), cell(' 乙'), cell(2 ** 60), null],
    ] as never).toFile(path);
    const { rows, types, schema } = await ingest(readFileSync(path), 'xlsx');
    expect(types).toEqual({ 编号: 'string', 名称: 'string', 金额: 'decimal', 日期: 'date' });
    expect(rows[0]).toMatchObject({ 编号: '007', 名称: '𠮷野家', 日期: '2026-01-05' });
    expect(rows[1]).toMatchObject({ 名称: ' 乙', 日期: null });
    expect(schema.warnings).toMatchObject([{ code: 'xlsx.precision', row: 3, column: '金额' }]);
    await expect(ingest(readFileSync(path), 'xlsx', { limits: { unpackedRatioMax: 1 } })).rejects.toMatchObject({
      details: { limit: 'unpackedRatioMax' },
    });
    await expect(ingest('not a zip', 'xlsx')).rejects.toMatchObject({ code: 'ingest.xlsx' });
  });

  it('reads Parquet, nested types as JSON', async () => {
    const path = join(root, 'in.parquet');
    const connection = await (await DuckDBInstance.create(':memory:')).connect();
    await connection.run(
      `COPY (SELECT 1::UTINYINT AS a, [1, 2] AS b, 1.5::DOUBLE AS c, TIMESTAMP '2026-01-01 00:00:00' AS d, '𠮷' AS e) TO '${path}' (FORMAT parquet)`,
    );
    const { rows, schema } = await ingest(readFileSync(path), 'parquet');
    expect(rows).toEqual([{ a: '1', b: '[1,2]', c: 1.5, d: '2026-01-01 00:00:00', e: '𠮷' }]);
    expect(schema.columns.map((column) => column.storage)).toEqual([
      'BIGINT',
      'VARCHAR',
      'DOUBLE',
      'TIMESTAMP',
      'VARCHAR',
    ]);
    await expect(ingest('PAR1 not', 'parquet')).rejects.toMatchObject({ code: 'ingest.parquet' });
  });

  it('keeps 100,000 rows in order, rows of one missing cell included', async () => {
    const lines = Array.from({ length: 100_000 }, (_, at) => (at % 10 === 0 ? '\\N' : String(at)));
    const { rows, schema } = await ingest(`n\n${lines.join('\n')}\n`, 'csv');
    expect(schema.rowCount).toBe(100_000);
    expect(rows.every((row, at) => row.n === (at % 10 === 0 ? null : String(at)))).toBe(true);
  });
});

describe('readCsv', () => {
  it('gives the same records wherever the text is cut', async () => {
    const text = 'a,b\r\n"x ""y""\r\n,z",\r\n,"",\n\nlast,"1"';
    const read = async (pieces: string[]) => {
      const records: unknown[] = [];
      async function* source() {
        yield* pieces;
      }
      for await (const batch of readCsv(source(), { delimiter: ',', recordLengthMax: 1_000 }))
        records.push(...batch.map((record) => [record.line, ...record.cells]));
      return records;
    };
    const whole = await read([text]);
    expect(whole).toEqual([
      [1, 'a', 'b'],
      [2, 'x "y"\r\n,z', null],
      [4, null, '', null],
      [6, 'last', '1'],
    ]);
    for (let at = 1; at < text.length; at += 1)
      expect(await read([text.slice(0, at), text.slice(at)]), String(at)).toEqual(whole);
    expect(await read([...text])).toEqual(whole);
  });

  it('finds the delimiter', () => {
    expect(detectDelimiter('a\tb,c\td\n1\t2\t3\n')).toBe('\t');
    expect(detectDelimiter('a;b\n1,5;2\n')).toBe(';');
    expect(detectDelimiter('one\n1\n')).toBe(',');
  });
});

describe('inference', () => {
  const typeOf = (...values: string[]) => {
    const observer = columnObserver();
    for (const value of values) observer.observe(value);
    return observer.result().storage;
  };
  it('takes the narrowest type that loses nothing', () => {
    expect(typeOf('1', '-20')).toBe('BIGINT');
    expect(typeOf('1', '2.50')).toBe('DECIMAL(3,2)');
    expect(typeOf('1', '1e5')).toBe('VARCHAR');
    expect(typeOf('2026-02-29')).toBe('VARCHAR');
    expect(typeOf('2026-02-28', '2026/03/01 10:00')).toBe('TIMESTAMP');
    expect(typeOf('2026-02-28T10:00:00Z', '2026-02-28 10:00:00')).toBe('VARCHAR');
    expect(typeOf('true', '1')).toBe('VARCHAR');
    expect(typeOf()).toBe('VARCHAR');
  });
  it('writes numbers without exponents', () => {
    expect(['1.5e3', '2E-7', '-1.25e1', '1e21', '12', '0.5'].map(plainNumber)).toEqual([
      '1500',
      '0.0000002',
      '-12.5',
      '1000000000000000000000',
      '12',
      '0.5',
    ]);
  });
  it('knows formats by name', () => {
    expect(['a.CSV', 'b.jsonl', 'c.xls', 'd'].map(formatOf)).toEqual(['csv', 'ndjson', null, null]);
  });
});
