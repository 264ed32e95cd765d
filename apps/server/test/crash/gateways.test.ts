/**
 * kill -9 of the exchange and of gateways of their own process while three of them serve one order. Afterwards every answered use
 * is on record once, nothing went beyond what was ordered, and what nobody had used is there to be used. Takes minutes,
 * so it runs where SHUGU_CRASH_ROUNDS says how many; the kills that every run of the tests makes are in delivery/link.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createGateway } from '@shugu/wire/gateways';
import { getBalance } from '@shugu/wire/metering';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readCast } from '../../../cli/src/scenario/cast.ts';
import { type Prepared, prepareMarket } from './market.ts';
import { ended, freePort, type Running, runServer, strike } from './processes.ts';
import { makeTrader, newMemory, persist, type Trader } from './trader.ts';

// Each takes seconds, and the rounds of the whole market need theirs.
const rounds = Math.min(12, Number(process.env.SHUGU_CRASH_ROUNDS ?? 0));
/** As many as the trader orders. */
const ordered = 20;
const callers = 6;
const program = join(import.meta.dirname, '../../../gateway/src/main.ts');

let prepared: Prepared;
let server: Running;
let trader: Trader;
let port: number;
const gateways: Gateway[] = [];

class Gateway {
  readonly home: string;
  readonly key: string;
  child: ChildProcess | undefined;
  url = '';

  constructor(home: string, key: string) {
    this.home = home;
    this.key = key;
  }

  async start(): Promise<void> {
    const { home, key } = this;
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program], {
      env: {
        PATH: process.env.PATH,
        SHUGU_TEST_GATEWAY: JSON.stringify({ server: `http://127.0.0.1:${port}`, key, home }),
      },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    this.child = child;
    const line = await Promise.race([
      once(createInterface({ input: child.stdout! }), 'line').then(([text]) => text as string),
      once(child, 'exit').then(() => undefined),
    ]);
    // The exchange may be away at this moment; a supervisor would try again, too.
    if (line === undefined) {
      await new Promise((done) => setTimeout(done, 300));
      return this.start();
    }
    this.url = (JSON.parse(line) as { url: string }).url;
  }

  async kill(): Promise<void> {
    strike(this.child?.pid);
    await ended(this.child!);
  }
}

beforeAll(async () => {
  if (rounds === 0) return;
  prepared = await prepareMarket(0);
  port = await freePort();
  server = await runServer({ home: prepared.home, port });
  const { listing, offer } = prepared;
  trader = makeTrader({
    url: () => `http://127.0.0.1:${port}`,
    password: (await readCast()).demoPassword,
    listing,
    offer,
  });
  for (let count = 0; count < 3; count++) {
    const { key } = await trader.as('operator.system', (client) =>
      client.call(createGateway, { body: { name: `网关${count}` } }, { idempotencyKey: randomUUID() }),
    );
    const gateway = new Gateway(await mkdtemp(join(tmpdir(), 'shugu-crash-gateway-')), key);
    await gateway.start();
    gateways.push(gateway);
  }
}, 240_000);
afterAll(async () => {
  for (const gateway of gateways) {
    await gateway.kill();
    await rm(gateway.home, { recursive: true, force: true });
  }
  await server?.stop();
  await prepared?.end();
});

type Access = Awaited<ReturnType<Trader['access']>>;

/** One call at one gateway: its receipt, its refusal, or nothing that could be read. */
const call = async ({ url }: Gateway, { path, secret }: Access): Promise<string> => {
  const headers = { authorization: `Bearer ${secret}` };
  const answer = await fetch(`${url}${path.replace(/\/$/, '')}/430102`, { headers }).catch(() => null);
  const body = (await answer?.json().catch(() => null)) as { code?: string } | null | undefined;
  if (!answer || !body) return 'broken';
  return answer.ok ? answer.headers.get('x-receipt')! : (body.code ?? '');
};

const used = async (grant: string): Promise<number> =>
  (await trader.as('citylogistics.developer', (client) => client.call(getBalance, { params: { id: grant } }))).used
    .calls;

test.skipIf(rounds === 0)(
  `${rounds} rounds of kill -9 of exchange and gateways lose, double and exceed nothing`,
  async () => {
    const memory = newMemory();
    for (let round = 0; round < rounds; round++) {
      await trader.deposit(200, memory);
      const access = await trader.access((await trader.order(memory)).contract);
      const answers: string[] = [];
      let running = true;
      const caller = async (at: number) => {
        for (let next = at; running; next++) {
          answers.push(await call(gateways[next % 3]!, access));
          await new Promise((done) => setTimeout(done, 20));
        }
      };
      const calling = Promise.all(Array.from({ length: callers }, (_, at) => caller(at)));
      await new Promise((done) => setTimeout(done, 100 + randomInt(400)));
      if (round % 2 === 0) await gateways[round % 3]!.kill().then(() => gateways[round % 3]!.start());
      else {
        strike(server.child.pid);
        await ended(server.child);
        server = await persist(() => runServer({ home: prepared.home, port }));
      }
      // Until all of it is used, whoever held it: the killed one is back with its records.
      await expect.poll(() => used(access.grant), { timeout: 60_000, interval: 200 }).toBe(ordered);
      running = false;
      await calling;
      const receipts = answers.filter((one) => one.startsWith('use_'));
      expect(new Set(receipts).size, `round ${round}`).toBe(receipts.length);
      // What was on record when its answer broke off counts: a killed process leaves one for each caller at most.
      expect(receipts.length, `round ${round}`).toBeLessThanOrEqual(ordered);
      expect(receipts.length, `round ${round}`).toBeGreaterThanOrEqual(ordered - callers);
    }
  },
  120_000 + rounds * 60_000,
);
