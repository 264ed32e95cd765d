import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bankLinesOf, captured, depositSeen, holdPlaced, reconcile, split, splitPaid } from '@shugu/ledger';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { BankBooks } from './books.ts';
import {
  type BankClient,
  BankError,
  bankClient,
  bankLines,
  type InstructionAnswer,
  readCallback,
  signatureHeaders,
} from './client.ts';
import { type Executor, startExecutor } from './executor.ts';
import { bodyBytesMax, createBankServer } from './server.ts';
import { signatureOf } from './signature.ts';

// Every step waits for the disk, and some disks are slow.
vi.setConfig({ testTimeout: 30_000 });

const key = Buffer.alloc(32, 7);
let nowMs = Date.parse('2026-03-02T02:00:00Z');
const now = () => nowMs;

let directory: string;
let books: BankBooks;
let executor: Executor;
let server: Server;
let url: string;
let bank: BankClient;

async function open(seed = 1, totalFenMax?: bigint): Promise<void> {
  books = new BankBooks(directory, { seed, now, totalFenMax });
  executor = startExecutor(books, { key, now, fetch });
  server = createBankServer({ books, executor, key, now });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  bank = bankClient({ url, key, now, sleep: () => new Promise((resolve) => setTimeout(resolve, 2)) });
}

async function close(): Promise<void> {
  await executor.stop();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  books.close();
}

beforeEach(async () => {
  nowMs = Date.parse('2026-03-02T02:00:00Z');
  directory = mkdtempSync(join(tmpdir(), 'bank-'));
  await open();
});

afterEach(async () => {
  await close();
  rmSync(directory, { recursive: true });
});

async function member(name: string, fen = '0'): Promise<string> {
  const { account } = await bank.openAccount({ reference: `open-${name}`, member: name, name });
  if (fen !== '0') await bank.simulate.deposit({ reference: `in-${name}`, account, fen });
  return account;
}

const refusal = (status: number, code: string) => expect.objectContaining({ status, code });

/** A raw signed request, for what the client would never send. */
function raw(method: string, path: string, body = '', change: Record<string, string> = {}): Promise<Response> {
  const parts = { method, path, date: new Date(nowMs).toISOString(), nonce: crypto.randomUUID(), body };
  const headers = {
    [signatureHeaders.date]: parts.date,
    [signatureHeaders.nonce]: parts.nonce,
    [signatureHeaders.signature]: signatureOf(key, parts),
    ...change,
  };
  return fetch(url + path, { method, headers, ...(method === 'POST' && { body }) });
}

describe('sub-accounts', () => {
  test('are opened once per reference and member', async () => {
    const first = await bank.openAccount({ reference: 'r1', member: '湘江数据', name: '湘江数据有限公司' });
    expect(await bank.openAccount({ reference: 'r1', member: '湘江数据', name: '湘江数据有限公司' })).toEqual(first);
    await expect(bank.openAccount({ reference: 'r1', member: '湘江数据', name: '别名' })).rejects.toEqual(
      refusal(409, 'reference-conflict'),
    );
    await expect(bank.openAccount({ reference: 'r2', member: '湘江数据', name: 'x' })).rejects.toEqual(
      refusal(409, 'member-has-account'),
    );
    expect(await bank.accounts()).toHaveLength(1);
    expect(await bank.account(first.account)).toEqual(first);
    await expect(bank.account('SIM9')).rejects.toEqual(refusal(404, 'not-found'));
  });

  test('show on the page under the label, names escaped', async () => {
    const { account } = await bank.openAccount({ reference: 'r1', member: 'm1', name: '<b>甲</b>' });
    await bank.simulate.deposit({ reference: 'in', account, fen: '123456789' });
    const page = await fetch(url);
    const html = await page.text();
    expect(html).toContain('存管银行模拟器 SIMULATOR');
    expect(html).toContain('1,234,567.89');
    expect(html).toContain('&lt;b&gt;甲');
    expect(html).not.toContain('<b>甲');
  });
});

