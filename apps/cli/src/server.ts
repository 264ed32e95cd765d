/** Starting the server from the command line. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Config,
  type Exchange,
  type ExchangeOptions,
  makeLog,
  readConfig,
  startExchange,
  untilStopped,
} from '@shugu/server';

/** A calendar on which a whole trade can pass: a Wednesday with an ordinary week before it. */
export const simulatedStart = '2026-07-01T09:00:00+08:00';

export interface Temporary {
  exchange: Exchange;
  end(): Promise<void>;
}

/** An exchange of its own in a folder of its own, gone afterwards. */
export const startTemporary = async (
  over: Partial<Config> = {},
  more: Pick<ExchangeOptions, 'identity'> = {},
): Promise<Temporary> => {
  const home = await mkdtemp(join(tmpdir(), 'shugu-'));
  const config = readConfig(
    { SHUGU_LOG_LEVEL: process.env.SHUGU_LOG_LEVEL ?? 'error' },
    {
      home,
      port: 0,
      clock: simulatedStart,
      logDelaySeconds: 1,
      commitmentSeconds: 1,
      requestsPerSecond: 10_000,
      ...over,
    },
  );
  const stopped = untilStopped();
  try {
    const exchange = await startExchange({ config, log: makeLog(config.logLevel), ...more });
    const end = async () => {
      await exchange.close();
      await rm(home, { recursive: true, force: true });
    };
    void stopped.then(end).then(() => process.exit(130));
    return { exchange, end };
  } catch (error) {
    await rm(home, { recursive: true, force: true });
    throw error;
  }
};
