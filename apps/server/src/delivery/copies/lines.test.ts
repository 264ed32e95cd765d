import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formOf } from './form.ts';
import { csvLines, jsonLine, jsonLines, type Line, withValues } from './lines.ts';

/** Cut at any places, as pieces of a file come. */
const cut = (text: string, at: readonly number[]) =>
  (async function* () {
    const places = [0, ...[...at].map((place) => place % (text.length + 1)).sort((a, b) => a - b), text.length];
    for (const [index, from] of places.slice(0, -1).entries()) yield text.slice(from, places[index + 1]);
  })();
const all = async (lines: AsyncIterable<Line[]>): Promise<Line[]> => {
  const found: Line[] = [];
  for await (const batch of lines) found.push(...batch);
  return found;
};
const valuesOf = (lines: readonly Line[]) =>
  lines.flatMap(({ tokens }) =>
    tokens ? [Object.fromEntries([...tokens].map(([column, { value }]) => [column, value]))] : [],
  );

const pieces = fc.array(fc.nat({ max: 10_000 }), { maxLength: 8 });
const cell = fc.oneof(fc.stringMatching(/^[ab1.;\n"'\r,|中 -]{0,6}$/), fc.constantFrom('12.50', '', '0731'));
const quoted = (text: string) => (/[",\r\n]/.test(text) || text === '' ? `"${text.replaceAll('"', '""')}"` : text);

describe('records of a text', () => {
  it('are whole wherever its pieces end, and nothing of the text is lost', async () => {
    const table = fc.array(fc.tuple(cell, cell, cell), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(table, fc.constantFrom('\n', '\r\n'), fc.boolean(), pieces, async (rows, end, ended, at) => {
        const text = [['a', 'b', 'c'], ...rows.map((row) => row.map(quoted))].map((row) => row.join(',')).join(end);
        const whole = text + (ended ? end : '');
        const lines = await all(csvLines(cut(whole, at), { delimiter: ',' }));
        expect(lines.map(({ raw }) => raw).join('')).toBe(whole);
        expect(valuesOf(lines)).toEqual(rows.map(([a, b, c]) => ({ a, b, c })));
      }),
    );
  });

  it('of JSON have their values with the places where these stand', async () => {
    const value = fc.oneof(
      fc.integer(),
      fc.string(),
      fc.boolean(),
      fc.constant(null),
      fc.json().map((text) => JSON.parse(text)),
    );
    const rows = fc.array(fc.record({ a: value, 'b"': value }), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(rows, fc.constantFrom(0, 1), pieces, async (made, spaces, at) => {
        // Spaces between members, and none of the line breaks that come with them.
        const text = made.map((row) => JSON.stringify(row, null, spaces).replace(/\n */g, ' ')).join('\n');
        const lines = await all(jsonLines(cut(text, at)));
        expect(lines.map(({ raw }) => raw).join('')).toBe(text);
        for (const [index, { raw, tokens }] of lines.entries())
          for (const [column, { from, to }] of tokens!)
            expect(JSON.parse(raw.slice(from, to))).toEqual(made[index]![column as 'a']);
      }),
    );
  });

  it('change in the value alone, which keeps its quotes', async () => {
    const [, line] = await all(csvLines(cut('n,t,s\n1, "x" ,"2026-01-01 10:00:00"\r\n', []), { delimiter: ',' }));
    const moved = new Map([
      ['n', '3'],
      ['s', '2026-01-01 10:00:30'],
    ]);
    expect(withValues(line!, moved)).toBe('3, "x" ,"2026-01-01 10:00:30"\r\n');
    expect(
      withValues(
        jsonLine('{ "n" : 1 ,"s":"5", "n2": [1, {"n": 1}]}\n'),
        new Map([
          ['n', '3'],
          ['s', '7'],
        ]),
      ),
    ).toBe('{ "n" : 3 ,"s":"7", "n2": [1, {"n": 1}]}\n');
  });

  it('that are broken, too short or empty are passed on as they are', async () => {
    const text = 'a,b\n\n1\n"x"y,2\n3,"4\n';
    const lines = await all(csvLines(cut(text, [7, 12]), { delimiter: ',' }));
    expect(lines.map(({ raw }) => raw).join('')).toBe(text);
    expect(valuesOf(lines)).toEqual([]);
    expect(['[1]', '"a"', 'a', ''].map((line) => jsonLine(line).tokens)).toEqual([null, null, null, null]);
  });
});

describe('the form of a file', () => {
  const columns = ['车牌', 'n'];
  const form = (text: string | Buffer) => formOf(Buffer.from(text), columns);
  it('is told by its content; what cannot be marked is told why', () => {
    expect(form('\uFEFF车牌,n\n1,2')).toEqual({ kind: 'csv', delimiter: ',' });
    expect(form('n; "车牌"\r\n1;2')).toMatchObject({ en: expect.stringContaining('names') });
    expect(form('n;车牌 \r\n1;2')).toEqual({ kind: 'csv', delimiter: ';' });
    expect(form(Buffer.concat([Buffer.from([0xb3, 0xb5, 0xc5, 0xc6]), Buffer.from('\tn\n')]))).toEqual({
      kind: 'csv',
      delimiter: '\t',
    });
    expect(form(Buffer.from('\uFEFF车牌,n\n1,2', 'utf16le'))).toEqual({ kind: 'csv', delimiter: ',' });
    expect(form('{"n":1}\n')).toEqual({ kind: 'ndjson' });
    expect(form('PAR1…')).toEqual({ kind: 'parquet' });
    for (const other of ['', '%PDF-1.7', 'PK\u0003\u0004', '[{"n":1}]', '{\n"n":1}', 'a\0b'])
      expect(form(other)).toMatchObject({ en: expect.stringContaining('no form') });
    for (const other of ['1,2\n', '车牌,n,m\n', '车牌\n']) expect(form(other)).toHaveProperty('zh');
  });
});