describe('instructions', () => {
  test('freeze, transfer out of the frozen part, unfreeze the rest, pay out', async () => {
    const [buyer, supplier, operator] = [await member('b', '10000'), await member('s'), await member('op')];
    const accepted = await bank.instruct({ reference: 'f1', kind: 'freeze', account: buyer, fen: '6000', order: 'o1' });
    expect(accepted).toMatchObject({ status: 'accepted', simulator: expect.stringContaining('SIMULATOR') });
    expect(await bank.settled('f1')).toMatchObject({ status: 'done', day: '2026-03-02' });
    expect(await bank.account(buyer)).toMatchObject({ balanceFen: '10000', frozenFen: '6000', availableFen: '4000' });
    const legs = [
      { account: supplier, fen: '4751' },
      { account: operator, fen: '250' },
    ];
    await bank.instruct({ reference: 't1', kind: 'transfer', account: buyer, fen: '5001', order: 'o1', legs });
    await bank.settled('t1');
    await bank.instruct({ reference: 'u1', kind: 'unfreeze', account: buyer, fen: '999', order: 'o1' });
    await bank.settled('u1');
    await bank.instruct({ reference: 'p1', kind: 'payout', account: supplier, fen: '4000' });
    await bank.settled('p1');
    expect(await bank.account(buyer)).toMatchObject({ balanceFen: '4999', frozenFen: '0', holds: [] });
    expect(await bank.account(supplier)).toMatchObject({ balanceFen: '751' });
    expect(await bank.account(operator)).toMatchObject({ balanceFen: '250' });
  });

  test.each([
    [{ kind: 'freeze', fen: '101', order: 'o2' }, 'insufficient-available'],
    [{ kind: 'freeze', fen: '41', order: 'o2' }, 'insufficient-available'],
    [{ kind: 'unfreeze', fen: '61', order: 'o1' }, 'insufficient-frozen'],
    [{ kind: 'unfreeze', fen: '1', order: 'o2' }, 'insufficient-frozen'],
    [{ kind: 'payout', fen: '41' }, 'insufficient-available'],
    [{ kind: 'transfer', fen: '61', order: 'o1' }, 'insufficient-frozen'],
    [{ kind: 'transfer', fen: '1', order: 'o2' }, 'insufficient-frozen'],
    [{ kind: 'transfer', fen: '41', from: 'available' }, 'insufficient-available'],
  ] as const)('%j is refused: %s; nothing moves', async (change, reason) => {
    const [account, payee] = [await member('b', '100'), await member('s')];
    await bank.instruct({ reference: 'f', kind: 'freeze', account, fen: '60', order: 'o1' });
    const before = [await bank.settled('f'), await bank.account(account)][1];
    const legs = change.kind === 'transfer' ? { legs: [{ account: payee, fen: change.fen }] } : {};
    await bank.instruct({ reference: 'x', account, ...change, ...legs });
    expect(await bank.settled('x')).toMatchObject({ status: 'refused', reason, day: null });
    expect(await bank.account(account)).toEqual(before);
  });

  test('the same reference never executes twice; another body under it is refused', async () => {
    const account = await member('b', '100');
    const request = { reference: 'p', kind: 'payout', account, fen: '30' } as const;
    const first = await bank.instruct(request);
    await bank.settled('p');
    const again = await Promise.all(
      Array.from({ length: 10 }, () => bank.instruct({ ...request, at: '2026-03-02T03:00:00Z' })),
    );
    expect(again.every(({ serial, status }) => serial === first.serial && status === 'done')).toBe(true);
    expect(await bank.account(account)).toMatchObject({ balanceFen: '70' });
    await expect(bank.instruct({ ...request, fen: '31' })).rejects.toEqual(refusal(409, 'reference-conflict'));
    await expect(bank.simulate.deposit({ reference: 'p', account, fen: '30' })).rejects.toEqual(
      refusal(409, 'reference-conflict'),
    );
    await bank.simulate.deposit({ reference: 'in-b', account, fen: '100' });
    expect(await bank.account(account)).toMatchObject({ balanceFen: '70' });
  });

  test('bad bodies are refused at the door, naming the field', async () => {
    const [account, payee] = [await member('b', '100'), await member('s')];
    const valid = { reference: 'x', kind: 'freeze', account, fen: '1', order: 'o' };
    const transfer = { ...valid, kind: 'transfer', legs: [{ account: payee, fen: '1' }] };
    const cases: [object, number, string][] = [
      [{ ...valid, fen: '0' }, 400, 'fen'],
      [{ ...valid, fen: '-1' }, 400, 'fen'],
      [{ ...valid, fen: 1 }, 400, 'fen'],
      [{ ...valid, fen: '1.5' }, 400, 'fen'],
      [{ ...valid, fen: '1000000000000001' }, 400, 'fen'],
      [{ ...valid, order: undefined }, 400, 'order'],
      [{ ...valid, kind: 'mint' }, 400, 'kind'],
      [{ ...valid, reference: 'a b' }, 400, 'reference'],
      [{ ...valid, colour: 1 }, 400, 'colour'],
      [{ ...valid, legs: [] }, 400, 'legs'],
      [{ ...valid, at: 'yesterday' }, 400, 'at'],
      [{ ...valid, account: 'SIM9' }, 422, 'account'],
      [{ ...transfer, legs: [] }, 400, 'legs'],
      [{ ...transfer, legs: [{ account: payee, fen: '2' }] }, 422, 'legs'],
      [{ ...transfer, legs: [{ account, fen: '1' }] }, 422, 'legs'],
      [
        {
          ...transfer,
          fen: '2',
          legs: [
            { account: payee, fen: '1' },
            { account: payee, fen: '1' },
          ],
        },
        422,
        'legs',
      ],
      [
        { ...transfer, fen: '201', legs: Array.from({ length: 201 }, (_, i) => ({ account: `S${i}`, fen: '1' })) },
        400,
        'legs',
      ],
    ];
    for (const [body, status, field] of cases) {
      const response = await raw('POST', '/instructions', JSON.stringify(body));
      expect(
        [response.status, ((await response.json()) as { field: string }).field],
        JSON.stringify(body).slice(0, 200),
      ).toEqual([status, field]);
    }
    await expect(bank.instruction('x')).rejects.toEqual(refusal(404, 'not-found'));
  });
});

