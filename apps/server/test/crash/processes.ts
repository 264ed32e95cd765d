/** The exchange as a program of its own, and how to end its parts without warning. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface Running {
  url: string;
  child: ChildProcess;
  /** Ends the server as the operator would. */
  stop(): Promise<void>;
}

export interface RunOptions {
  home: string;
  port: number;
  /** Test-only weakness of the database, to show that the suite turns red. */
  sabotage?: 'late_commit';
  /** Settings besides. */
  settings?: Record<string, string>;
}

const program = join(import.meta.dirname, '../../src/main.ts');
const readyMilliseconds = 60_000;

export const runServer = async ({ home, port, sabotage, settings }: RunOptions): Promise<Running> => {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program], {
    env: {
      PATH: process.env.PATH,
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
      SHUGU_HOME: home,
      SHUGU_PORT: String(port),
      SHUGU_CLOCK: '2026-07-01T09:00:00+08:00',
      SHUGU_LOG_LEVEL: 'error',
      SHUGU_LOG_DELAY_SECONDS: '1',
      SHUGU_COMMITMENT_SECONDS: '1',
      SHUGU_REQUESTS_PER_SECOND: '100000',
      SHUGU_LOGIN_TRIES: '1000',
      ...settings,
      ...(sabotage ? { SHUGU_TEST_SABOTAGE: sabotage } : {}),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const url = await new Promise<string>((done, failed) => {
    const timer = setTimeout(() => {
      // It would keep the folder from the next one.
      child.kill('SIGKILL');
      failed(new Error('the server did not get ready'));
    }, readyMilliseconds);
    createInterface({ input: child.stdout! }).once('line', (line) => {
      clearTimeout(timer);
      done((JSON.parse(line) as { url: string }).url);
    });
    child.once('exit', (code) => {
      clearTimeout(timer);
      failed(new Error(`the server ended with ${code} before it was ready`));
    });
  });
  const exited = new Promise<void>((done) => void child.once('exit', () => done()));
  return {
    url,
    child,
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
    },
  };
};

const parentOf = (pid: string): number => {
  try {
    return Number(/\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1]);
  } catch {
    return -1;
  }
};

/** Pid of the bank simulator that this server started. */
export const bankPid = (server: number): number | undefined =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && parentOf(name) === server)
    .map(Number)
    .find((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('apps/bank/');
      } catch {
        return false;
      }
    });

export const databasePid = (home: string): number | undefined => {
  try {
    return Number(readFileSync(join(home, 'postgres/cluster-18/postmaster.pid'), 'utf8').split('\n')[0]);
  } catch {
    return undefined;
  }
};

/** kill -9: nothing gets a chance to tidy up. */
export const strike = (pid: number | undefined): boolean => {
  if (!pid) return false;
  try {
    process.kill(pid, 'SIGKILL');
    return true;
  } catch {
    return false;
  }
};

export const ended = (child: ChildProcess): Promise<void> =>
  child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve()
    : new Promise((done) => void child.once('exit', () => done()));

/** Restarts keep one port, so that whoever trades on needs no new address. */
export const freePort = (): Promise<number> =>
  new Promise((done, failed) => {
    const probe = createServer();
    probe.once('error', failed);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => done(port));
    });
  });
