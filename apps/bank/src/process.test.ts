import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type BankClient, bankClient } from './client.ts';

// Every step waits for the disk, and some disks are slow.
vi.setConfig({ testTimeout: 30_000 });

const main = fileURLToPath(new URL('./main.ts', import.meta.url));
const keyHex = '07'.repeat(32);
let directory: string;
const children: ChildProcessWithoutNullStreams[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'bank-process-'));
});

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(directory, { recursive: true });
});

function start(...more: string[]): ChildProcessWithoutNullStreams {
  const child = spawn(process.execPath, [main, '--port', '0', '--data', directory, ...more]);
  children.push(child);
  return child;
}

async function ready(child: ChildProcessWithoutNullStreams, key = keyHex): Promise<BankClient> {
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const { port } = JSON.parse(line.toString()) as { port: number };
  return bankClient({ url: `http://127.0.0.1:${port}`, key: Buffer.from(key, 'hex'), attemptsMax: 1 });
}

test('kill -9 in the middle of work: no acknowledged instruction is lost, none is carried out twice', async () => {
  const acknowledged = new Set<string>();
  let account = '';
  for (let round = 0; round < 5; round += 1) {
    const child = start('--key', keyHex, '--day', '2026-03-02');
    const bank = await ready(child);
    if (round === 0) {
      account = (await bank.openAccount({ reference: 'open', member: 'b', name: 'b' })).account;
      await bank.simulate.deposit({ reference: 'in', account, fen: '1000000' });
      await bank.simulate.faults({ delayMsMax: 40 });
    }
    const work = async (worker: number) => {
      for (let n = 0; ; n += 1) {
        const reference = `p-${round}-${worker}-${n}`;
        await bank.instruct({ reference, kind: 'payout', account, fen: '1' });
        acknowledged.add(reference);
      }
    };
    const workers = [0, 1, 2, 3].map((worker) => work(worker).catch(() => {}));
    while (acknowledged.size < 10 * (round + 1)) await new Promise((resolve) => setTimeout(resolve, 2));
    child.kill('SIGKILL');
    await Promise.all([once(child, 'exit'), ...workers]);
  }
  const bank = await ready(start('--key', keyHex));
  await bank.simulate.flush();
  const statement = (await bank.statement('2026-03-02', account)).accounts[0]!;
  const paid = statement.lines.filter(({ kind }) => kind === 'payout').map(({ reference }) => reference);
  expect(acknowledged.size).toBeGreaterThanOrEqual(50);
  expect([...acknowledged].filter((reference) => !paid.includes(reference))).toEqual([]);
  expect(new Set(paid).size).toBe(paid.length);
  expect((await bank.account(account)).balanceFen).toBe(String(1_000_000 - paid.length));
});

test('ends on SIGTERM, and when stdin closes under the guard; the key file lets a client in', async () => {
  const first = start('--day', '2026-01-05', '--faults', '{"refusalRatio":1}');
  const key = await ready(first, '00').then(() => readFileSync(join(directory, 'bank.key'), 'utf8'));
  first.kill('SIGTERM');
  expect(await once(first, 'exit')).toEqual([0, null]);
  const second = start('--stdin-guard');
  const bank = await ready(second, key);
  expect(await bank.simulate.day()).toMatchObject({ day: '2026-01-05' });
  second.stdin.end();
  expect(await once(second, 'exit')).toEqual([0, null]);
});

test('a second process on the same books does not start', async () => {
  await ready(start('--key', keyHex));
  const second = start('--key', keyHex);
  const [code] = await once(second, 'exit');
  expect(code).not.toBe(0);
});

test('books that do not add up are not opened', async () => {
  const first = start('--key', keyHex);
  const bank = await ready(first);
  const { account } = await bank.openAccount({ reference: 'open', member: 'b', name: 'b' });
  await bank.simulate.deposit({ reference: 'in', account, fen: '100' });
  first.kill('SIGTERM');
  await once(first, 'exit');
  const db = new DatabaseSync(join(directory, 'bank.sqlite'));
  db.exec('update accounts set balance = balance + 1');
  db.close();
  const second = start('--key', keyHex);
  let complaint = '';
  second.stderr.on('data', (chunk: Buffer) => {
    complaint += chunk.toString();
  });
  const [code] = await once(second, 'close');
  expect(code).not.toBe(0);
  expect(complaint).toContain('books do not add up');
});

test.each([
  ['--port', 'x'],
  ['--key', 'zz'],
  ['--seed', '-1'],
])('refuses %s %s', async (...args) => {
  const [code] = await once(start(...args), 'exit');
  expect(code).not.toBe(0);
});
