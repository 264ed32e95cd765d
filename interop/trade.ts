/** The folder of a whole trade, walked once per suite by the command line as anyone would, and kept for all checks of a run. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { runProgram } from './check.ts';

export const root = resolve(import.meta.dirname, '..');
const commandLine = join(root, 'apps/cli/src/main.ts');
const tradeSecondsMax = 180;

export interface Trade {
  folder: string;
  files: { kind: string; path: string }[];
}

const trades = new Map<string, Promise<Trade>>();
const folders: string[] = [];

const walk = async (suite: 'intl' | 'sm'): Promise<Trade> => {
  const folder = await mkdtemp(join(tmpdir(), `shugu-interop-${suite}-`));
  folders.push(folder);
  const ran = await runProgram(process.execPath, [commandLine, 'trade', '--json', '--out', folder, '--suite', suite], {
    seconds: tradeSecondsMax,
  });
  const said = JSON.parse(ran.stdout.trim().split('\n').at(-1) || '{}') as {
    ok?: boolean;
    files?: { kind: string; path: string }[];
  };
  if (ran.code !== 0 || !said.ok)
    throw new Error(`the trade did not hold (${ran.code}): ${ran.stderr.slice(-2000)}${ran.stdout.slice(-2000)}`);
  return { folder, files: (said.files ?? []).map(({ kind, path }) => ({ kind, path: resolve(folder, path) })) };
};

export const tradeIn = (suite: 'intl' | 'sm'): Promise<Trade> => {
  const before = trades.get(suite);
  if (before) return before;
  const walked = walk(suite);
  trades.set(suite, walked);
  return walked;
};

export const endTrades = async (): Promise<void> => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
};
