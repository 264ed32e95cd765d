/** A transfer by the HTTP pull profile: its access token is renewed by whoever it was given to, as long as the transfer runs. */
import { type DataAddress, HTTP_PULL, propertyOf, readRefreshed, refreshedAddress, renewalOf } from '@shugu/dataspace';
import * as wire from '@shugu/wire/federation';
import { expect } from 'vitest';
import { sql } from '../../src/kernel/db/db.ts';
import { type Connected, type Node, proofOf, reached, read, together, twinOf } from './nodes.ts';

export interface Renewing {
  here: Node;
  there: Node;
  supplier: Connected;
  buyer: Connected;
  /** Of the buyer's node, with no part in it. */
  stranger: Connected;
  agreement: string;
}

const soon = { timeout: 60_000 };

/** As the buyer's node keeps it: with what it renews by, which nobody is shown. */
const keptAddress = async ({ there }: Renewing, id: string): Promise<DataAddress> => {
  const { database, seal } = there.exchange.exchange.kernel;
  const { participant, kept } = await database.one<{ participant: string; kept: { sealed: string } }>(
    sql`select participant, data_address as kept from federation_processes where id = ${id}`,
  );
  const { sealed, ...open } = kept;
  const text = (await seal.open(database, `dataspace:${participant}`, sealed))!;
  return { ...open, endpointProperties: JSON.parse(text) } as unknown as DataAddress;
};

const fetchBy = async (address: DataAddress): Promise<number> => {
  const token = propertyOf(address, 'authorization');
  const answer = await fetch(`${address.endpoint}/430102`, { headers: { authorization: `Bearer ${token}` } });
  await answer.body?.cancel();
  return answer.status;
};

const post = async (endpoint: string, fields: Record<string, string>, authorization?: string) => {
  const headers = { 'content-type': 'application/x-www-form-urlencoded', ...(authorization ? { authorization } : {}) };
  const answer = await fetch(endpoint, { method: 'POST', headers, body: new URLSearchParams(fields) });
  const body = (await answer.json()) as Record<string, unknown>;
  return { status: answer.status, body, headers: answer.headers };
};

/** One renewal by hand, with what an address holds. */
const refresh = async (
  { there, supplier, ...world }: Renewing,
  address: DataAddress,
  { by = world.buyer, accessToken = propertyOf(address, 'authorization')! } = {},
) => {
  const { refreshToken, refreshEndpoint } = renewalOf(address)!;
  const proof = await proofOf(there, by, supplier, accessToken);
  return post(refreshEndpoint, { grant_type: 'refresh_token', refresh_token: refreshToken }, proof);
};

const refused = { status: 400, body: { error: 'invalid_grant' } };

const processOf = async ({ client }: Connected, id: string) => client.call(wire.getProcess, { params: { id } });

/** The nodes' clocks go on so far, and the buyer's renews what is due. */
const renewedAfter = async (
  world: Renewing,
  id: string,
  seconds: number,
  before: DataAddress,
): Promise<DataAddress> => {
  together([world.here, world.there], seconds);
  const token = () => keptAddress(world, id).then((one) => propertyOf(one, 'authorization'));
  await expect
    .poll(async () => {
      await world.there.exchange.settle();
      return token();
    }, soon)
    .not.toBe(propertyOf(before, 'authorization'));
  return keptAddress(world, id);
};

const begun = async (world: Renewing): Promise<{ id: string; first: DataAddress }> => {
  const { buyer, supplier, agreement } = world;
  const body = { agreement, address: supplier.address, format: HTTP_PULL };
  const { id } = await buyer.client.call(wire.requestTransfer, { body });
  await reached(buyer, id, 'STARTED');
  return { id, first: await keptAddress(world, id) };
};

const openAnywhere = async ({ here, there }: Renewing, text: string): Promise<string[]> => {
  const found: string[] = [];
  for (const { exchange } of [here, there])
    for (const { name } of await exchange.exchange.kernel.database.rows<{ name: string }>(sql`
      select 'processes' as name from federation_processes t where strpos(to_jsonb(t)::text, ${text}) > 0
      union all select 'messages' from federation_messages t where strpos(to_jsonb(t)::text, ${text}) > 0
      union all select 'given' from federation_refresh_tokens t where strpos(to_jsonb(t)::text, ${text}) > 0
      union all select 'renewals' from federation_renewals t where strpos(to_jsonb(t)::text, ${text}) > 0
      union all select 'keys' from delivery_keys t where strpos(to_jsonb(t)::text, ${text}) > 0
      union all select 'audit' from audit t where strpos(to_jsonb(t)::text, ${text}) > 0`))
      found.push(name);
  return found;
};

const wrongParties = async (world: Renewing, address: DataAddress): Promise<void> => {
  const { refreshToken, refreshEndpoint } = renewalOf(address)!;
  const asked = { grant_type: 'refresh_token', refresh_token: refreshToken };
  expect(await refresh(world, address, { by: world.stranger })).toMatchObject(refused);
  expect(await refresh(world, address, { accessToken: 'another' })).toMatchObject(refused);
  expect(await post(refreshEndpoint, asked)).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
  const bearer = `Bearer ${propertyOf(address, 'authorization')}`;
  expect(await post(refreshEndpoint, asked, bearer)).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
  expect(await post(refreshEndpoint, { ...asked, refresh_token: 'x'.repeat(43) })).toMatchObject(refused);
  const other = await post(refreshEndpoint, { ...asked, grant_type: 'password' });
  expect(other).toMatchObject({ status: 400, body: { error: 'unsupported_grant_type' } });
  expect(await post(refreshEndpoint, {})).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
  // At the address of somebody else.
  const elsewhere = refreshEndpoint.replace(/dsp\/[^/]+/, 'dsp/org_00000000000000000000000000');
  expect(await post(elsewhere, asked)).toMatchObject(refused);
};

