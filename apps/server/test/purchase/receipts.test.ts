/** A month's receipts, handed on as a file: anyone checks it at the node's own door, as a paper's bundle. */

import { listGrants } from '@shugu/wire/delivery';
import { verifyFile } from '@shugu/wire/kernel';
import { receiptFile } from '@shugu/wire/metering';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestExchange, testExchange } from '../support/exchange.ts';
import { buyer, makeScene, openShop, type Scene } from './scene.ts';

let exchange: TestExchange;
let scene: Scene;
beforeAll(async () => {
  exchange = await testExchange({ accounts: true });
  scene = makeScene(exchange, await openShop(exchange));
}, 240_000);
afterAll(() => exchange.end());

const check = (file: string) => exchange.anyone.call(verifyFile, { body: { file } });

test('says what was used, and of a changed file nothing', async () => {
  const order = await scene.place('perCall', 'postpaid');
  await scene.sign(order);
  await scene.rest();
  expect(await scene.call(order, 2, { 'x-purpose': 'logistics' })).toEqual([200, 200]);
  const client = await exchange.as(buyer);
  const grant = (await client.call(listGrants, { query: {} })).items.find((one) => one.contract === order.contract)!;
  // Days in Beijing.
  const day = new Date((await exchange.stage.now()).getTime() + 8 * 3_600_000).toISOString().slice(0, 10);
  const read = async () => {
    await scene.rest();
    const answer = await client
      .raw(receiptFile, { params: { id: grant.id }, query: { from: day, until: day } })
      .catch(() => undefined);
    return (await answer?.text()) ?? '';
  };
  // What is sealed waits for the log, and the log for every older transaction.
  await expect.poll(read, { timeout: 60_000 }).toContain('"complete":true');
  const file = await read();

  const verdict = await check(file);
  expect(verdict.checks.filter(({ ok }) => !ok)).toEqual([]);
  expect(verdict).toMatchObject({
    ok: true,
    kind: 'receipts',
    number: null,
    receipts: { grant: grant.id, contracts: [order.contract], receipts: 2, calls: 2, complete: true },
  });

  const calls = /"calls":2/;
  expect(file).toMatch(calls);
  const changed = await check(file.replace(calls, '"calls":1'));
  expect(changed).toMatchObject({ ok: false, kind: 'receipts', receipts: null });
  expect(changed.checks.some(({ id, ok }) => id === 'signature' && !ok)).toBe(true);
  expect(await check('{"format":"shugu-receipts"}')).toMatchObject({ ok: false, kind: 'receipts' });
  expect(await check('[]')).toMatchObject({ ok: false, kind: 'bundle' });
});
