/** Gateways of their own process beside one exchange: how to start them, end them without warning and know that they are back. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createGateway } from '@shugu/wire/gateways';
import { ended, strike } from './processes.ts';
import type { Trader } from './trader.ts';

const program = join(import.meta.dirname, '../../../gateway/src/main.ts');
const pause = (milliseconds: number) => new Promise((done) => setTimeout(done, milliseconds));

export class Gateway {
  readonly home: string;
  private readonly settings: object;
  private child: ChildProcess | undefined;
  url = '';

  constructor(home: string, settings: object) {
    this.home = home;
    this.settings = settings;
  }

  /** Until it serves, and the exchange holds all that it has on record. */
  async start(): Promise<void> {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program], {
      env: {
        PATH: process.env.PATH,
        NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
        SHUGU_TEST_GATEWAY: JSON.stringify({ ...this.settings, home: this.home }),
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
      await pause(300);
      return this.start();
    }
    this.url = (JSON.parse(line) as { url: string }).url;
    while (!(await this.isBack())) await pause(20);
  }

  private async isBack(): Promise<boolean> {
    const [health, metrics] = await Promise.all([fetch(`${this.url}/health`), fetch(`${this.url}/metrics`)]);
    await health.body?.cancel();
    return health.ok && /^shugu_gateway_records_behind 0$/m.test(await metrics.text());
  }

  /** What it says of itself, for people who look for a fault. */
  async state(): Promise<string> {
    const text = async (path: string) => (await fetch(`${this.url}${path}`)).text();
    const [health, metrics] = await Promise.all([text('/health'), text('/metrics')]);
    return `${health} ${metrics
      .split('\n')
      .filter((line) => line.startsWith('shugu_gateway'))
      .join(' ')}`;
  }

  async kill(): Promise<void> {
    if (!this.child) return;
    strike(this.child.pid);
    await ended(this.child);
  }
}

export const openFleet = async (
  trader: Trader,
  server: string,
  count: number,
  sabotage?: 'answerBeforeAppend',
): Promise<Gateway[]> =>
  Promise.all(
    Array.from({ length: count }, async (_, at) => {
      const idempotencyKey = randomUUID();
      const { key } = await trader.as('operator.system', (client) =>
        client.call(createGateway, { body: { name: `网关${at}` } }, { idempotencyKey }),
      );
      const home = await mkdtemp(join(tmpdir(), 'shugu-crash-gateway-'));
      const gateway = new Gateway(home, { server, key, ...(sabotage ? { sabotage } : {}) });
      await gateway.start();
      return gateway;
    }),
  );

export const endFleet = async (fleet: readonly Gateway[]): Promise<void> => {
  for (const gateway of fleet) {
    await gateway.kill();
    await rm(gateway.home, { recursive: true, force: true });
  }
};
