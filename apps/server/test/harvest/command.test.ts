/** `shugu harvest` from the terminal: another exchange's catalogue, looked at, taken in, taken in again; and who may not. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { command } from '../../../cli/src/command.ts';
import { saidBy } from '../../../cli/src/testing.ts';
import { type TestExchange, testExchange } from '../support/exchange.ts';
import { listGoods, setListed } from './goods.ts';

let there: TestExchange;
let here: TestExchange;
let goods: Awaited<ReturnType<typeof listGoods>>[];

beforeAll(async () => {
  there = await testExchange();
  here = await testExchange({ config: { privateSources: ['127.0.0.0/8'] } });
  goods = [await listGoods(there, '道路货运', ['货运']), await listGoods(there, '港口吞吐', ['水运'])];
}, 240_000);
afterAll(async () => {
  await here?.end();
  await there?.end();
});

const harvest = async (login: string, address: string, ...more: string[]) => {
  const key = await here.token(login);
  const words = ['harvest', address, '--kind', 'ckan', '--url', here.url, '--key', key, ...more];
  return saidBy(() => command(words, 'en'));
};
const steward = 'xingsha.steward';
const site = () => `${there.url}/ckan`;

test('tells what would change, takes it in, and tells what has changed since', { timeout: 120_000 }, async () => {
  const looked = await harvest(steward, site(), '--dry');
  expect(looked).toMatchObject({ status: 0 });
  expect(looked.err).toContain('is now a source');
  expect(looked.out).toContain('+ 道路货运');
  expect(looked.out).toContain('2 added, 0 changed, 0 unchanged, 0 withdrawn, 0 refused');
  expect(looked.out).toContain('no entry was written');

  const taken = await harvest(steward, site(), '--json');
  expect(taken).toMatchObject({ status: 0 });
  expect(taken.err).not.toContain('is now a source');
  const told = JSON.parse(taken.out) as { differences: { title: string }[] };
  expect(told).toMatchObject({ ok: true, state: 'done', dry: false, counts: { added: 2 } });
  expect(told.differences.map(({ title }) => title).sort()).toEqual(['港口吞吐', '道路货运'].sort());

  await setListed(there, goods[1]!.product, null);
  const again = await harvest(steward, site());
  expect(again.out).toContain('- 港口吞吐');
  expect(again.out).toContain('0 added, 0 changed, 1 unchanged, 1 withdrawn');
});

test('says why it failed, and nothing to whoever may not', { timeout: 60_000 }, async () => {
  const nowhere = await harvest(steward, `${there.url}/nowhere`, '--name', 'nowhere');
  expect(nowhere).toMatchObject({ status: 1 });
  expect(nowhere.out).toMatch(/the harvest failed: .+ \[catalogue\.sourceNotJson\]/);
  const buyer = await harvest('citylogistics.trader', site());
  expect(buyer).toMatchObject({ status: 1, out: '' });
  expect(buyer.err).toMatch(/^shugu harvest: .+\[kernel\.\w+\]/);
});