export const renewsWhileItRuns = async (world: Renewing): Promise<void> => {
  const { buyer, supplier } = world;
  const { id, first } = await begun(world);
  expect(first.endpointType).toBe(HTTP_PULL);
  expect(renewalOf(first)).toMatchObject({ expiresIn: 300, refreshEndpoint: expect.stringMatching(/\/token$/) });
  expect(await fetchBy(first)).toBe(200);
  // Its people see what they read by, and not what the node renews it by.
  const shown = await processOf(buyer, id);
  expect(renewalOf(shown.process.dataAddress)).toBeUndefined();
  expect(propertyOf(shown.process.dataAddress, 'authorization')).toBe(propertyOf(first, 'authorization'));
  expect(shown.renewal).toMatchObject({ expiresAt: expect.any(String), fault: null });
  const given = await twinOf(supplier, id);
  expect(JSON.stringify(await processOf(supplier, given.id))).not.toContain(renewalOf(first)!.refreshToken);

  const second = await renewedAfter(world, id, 160, first);
  expect(second.endpoint).toBe(first.endpoint);
  expect([await fetchBy(first), await fetchBy(second)]).toEqual([200, 200]);
  for (const secret of [renewalOf(second)!.refreshToken, propertyOf(second, 'authorization')!])
    expect(await openAnywhere(world, secret)).toEqual([]);
  await wrongParties(world, second);
  const third = await renewedAfter(world, id, 160, second);
  await world.here.exchange.settle();
  // What it was renewed to has renewed in its turn: stolen or not, it renews nothing more.
  together([world.here, world.there], 20);
  expect(await refresh(world, first)).toMatchObject(refused);
  // The first has lived its time; by the right party, too.
  expect([await fetchBy(first), await fetchBy(third)]).toEqual([404, 200]);

  const act = (verb: 'suspend' | 'start' | 'terminate') =>
    supplier.client.call(wire.actOnProcess, { params: { id: given.id }, body: { act: verb } });
  await act('suspend');
  await reached(buyer, id, 'SUSPENDED');
  await world.here.exchange.settle();
  expect([await refresh(world, third), await fetchBy(third)]).toMatchObject([refused, 404]);
  await act('start');
  await reached(buyer, id, 'STARTED');
  await world.here.exchange.settle();
  expect(await fetchBy(third)).toBe(200);
  const fourth = await renewedAfter(world, id, 160, third);
  expect(await fetchBy(fourth)).toBe(200);

  await act('terminate');
  await reached(buyer, id, 'TERMINATED');
  await world.here.exchange.settle();
  expect([await refresh(world, fourth), await fetchBy(fourth)]).toMatchObject([refused, 404]);
  for (const { exchange } of [world.here, world.there])
    expect(
      await exchange.exchange.kernel.database.rows(sql`select process from federation_refresh_tokens
        union all select process from federation_renewals`),
    ).toEqual([]);
};

const given = (answer: Awaited<ReturnType<typeof refresh>>, before: DataAddress): DataAddress =>
  refreshedAddress(before, readRefreshed(answer.body)!);

/** Of two at once one is too fast; the answer of the other is lost, and the node renews by what it has, with nobody asked. */
export const renewsAfterLostAnswer = async (world: Renewing): Promise<void> => {
  const { id, first } = await begun(world);
  const pass = (seconds: number) => together([world.here, world.there], seconds);
  pass(20);
  const both = await Promise.all([refresh(world, first), refresh(world, first)]);
  expect(both.map(({ status }) => status).sort()).toEqual([200, 429]);
  const won = both.find(({ status }) => status === 200)!;
  expect(won.body).toMatchObject({ token_type: 'Bearer', expires_in: 300, refresh_token: expect.any(String) });
  expect(won.headers.get('cache-control')).toBe('no-store');
  const lost = given(won, first);
  expect([await fetchBy(first), await fetchBy(lost)]).toEqual([200, 200]);

  const second = await renewedAfter(world, id, 160, first);
  expect((await read(world.buyer, id)).held).toBeNull();
  await world.here.exchange.settle();
  // What nobody was to have had gives way; what the buyer reads by meanwhile does not.
  expect([await fetchBy(first), await fetchBy(lost), await fetchBy(second)]).toEqual([200, 404, 200]);
  pass(20);
  expect(await refresh(world, lost)).toMatchObject(refused);
  expect(await refresh(world, first, { by: world.stranger })).toMatchObject(refused);
  expect(await refresh(world, first, { accessToken: propertyOf(second, 'authorization')! })).toMatchObject(refused);

  // Somebody has used what came of it: the node's own has been overtaken, and a person is told.
  const third = given(await refresh(world, second), second);
  pass(20);
  expect((await refresh(world, third)).status).toBe(200);
  pass(20);
  expect(await refresh(world, second)).toMatchObject(refused);
  pass(160);
  await expect
    .poll(async () => {
      await world.there.exchange.settle();
      return (await read(world.buyer, id)).held?.fault;
    }, soon)
    .toMatch(/^token renewal: HTTP 400 .*invalid_grant/);
  await world.buyer.client.call(wire.actOnProcess, { params: { id }, body: { act: 'terminate' } });
  await reached(world.buyer, id, 'TERMINATED');
};

/** Its request is not taken, and the refusal says which types are. */
export const refusedByType = (buyer: Connected, id: string): Promise<void> =>
  expect
    .poll(() => read(buyer, id).then(({ held }) => held?.fault), soon)
    .toMatch(/HTTP 400 .*formatUnserved.*HttpData-PULL/);
