/** The price of a use: frozen before anything is read, split among the owners, given back where nothing is owed. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { signPart } from '@shugu/private-compute';
import type { Client } from '@shugu/wire';
import * as computeWire from '@shugu/wire/compute';
import * as kernelWire from '@shugu/wire/kernel';
import * as settlementWire from '@shugu/wire/settlement';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openFolder, type PartyFolder } from '../../../cli/src/compute/folder.ts';
import { playPart } from '../../../cli/src/compute/part.ts';
import { preparedSet } from '../../../cli/src/compute/prepare.ts';
import { until } from '../../../cli/src/scenario/resource.ts';
import { sql } from '../../src/kernel/db/db.ts';
import { systemActor } from '../../src/kernel/http/principal.ts';
import { fundsOf, totalFunds, wrongBalances } from '../../src/settlement/books.ts';
import {
  type Computation,
  type Draft,
  draftOf,
  endedUse,
  type Holdings,
  holdingsBrought,
  readComputation,
  refusal,
  runOnce,
  type SharesDraft,
  sharedColumns,
  signedContract,
  withoutWorkers,
} from '../support/computation.ts';
import { exchangeIn, settleWhole, type TestExchange } from '../support/exchange.ts';

let world: TestExchange;
let agency: Client;
let held: Holdings;
let organisations: Record<string, string>;
/** 500.01 yuan: neither the fee of two per cent nor the shares come out even. */
const price = 50_001n;
const owners = ['mapping.trader', 'xingsha.trader'];

const draft = (change: Partial<Draft> = {}, recipient = 'creditagency'): Draft => {
  const { mapping: bank, xingsha: tax } = organisations as { mapping: string; xingsha: string };
  const shares = [
    { owner: bank, share: '0.6' },
    { owner: tax, share: '0.4' },
  ];
  const payment = { taxRate: '0.06', shares, untouched: 'free' as const };
  return draftOf(
    held,
    { bank, tax, recipient: organisations[recipient]! },
    { priceFen: String(price), payment, ...change },
  );
};
const signed = (change: Partial<Draft> = {}, recipient = 'creditagency'): Promise<Computation> =>
  signedContract(world, draft(change, recipient), { recipient: `${recipient}.trader`, owners });
const fen = async (key: string) => {
  const { available, held: frozen, custody } = await fundsOf(world.exchange.kernel.database, organisations[key]!);
  return { available, frozen, custody };
};
const free = async (...keys: string[]) => Promise.all(keys.map(async (key) => (await fen(key)).available));
const deposit = async (amount: bigint) => {
  const finance = await world.as('creditagency.finance');
  const before = (await fen('creditagency')).available;
  await finance.call(settlementWire.simulateDeposit, { body: { amountFen: String(amount) } });
  await until('the deposit', async () => {
    await world.settle();
    return (await fen('creditagency')).available === before + amount;
  });
};
/** The bank has carried out everything that it was told. */
const paid = (one: Computation, use: string, state: string, who = agency) =>
  until(`the money of the use to be ${state}`, async () => {
    await settleWhole(world);
    const found = (await readComputation(who, one)).history.find(({ id }) => id === use)!;
    return found.money?.state === state && found;
  });

beforeAll(async () => {
  const opened = await exchangeIn(holdingsBrought, { accounts: true });
  world = opened;
  organisations = world.seeded.organisations;
  agency = await world.as('creditagency.trader');
  held = opened.given;
  const finance = await world.as('creditagency.finance');
  await until('the sub-account', async () => {
    await world.settle();
    return (await finance.call(settlementWire.readAccount, {})).state === 'open';
  });
}, 600_000);
afterAll(() => world?.end());

test('a price without shares for every owner is not signed', async () => {
  const { payment } = draft();
  const [first, second] = payment!.shares as [{ owner: string; share: string }, { owner: string; share: string }];
  const refused = async (change: Partial<Draft>) => {
    const { draftComputation } = await import('@shugu/wire/compute');
    return refusal(agency.call(draftComputation, { body: draft(change) }));
  };
  for (const shares of [[first], [first, { ...second, share: '0.5' }], [first, { ...second, owner: first.owner }]])
    expect(await refused({ payment: { ...payment!, shares } })).toBe('422 compute.contractInvalid');
  expect(await refused({ payment: undefined })).toBe('422 compute.contractInvalid');
});

