import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalBytes, clearEntry, commitmentEntry, entryBytes, parseCanonical, parseEntry } from './index.ts';

const text = (value: unknown) => Buffer.from(canonicalBytes(value)).toString('utf8');
const code = (name: string) => expect.objectContaining({ code: `evidence.${name}` });

const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constant(null),
    fc.boolean(),
    fc.maxSafeInteger(),
    fc.string({ unit: 'binary' }).map((s) => s.normalize('NFC')),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(
      fc
        .string({ unit: 'binary' })
        .map((s) => s.normalize('NFC'))
        .filter((name) => name !== '__proto__'),
      tie('value'),
      { maxKeys: 4 },
    ),
  ),
})).value;

describe('canonical bytes', () => {
  it('sorts by UTF-16 code units, as RFC 8785 section 3.2.3 (its own example is not NFC)', () => {
    const value = { '€': 1, '\r': 2, '\uff21x': 3, '1': 4, '😀': 5, '\u0080': 6, ö: 7 };
    expect(text(value)).toBe('{"\\r":2,"1":4,"\u0080":6,"ö":7,"€":1,"😀":5,"\uff21x":3}');
  });

  it('escapes as RFC 8785 section 3.2.2.2', () => {
    expect(text('€$\u000f\nA\'B"\\\\"/')).toBe('"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"');
    expect(text('\u007f\u2028𠮷')).toBe('"\u007f\u2028𠮷"');
  });

  it('reads back what it wrote, and writes the same again', () => {
    fc.assert(
      fc.property(json, (value) => {
        const bytes = canonicalBytes(value);
        expect(parseCanonical(bytes)).toEqual(value);
        expect(text(parseCanonical(bytes))).toBe(Buffer.from(bytes).toString('utf8'));
      }),
      { numRuns: 300 },
    );
  });

  it.each<[string, unknown]>([
    ['fraction', 1.5],
    ['too large an integer', 2 ** 53],
    ['minus zero', -0],
    ['NaN', Number.NaN],
    ['bigint', 1n],
    ['undefined', undefined],
    ['undefined member', { a: undefined }],
    ['hole', new Array(2)],
    ['date', new Date(0)],
    ['map', new Map()],
    ['symbol member', { [Symbol('a')]: 1 }],
    ['lone surrogate', '\ud842'],
    ['lone surrogate in a name', { '\udfb7': 1 }],
    ['decomposed text', 'e\u0301'],
    ['compatibility ideograph', '\ufa19'],
    ['__proto__', JSON.parse('{"__proto__":1}')],
  ])('refuses %s', (_, value) => {
    expect(() => canonicalBytes(value)).toThrow(code('canonical-value'));
  });

  it('names the place of a fault', () => {
    expect(() => canonicalBytes({ parties: [{ share: 0.5 }] })).toThrow(/^parties\[0\]\.share: /);
  });

  it('holds its limits of depth and size', () => {
    const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);
    expect(text(nested(32))).toHaveLength(65);
    expect(() => canonicalBytes(nested(33))).toThrow(code('too-deep'));
    const bomb = new TextEncoder().encode('['.repeat(200_000) + ']'.repeat(200_000));
    expect(() => parseCanonical(bomb)).toThrow(code('too-deep'));
    expect(canonicalBytes('x'.repeat(8), { bytesMax: 10 })).toHaveLength(10);
    expect(() => canonicalBytes('x'.repeat(9), { bytesMax: 10 })).toThrow(code('too-large'));
    expect(() => canonicalBytes('数'.repeat(4), { bytesMax: 10 })).toThrow(code('too-large'));
    expect(() => parseCanonical(new Uint8Array(11), { bytesMax: 10 })).toThrow(code('too-large'));
  });

  it.each([
    '{"b":1,"a":2}',
    '{"a":1,"a":1}',
    '{"a": 1}',
    '"\\u0041"',
    '"\\/"',
    '1.0',
    '1e2',
    '-0',
    '01',
    ' 1',
    '1\n',
    '\ufeff1',
    '[1,]',
    '',
    'nul',
    '{"__proto__":1}',
  ])('parses no second encoding: %j', (bad) => {
    expect(() => parseCanonical(new TextEncoder().encode(bad))).toThrow();
  });

  it('refuses bytes that are not UTF-8', () => {
    expect(() => parseCanonical(Uint8Array.of(0x22, 0xc0, 0x80, 0x22))).toThrow(code('canonical-bytes'));
    expect(() => parseCanonical(Uint8Array.of(0x22, 0xed, 0xa1, 0x82, 0x22))).toThrow(code('canonical-bytes'));
  });
});

describe('log entries', () => {
  it('round-trip in both forms', () => {
    const clear = clearEntry('member.admitted', { name: '甲' });
    expect(parseEntry(entryBytes(clear))).toEqual(clear);
    const { entry } = commitmentEntry({ suite: 'sm', kind: 'order', record: { n: 1 } });
    expect(parseEntry(entryBytes(entry))).toEqual(entry);
  });

  it('refuse anything else', () => {
    const right = { v: 1, kind: 'a', form: 'clear', body: {} };
    expect(() => entryBytes(right as never)).not.toThrow();
    for (const bad of [
      { ...right, v: 2 },
      { ...right, kind: 'A b' },
      { ...right, form: 'open' },
      { ...right, extra: 1 },
      { ...right, body: [] },
      { ...right, form: 'commitment' },
      { v: 1, kind: 'a', form: 'commitment', commitment: 'AAAA' },
      null,
    ]) {
      expect(() => entryBytes(bad as never)).toThrow(code('entry-malformed'));
    }
    expect(() => entryBytes(clearEntry('a', { x: 'x'.repeat(65_536) }))).toThrow(code('too-large'));
  });
});