test('all deposits together stay within what the books can hold', async () => {
  await close();
  await open(1, 150n);
  const [first, second] = [await member('b', '100'), await member('s', '50')];
  for (const account of [first, second]) {
    const deposit = bank.simulate.deposit({ reference: `last-${account}`, account, fen: '1' });
    await expect(deposit).rejects.toEqual(refusal(422, 'balance-limit'));
  }
  expect(await bank.account(second)).toMatchObject({ balanceFen: '50' });
  await expect(bank.instruction(`last-${second}`)).rejects.toEqual(refusal(404, 'not-found'));
});

describe('the door', () => {
  test('needs a fresh and correct signature over method, path and body', async () => {
    await member('b');
    const wrong = bankClient({ url, key: Buffer.alloc(32, 8), now });
    await expect(wrong.accounts()).rejects.toEqual(refusal(401, 'signature-invalid'));
    const old = bankClient({ url, key, now: () => nowMs - 301_000 });
    await expect(old.accounts()).rejects.toEqual(refusal(401, 'signature-invalid'));
    const nonce = 'n'.repeat(16);
    const once = bankClient({ url, key, now, nonce: () => nonce });
    expect(await once.accounts()).toHaveLength(1);
    await expect(once.accounts()).rejects.toEqual(refusal(401, 'signature-invalid'));
    expect((await fetch(`${url}/accounts`)).status).toBe(401);
    const moved = signatureOf(key, {
      method: 'GET',
      path: '/accounts',
      date: new Date(nowMs).toISOString(),
      nonce: 'm'.repeat(16),
      body: '',
    });
    const change = { [signatureHeaders.nonce]: 'm'.repeat(16), [signatureHeaders.signature]: moved };
    expect((await raw('GET', '/statements/2026-03-02', '', change)).status).toBe(401);
    expect((await raw('GET', '/accounts', '', change)).status).toBe(200);
  });

  test('every answer carries the label, refusals too; limits and unknown paths', async () => {
    const answers: [Response, number][] = [
      [await raw('GET', '/accounts'), 200],
      [await raw('GET', '/nowhere'), 404],
      [await raw('GET', '/accounts/%zz'), 404],
      [await raw('POST', '/statements/2026-03-02'), 405],
      [await raw('POST', '/accounts', '{'), 400],
      [await raw('POST', '/accounts', 'null'), 400],
      [await raw('GET', '/statements/2026-02-30'), 400],
      [await raw('POST', '/accounts', ' '.repeat(bodyBytesMax + 1)), 413],
      [await fetch(`${url}/health`), 200],
    ];
    for (const [response, status] of answers) {
      expect(response.status).toBe(status);
      expect(response.headers.get('x-simulator')).toBe('custodian-bank');
      expect(await response.json()).toMatchObject({ simulator: '存管银行模拟器 SIMULATOR' });
    }
  });
});