test('without money no use is taken, with it the price is split to the fen and stands on a statement', async () => {
  const one = await signed();
  expect(await refusal(runOnce(agency, one))).toBe('409 settlement.fundsShort');
  expect((await readComputation(agency, one)).uses.taken).toBe(0);
  await deposit(price);
  const before = await free('mapping', 'xingsha', 'operator');
  const { id } = await runOnce(agency, one);
  const { use } = await endedUse(agency, one, id);
  expect(use.state).toBe('released');
  const { money } = await paid(one, id, 'paid');
  const after = await free('mapping', 'xingsha', 'operator');
  // Two per cent of 50,001 is 1,000; of the rest 29,400.6 and 19,600.4, so the fen that is over goes to the first.
  expect(after.map((now, at) => now - before[at]!)).toEqual([29_401n, 19_600n, 1_000n]);
  expect(await fen('creditagency')).toEqual({ available: 0n, frozen: 0n, custody: 0n });
  const read = async (login: string) =>
    (await world.as(login)).call(settlementWire.readStatement, { params: { id: money!.statement! } });
  expect(await read('creditagency.finance')).toMatchObject({
    contract: one.id,
    state: 'settled',
    total: '50001',
    lines: [{ title: expect.stringContaining('第 1 次'), quantity: '1', amount: '50001' }],
  });
  // An owner sees its part and nobody else's.
  expect((await read('xingsha.finance')).legs.map(({ amount }) => amount)).toEqual(['19600']);
  expect(await refusal(read('citylogistics.finance'))).toBe('404 kernel.unknown');
});

test('of two that race for the last money one runs, and the other has taken no use', async () => {
  const one = await signed();
  await deposit(price);
  const answers = await Promise.all([refusal(runOnce(agency, one)), refusal(runOnce(agency, one))]);
  expect(answers.sort()).toEqual(['409 settlement.fundsShort', 'done']);
  const now = await readComputation(agency, one);
  expect([now.uses.taken, now.history.length]).toEqual([1, 1]);
  await paid(one, now.history[0]!.id, 'paid');
  expect((await fen('creditagency')).custody).toBe(0n);
});

test('what an owner prevented is given back, and so is what read nothing where the contract says so', async () => {
  const { objects } = world.exchange.kernel;
  const [loans] = draft().dataSets;
  const path = await objects.local(loans!.version);
  const bytes = await objects.bytes(loans!.version);
  await deposit(price);
  const one = await signed();
  await writeFile(path, Buffer.concat([bytes, Buffer.alloc(1)]));
  const { use } = await endedUse(agency, one, (await runOnce(agency, one)).id);
  await writeFile(path, bytes);
  expect([use.state, use.reason?.en, use.money?.state]).toEqual([
    'failed',
    'The data are not the version that was signed: loans',
    'released',
  ]);
  await settleWhole(world);
  await until('the money to be back', async () => {
    await settleWhole(world);
    return (await fen('creditagency')).available === price;
  });
  expect((await readComputation(agency, one)).uses.taken).toBe(1);
});

/** A use whose price is frozen and whose job waits. */
const frozenUse = (one: Computation) =>
  withoutWorkers(world, async () => {
    const { id } = await runOnce(agency, one);
    return paid(one, id, 'frozen');
  });
const back = (amount: bigint) =>
  until('the money to be back', async () => {
    await settleWhole(world);
    const now = await fen('creditagency');
    return now.available === amount && now.frozen === 0n;
  });

test.each([
  ['free', 'released'],
  ['charged', 'paid'],
] as const)('a use known to have read nothing, by a contract that says %s, ends %s', async (untouched, state) => {
  const { available } = await fen('creditagency');
  if (available < price) await deposit(price - available);
  const one = await signed({ payment: { ...draft().payment!, untouched } });
  const before = await free('mapping', 'xingsha', 'operator');
  const { id, job } = await frozenUse(one);
  await agency.call(kernelWire.cancelJob, { params: { id: job! } });
  const use = await paid(one, id, state);
  expect([use.state, use.reason?.en]).toEqual(['failed', 'The computation was cancelled']);
  const after = await free('mapping', 'xingsha', 'operator');
  expect(after.map((now, at) => now - before[at]!)).toEqual(
    untouched === 'free' ? [0n, 0n, 0n] : [29_401n, 19_600n, 1_000n],
  );
  await back(untouched === 'free' ? price : 0n);
  expect((await readComputation(agency, one)).uses.taken).toBe(1);
});

test('that a crash lost while it ran is owed once, as nobody can say what it had read', async () => {
  await deposit(price);
  const one = await signed();
  const before = await free('mapping', 'xingsha', 'operator');
  const { id, job } = await frozenUse(one);
  // As a process that dies leaves it: begun, and its job to be claimed again.
  await world.exchange.kernel.database.tx(systemActor('test'), async (tx) => {
    await tx.exec(sql`update compute_uses set state = 'running' where id = ${id}`);
    await tx.exec(sql`update jobs set run_at = ${tx.now} where id = ${job}`);
  });
  const use = await paid(one, id, 'paid');
  expect([use.state, use.reason?.zh, use.rows]).toEqual(['failed', '计算被中断', null]);
  const after = await free('mapping', 'xingsha', 'operator');
  expect(after.map((now, at) => now - before[at]!)).toEqual([29_401n, 19_600n, 1_000n]);
  await back(0n);
});

