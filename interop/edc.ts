/**
 * Eclipse EDC, with its stores in PostgreSQL, and a server of ours buy from each other: catalogue, negotiation, agreement, transfer,
 * bytes, and the end of it. Identity is what EDC publishes for tests (`iam-mock`: a name that is only asserted) and its like on our
 * side; everything else is as anybody starts it.
 */
import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { CONTEXT_URL, checkMessage } from '@shugu/dataspace';
import type { Client } from '@shugu/wire';
import * as wire from '@shugu/wire/federation';
import * as marketWire from '@shugu/wire/market';
import pg from 'pg';
import { stopTestPostgres, testPostgres } from '../apps/server/src/kernel/postgres/testing.ts';
import { type TestExchange, testExchange } from '../apps/server/test/support/exchange.ts';
import { inFolder, type Outcome, type Tally, tally } from './check.ts';
import {
  addAsset,
  assertedNames,
  type Edc,
  missingEdc,
  offerAll,
  protocol,
  startEdc,
  version,
} from './edc/connector.ts';
import { buyerRules, connect, list, type Ours, supplierRules } from './edc/node.ts';

export const about = `both ways with Eclipse EDC ${version}`;

export const needs = missingEdc;

const patienceSeconds = 40;
const format = 'HttpData-PULL';
const stranger = 'urn:example:stranger';

type Json = Record<string, unknown>;

/** What `look` finds once it finds something. @throws with what it saw last */
const until = async <T>(what: string, look: () => Promise<T | undefined | false>, seen: () => unknown): Promise<T> => {
  const deadline = performance.now() + patienceSeconds * 1000;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (performance.now() > deadline)
      throw new Error(`${what}: not in ${patienceSeconds} s: ${JSON.stringify(seen())}`);
    await pause(50);
  }
};

/** State of one of EDC's negotiations or transfers. */
const reached = async (edc: Edc, kind: 'contractnegotiations' | 'transferprocesses', id: string, state: string) => {
  let seen: Json = {};
  await until(
    `EDC's ${state}`,
    async () => {
      seen = await edc.call('GET', `/${kind}/${id}`);
      return seen.state === state || (seen.state === 'TERMINATED' && state !== 'TERMINATED');
    },
    () => seen,
  );
  if (seen.state !== state) throw new Error(`EDC: ${JSON.stringify(seen)}`);
  return seen;
};

const oursReached = async (client: Client, id: string, state: string) => {
  let seen: unknown;
  return until(
    `our ${state}`,
    async () => {
      const { process, messages } = await client.call(wire.getProcess, { params: { id } });
      seen = { state: process.state, held: process.held, messages };
      return process.state === state && process;
    },
    () => seen,
  );
};

/** How the same process stands with us. */
const twinOf = async (client: Client, theirPid: string) => {
  const { items } = await client.call(wire.listProcesses, { query: { limit: 20 } });
  const found = items.find((one) => one.theirPid === theirPid);
  return found && client.call(wire.getProcess, { params: { id: found.id } });
};

const asked = { counterPartyId: '', counterPartyAddress: '', protocol };

const catalogueAtEdc = (edc: Edc, { name, address }: Ours): Promise<Json> =>
  edc.call('POST', '/catalog/request', {
    '@type': 'CatalogRequest',
    ...asked,
    counterPartyId: name,
    counterPartyAddress: address,
  });

const negotiateAtEdc = async (edc: Edc, { name, address }: Ours, dataset: string, offer: Json): Promise<string> => {
  const policy = { '@context': 'http://www.w3.org/ns/odrl.jsonld', ...offer, assigner: name, target: dataset };
  const begun = await edc.call('POST', '/contractnegotiations', {
    '@type': 'ContractRequest',
    ...asked,
    counterPartyId: name,
    counterPartyAddress: address,
    policy,
  });
  return begun['@id'] as string;
};

/** Where EDC says the data is read: it keeps that a moment after it says STARTED. */
const addressAtEdc = (edc: Edc, transfer: string): Promise<Record<string, string>> => {
  let seen: unknown;
  return until(
    "EDC's data address",
    () =>
      edc.call<Record<string, string>>('GET', `/edrs/${transfer}/dataaddress`).catch((error: Error) => {
        if (!error.message.includes(' 404 ')) throw error;
        seen = error.message;
        return undefined;
      }),
    () => seen,
  );
};

