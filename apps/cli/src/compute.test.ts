/** `shugu compute psi` as somebody tries it: three processes on loopback, files to a file. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { command } from './command.ts';
import { saidBy } from './testing.ts';

const folder = mkdtempSync(join(tmpdir(), 'shugu-compute-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const bank = file('bank.csv', 'id,loan\n11010119900101001x,5\n"１３８００１３８０００",7\nnobody@a.cn,1\n,9\n');
const tax = file('tax.csv', '\ufeffpaid,id\r\n3, 11010119900101001X\r\n4,13800138000\r\n5,else@a.cn\r\n');
const out = join(folder, 'common.csv');

test('A gets its rows whose key B has, however either writes it; B gets nothing', async () => {
  const {
    status,
    out: text,
    err,
  } = await saidBy(() => command(['compute', 'psi', bank, tax, '--key', 'id', '--out', out, '--json'], 'zh'));
  expect({ status, err }).toEqual({ status: 0, err: expect.stringContaining('协助方不与任何一方串通') });
  expect(readFileSync(out, 'utf8')).toBe('id,loan\n11010119900101001x,5\n"１３８００１３８０００",7\n');
  expect(JSON.parse(text)).toMatchObject({
    ok: true,
    first: { rows: 4, rowsWithoutKey: 1, keys: 3, common: 2, rowsOut: 2 },
    second: { rows: 3, keys: 3, common: null, rowsOut: null },
    helper: { keys: [3, 3], common: 2 },
    trust: { en: expect.stringContaining('colludes with no owner') },
  });
});

test('the number alone, in words, with what it rests on', async () => {
  const { status, out: text } = await saidBy(() =>
    command(['compute', 'psi', bank, tax, '--key', 'id', '--reveal', 'size'], 'en'),
  );
  expect({ status, text }).toEqual({ status: 0, text: expect.stringContaining('2 keys are common') });
  expect(text).toContain('colludes with no owner');
});

test.each(['ecdh', 'sm2', 'kkrt'])('two owners alone by %s, both with their rows', async (mode) => {
  const second = join(folder, `${mode}.csv`);
  const { status, out: text } = await saidBy(() =>
    command(
      [
        'compute',
        'psi',
        bank,
        tax,
        '--key=id',
        `--mode=${mode}`,
        '--reveal=both',
        '--out',
        out,
        '--out-second',
        second,
      ],
      'zh',
    ),
  );
  expect({ status, text }).toEqual({ status: 0, text: expect.stringContaining('Diffie-Hellman 问题难解') });
  expect(text.includes('预览，待独立评审')).toBe(mode === 'kkrt');
  expect(readFileSync(second, 'utf8')).toBe('\ufeffpaid,id\r\n3, 11010119900101001X\r\n4,13800138000\r\n');
});

test('what cannot be used is told, and no result is left', async () => {
  const none = join(folder, 'none.csv');
  const ask = (...args: string[]) => saidBy(() => command(['compute', 'psi', bank, tax, '--out', none, ...args], 'en'));
  expect(await ask('--key', 'loan')).toMatchObject({ status: 1, err: expect.stringContaining('"loan"') });
  expect(await ask('--key', 'id', '--keys-max', '2')).toMatchObject({
    status: 1,
    err: expect.stringContaining('3 distinct keys; the terms allow 2'),
  });
  expect(await ask('--key', 'id', '--mode', 'magic')).toMatchObject({
    status: 2,
    err: expect.stringContaining('helper'),
  });
  expect(await ask('--key', 'id', '--mode', 'kkrt', '--reveal', 'size')).toMatchObject({
    status: 2,
    err: expect.stringContaining('shows A which rows'),
  });
  expect(await ask()).toMatchObject({ status: 2, err: expect.stringContaining('--key COLUMN') });
  expect(existsSync(none) || existsSync(`${none}.part`)).toBe(false);
});

test('count and sum of common keys alone, by groups of B, with what it rests on', { timeout: 300_000 }, async () => {
  const more = (n: number, line: (id: number) => string) =>
    Array.from({ length: n }, (_, id) => `${line(id)}\n`).join('');
  const a = file('a.csv', `id,x\n${more(10, (id) => `U${id},1`)}`);
  // Of u9, which is common, no value is there: it counts nowhere.
  const paid = (id: number) => (id === 9 ? '' : `${id}.5`);
  const b = file(
    'b.csv',
    `id,paid,city\n${more(12, (id) => `u${id},${paid(id)},${id % 4 === 0 ? '"北京, 海淀"' : 'x'}`)}`,
  );
  const result = join(folder, 'sums.csv');
  const ask = (...args: string[]) => saidBy(() => command(['compute', 'psi', a, b, ...args], 'en'));
  const grouped = ['--key', 'id', '--sum', 'paid', '--group', 'city', '--common-min', '4', '--out', result];
  const { status, out: text } = await ask(...grouped);
  expect({ status, text }).toEqual({ status: 0, text: expect.stringContaining('city\tcount\tsum\nx\t6\t27\n') });
  expect(text).toContain('1 groups have fewer than 4 common keys');
  expect(text).toContain('Nobody but the helper learns which are common');
  expect(readFileSync(result, 'utf8')).toBe('city,count,sum\nx,6,27\n');
  const whole = await ask('--key=id', '--sum=paid', '--recipient=both', '--json');
  expect(JSON.parse(whole.out)).toMatchObject({
    ok: true,
    rows: [['9', '40.5']],
    withheld: 0,
    first: { rowsRead: 10, rows: 11 },
    second: { answer: { rows: [['9', '40.5']] } },
    helper: { answer: null },
    trust: { zh: expect.stringContaining('任何两方不串通') },
  });
  expect(await ask('--key', 'id', '--sum', 'paid', '--mode', 'kkrt')).toMatchObject({ status: 2 });
  expect(await saidBy(() => command(['compute', 'psi', '--key=id', '--sum=paid'], 'en'))).toMatchObject({
    status: 2,
    err: expect.stringContaining('B.csv has the column that is summed up'),
  });
  expect(await ask('--key', 'id', '--sum', 'paid', '--common-min', '2')).toMatchObject({
    status: 2,
    err: expect.stringContaining('from 3 to'),
  });
});
