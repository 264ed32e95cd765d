import { type ChildProcess, fork } from 'node:child_process';
import { constants, setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import { ChildError, type ChildFault } from './error.ts';
import { type ChildMessage, type JobMessage, memoryFault } from './serve.ts';

/** DuckDB and fonts live outside the V8 heap: the resident limit is the heap limit plus this room, MB. */
const nativeMemoryRoomMB = 256;
const errorTextMax = 4_000;

/**
 * The whole environment of a child. Database URLs, sealing passwords and keys of the server sit in its environment, and a
 * parser of foreign files must not hold them.
 */
export function childEnvironment(): NodeJS.ProcessEnv {
  const environment: NodeJS.ProcessEnv = { LANG: 'C.UTF-8', TZ: 'UTC', SHUGU_CHILD: '1' };
  for (const name of ['TMPDIR', 'SystemRoot', 'NODE_COMPILE_CACHE']) {
    const value = process.env[name];
    if (value !== undefined) environment[name] = value;
  }
  return environment;
}

export interface JobHooks {
  timeLimitMs: number;
  onProgress?: ((progress: unknown) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** One live process with at most one job in hand. */
export interface Worker {
  run(input: unknown, hooks: JobHooks): Promise<unknown>;
  end(): void;
  readonly ended: boolean;
  readonly pid: number | undefined;
}

export function startWorker(script: URL, memoryLimitMB: number): Worker {
  const child = fork(fileURLToPath(script), [], {
    execPath: process.execPath,
    execArgv: [`--max-old-space-size=${memoryLimitMB}`, '--disable-warning=ExperimentalWarning'],
    env: childEnvironment(),
    // Structured clone, so that bytes (a PDF) come back as bytes.
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  yieldProcessorTo(child);
  let errorText = '';
  let ended = false;
  let serial = 0;
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    errorText = (errorText + text).slice(-errorTextMax);
  });
  child.once('exit', () => {
    ended = true;
  });
  child.once('error', () => {
    ended = true;
  });
  const end = () => {
    ended = true;
    child.kill('SIGKILL');
  };
  return {
    get ended() {
      return ended;
    },
    pid: child.pid,
    end,
    run(input, hooks) {
      serial += 1;
      const message: JobMessage = { id: serial, input, residentMemoryMaxMB: memoryLimitMB + nativeMemoryRoomMB };
      return oneJob(child, message, hooks, () => exitFault(errorText, memoryLimitMB, child), end);
    },
  };
}

function oneJob(child: ChildProcess, job: JobMessage, hooks: JobHooks, whyExited: () => ChildFault, end: () => void) {
  return new Promise<unknown>((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      hooks.signal?.removeEventListener('abort', cancelled);
      child.off('message', received);
      // 'close' and not 'exit': only then is the error text complete.
      child.off('close', exited);
      child.off('error', failed);
    };
    const refuse = (fault: ChildFault) => {
      stop();
      reject(new ChildError(fault));
    };
    const received = (message: ChildMessage) => {
      if (message.id !== job.id) return;
      if (message.type === 'progress') return hooks.onProgress?.(message.progress);
      if (message.type === 'fault') return refuse(message.fault);
      stop();
      resolve(message.result);
    };
    const exited = () => refuse(whyExited());
    const failed = (error: Error) => {
      end();
      refuse({
        code: 'child.failed',
        zh: '无法启动处理进程',
        en: 'The job process could not be used',
        details: { text: error.message },
      });
    };
    const cancelled = () => {
      end();
      refuse(cancelledFault);
    };
    const timer = setTimeout(() => {
      end();
      refuse(timeFault(hooks.timeLimitMs));
    }, hooks.timeLimitMs);
    if (hooks.signal?.aborted) return cancelled();
    hooks.signal?.addEventListener('abort', cancelled, { once: true });
    child.on('message', received);
    child.once('close', exited);
    child.once('error', failed);
    child.send(job, (error) => {
      if (error && error.message !== 'Channel closed') failed(error);
    });
  });
}

export const cancelledFault: ChildFault = { code: 'child.cancelled', zh: '处理已取消', en: 'The job was cancelled' };

function timeFault(timeLimitMs: number): ChildFault {
  return {
    code: 'child.time-out',
    zh: `处理超过时限 ${timeLimitMs} 毫秒，已中止`,
    en: `The job took longer than its limit of ${timeLimitMs} ms and was stopped`,
    details: { timeLimitMs },
  };
}

function exitFault(errorText: string, memoryLimitMB: number, child: ChildProcess): ChildFault {
  // V8 has no other sign of a full heap than this line and SIGABRT.
  if (/heap out of memory|Reached heap limit/.test(errorText)) return memoryFault(memoryLimitMB);
  const details = { exitCode: child.exitCode, signal: child.signalCode, text: errorText.trim().slice(-500) };
  return { code: 'child.exited', zh: '处理进程意外退出', en: 'The job process ended unexpectedly', details };
}

/** Requests go first: a long import must not slow the answers of the server on the same cores. */
function yieldProcessorTo(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    setPriority(child.pid, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // Not permitted on some systems, or the process has already gone: then it runs at the usual priority.
  }
}
