/**
 * The custodian bank: by its address, or the labelled simulator as a child of this process. The child ends with us by its
 * stdin; when it dies alone it is started again on the same books, so that nothing accepted is lost.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type BankClient, bankClient } from '@shugu/bank/client';
import type { Logger } from 'pino';
import { childEnvironment } from '../kernel/child/spawn.ts';

export interface BankSettings {
  /** Folder of the node: the simulator’s books stand in `bank` under it. */
  home: string;
  /** Address of the bank's adapter; '' starts the simulator. */
  url: string;
  /** Shared key in hexadecimal, for a bank by address. */
  key: string;
  /** More arguments of the simulator: faults and seed, for tests. */
  simulatorArguments?: readonly string[];
}

export interface Bank {
  readonly simulator: boolean;
  client(): BankClient;
  key(): Buffer;
  /** Process of the simulator, for tests that end it. */
  pid(): number | undefined;
  stop(): Promise<void>;
}

const startMsMax = 20_000;
const restartMsMin = 200;
const restartMsMax = 10_000;
const program = join(import.meta.dirname, '../../../bank/src/main.ts');

const remoteBank = ({ url, key: hex }: BankSettings): Bank => {
  if (!/^(?:[0-9a-f]{2}){16,64}$/i.test(hex)) throw new Error('SHUGU_BANK_KEY must be 16 to 64 bytes of hexadecimal');
  const key = Buffer.from(hex, 'hex');
  const client = bankClient({ url: url.replace(/\/$/, ''), key });
  return { simulator: false, client: () => client, key: () => key, pid: () => undefined, stop: async () => undefined };
};

const launch = async (
  folder: string,
  day: string,
  more: readonly string[],
  log: Logger,
): Promise<{ child: ChildProcess; port: number }> => {
  const child = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      program,
      '--port',
      '0',
      '--data',
      folder,
      '--day',
      day,
      '--stdin-guard',
      ...more,
    ],
    {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: childEnvironment(),
    },
  );
  child.stdin?.on('error', () => undefined);
  child.stderr
    ?.setEncoding('utf8')
    .on('data', (text: string) => log.warn({ text: text.slice(0, 2000) }, 'bank simulator'));
  const port = await new Promise<number>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('the bank simulator does not start')), startMsMax);
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`the bank simulator ended with ${code}`)));
    createInterface({ input: child.stdout! }).once('line', (line) => {
      clearTimeout(timer);
      resolve((JSON.parse(line) as { port: number }).port);
    });
  }).catch((error: unknown) => {
    child.kill();
    throw error;
  });
  child.removeAllListeners('exit');
  return { child, port };
};

const simulatedBank = async (
  { home, simulatorArguments = [] }: BankSettings,
  today: () => string,
  log: Logger,
): Promise<Bank> => {
  const folder = join(home, 'bank');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  let stopping = false;
  let child: ChildProcess;
  let client: BankClient;
  let key: Buffer;
  let timer: NodeJS.Timeout | undefined;

  const start = async (): Promise<void> => {
    const started = await launch(folder, today(), simulatorArguments, log);
    child = started.child;
    key = Buffer.from((await readFile(join(folder, 'bank.key'), 'utf8')).trim(), 'hex');
    client = bankClient({ url: `http://127.0.0.1:${started.port}`, key });
    child.once('exit', (code, signal) => {
      if (stopping) return;
      log.warn({ code, signal }, 'the bank simulator ended; it is started again');
      restart(restartMsMin);
    });
    if (stopping) child.kill();
  };
  const restart = (waitMs: number): void => {
    timer = setTimeout(() => {
      start().catch((error) => {
        log.error({ err: error }, 'the bank simulator does not start');
        if (!stopping) restart(Math.min(waitMs * 2, restartMsMax));
      });
    }, waitMs);
  };
  await start();
  return {
    simulator: true,
    client: () => client,
    key: () => key,
    pid: () => child.pid,
    stop: async () => {
      stopping = true;
      clearTimeout(timer);
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
      // End of its stdin asks it to leave in good order.
      child.stdin?.end();
      const late = setTimeout(() => child.kill('SIGKILL'), 5_000);
      await ended;
      clearTimeout(late);
    },
  };
};

/** `today`: the business day of the node's clock, before which a simulated calendar may not begin. */
export const startBank = (settings: BankSettings, today: () => string, log: Logger): Promise<Bank> =>
  settings.url ? Promise.resolve(remoteBank(settings)) : simulatedBank(settings, today, log);
