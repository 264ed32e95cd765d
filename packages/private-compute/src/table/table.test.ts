import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { keyBytesMax, normalKey, writeKey } from './key.ts';
import { type Scanned, scanTable } from './records.ts';
import { RowSet, writeSelection } from './selection.ts';

let folder: string;
let path: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shugu-table-'));
  path = join(folder, 'table.csv');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const keysOf = async (text: string | Buffer, column = 'id'): Promise<{ keys: string[]; scanned: Scanned }> => {
  await writeFile(path, text);
  const keys: string[] = [];
  const into = Buffer.alloc(keyBytesMax);
  const scanned = await scanTable(path, [column], (bytes, { fields }, row) => {
    expect(row).toBe(keys.length);
    keys.push(into.toString('utf8', 0, writeKey(bytes, fields[0]!, row, into)));
  });
  return { keys, scanned };
};

const field = fc.string({
  unit: fc.constantFrom('a', 'Z', '9', ',', '"', '\n', ' ', '\u3000', '１', 'é', '数'),
  maxLength: 8,
});
const quoted = (text: string, always: boolean): string =>
  always || /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;

test('any CSV that a writer makes is read back, keys normalised', async () => {
  const row = fc.tuple(field, field, fc.boolean());
  await fc.assert(
    fc.asyncProperty(fc.array(row, { maxLength: 20 }), fc.boolean(), fc.boolean(), async (rows, crlf, ended) => {
      const end = crlf ? '\r\n' : '\n';
      const lines = rows.map(([a, b, always]) => `${quoted(a, always)},${quoted(b, always)},x`);
      const { keys, scanned } = await keysOf(['name,id,more', ...lines].join(end) + (ended ? end : ''));
      expect(keys).toEqual(rows.map(([, b]) => normalKey(b)));
      expect(scanned.rows).toBe(rows.length);
    }),
  );
});

test('several columns of a record at once, in the order in which they are asked for', async () => {
  await writeFile(path, 'a,b,c\n1,"x ""y""",3\n,"",""\n');
  const seen: string[][] = [];
  await scanTable(path, ['c', 'b'], (bytes, { fields }) => {
    seen.push(fields.map(({ start, end, doubled }) => `${bytes.toString('utf8', start, end)} ${doubled}`));
  });
  expect(seen).toEqual([
    ['3 false', 'x ""y"" true'],
    [' false', ' false'],
  ]);
  await expect(scanTable(path, ['a', 'd'], () => {})).rejects.toThrow('"d"');
});

test('records that lie across pieces of the file are whole', async () => {
  const names = Array.from({ length: 120_000 }, (_, at) => `user-${at * 7919}-${'x'.repeat(at % 37)}`);
  const { keys } = await keysOf(`n,id\n${names.map((name, at) => `${at},"${name}"\n`).join('')}`);
  expect(keys.length).toBe(names.length);
  expect(keys.every((key, at) => key === names[at])).toBe(true);
});

test('the same key, written by two houses', () => {
  expect(normalKey(' １３８ ')).toBe('138');
  expect(normalKey('\u300011010119900101001Ｘ')).toBe('11010119900101001x');
  expect(normalKey('A@B.cn')).toBe('a@b.cn');
});

test.each([
  ['id\n"a', 'does not end'],
  ['id\n"a"b\n', 'text after a closing quote'],
  ['x,id\n1\n', 'fewer fields'],
  ['x\n1\n', 'no column is called "id"'],
  ['id,id\n1,2\n', 'two columns'],
  ['', 'no header'],
  [`id\n${'a'.repeat(300)}\n`, 'at most 256 bytes'],
  [Buffer.from('6964 0a ff 0a'.replaceAll(' ', ''), 'hex'), 'not UTF-8'],
  [`id\n${'a'.repeat(3 << 20)}`, 'longer than'],
])('a table that cannot be read is refused: %#', async (text, reason) => {
  await expect(keysOf(text)).rejects.toThrow(reason);
});

test('chosen rows are copied byte by byte, whole or not at all', async () => {
  const { scanned } = await keysOf('id,t\r\na,"x\ny"\r\n\r\nb,2\r\nc,3');
  const out = join(folder, 'out.csv');
  const chosen = new RowSet(3);
  chosen.add(2);
  chosen.add(0);
  expect(await writeSelection(path, scanned.digest, chosen, out)).toBe(2);
  expect(await readFile(out, 'utf8')).toBe('id,t\r\na,"x\ny"\r\nc,3');
  await writeFile(path, 'id,t\r\na,changed\r\nb,2\r\nc,3');
  await expect(writeSelection(path, scanned.digest, chosen, join(folder, 'not.csv'))).rejects.toThrow('changed');
  await expect(readFile(join(folder, 'not.csv'))).rejects.toThrow();
  await expect(readFile(join(folder, 'not.csv.part'))).rejects.toThrow();
});
