/**
 * What a node costs while nobody asks it anything: CPU time of the server, of the bank's simulator and of its own PostgreSQL, for a
 * minute, in percent of one core. SHUGU_BENCH_PROFILES names a folder for a CPU profile of the server. No peer is started for it.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { cpuSeconds, ownCpuSeconds } from './proxies.ts';

const program = join(import.meta.dirname, '../apps/server/src/main.ts');
// About a minute after its start V8 collects everything once, for half a second and more, to give back what the start took.
const settleSeconds = Number(process.env.SHUGU_BENCH_SETTLE ?? 100);
const measuredSeconds = Number(process.env.SHUGU_BENCH_SECONDS ?? 60);

export const run = async (): Promise<object> => {
  const home = mkdtempSync(join(tmpdir(), 'shugu-rest-'));
  const profiles = process.env.SHUGU_BENCH_PROFILES;
  const server = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      ...(profiles ? ['--cpu-prof', `--cpu-prof-dir=${profiles}`] : []),
      program,
    ],
    {
      env: { PATH: process.env.PATH, SHUGU_HOME: home, SHUGU_PORT: '0', SHUGU_LOG_LEVEL: 'error' },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  try {
    await once(createInterface({ input: server.stdout! }), 'line');
    const database = Number(readFileSync(join(home, 'postgres/cluster-18/postmaster.pid'), 'utf8').split('\n')[0]);
    const costs = () => ({
      server: ownCpuSeconds(server.pid!),
      database: cpuSeconds(database),
      all: cpuSeconds(server.pid!),
    });
    await pause(settleSeconds * 1000);
    const [before, begun] = [costs(), performance.now()];
    await pause(measuredSeconds * 1000);
    const [after, seconds] = [costs(), (performance.now() - begun) / 1000];
    const percent = (of: keyof typeof after) => Math.round(((after[of] - before[of]) / seconds) * 1e4) / 100;
    return {
      bench: 'rest',
      seconds: Math.round(seconds),
      percentOfACore: { server: percent('server'), database: percent('database'), all: percent('all') },
    };
  } finally {
    server.kill('SIGTERM');
    await once(server, 'exit');
    rmSync(home, { recursive: true, force: true, maxRetries: 3 });
  }
};
