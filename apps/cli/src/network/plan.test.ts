/** Who runs a small network: the fixture holds what the hub and the members' room would refuse. */
import { expect, test } from 'vitest';
import { creditCodeCheck } from '../../../server/src/members/model.ts';
import { demoGoods } from '../goods/products.ts';
import { inCast, readCast } from '../scenario/cast.ts';
import { castAt, networkLimits, planNetwork, tradersOf } from './plan.ts';

test('the whole plan is one hub, three cities and ten industries; every smaller one begins with the hub', async () => {
  const whole = await planNetwork(networkLimits.nodesMax);
  const count = (kind: string) => whole.filter((one) => one.kind === kind).length;
  expect([count('hub'), count('city'), count('industry')]).toEqual([1, 3, 10]);
  expect(whole.length).toBe(networkLimits.nodesMax);
  const kinds = (await planNetwork(networkLimits.nodesDefault)).map(({ kind }) => kind);
  expect(kinds).toEqual(['hub', 'city', 'industry', 'city', 'industry']);
  const smallest = await planNetwork(networkLimits.nodesMin);
  expect(smallest[0]!.kind).toBe('hub');
  expect(smallest[1]!.lists, 'something is listed in the smallest one').toBeDefined();
});

test('operators are apart, their codes are valid, and what a node lists is in the demo', async () => {
  const whole = await planNetwork(networkLimits.nodesMax);
  for (const field of ['key', 'operator', 'creditCode'] as const)
    expect(new Set(whole.map((one) => one[field])).size).toBe(whole.length);
  for (const { creditCode } of whole) expect(creditCodeCheck(creditCode.slice(0, 17))).toBe(creditCode[17]);
  const suppliers = (await demoGoods()).map(({ supplier }) => supplier);
  for (const { lists } of whole) if (lists !== undefined) expect(suppliers).toContain(lists);
});

test('a node has the demo’s people under an operator of its own', async () => {
  const cast = await readCast();
  const node = (await planNetwork(2))[1]!;
  const at = castAt(cast, node);
  const [before, after] = [inCast(cast, 'operator'), inCast(at, 'operator')];
  expect(after).toEqual({ ...before, name: node.operator, creditCode: node.creditCode });
  expect(inCast(at, 'lawfirm')).toEqual(inCast(cast, 'lawfirm'));
});

test('a member of a city’s node trades with a supplier of an industry’s, from the ordinary network on', async () => {
  const cast = await readCast();
  for (const count of [networkLimits.nodesDefault, networkLimits.nodesMax]) {
    const { consumer, provider } = tradersOf(await planNetwork(count))!;
    expect([consumer.node.kind, provider.node.kind]).toEqual(['city', 'industry']);
    expect(inCast(cast, consumer.member).roles.map(({ role }) => role)).toContain('demander');
    expect(inCast(cast, provider.member).roles.map(({ role }) => role)).toContain('productSupplier');
  }
  expect(tradersOf(await planNetwork(networkLimits.nodesMin))).toBeUndefined();
});