const tokenOf = (name: string) => JSON.stringify({ region: 'eu', audience: '', clientId: name });

/** As any client reads by a data address. */
const readBy = async (endpoint: string, authorization: string): Promise<{ status: number; text: string }> => {
  const answer = await fetch(endpoint, { headers: { authorization } });
  return { status: answer.status, text: await answer.text() };
};

const listed = (value: unknown): Json[] => (value === undefined ? [] : ([value].flat() as Json[]));

const edcBuys = async ({ expect }: Tally, edc: Edc, node: TestExchange, supplier: Ours, product: string) => {
  const catalogue = await catalogueAtEdc(edc, supplier);
  const dataset = listed(catalogue.dataset).find((one) => one['@id'] === product);
  expect(dataset !== undefined, 'EDC reads our catalogue and finds the product');
  const [offer] = listed(dataset?.hasPolicy);
  const negotiation = await negotiateAtEdc(edc, supplier, product, offer!);
  const { contractAgreementId: agreement } = await reached(edc, 'contractnegotiations', negotiation, 'FINALIZED').catch(
    async (error: Error) => {
      throw new Error(`${error.message}; ours: ${JSON.stringify(await twinOf(supplier.client, negotiation))}`);
    },
  );
  expect(typeof agreement === 'string', 'EDC has an agreement');
  const { process: sold } = (await twinOf(supplier.client, negotiation))!;
  await oursReached(supplier.client, sold.id, 'FINALIZED');
  await node.settle();
  const [order] = (await supplier.client.call(marketWire.listOrders, { query: { side: 'supplier' } })).items;
  expect(order?.state === 'contracted' || Boolean(order?.contract), `our order has a contract: ${order?.state}`);

  const begun = await edc.call('POST', '/transferprocesses', {
    '@type': 'TransferRequest',
    ...asked,
    counterPartyId: supplier.name,
    counterPartyAddress: supplier.address,
    contractId: agreement,
    transferType: format,
  });
  const transfer = begun['@id'] as string;
  await reached(edc, 'transferprocesses', transfer, 'STARTED');
  const { endpoint, authorization } = await addressAtEdc(edc, transfer);
  const address = `${endpoint}/430102`;
  const seen = await readBy(address, `Bearer ${authorization}`);
  expect(seen.status === 200 && seen.text.includes('芙蓉区'), `EDC's key reads our data: ${seen.status} ${seen.text}`);
  await edc.call('POST', `/transferprocesses/${transfer}/terminate`, { '@type': 'TerminateTransfer', reason: 'done' });
  await reached(edc, 'transferprocesses', transfer, 'TERMINATED');
  await node.settle();
  const after = await readBy(address, `Bearer ${authorization}`);
  expect(after.status === 404, `and not after EDC has ended the transfer: ${after.status}`);

  const wrong = await negotiateAtEdc(edc, supplier, product, { ...offer, '@id': `urn:uuid:${randomUUID()}` });
  const { errorDetail } = await reached(edc, 'contractnegotiations', wrong, 'TERMINATED');
  expect(String(errorDetail).includes('offerUnknown'), `an offer that nobody made is refused: ${errorDetail}`);
  const foreign = await fetch(`${supplier.address}/negotiations/${sold.id}`, {
    headers: { authorization: tokenOf(stranger) },
  });
  expect(foreign.status === 404, `a stranger sees nothing of the negotiation: ${foreign.status}`);
};

