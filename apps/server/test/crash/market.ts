/** A market with one listing that can be bought again and again, in a data folder of its own: what the crash rounds run on. */
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { demoListing } from '../../../cli/src/trade/prepare.ts';
import { makeLog } from '../../src/kernel/log.ts';
import { readConfig, startExchange } from '../../src/main.ts';

export interface Prepared {
  home: string;
  listing: string;
  offer: string;
  /** A copy that a sabotaged run may ruin. */
  copy(): Promise<string>;
  end(): Promise<void>;
}

export const prepareMarket = async (): Promise<Prepared> => {
  const home = await mkdtemp(join(tmpdir(), 'shugu-crash-'));
  const copies: string[] = [];
  const config = readConfig(
    {},
    {
      home,
      port: 0,
      clock: '2026-07-01T09:00:00+08:00',
      logLevel: 'error',
      logDelaySeconds: 1,
      requestsPerSecond: 100_000,
    },
  );
  const exchange = await startExchange({ config, log: makeLog('error') });
  try {
    const { listing, offer } = await demoListing(exchange);
    return {
      home,
      listing,
      offer,
      copy: async () => {
        const target = await mkdtemp(join(tmpdir(), 'shugu-crash-copy-'));
        copies.push(target);
        await cp(home, target, { recursive: true, force: true });
        return target;
      },
      end: async () => {
        for (const one of [home, ...copies]) await rm(one, { recursive: true, force: true });
      },
    };
  } finally {
    await exchange.close();
  }
};
