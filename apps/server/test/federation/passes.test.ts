/** A data plane of another make registers itself: by the token that an administrator has made for it, and by no other. */
import * as federationWire from '@shugu/wire/federation';
import * as wire from '@shugu/wire/federation-planes';
import { readMe } from '@shugu/wire/members';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { refusal } from '../../src/market/testing.ts';
import { type TestExchange, testExchange } from '../support/exchange.ts';

let world: TestExchange;
const stream = 'urn:example:stream-pull';
const authorization = { type: 'bearer', token: 'what the data plane wants to be shown' };

beforeAll(async () => {
  world = await testExchange({ config: { privateConnectors: ['127.0.0.1'] } });
  for (const login of ['xingsha.admin', 'citylogistics.admin'])
    await (await world.as(login)).call(federationWire.openConnector, { body: {} });
}, 600_000);
afterAll(() => world?.end());

const admit = async (login: string, id: string, profiles: string[]) =>
  (await world.as(login)).call(wire.admitDataPlane, { body: { id, profiles } });
const send = async (
  { address, token }: { address: string; token: string },
  method: string,
  path: string,
  body?: object,
) => {
  const answer = await fetch(`${address}/dataplanes${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body ? { 'content-type': 'application/json' } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  await answer.body?.cancel();
  return answer.status;
};
const message = (more: object = {}) => ({
  ...{ dataplaneId: 'stream-1', endpoint: 'http://127.0.0.1:9/signaling', profiles: [stream], authorization },
  ...more,
});
const planes = async (login = 'xingsha.admin') => (await world.as(login)).call(wire.listDataPlanes, {});

test('registers, replaces and removes itself; other names, types, tokens and addresses are refused', async () => {
  expect(await refusal(admit('xingsha.trader', 'stream-1', [stream]))).toMatch(/^kernel\./);
  const pass = await admit('xingsha.admin', 'stream-1', [stream]);
  const theirs = await admit('citylogistics.admin', 'stream-1', [stream]);
  const { name } = await (await world.as('xingsha.admin')).call(readMe, {});
  const admission = { by: name, at: expect.any(String) };
  const admitted = [{ id: 'stream-1', profiles: [stream], ...admission }];
  expect(await planes()).toEqual({ planes: [], admitted });
  for (const token of ['', 'x'.repeat(43), theirs.token])
    expect(await send({ ...pass, token }, 'PUT', '', message())).toBe(401);
  expect(await send(pass, 'PUT', '', message({ dataplaneId: 'stream-2' }))).toBe(404);
  expect(await send(pass, 'PUT', '', message({ profiles: [stream, 'HttpData-PULL'] }))).toBe(400);
  expect(await send(pass, 'PUT', '', message({ endpoint: 'http://10.0.0.1/x' }))).toBe(400);
  expect(await send(pass, 'PUT', '', message({ authorization: { type: 'none' } }))).toBe(400);
  expect((await planes()).planes).toEqual([]);
  expect(await send(pass, 'PUT', '', message())).toBe(200);
  expect(await send(pass, 'PUT', '', message({ endpoint: 'http://127.0.0.1:10/signaling' }))).toBe(200);
  expect(await planes()).toMatchObject({
    planes: [{ id: 'stream-1', endpoint: 'http://127.0.0.1:10/signaling', profiles: [stream], admitted: admission }],
    admitted: [],
  });
  expect((await planes('citylogistics.admin')).planes).toEqual([]);
  expect(await send(pass, 'DELETE', '/stream-2')).toBe(404);
  expect(await send(pass, 'DELETE', '/stream-1')).toBe(204);
  expect(await send(pass, 'DELETE', '/stream-1')).toBe(404);
  expect(await send(pass, 'PUT', '', message())).toBe(200);
});

test('its token is good for what it reports, and void when an administrator makes another, or removes it', async () => {
  const first = await admit('xingsha.admin', 'stream-1', [stream]);
  await send(first, 'PUT', '', message());
  const report = async ({ address, token }: { address: string; token: string }) => {
    const answer = await fetch(`${address}/transfers/tra_00000000000000000000000000/dataflow/started`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ messageId: 'm', dataFlowId: 'f', state: 'STARTED' }),
    });
    await answer.body?.cancel();
    return answer.status;
  };
  expect(await report(first)).toBe(404);
  const second = await admit('xingsha.admin', 'stream-1', [stream]);
  expect([await report(first), await report(second)]).toEqual([401, 404]);
  const administrator = await world.as('xingsha.admin');
  await administrator.call(wire.removeDataPlane, { params: { id: 'stream-1' }, body: {} });
  expect([await report(second), await send(second, 'PUT', '', message())]).toEqual([401, 401]);
  const again = administrator.call(wire.removeDataPlane, { params: { id: 'stream-1' }, body: {} });
  expect(await refusal(again)).toMatch(/^kernel\.unknown/);
});

test('an admission that is taken back before it was used is void, and another organisation cannot take it', async () => {
  const pass = await admit('xingsha.admin', 'stream-9', [stream]);
  const remove = async (login: string) =>
    (await world.as(login)).call(wire.removeDataPlane, { params: { id: 'stream-9' }, body: {} });
  expect(await refusal(remove('citylogistics.admin'))).toMatch(/^kernel\.unknown/);
  expect(await refusal(remove('xingsha.trader'))).toMatch(/^kernel\./);
  expect((await planes()).admitted.map(({ id }) => id)).toContain('stream-9');
  expect((await remove('xingsha.admin')).admitted.map(({ id }) => id)).not.toContain('stream-9');
  expect(await send(pass, 'PUT', '', message({ dataplaneId: 'stream-9' }))).toBe(401);
});
