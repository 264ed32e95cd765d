import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process';
import { getCompileCacheDir } from 'node:module';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { ComputeError, type ComputeFault } from '../problem.ts';
import type { SharesJob, SharesReport } from '../shares/play.ts';
import type { Apart } from './apart.ts';
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

/** A busy machine takes its time until all of its parties have started. */
export const meetHereMs = 240_000;

/** A process that stands ready to be a party, and is none before it has a job. */
export interface ReadyParty {
  child: ChildProcess;
  begin<Job extends AnyJob>(job: Job): StartedParty<ReportOf<Job>>;
}

/**
 * Starts a process that shares nothing with this one but the job it will be given, in an environment that says nothing but where
 * compiled code is kept. `within` is what to put before the command, as of a network of its own.
 */
export const readyParty = (within: readonly string[] = []): ReadyParty => {
  const compiled = getCompileCacheDir();
  const words = [...within, process.execPath, fileURLToPath(new URL('./process.ts', import.meta.url))];
  const child = spawn(words[0]!, words.slice(1), {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: compiled === undefined ? {} : { NODE_COMPILE_CACHE: dirname(compiled) },
  });
  const end = Promise.withResolvers<Error | undefined>();
  child.once('error', end.resolve).once('close', () => end.resolve(undefined));
  child.stdin.on('error', () => undefined);
  return { child, begin: (job) => begun(child, end.promise, job) };
};

/** The same with its job at once. Its outcome fails with the party's own reason, or `compute.peerGone` where it died. */
export const startParty = <Job extends AnyJob>(job: Job): StartedParty<ReportOf<Job>> => readyParty().begin(job);

const begun = <Job extends AnyJob>(
  child: ChildProcessByStdio<Writable, Readable, null>,
  end: Promise<Error | undefined>,
  job: Job,
): StartedParty<ReportOf<Job>> => {
  child.stdin.end(JSON.stringify(job));
  const lines = createInterface({ input: child.stdout });
  const port = Promise.withResolvers<number>();
  const outcome = Promise.withResolvers<PartyOutcome<ReportOf<Job>>>();
  let met = false;
  port.promise.catch(() => undefined);
  outcome.promise.catch(() => undefined);
  const fail = (error: Error): void => {
    port.reject(error);
    outcome.reject(error);
  };
  lines.on('line', (text) => {
    const line = JSON.parse(text) as Line<ReportOf<Job>>;
    if (line.port !== undefined) port.resolve(line.port);
    if (line.met) met = true;
    if (line.report && line.cost) outcome.resolve({ report: line.report, cost: line.cost });
    if (line.fault) fail(new ComputeError(line.fault.code as ComputeFault, line.fault.message));
  });
  void end.then((error) =>
    fail(error ?? new ComputeError('compute.peerGone', `the process of party ${job.role} ended`)),
  );
  return { child, port: port.promise, outcome: outcome.promise, hasMet: () => met };
};

/** Those of one machine, all starting at once, so that none waits for another’s start. */
export const readyParties = (roles: readonly AnyJob['role'][], apart: Pick<Apart, 'within'> | undefined) => {
  const ready = new Map(roles.map((role) => [role, readyParty(apart?.within[role])]));
  return {
    begin: <Job extends AnyJob>(job: Job) => ready.get(job.role)!.begin(job),
    end(): void {
      for (const { child } of ready.values()) child.kill('SIGKILL');
    },
  };
};