test('whose price the bank will not freeze reads nothing, counts and costs nothing', async () => {
  await deposit(price);
  const { settlement } = world.exchange.rooms;
  const account = (await settlement.subAccount(world.exchange.kernel.database, organisations.creditagency!))!;
  const bank = settlement.bank()!.client();
  // Money that is there by our books, and at the bank for somebody else: a court has seized it, say.
  const seize = async (kind: 'freeze' | 'unfreeze') => {
    await bank.instruct({ reference: `seizure-${kind}`, kind, account, fen: String(price), order: 'seizure' });
    expect((await bank.settled(`seizure-${kind}`)).status).toBe('done');
  };
  await seize('freeze');
  const one = await signed();
  const before = await free('mapping', 'xingsha', 'operator');
  const { id } = await runOnce(agency, one);
  const use = await paid(one, id, 'released');
  expect([use.state, use.job, use.isolation, use.reason?.en]).toEqual([
    'failed',
    null,
    null,
    'The bank could not freeze the price; nothing was computed',
  ]);
  expect(await refusal(agency.call(computeWire.getComputationResult, { params: { id } }))).toBe(
    '409 compute.notReleased',
  );
  expect(await free('mapping', 'xingsha', 'operator')).toEqual(before);
  expect((await readComputation(agency, one)).uses.taken).toBe(1);
  await seize('unfreeze');
  await back(price);
});

test('an owner that takes the use itself pays the other one alone', async () => {
  const one = await signed({}, 'mapping');
  const bank = await world.as('mapping.trader');
  const before = await free('mapping', 'xingsha', 'operator');
  const { id } = await runOnce(bank, one);
  const { money } = await paid(one, id, 'paid', bank);
  // 40 per cent of 50,001 is 20,000.4.
  expect(money!.fen).toBe('20000');
  const after = await free('mapping', 'xingsha', 'operator');
  expect(after.map((now, at) => now - before[at]!)).toEqual([-20_000n, 19_600n, 400n]);
});

