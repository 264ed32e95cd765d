import { type ChildProcess, spawn } from 'node:child_process';
import { getCompileCacheDir } from 'node:module';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { ComputeError, type ComputeFault } from '../problem.ts';
import type { SharesJob, SharesReport } from '../shares/play.ts';
import type { PartyJob, PartyReport } from './play.ts';

export type AnyJob = PartyJob | SharesJob;
type ReportOf<Job extends AnyJob> = Job extends SharesJob ? SharesReport : PartyReport;

export const isShares = (job: AnyJob): job is SharesJob => job.terms.mode === 'shares';

export interface PartyCost {
  milliseconds: number;
  /** Of the whole process, its start included. */
  cpuSeconds: number;
  peakBytes: number;
}

export interface PartyOutcome<Report = PartyReport> {
  report: Report;
  cost: PartyCost;
}

export interface StartedParty<Report = PartyReport> {
  child: ChildProcess;
  /** Of a party that others come to. */
  port: Promise<number>;
  outcome: Promise<PartyOutcome<Report>>;
  /** Whether all had met: before that no table is read. */
  hasMet(): boolean;
}

interface Line<Report> {
  port?: number;
  met?: true;
  report?: Report;
  cost?: PartyCost;
  fault?: { code: string; message: string };
}

/** Parties of one machine start one after the other, and a busy one takes its time for each. */
export const meetHereMs = 240_000;

/**
 * Starts a party as a process that shares nothing with this one but the job it is given, in an environment that says nothing but where
 * compiled code is kept. `within` is what to put before the command, as of a network of its own. Its outcome fails with the party's own reason, or `compute.peerGone` where it died.
 */
export const startParty = <Job extends AnyJob>(
  job: Job,
  within: readonly string[] = [],
): StartedParty<ReportOf<Job>> => {
  const compiled = getCompileCacheDir();
  const words = [...within, process.execPath, fileURLToPath(new URL('./process.ts', import.meta.url))];
  const child = spawn(words[0]!, words.slice(1), {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: compiled === undefined ? {} : { NODE_COMPILE_CACHE: dirname(compiled) },
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(JSON.stringify(job));
  const lines = createInterface({ input: child.stdout });
  const port = Promise.withResolvers<number>();
  const outcome = Promise.withResolvers<PartyOutcome<ReportOf<Job>>>();
  let met = false;
  port.promise.catch(() => undefined);
  outcome.promise.catch(() => undefined);
  lines.on('line', (text) => {
    const line = JSON.parse(text) as Line<ReportOf<Job>>;
    if (line.port !== undefined) port.resolve(line.port);
    if (line.met) met = true;
    if (line.report && line.cost) outcome.resolve({ report: line.report, cost: line.cost });
    if (line.fault) fail(new ComputeError(line.fault.code as ComputeFault, line.fault.message));
  });
  const fail = (error: Error): void => {
    port.reject(error);
    outcome.reject(error);
  };
  child.once('error', fail);
  child.once('close', () => fail(new ComputeError('compute.peerGone', `the process of party ${job.role} ended`)));
  return { child, port: port.promise, outcome: outcome.promise, hasMet: () => met };
};
