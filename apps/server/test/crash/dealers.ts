/** Two exchanges as processes, a line between them that breaks where it is told to, and what both must have come to. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import type { Client } from '@shugu/wire';
import pg from 'pg';
import { readCast } from '../../src/members/testing.ts';
import { preparedDatabase } from '../support/exchange.ts';
import type { Asked, Deposit, Told } from './connector.ts';
import { type Halts, openHalts } from './halts.ts';
import { type Line, openLine, type Trap } from './line.ts';
import { ended, strike } from './processes.ts';
import { makeTrader, type Trader } from './trader.ts';

const program = join(import.meta.dirname, 'connector.ts');

export type Side = 'provider' | 'consumer';

const tokens = { 'Bearer provider': 'urn:example:provider', 'Bearer consumer': 'urn:example:consumer' };
const organisations: Record<Side, string> = { provider: 'xingsha', consumer: 'citylogistics' };

export interface Node {
  side: Side;
  name: string;
  /** Of the cast, by key. */
  organisation: string;
  /** Where its own people reach it. */
  url(): string;
  /** Of its connector, through the line. */
  address: string;
  line: Line;
  pool: pg.Pool;
  halts: Halts;
  /** Somebody of its cast, however long it takes. */
  as: Trader['as'];
  /** Its trader, with one key for one thing asked however often. */
  say<T>(run: (client: Client, key: { idempotencyKey: string }) => Promise<T>): Promise<T>;
  kill(): Promise<void>;
  start(): Promise<void>;
  deposit(asked: Deposit): Promise<void>;
  end(): Promise<void>;
}

export const openNode = async (side: Side, armed: () => Trap | undefined): Promise<Node> => {
  const [{ url: database, keySecret, drop }, home, line] = [
    await preparedDatabase(),
    await mkdtemp(join(tmpdir(), `shugu-crash-${side}-`)),
    await openLine(armed),
  ];
  const [organisation, name] = [organisations[side], `urn:example:${side}`];
  const asked: Asked = {
    home,
    publicUrl: line.address,
    database,
    keySecret,
    organisation,
    name,
    tokens,
  };
  const pool = new pg.Pool({ connectionString: database, max: 4 });
  // Its end does not wait for the sessions' farewell, and the database is dropped beneath them.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => void client.on('error', () => undefined));
  // Another at each start: somebody else may have been given the one before meanwhile.
  let url = '';
  let child: ChildProcess | undefined;
  let lines: Interface | undefined;
  const start = async (): Promise<Told> => {
    child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program], {
      env: {
        PATH: process.env.PATH,
        NODE_COMPILE_CACHE: join(home, 'compiled'),
        SHUGU_TEST_CONNECTOR: JSON.stringify(asked),
        ...(process.env.SHUGU_TEST_LOG ? { SHUGU_TEST_LOG: process.env.SHUGU_TEST_LOG } : {}),
      },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    lines = createInterface({ input: child.stdout! });
    const [text] = (await Promise.race([
      once(lines, 'line'),
      ended(child).then(() => Promise.reject(new Error(`the ${side} ended before it was ready`))),
    ])) as [string];
    const told = JSON.parse(text) as Told;
    url = told.url;
    line.to(url);
    return told;
  };
  const kill = async (): Promise<void> => {
    line.to(undefined);
    strike(child?.pid);
    if (child) await ended(child);
  };
  const { participant } = await start();
  const halts = await openHalts(pool);
  const cast = await readCast();
  const patient = { listing: '', offer: '', triesMax: 4000 };
  const trader = makeTrader({ url: () => url, password: cast.demoPassword, ...patient });
  return {
    side,
    name,
    organisation,
    url: () => url,
    address: `${line.address}/dsp/${participant}/2025-1`,
    line,
    pool,
    halts,
    as: trader.as,
    say: (run) => {
      const key = { idempotencyKey: randomUUID() };
      return trader.as(`${organisation}.trader`, (client) => run(client, key));
    },
    kill,
    start: async () => void (await start()),
    deposit: async (one) => {
      const answered = once(lines!, 'line');
      child!.stdin!.write(`${JSON.stringify(one)}\n`);
      await answered;
    },
    end: async () => {
      await kill();
      await line.close();
      halts.close();
      await pool.end();
      await drop();
      await rm(home, { recursive: true, force: true, maxRetries: 3 });
    },
  };
};