describe('where the data stay with their owners', () => {
  const query = 'SELECT count(*) AS n, sum(b.amount) AS amount FROM b JOIN s ON b.id = s.id';
  const place = mkdtempSync(join(tmpdir(), 'shugu-paid-'));
  const files = { bank: join(place, 'bank.csv'), shop: join(place, 'shop.csv') };
  const logins = { bank: 'mapping.trader', shop: 'xingsha.trader' };
  let folders: Record<'bank' | 'shop', PartyFolder>;
  let clients: Record<'bank' | 'shop', Client>;
  const folderOf = (who: 'bank' | 'shop') => openFolder(join(place, who));
  beforeAll(async () => {
    await writeFile(files.bank, 'id,amount\n1,10.50\n2,-3\n3,4\n');
    await writeFile(files.shop, 'id\n2\n3\n4\n');
    folders = { bank: await folderOf('bank'), shop: await folderOf('shop') };
    clients = { bank: await world.as(logins.bank), shop: await world.as(logins.shop) };
  });
  afterAll(() => rmSync(place, { recursive: true, force: true }));

  /** The bank is the recipient, and so pays the shop's part alone: 20,000. */
  const shared = async (): Promise<Computation> => {
    const base = draft();
    const set = async (who: 'bank' | 'shop', owner: string, table: 'b' | 's') => ({
      ...{ owner, table, ...(await preparedSet(folders[who], files[who], 'id')) },
      columns: sharedColumns[table],
    });
    const { mapping, xingsha } = organisations as { mapping: string; xingsha: string };
    const { title, purpose, uses, from, until: end, priceFen, payment } = base;
    const body: SharesDraft = {
      ...{ title, purpose, uses, from, until: end, priceFen, payment, mode: 'shares', query: { sql: query } },
      ...{ recipients: [mapping], decimals: 2, rowsMax: 100, release: { entitiesMin: 3 } },
      dataSets: [await set('bank', mapping, 'b'), await set('shop', xingsha, 's')],
    };
    return signedContract(world, body, { recipient: logins.bank, owners });
  };
  const moved = async (before: readonly bigint[]) =>
    (await free('mapping', 'xingsha', 'operator')).map((now, at) => now - before[at]!);
  const part = (who: 'bank' | 'shop', one: Computation, use: string) =>
    playPart({
      ...{ client: clients[who], folder: folders[who], contract: one.id, input: files[who], use, waitSeconds: 200 },
      ...{ listen: { host: '127.0.0.1', port: 0, address: '127.0.0.1' }, lookMilliseconds: 20 },
    });

  test('an owner whose machine is lost midway has its use counted and owed, and nothing of it opens', async () => {
    const one = await shared();
    const before = await free('mapping', 'xingsha', 'operator');
    const { id } = await runOnce(clients.bank, one, {});
    await paid(one, id, 'frozen', clients.bank);
    const words = ['compute', 'run', '--json', `--use=${id}`, `--contract=${one.id}`, `--input=${files.shop}`];
    const where = [`--party=${folders.shop.path}`, `--out=${join(place, 'out')}`, `--url=${world.url}`];
    const main = fileURLToPath(new URL('../../../cli/src/main.ts', import.meta.url));
    const keyed = [...words, ...where, `--key=${await world.token(logins.shop)}`];
    // A group of its own: the process and the party that it starts are lost together, before the bank has begun.
    const child = spawn(process.execPath, [main, ...keyed], { detached: true, stdio: 'ignore' });
    const lost = once(child, 'exit');
    await clients.bank.call(computeWire.comeToUse, { params: { id }, body: { address: null } });
    await until('the shop to begin', async () => {
      if (child.exitCode !== null) throw new Error('the shop’s process has ended');
      return (await folders.shop.journal(one.id))?.uses[id] === 'started';
    });
    process.kill(-child.pid!, 'SIGKILL');
    expect((await lost)[1]).toBe('SIGKILL');
    // There again, it says that it cannot say; the bank cannot have the result without it.
    const [theirs, ours] = await Promise.all([part('shop', one, id), part('bank', one, id)]);
    expect([theirs.statement.outcome, theirs.ended.state, ours.ended.rows]).toEqual([
      'compute.interrupted',
      'failed',
      null,
    ]);
    const use = await paid(one, id, 'paid', clients.bank);
    expect([use.state, use.money!.fen]).toEqual(['failed', '20000']);
    expect(await moved(before)).toEqual([-20_000n, 19_600n, 400n]);
    expect((await readComputation(clients.bank, one)).uses.taken).toBe(1);
  });

  test('an exchange that is lost between taking a use and ending it: all sign that nothing was touched, or it is owed', async () => {
    const one = await shared();
    /** Both have come, and the process that played the third died as a crash leaves it: begun, its job to be claimed again. */
    const lost = async () => {
      const id = await withoutWorkers(world, async () => {
        const { id: use } = await runOnce(clients.bank, one, {});
        for (const who of [clients.bank, clients.shop])
          await who.call(computeWire.comeToUse, { params: { id: use }, body: { address: null } });
        await until('the job', async () => {
          await settleWhole(world);
          return (await readComputation(clients.bank, one)).history[0]!.job !== null;
        });
        return use;
      });
      const { job } = (await readComputation(clients.bank, one)).history[0]!;
      await world.exchange.kernel.database.tx(systemActor('test'), async (tx) => {
        await tx.exec(sql`update compute_uses set state = 'running' where id = ${id}`);
        await tx.exec(sql`update jobs set run_at = ${tx.now} where id = ${job}`);
      });
      await settleWhole(world);
      return id;
    };
    const state = async (who: 'bank' | 'shop', use: string, outcome: string) => {
      const owner = organisations[who === 'bank' ? 'mapping' : 'xingsha']!;
      const { text, signature } = await signPart(
        {
          ...{ form: 'shugu/computation-part/1', contract: one.id, digest: one.digest, use, owner, outcome },
          ...{ commitment: null, peerCommitment: null, rows: null, result: null, resultRows: null },
        },
        folders[who].signer,
      );
      await clients[who].call(computeWire.statePart, { params: { id: use }, body: { statement: text, signature } });
    };
    const before = await free('mapping', 'xingsha', 'operator');
    const untouched = await lost();
    for (const who of ['bank', 'shop'] as const) await state(who, untouched, 'untouched');
    expect((await paid(one, untouched, 'released', clients.bank)).state).toBe('returned');
    await until('the money to be back', async () => {
      await settleWhole(world);
      return (await moved(before)).every((fen) => fen === 0n);
    });
    expect((await readComputation(clients.bank, one)).uses.taken).toBe(0);
    const counted = await lost();
    await state('bank', counted, 'untouched');
    await state('shop', counted, 'compute.interrupted');
    expect((await paid(one, counted, 'paid', clients.bank)).state).toBe('failed');
    expect(await moved(before)).toEqual([-20_000n, 19_600n, 400n]);
    expect((await readComputation(clients.bank, one)).uses.taken).toBe(1);
  });
});

test('and the books agree: nothing is held, nothing lost, every balance the sum of its postings', async () => {
  const { database } = world.exchange.kernel;
  expect(await wrongBalances(database)).toEqual([]);
  const total = await totalFunds(database);
  // Five deposits came in, and none of it went out.
  expect([total.custody, total.held, total.due, total.difference]).toEqual([5n * price, 0n, 0n, 0n]);
  expect(total.available).toBe(5n * price);
});
