/** A market with one listing that can be bought again and again, in a data folder of its own: what the crash rounds run on. */
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { look } from '../../../cli/src/scenario/cases.ts';
import { applyForRegistration, reviewRegistration } from '../../../cli/src/scenario/registration.ts';
import { bringResource, until } from '../../../cli/src/scenario/resource.ts';
import type { Stage } from '../../../cli/src/scenario/stage.ts';
import { divisionsResource } from '../../../cli/src/trade/goods.ts';
import { demoListing, type Sold } from '../../../cli/src/trade/prepare.ts';
import { makeLog } from '../../src/kernel/log.ts';
import { readConfig, startExchange } from '../../src/main.ts';

export interface Registration {
  case: string;
  dataName: string;
}

export interface Prepared {
  home: string;
  listing: string;
  /** The first of its price plans, and all of them. */
  offer: string;
  offers: string[];
  /** Registrations whose evidence is deposited: each waits for its certificate. */
  registrations: Registration[];
  /** A copy that a sabotaged run may ruin. */
  copy(): Promise<string>;
  end(): Promise<void>;
}

const steward = 'xingsha.steward';
const noticeDays = 14;

/** Applications go through review together, so that one public notice serves all. */
const registerMany = async (stage: Stage, count: number): Promise<Registration[]> => {
  const { fields } = await divisionsResource();
  const made: Registration[] = [];
  for (let i = 1; i <= count; i++) {
    const dataName = `2023年第${i}批区划代码样例表`;
    const file = { name: `batch-${i}.csv`, bytes: Buffer.from(`division_code,batch\n43010${i},${i}\n`) };
    const resource = await bringResource(stage, steward, { ...fields, name: dataName }, file);
    const claims = [{ holder: 'xingsha', right: 'hold' as const }];
    const id = await applyForRegistration(stage, steward, resource, ['xingsha'], claims);
    await reviewRegistration(stage, id);
    made.push({ case: id, dataName });
  }
  await stage.moveClock(new Date((await stage.now()).getTime() + noticeDays * 86_400_000));
  for (const one of made)
    await until('the evidence', async () => (await look(await stage.as(steward), one.case)).state === 'registered');
  return made;
};

export const prepareMarket = async (
  registrations: number,
  sold: Sold = {},
  settings: NodeJS.ProcessEnv = {},
): Promise<Prepared> => {
  const home = await mkdtemp(join(tmpdir(), 'shugu-crash-'));
  const copies: string[] = [];
  const config = readConfig(settings, {
    home,
    port: 0,
    clock: '2026-07-01T09:00:00+08:00',
    logLevel: 'error',
    logDelaySeconds: 1,
    commitmentSeconds: 1,
    requestsPerSecond: 100_000,
  });
  const exchange = await startExchange({ config, log: makeLog('error') });
  try {
    const { stage, listing, offer, offers } = await demoListing(exchange, sold);
    return {
      home,
      listing,
      offer,
      offers,
      registrations: await registerMany(stage, registrations),
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