const weBuy = async ({ expect }: Tally, edc: Edc, buyer: Ours, asset: string, content: string) => {
  const answer = await fetch(`${edc.address}/catalog/request`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: tokenOf(buyer.name) },
    body: JSON.stringify({
      '@context': [CONTEXT_URL],
      '@type': 'CatalogRequestMessage',
    }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`EDC's catalogue: ${answer.status} ${text}`);
  const catalogue = JSON.parse(text) as Json;
  const checked = checkMessage('Catalog', catalogue);
  expect(checked.ok, `EDC's catalogue is one for us: ${JSON.stringify(checked.ok ? '' : checked.fault)}`);
  const dataset = listed(catalogue.dataset).find((one) => one['@id'] === asset)!;
  const [offer] = listed(dataset.hasPolicy);
  const { permission, prohibition, obligation } = offer!;
  const asking = { counterparty: edc.name, address: edc.address, dataset: asset, offer: String(offer!['@id']) };
  const terms = { permission, prohibition, obligation } as never;
  const { id } = await buyer.client.call(wire.requestContract, { body: { ...asking, terms } });
  const bought = await oursReached(buyer.client, id, 'FINALIZED');
  const agreement = (bought.agreement as unknown as Json)['@id'] as string;
  const theirs = await edc.call<Json[]>('POST', '/contractagreements/request', { '@type': 'QuerySpec' });
  expect(
    theirs.some((one) => [one['@id'], one.agreementId].includes(agreement) && one.consumerId === buyer.name),
    `EDC keeps the agreement that we have: ${JSON.stringify(theirs)}`,
  );
  const begun = await buyer.client.call(wire.requestTransfer, {
    body: { agreement, address: edc.address, format },
  });
  const { dataAddress } = await oursReached(buyer.client, begun.id, 'STARTED');
  const { endpoint, endpointProperties } = dataAddress as unknown as {
    endpoint: string;
    endpointProperties: { name: string; value: string }[];
  };
  const authorization = endpointProperties.find(({ name }) => name === 'authorization')!.value;
  const seen = await readBy(endpoint, authorization);
  expect(seen.status === 200 && seen.text === content, `our key reads EDC's data: ${seen.status} ${seen.text}`);
  await buyer.client.call(wire.actOnProcess, { params: { id: begun.id }, body: { act: 'terminate' } });
  await oursReached(buyer.client, begun.id, 'TERMINATED');
  let status = 0;
  await until(
    "EDC's data plane to refuse",
    async () => {
      status = (await readBy(endpoint, authorization)).status;
      return status === 403;
    },
    () => status,
  );
  expect(status === 403, 'and not after we have ended the transfer');
};

const serveText = async (text: string): Promise<Server> => {
  const server = createServer((_request, response) => void response.end(text));
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  return server;
};

const rowsOf = async (database: pg.PoolConfig): Promise<Json> => {
  const client = new pg.Client(database as pg.ClientConfig);
  await client.connect();
  try {
    const { rows } = await client.query(`select (select count(*)::int from edc_contract_negotiation) negotiations,
      (select count(*)::int from edc_contract_agreement) agreements, (select count(*)::int from edc_transfer_process) transfers`);
    return rows[0];
  } finally {
    await client.end();
  }
};

export const run = (): Promise<Outcome> =>
  inFolder(async (folder) => {
    const counts = tally();
    const content = `bytes of EDC ${randomUUID()}`;
    const source = await serveText(content);
    const { connection } = await (await testPostgres()).freshDatabase();
    let edc: Edc | undefined;
    let node: TestExchange | undefined;
    try {
      const starting = startEdc({
        name: 'urn:example:edc',
        database: connection,
        folder: join(folder, 'edc'),
        quick: true,
      });
      [node, edc] = await Promise.all([
        testExchange({ identity: assertedNames, config: { privateConnectors: ['127.0.0.1'] } }),
        starting,
      ]);
      const supplier = await connect(node, 'xingsha');
      const buyer = await connect(node, 'citylogistics');
      await supplier.client.call(wire.setRules, { body: { rules: supplierRules } });
      await buyer.client.call(wire.setRules, { body: { rules: buyerRules } });
      const product = await list(node);
      await offerAll(edc);
      await addAsset(edc, 'asset-1', `http://127.0.0.1:${(source.address() as AddressInfo).port}/`);
      await weBuy(counts, edc, buyer, 'asset-1', content);
      await edcBuys(counts, edc, node, supplier, product);
      const rows = await rowsOf(connection);
      counts.expect(
        rows.negotiations === 3 && rows.agreements === 2 && rows.transfers === 2,
        `in EDC's tables: ${JSON.stringify(rows)}`,
      );
    } finally {
      await edc?.end();
      await node?.end();
      source.close();
      await stopTestPostgres();
    }
    return counts.outcome();
  });
