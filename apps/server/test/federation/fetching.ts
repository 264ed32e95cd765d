/** `shugu fetch` of what was bought at another node, as its buyer, and as somebody else of that node. */
import { HTTP_PULL, HTTP_PUSH } from '@shugu/dataspace';
import type { Client } from '@shugu/wire';
import * as federationWire from '@shugu/wire/federation';
import { fetchPurchase } from '@shugu/wire/nodes-trade';
import { expect } from 'vitest';
import { command } from '../../../cli/src/command.ts';
import { saidBy } from '../../../cli/src/testing.ts';
import { refusal } from '../../src/market/testing.ts';
import { type Market, soon } from './market.ts';

/** `served`: the types that are offered, as a refusal tells them. */
export const fetchFromTerminal = async (
  { city }: Market,
  { purchase, buyer, supplier, served }: { purchase: string; buyer: Client; supplier: Client; served: string },
): Promise<void> => {
  const fetching = async (login: string, ...more: string[]) => {
    const key = await city.token(login);
    return saidBy(() => command(['fetch', purchase, '--url', city.url, '--key', key, ...more], 'en'));
  };
  const own = 'citylogistics.trader';
  const endpoint = 'https://receiver.example/inbox';
  const { out, status } = await fetching(own, '--format', HTTP_PUSH, '--to', endpoint, '--json');
  const told = { ok: true, transfer: expect.any(String), format: HTTP_PUSH, way: 'push' };
  expect([status, JSON.parse(out)]).toEqual([0, told]);
  const { transfer } = JSON.parse(out) as { transfer: string };
  const given = () => supplier.call(federationWire.listProcesses, { query: {} });
  const twinOf = async () => (await given()).items.find(({ theirPid }) => theirPid === transfer);
  await expect.poll(twinOf, soon).toMatchObject({ format: HTTP_PUSH, dataAddress: { endpoint } });
  await buyer.call(federationWire.actOnProcess, { params: { id: transfer }, body: { act: 'terminate' } });

  const unserved = await fetching(own, '--format', 'urn:example:stream-pull');
  expect(unserved).toMatchObject({ status: 1, out: '', err: expect.stringContaining(served) });
  const { pool } = city.exchange.kernel.database;
  await pool.query('update node_purchases set format = null where id = $1', [purchase]);
  const unnamed = buyer.call(fetchPurchase, { params: { id: purchase }, body: {} });
  expect(await refusal(unnamed)).toMatch(/^kernel\.invalid/);
  const asked = await fetching(own);
  expect(asked).toMatchObject({ status: 2, out: '', err: expect.stringContaining(`${HTTP_PULL}  fetched by you`) });
  const others = await fetching('xingsha.trader');
  expect(others).toMatchObject({ status: 2, err: expect.stringContaining('no such purchase') });
};
