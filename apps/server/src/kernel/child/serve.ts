import { flushCompileCache } from 'node:module';
import { type ChildFault, faultOf } from './error.ts';

/** What the parent sends: one job. A one-shot child gets exactly one, a warm child several, one after another. */
export interface JobMessage {
  id: number;
  input: unknown;
  /** Resident memory at which the child gives up by itself, MB. The V8 heap flag does not bind native code such as DuckDB. */
  residentMemoryMaxMB: number;
}
export type ChildMessage =
  | { id: number; type: 'progress'; progress: unknown }
  | { id: number; type: 'result'; result: unknown }
  | { id: number; type: 'fault'; fault: ChildFault };

export interface ChildContext {
  /** Tells the parent how far the job is; plain JSON. Sent at most every 100 ms, the rest is dropped. */
  progress(value: unknown): void;
}

const residentMemoryCheckMs = 200;
const progressIntervalMs = 100;

/**
 * The other end of `runChild`: a script calls this once with its job. The process ends when the parent goes away, so no
 * orphan keeps working after a crash of the server.
 */
export function serveChild<Input, Result>(job: (input: Input, context: ChildContext) => Promise<Result>): void {
  if (!process.send) throw new Error('This script is a child job; the server starts it.');
  process.once('disconnect', () => process.exit(1));
  // Its parent kills it when the job is done, before it would keep what it compiled.
  flushCompileCache();
  process.on('message', (message: JobMessage) => {
    void answer(job, message);
  });
}

async function answer<Input, Result>(
  job: (input: Input, context: ChildContext) => Promise<Result>,
  message: JobMessage,
) {
  const { id } = message;
  const watch = setInterval(() => {
    if (process.memoryUsage.rss() > message.residentMemoryMaxMB * 1024 * 1024) {
      const fault = memoryFault(message.residentMemoryMaxMB);
      send({ id, type: 'fault', fault }, () => process.exit(1));
    }
  }, residentMemoryCheckMs);
  watch.unref();
  let sentAt = Number.NEGATIVE_INFINITY;
  const context: ChildContext = {
    progress(progress) {
      const now = performance.now();
      if (now - sentAt < progressIntervalMs) return;
      sentAt = now;
      send({ id, type: 'progress', progress });
    },
  };
  try {
    const result = await job(message.input as Input, context);
    send({ id, type: 'result', result });
  } catch (error) {
    send({ id, type: 'fault', fault: faultOf(error) });
  } finally {
    clearInterval(watch);
  }
}

export function memoryFault(limitMB: number): ChildFault {
  return {
    code: 'child.memory',
    zh: `处理所需内存超过上限 ${limitMB} MB，已中止`,
    en: `The job needed more than its memory limit of ${limitMB} MB and was stopped`,
    details: { memoryLimitMB: limitMB },
  };
}

function send(message: ChildMessage, done?: () => void): void {
  // A parent that is gone cannot be told; the disconnect handler ends this process.
  process.send?.(message, undefined, undefined, () => done?.());
}
