/** An exchange of its own, started as people start it, with the demo data, on a free port and gone afterwards. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const startSecondsMax = 400;
const root = join(import.meta.dirname, '../../..');

export interface RunningExchange {
  url: string;
  end(): Promise<void>;
}

const ended = (child: ChildProcess): Promise<void> =>
  new Promise((done) => {
    if (child.exitCode !== null || child.signalCode !== null) done();
    else child.once('exit', () => done());
  });

export const startExchange = async (): Promise<RunningExchange> => {
  const home = await mkdtemp(join(tmpdir(), 'shugu-e2e-'));
  const child = spawn(
    process.execPath,
    [join(root, 'apps/cli/src/main.ts'), 'start', '--port', '0', '--home', home, '--lang=en'],
    {
      cwd: root,
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        ...process.env,
        SHUGU_REQUESTS_PER_SECOND: '10000',
        SHUGU_LOGIN_TRIES: '1000',
        // Connectors of the exchange's own members, which lie where it listens.
        SHUGU_PRIVATE_CONNECTORS: '127.0.0.1',
      },
    },
  );
  let said = '';
  const url = await new Promise<string>((found, fail) => {
    const timer = setTimeout(
      () => fail(new Error(`the exchange did not start in ${startSecondsMax} s:\n${said}`)),
      startSecondsMax * 1000,
    );
    child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      const address = /Portal: (http:\S+)/.exec(said)?.[1];
      if (address) {
        clearTimeout(timer);
        found(address);
      }
    });
    child.once('exit', (code) => {
      clearTimeout(timer);
      fail(new Error(`the exchange ended with ${code}:\n${said}`));
    });
  });
  return {
    url,
    end: async () => {
      child.kill('SIGTERM');
      await ended(child);
      await rm(home, { recursive: true, force: true });
    },
  };
};
