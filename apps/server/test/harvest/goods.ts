/** Listed products without their reviews, and a member's site that says whatever a test wants. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as wire from '@shugu/wire/catalogue';
import { systemActor } from '../../src/kernel/http/principal.ts';
import type { TestExchange } from '../support/exchange.ts';

/** As the flow of listing events tells the catalogue, which is all that its output knows of listings. */
export const setListed = (world: TestExchange, product: string, version: string | null): Promise<void> =>
  world.exchange.kernel.database.tx(systemActor('test'), (tx) =>
    world.exchange.rooms.catalogue.setPublished(tx, product, version),
  );

export const newVersion = async (world: TestExchange, product: string): Promise<string> => {
  const column = {
    name: 'plate',
    title: '车牌',
    type: 'text',
    description: '',
    sensitivity: 'open',
    unit: '',
    nullable: false,
  } as const;
  const body = { declared: [{ name: '应答', columns: [column] }] };
  return (await (await world.as('xingsha.steward')).call(wire.createVersion, { params: { id: product }, body })).id;
};

export const listGoods = async (
  world: TestExchange,
  name: string,
  keywords: string[],
): Promise<{ product: string; version: string }> => {
  const supplier = await world.as('xingsha.steward');
  const { id } = await supplier.call(wire.createProduct, {
    body: {
      kind: 'api',
      name,
      summary: `${name}的摘要`,
      description: `${name}的说明，含“引号”与 <标签>。`,
      resources: [],
      industry: 'G54',
      region: '430100',
      keywords,
      scenarios: [],
      deliveryModes: ['api', 'proxy'],
      updateCycle: 'daily',
      coverageFrom: null,
      coverageUntil: null,
      language: 'zh',
    },
  });
  const version = await newVersion(world, id);
  await setListed(world, id, version);
  return { product: id, version };
};

export interface Site {
  url: string;
  asked: string[];
  answer: (path: string, response: ServerResponse, request: IncomingMessage) => void;
  end(): Promise<void>;
}

export const json = (response: ServerResponse, value: unknown): void =>
  void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));

export const startSite = async (): Promise<Site> => {
  const server = createServer((request, response) => {
    site.asked.push(request.url ?? '');
    site.answer(request.url ?? '', response, request);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const site: Site = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: [],
    answer: (_, response) => json(response, {}),
    end: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
  return site;
};