describe('days and statements', () => {
  test('lines of a day stand between its opening and closing balances; a closed day never changes', async () => {
    const account = await member('b', '100');
    await bank.instruct({ reference: 'f', kind: 'freeze', account, fen: '60', order: 'o' });
    await bank.settled('f');
    const first = await bank.statement('2026-03-02');
    expect(first).toMatchObject({ closed: false });
    expect(first.accounts[0]).toMatchObject({
      openingFen: '0',
      closingFen: '100',
      openingFrozenFen: '0',
      closingFrozenFen: '60',
    });
    await bank.simulate.setDay('2026-03-05');
    await bank.instruct({ reference: 'late', kind: 'payout', account, fen: '10', at: '2026-03-02T05:00:00Z' });
    expect(await bank.settled('late')).toMatchObject({ day: '2026-03-05' });
    expect(await bank.statement('2026-03-02')).toEqual({ ...first, closed: true });
    const [between] = (await bank.statement('2026-03-03')).accounts;
    expect(between).toMatchObject({ openingFen: '100', closingFen: '100', lines: [] });
    const [last] = (await bank.statement('2026-03-05', account)).accounts;
    expect(last).toMatchObject({
      openingFen: '100',
      closingFen: '90',
      openingFrozenFen: '60',
      lines: [{ kind: 'payout', fen: '-10' }],
    });
    await expect(bank.simulate.setDay('2026-03-04')).rejects.toEqual(refusal(422, 'day-closed'));
  });

  test('the day never goes back behind a booked line, even when the clock does', async () => {
    await member('b', '100');
    nowMs -= 3 * 24 * 60 * 60 * 1000;
    expect(await bank.simulate.day()).toMatchObject({ day: '2026-03-02' });
    nowMs += 4 * 24 * 60 * 60 * 1000;
    expect(await bank.simulate.day()).toMatchObject({ day: '2026-03-03' });
  });

  test('a client on a simulated calendar takes the bank along, by `at` or by header', async () => {
    await bank.simulate.setDay('2026-01-01');
    const account = await member('b');
    await bank.simulate.deposit({ reference: 'd1', account, fen: '5', at: '2026-01-31T16:00:00Z' });
    expect(await bank.instruction('d1')).toMatchObject({ day: '2026-02-01', kind: 'deposit' });
    const body = JSON.stringify({ reference: 'd2', account, fen: '5' });
    const response = await raw('POST', '/simulate/deposits', body, { 'x-bank-day': '2026-02-03' });
    expect(await response.json()).toMatchObject({ day: '2026-02-03' });
    expect(await bank.simulate.day()).toMatchObject({ day: '2026-02-03' });
  });

  test('reconciles with the mirror ledger, and shows what is missing on either side', async () => {
    const accounts = { b: await member('b'), s: await member('s'), op: await member('op') };
    await bank.simulate.deposit({ reference: 'r1', account: accounts.b, fen: '10000' });
    await bank.instruct({ reference: 'r2', kind: 'freeze', account: accounts.b, fen: '6000', order: 'o' });
    const rule = {
      legs: [{ party: 's', role: 'supplier', share: { basisPoints: 10_000 } }],
      fee: { party: 'op', share: { basisPoints: 500 } },
    };
    const result = split(rule, 5_001n);
    const legs = [
      { account: accounts.s, fen: String(result.parts[0]!.fen) },
      { account: accounts.op, fen: String(result.feeFen) },
    ];
    await bank.instruct({ reference: 'r4', kind: 'transfer', account: accounts.b, fen: '5001', order: 'o', legs });
    await bank.settled('r4');
    const context = (n: number) => ({ id: `e${n}`, key: `k${n}`, at: '2026-03-02T02:00:00Z', bankReference: `r${n}` });
    const purpose = { kind: 'order', id: 'o' } as const;
    const entries = [
      depositSeen(context(1), { member: 'b', fen: 10_000n }),
      holdPlaced(context(2), { member: 'b', purpose, fen: 6_000n }),
      captured(context(3), { buyer: 'b', order: 'o', fen: 5_001n }),
      splitPaid(context(4), { buyer: 'b', order: 'o', result }),
    ];
    const theirs = bankLines(await bank.statement('2026-03-02'));
    const ours = bankLinesOf(entries, () => '2026-03-02');
    expect(reconcile(ours, theirs)).toMatchObject({ ok: true, matched: { length: 5 } });
    expect(reconcile(ours.slice(1), theirs)).toMatchObject({ ok: false, missingHere: [{ reference: 'r1' }] });
  });
});

