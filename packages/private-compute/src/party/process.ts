/** A party as a process of its own: one JSON job on standard input, JSON lines on standard output. See `startParty`. */
import { flushCompileCache } from 'node:module';
import { ComputeError } from '../problem.ts';
import { playShares } from '../shares/play.ts';
import { playParty } from './play.ts';
import { type AnyJob, isShares } from './start.ts';

const tell = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

const readJob = async (): Promise<AnyJob> => {
  const parts: Buffer[] = [];
  for await (const part of process.stdin) parts.push(part as Buffer);
  return JSON.parse(Buffer.concat(parts).toString()) as AnyJob;
};

// Who started it may end it as soon as it has told its result, before it would keep what it compiled.
flushCompileCache();
try {
  const job = await readJob();
  const begun = performance.now();
  const listening = (port: number) => tell({ port });
  const met = () => tell({ met: true });
  const report = isShares(job) ? await playShares(job, listening, met) : await playParty(job, listening, met);
  const { user, system } = process.cpuUsage();
  tell({
    report,
    cost: {
      milliseconds: Math.round(performance.now() - begun),
      cpuSeconds: Math.round((user + system) / 10_000) / 100,
      // Node tells kilobytes.
      peakBytes: process.resourceUsage().maxRSS * 1024,
    },
  });
} catch (error) {
  const known = error instanceof ComputeError;
  tell({ fault: { code: known ? error.code : 'compute.failed', message: (error as Error).message } });
  process.exitCode = 1;
}
