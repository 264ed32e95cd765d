/**
 * The product page through the server's door, beside a bare Fastify route that runs the same query and answers its row.
 *
 *   npm run bench -- product --json
 *
 * Both listen at once and are asked in turns, so that a slow moment of the machine hits both.
 */
import type { AddressInfo } from 'node:net';
import Fastify from 'fastify';
import { findProductPage } from '../apps/server/src/market/search/page.ts';
import { searchRoutes } from '../apps/server/src/market/search/routes.ts';
import { benchHttp, getter } from './http.ts';
import { benchMarket } from './products.ts';

const productsMade = 2000;
const rounds = 6;
const roundMilliseconds = 1000;
const connections = 16;

/** Answers a second with so many requests under way. */
const rateOf = async (get: (path: string) => Promise<string>, paths: readonly string[]): Promise<number> => {
  const began = performance.now();
  let done = 0;
  const worker = async (start: number) => {
    for (let at = start; performance.now() - began < roundMilliseconds; at++) {
      await get(paths[at % paths.length]!);
      done++;
    }
  };
  await Promise.all(Array.from({ length: connections }, (_, at) => worker(at * 31)));
  return (done * 1000) / (performance.now() - began);
};

const median = (all: readonly number[]) => [...all].sort((a, b) => a - b)[Math.floor(all.length / 2)]!;

export const run = async (): Promise<object> => {
  const market = await benchMarket(productsMade);
  const http = await benchHttp(market.database, searchRoutes({ now: () => new Date() } as never));
  const bare = Fastify();
  bare.get<{ Params: { id: string } }>('/bare/:id', (request) => findProductPage(market.database, request.params.id));
  await bare.listen({ host: '127.0.0.1', port: 0 });
  const plain = getter((bare.server.address() as AddressInfo).port);
  try {
    const ids = market.products.map((one) => one.product);
    const [ours, theirs] = [ids.map((id) => `/api/market/products/${id}`), ids.map((id) => `/bare/${id}`)];
    await rateOf(http.get, ours);
    await rateOf(plain.get, theirs);
    const rates: { ours: number; bare: number }[] = [];
    for (let round = 0; round < rounds; round++)
      rates.push({ ours: await rateOf(http.get, ours), bare: await rateOf(plain.get, theirs) });
    return {
      bench: 'product',
      products: productsMade,
      connections,
      perSecond: median(rates.map((one) => one.ours)),
      barePerSecond: median(rates.map((one) => one.bare)),
      answerBytes: (await http.get(ours[0]!)).length,
      ratios: {
        /** Required: at least 0.5. */
        ofBareFastify: median(rates.map((one) => one.ours / one.bare)),
      },
    };
  } finally {
    plain.end();
    await bare.close();
    await http.close();
    await market.close();
  }
};
