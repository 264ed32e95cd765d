/** Processes of a network's nodes: each with a folder, database and keys of its own, on a free port of loopback. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { simulatedStart } from '../server.ts';
import type { PlannedNode } from './plan.ts';

export interface NodeProcess {
  url: string;
  setupToken: string;
  pid: number;
  /** Its log, warnings and worse. */
  log: string;
  /** Resolves with the exit code, whenever and however it ends. */
  ended: Promise<number | null>;
  stop(): Promise<void>;
}

const program = join(import.meta.dirname, '../../../server/src/main.ts');
// As the launcher starts an exchange: a small young generation, since one of many at rest should take little.
const frugal = ['--max-semi-space-size=4', '--max-old-space-size=512', '--disable-warning=ExperimentalWarning'];
const stopMillisecondsMax = 30_000;

/** Nothing that the caller has set for an exchange of his own reaches a node of the network. */
const environment = (own: Record<string, string>): NodeJS.ProcessEnv => ({
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('SHUGU_'))),
  ...own,
});

const untilReady = (child: ChildProcess, log: string): Promise<{ url: string }> =>
  new Promise((done, failed) => {
    child.once('error', failed);
    child.once('exit', (code) => failed(new Error(`a node ended with ${code} before it was ready; see ${log}`)));
    createInterface({ input: child.stdout! }).once('line', (line) => done(JSON.parse(line)));
  });

const spawnNode = (home: string, log: string, node: PlannedNode, settings: Record<string, string>): ChildProcess => {
  const sink = openSync(log, 'a');
  try {
    const child = spawn(process.execPath, [...frugal, program, '--stdin-guard'], {
      stdio: ['pipe', 'pipe', sink],
      env: environment({
        SHUGU_HOME: home,
        SHUGU_PORT: '0',
        SHUGU_NODE: node.key,
        SHUGU_NODE_KIND: node.kind,
        SHUGU_SUITE: node.suite ?? 'intl',
        SHUGU_CLOCK: simulatedStart,
        SHUGU_PRIVATE_NODES: '127.0.0.1',
        SHUGU_PRIVATE_CONNECTORS: '127.0.0.1',
        SHUGU_LOG_LEVEL: 'warn',
        SHUGU_COMMITMENT_SECONDS: '2',
        SHUGU_HEARTBEAT_SECONDS: '5',
        SHUGU_REQUESTS_PER_SECOND: '10000',
        ...settings,
      }),
    });
    child.stdin!.on('error', () => undefined);
    return child;
  } finally {
    closeSync(sink);
  }
};

/** Below those that systems give to whoever asks for any, so that nobody is given it before its node listens. */
const ownPorts = { first: 20_000, count: 10_000 } as const;

const canListen = (port: number): Promise<boolean> =>
  new Promise((done) => {
    const server = createServer();
    server.once('error', () => done(false));
    server.listen(port, '127.0.0.1', () => server.close(() => done(true)));
  });

export const freePort = async (): Promise<number> => {
  for (;;) {
    const port = ownPorts.first + randomInt(ownPorts.count);
    if (await canListen(port)) return port;
  }
};

export interface Processes {
  start(node: PlannedNode, settings?: Record<string, string>): Promise<NodeProcess>;
  /** Also what is only being started; nothing can be started any more. */
  stop(): Promise<void>;
}

/** `common`: settings of every node that differ from those of the demo. */
export const makeProcesses = (folder: string, common: Record<string, string> = {}): Processes => {
  const stops: (() => Promise<void>)[] = [];
  let stopping = false;
  return {
    start: async (node, settings = {}) => {
      if (stopping) throw new Error('the network is being stopped');
      const home = join(folder, node.key);
      mkdirSync(home, { recursive: true });
      const log = join(home, 'log');
      const child = spawnNode(home, log, node, { ...common, ...settings });
      const ended = new Promise<number | null>((done) => child.once('close', done));
      const stop = async (): Promise<void> => {
        // A process that stands still hears nothing.
        child.kill('SIGCONT');
        child.stdin!.end();
        const late = setTimeout(() => child.kill('SIGKILL'), stopMillisecondsMax);
        await ended;
        clearTimeout(late);
      };
      stops.push(stop);
      const { url } = await untilReady(child, log);
      const setupToken = (await readFile(join(home, 'setup.token'), 'utf8')).trim();
      return { url, setupToken, pid: child.pid!, log, ended, stop };
    },
    stop: async () => {
      stopping = true;
      await Promise.all(stops.map((stop) => stop()));
    },
  };
};
