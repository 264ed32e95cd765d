import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { sumsOfFile, textHash } from './rowhash.ts';

const text = '数谷 data exchange 0123456789';
/** What PostgreSQL 18 answers to `select hashtextextended(left(text, length), 0)`. */
const told: [length: number, hash: bigint][] = [
  [0, -6939563903564495251n],
  [1, -286765531624930646n],
  [2, 40612532994997989n],
  [3, -6425959350075499395n],
  [4, -3493163324227699132n],
  [5, -2405827123416621464n],
  [7, 1455040700691369301n],
  [11, 1571614840890211855n],
  [15, 4609959356899003421n],
  [20, 1470249150843822753n],
  [29, 6681994651207094069n],
];

test('a text is hashed as PostgreSQL does', () => {
  for (const [length, hash] of told) expect(textHash(text.slice(0, length)), String(length)).toBe(hash);
});

test('rows are told apart, out of their quotes, however long they are', () => {
  const folder = mkdtempSync(join(tmpdir(), 'shugu-rowhash-'));
  const rows = ['1\u001fone', '2\u001f\u001e', '', 'x'.repeat(2 ** 21 + 5), '湘A'.repeat(400_000), '3'];
  const quoted = [
    '\u0002two\nlines\u0002\u001f4',
    '\u0002a\u0002\u0002b\u0002',
    '\u0002\u0002\u0002\u0002\u001f\u0002\u0002',
  ];
  const meant = ['two\nlines\u001f4', 'a\u0002b', '\u0002\u001f'];
  try {
    const path = join(folder, 'rows.csv');
    writeFileSync(path, [...rows, ...quoted, ...rows, ...quoted].map((row) => `${row}\n`).join(''));
    const sum = [...rows, ...meant].reduce((total, row) => total + 2n * textHash(row), 0n);
    expect(sumsOfFile(path)).toEqual({ rows: 2 * (rows.length + meant.length), checksum: String(sum) });
    writeFileSync(path, 'a\nb');
    expect(() => sumsOfFile(path)).toThrow('no end');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
