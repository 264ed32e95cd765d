/**
 * One whole trade by the command line, from an empty folder to the last bundle verified:
 *
 *   npm run bench -- trade --json
 *
 * The peer in the same run is what cannot be left out: a server started with an empty database and ended.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startTemporary } from '../apps/cli/src/server.ts';

const limit = { secondsAbout: 10 };
const secondsMax = 120;

interface Answer {
  ok: boolean;
  steps: { name: string; ms: number }[];
  failure?: string;
}

const walk = async (suite: string): Promise<{ seconds: number; steps: Record<string, number> }> => {
  const folder = await mkdtemp(join(tmpdir(), 'shugu-bench-'));
  try {
    const begun = performance.now();
    const program = join(import.meta.dirname, '../apps/cli/src/main.ts');
    const child = spawn(process.execPath, [program, 'trade', '--json', '--suite', suite, '--out', folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
      timeout: secondsMax * 1000,
    });
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      said += chunk;
    });
    await new Promise((resolve, reject) => child.on('close', resolve).on('error', reject));
    const seconds = (performance.now() - begun) / 1000;
    const { ok, steps, failure } = JSON.parse(said.trim().split('\n').at(-1) || '{}') as Answer;
    if (!ok) throw new Error(`the trade did not hold: ${failure}`);
    return {
      seconds: Math.round(seconds * 10) / 10,
      steps: Object.fromEntries(steps.map(({ name, ms }) => [name, Math.round(ms)])),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

const startAndEnd = async (): Promise<number> => {
  const begun = performance.now();
  await (await startTemporary()).end();
  return (performance.now() - begun) / 1000;
};

export const run = async (): Promise<object> => {
  const [intl, sm, empty] = [await walk('intl'), await walk('sm'), await startAndEnd()];
  const round = (value: number) => Math.round(value * 100) / 100;
  return {
    bench: 'trade',
    limit,
    seconds: { intl: intl.seconds, sm: sm.seconds, startAndEnd: round(empty) },
    stepMilliseconds: intl.steps,
    ratios: {
      toLimit: round(intl.seconds / limit.secondsAbout),
      smToIntl: round(sm.seconds / intl.seconds),
      toStartAndEnd: round(intl.seconds / empty),
    },
  };
};
