/** Prometheus metrics of the process, of every route, and of what waits for a person. */
import type { Tracing } from '@shugu/gateway';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Clock } from './clock.ts';
import type { Reader } from './db/db.ts';
import { countDeadJobs } from './jobs.ts';
import { countStalled } from './stalled.ts';

// Without a database there is no number; the other metrics still have theirs.
const orNothing = <T>(work: Promise<T>): Promise<T | undefined> => work.catch(() => undefined);

const watchWork = (registry: Registry, read: Reader): void => {
  new Gauge({
    name: 'shugu_stalled_events',
    help: 'Events that a consumer could not handle in their turn; dead ones wait for a person',
    labelNames: ['state'],
    registers: [registry],
    async collect() {
      this.reset();
      for (const [state, count] of Object.entries((await orNothing(countStalled(read))) ?? {}))
        this.set({ state }, count);
    },
  });
  new Gauge({
    name: 'shugu_jobs_dead',
    help: 'Jobs that gave up and wait for a person',
    registers: [registry],
    async collect() {
      this.set((await orNothing(countDeadJobs(read))) ?? Number.NaN);
    },
  });
};

const watchClock = (registry: Registry, clock: Clock): void => {
  new Gauge({
    name: 'shugu_clock_behind_seconds',
    help: 'How far the host’s time lies behind the node’s, which stands still meanwhile',
    registers: [registry],
    collect() {
      this.set(clock.behindSeconds());
    },
  });
};

const watchStamps = (registry: Registry, unstampedSeconds: () => Promise<number>): void => {
  new Gauge({
    name: 'shugu_log_unstamped_seconds',
    help: 'Age of the first checkpoint that no outside time stamp covers; 0 when all are covered',
    registers: [registry],
    async collect() {
      this.set((await orNothing(unstampedSeconds())) ?? Number.NaN);
    },
  });
};

const watchTraces = (registry: Registry, counts: Tracing['counts']): void => {
  new Gauge({
    name: 'shugu_traces_spans',
    help: 'Spans that the collector took, those that were dropped, and those that wait, since the start',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      for (const [state, count] of Object.entries(counts())) this.set({ state }, count);
    },
  });
};

/** Between two looks at how late the event loop is. */
const loopMilliseconds = 100;

/** `unstampedSeconds`: where a time stamping authority is configured; `spans`: where a collector of traces is. */
export const makeMetrics = (
  read: Reader,
  clock: Clock,
  unstampedSeconds?: () => Promise<number>,
  spans?: Tracing['counts'],
) => {
  const registry = new Registry();
  const answers = new Counter({
    name: 'shugu_http_answers_total',
    help: 'Answers by endpoint and status',
    labelNames: ['endpoint', 'status'],
    registers: [registry],
  });
  const seconds = new Histogram({
    name: 'shugu_http_seconds',
    help: 'Time to answer by endpoint',
    labelNames: ['endpoint'],
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    registers: [registry],
  });
  watchWork(registry, read);
  watchClock(registry, clock);
  if (unstampedSeconds) watchStamps(registry, unstampedSeconds);
  if (spans) watchTraces(registry, spans);
  const pruned = new Counter({
    name: 'shugu_pruned_rows_total',
    help: 'Rows that went when the time to keep them was over, by table',
    labelNames: ['table'],
    registers: [registry],
  });
  let watched = false;
  return {
    registry,
    /** What a scraper is told. Watching the event loop wakes the process all the time, so it begins with the first who asks. */
    text: (): Promise<string> => {
      if (!watched) collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: loopMilliseconds });
      watched = true;
      return registry.metrics();
    },
    onPruned: (table: string, rows: number) => pruned.inc({ table }, rows),
    onAnswer: (endpoint: string, status: number, duration: number) => {
      answers.inc({ endpoint, status: String(status) });
      seconds.observe({ endpoint }, duration);
    },
  };
};