describe('faults, all from the seed', () => {
  async function statuses(): Promise<string> {
    await bank.simulate.faults({ refusalRatio: 0.5 });
    const account = await member('b', '100000');
    const answers: InstructionAnswer[] = [];
    for (let n = 0; n < 20; n += 1) {
      await bank.instruct({ reference: `p${n}`, kind: 'payout', account, fen: '1' });
      answers.push(await bank.settled(`p${n}`));
    }
    return answers.map(({ reason }) => (reason === null ? '.' : 'x')).join('');
  }

  async function reopened(seed: number): Promise<void> {
    await close();
    rmSync(directory, { recursive: true });
    await open(seed);
  }

  test('refusals repeat with the seed and differ with another', async () => {
    const first = await statuses();
    await reopened(1);
    expect(await statuses()).toBe(first);
    await reopened(2);
    expect(await statuses()).not.toBe(first);
    expect(first).toMatch(/\./);
    expect(first).toMatch(/x/);
  });

  test('lost answers: the work is done, and the client gets through by repeating', async () => {
    const account = await member('b', '100');
    await bank.simulate.faults({ lostAnswerRatio: 0.5 });
    const patient = bankClient({ url, key, now, attemptsMax: 30, sleep: async () => {} });
    for (let n = 0; n < 20; n += 1) await patient.instruct({ reference: `p${n}`, kind: 'payout', account, fen: '1' });
    for (let n = 0; n < 20; n += 1) await bank.settled(`p${n}`);
    expect(await bank.account(account)).toMatchObject({ balanceFen: '80' });
    await bank.simulate.faults({ lostAnswerRatio: 1 });
    const lost = bank.instruct({ reference: 'lost', kind: 'payout', account, fen: '1' });
    await expect(lost).rejects.toEqual(new BankError(0, 'bank-unreachable'));
    expect(await bank.settled('lost')).toMatchObject({ status: 'done' });
  });

  test('delays: accepted until due; flush carries out at once, in order', async () => {
    const account = await member('b', '100');
    await bank.simulate.faults({ delayMsMin: 3_600_000, delayMsMax: 3_600_000 });
    await bank.instruct({ reference: 'f', kind: 'freeze', account, fen: '60', order: 'o' });
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(await bank.instruction('f')).toMatchObject({ status: 'accepted', day: null });
    await close();
    await open();
    expect(await bank.instruction('f')).toMatchObject({ status: 'accepted' });
    expect(await bank.simulate.flush()).toMatchObject({ executed: 1 });
    expect(await bank.instruction('f')).toMatchObject({ status: 'done' });
  });

  test('are refused when out of range', async () => {
    await expect(bank.simulate.faults({ refusalRatio: 1.1 })).rejects.toEqual(refusal(400, 'body-invalid'));
    await expect(bank.simulate.faults({ delayMsMin: 5 })).rejects.toEqual(refusal(400, 'body-invalid'));
  });

  test('callbacks: signed, twice, out of order, repeated while the receiver fails', async () => {
    const got: { answer: InstructionAnswer | null; forged: InstructionAnswer | null }[] = [];
    let failures = 2;
    const receiver = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
      const header = (name: string) => request.headers[name]?.toString();
      const message = { path: request.url!, body: Buffer.concat(chunks).toString(), header };
      failures -= 1;
      if (failures >= 0) return void response.writeHead(503).end();
      got.push({
        answer: readCallback(message, { key, now }),
        forged: readCallback({ ...message, body: `${message.body} ` }, { key, now }),
      });
      response.end();
    });
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
    try {
      await bank.setCallback(`http://127.0.0.1:${(receiver.address() as AddressInfo).port}/bank?x=1`);
      await bank.simulate.faults({ duplicateCallbackRatio: 1, callbackDelayMsMax: 200 });
      const account = await member('b', '100');
      for (let n = 0; n < 6; n += 1) await bank.instruct({ reference: `p${n}`, kind: 'payout', account, fen: '1' });
      // The bank's clock moves only by hand here: step it until all have come.
      for (let step = 0; step < 200 && got.length < 12; step += 1) {
        nowMs += 20;
        executor.wake();
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    } finally {
      receiver.closeAllConnections();
      receiver.close();
    }
    const references = got.map(({ answer }) => answer!.reference);
    expect(references.toSorted()).toEqual(['p0', 'p0', 'p1', 'p1', 'p2', 'p2', 'p3', 'p3', 'p4', 'p4', 'p5', 'p5']);
    expect(references).not.toEqual(references.toSorted());
    expect(got.every(({ answer, forged }) => answer?.status === 'done' && forged === null)).toBe(true);
    await expect(bank.setCallback('http://10.0.0.1/')).rejects.toEqual(refusal(422, 'callback-not-loopback'));
  });
});
