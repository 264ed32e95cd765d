import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import { getCompileCacheDir } from 'node:module';
import { constants } from 'node:os';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { FRAME, type Frame, readFrames } from './frames.ts';
import { type ChildRequest, type Fault, MEMORY_EXIT, type Setup } from './protocol.ts';
import { NO_SANDBOX, SANDBOX_LIMITS, type Sandbox, startLimited, startSandboxed } from './sandbox.ts';

/** How a query ended when it did not answer. `crashed`: the process went; `stopped`: whoever asked has gone. */
export class QueryEnded extends Error {
  readonly code: Fault['code'] | 'crashed' | 'stopped';
  constructor(code: QueryEnded['code'], text = '') {
    super(text || code);
    this.code = code;
  }
}

const SETUP_SECONDS = 20;
/** Beyond the time a query may take: then the interrupt has not helped, and the process is ended. */
const GRACE_SECONDS = 2;
const HEAP_MB = 256;
const KEEPER_MB = 64;
const ABORTED_EXIT = 128 + constants.signals.SIGABRT;

interface ProcessBounds {
  sandbox?: Sandbox;
  reads?: readonly string[];
  dataBytes?: number;
}

/** One query process. Its files, filters and masks are fixed with the setup: it serves one contract as long as it lives. */
export class QueryProcess {
  readonly scope: string;
  private readonly child: ChildProcess;
  private readonly frames: AsyncGenerator<Frame>;
  ended = false;

  /**
   * `reads`: the files that it is let read where there is a sandbox. Without one its engine's own locks hold alone. `dataBytes`: of memory
   * that it may write, by the kernel.
   */
  constructor(
    script: URL,
    scope: string,
    folder: string,
    { sandbox = NO_SANDBOX, reads = [], dataBytes }: ProcessBounds = {},
  ) {
    this.scope = scope;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    // Nothing of the server's environment but where compiled code is kept: database addresses and passwords stand in it.
    const compiled = getCompileCacheDir();
    const node = [`--max-old-space-size=${HEAP_MB}`, '--disable-warning=ExperimentalWarning', fileURLToPath(script)];
    const as = {
      env: { LANG: 'C.UTF-8', TZ: 'UTC', ...(compiled && { NODE_COMPILE_CACHE: dirname(compiled) }) },
      serialization: 'advanced' as const,
    };
    const stdio = ['ignore', 'ignore', 'ignore', 'ipc', 'pipe'] as const;
    this.child =
      sandbox.kind === 'none'
        ? startLimited(node, dataBytes, { ...as, stdio: [...stdio] })
        : startSandboxed(sandbox, node, {
            ...as,
            stdio,
            reads: [...reads, ...(compiled ? [dirname(compiled)] : [])],
            limits: { ...SANDBOX_LIMITS, ...(dataBytes !== undefined && { dataBytes }) },
          });
    const gone = () => {
      this.ended = true;
      rmSync(folder, { recursive: true, force: true });
    };
    this.child.once('exit', gone);
    this.child.once('error', gone);
    // A process that has gone makes the pipe fail; whoever reads the frames is told by their end.
    this.child.on('error', () => undefined);
    this.frames = readFrames(this.child.stdio[4] as Readable);
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  async setUp(setup: Setup): Promise<void> {
    this.send(setup);
    await this.next(SETUP_SECONDS);
  }

  send(message: Setup | ChildRequest): void {
    if (!this.ended) this.child.send(message, () => undefined);
  }

  /** The next frame, or QueryEnded: with the process's fault, its end, or after the time that it may take at most. */
  async next(seconds: number): Promise<Frame> {
    let late = false;
    const timer = setTimeout(
      () => {
        late = true;
        this.end();
      },
      (seconds + GRACE_SECONDS) * 1000,
    );
    try {
      const { value, done } = await this.frames.next().catch(() => ({ value: undefined, done: true as const }));
      if (done || !value) throw late ? new QueryEnded('time') : await this.whyGone();
      if (value.kind !== FRAME.fault) return value;
      const { code, text } = JSON.parse(value.bytes.toString()) as Fault;
      throw new QueryEnded(code, text);
    } finally {
      clearTimeout(timer);
    }
  }

  end(): void {
    this.ended = true;
    this.child.kill('SIGKILL');
  }

  private async whyGone(): Promise<QueryEnded> {
    if (this.child.exitCode === null && this.child.signalCode === null)
      await Promise.race([once(this.child, 'exit'), new Promise((resolve) => setTimeout(resolve, 1000).unref())]);
    const { exitCode, signalCode } = this.child;
    // Node and the engine's library abort where they get no more of it; bubblewrap tells its child's signal as a code.
    const isMemory = exitCode === MEMORY_EXIT || exitCode === ABORTED_EXIT || signalCode === 'SIGABRT';
    return new QueryEnded(isMemory ? 'memory' : 'crashed');
  }
}

let keeping = false;

/**
 * Those in a sandbox may read what is kept of compiled code and cannot add to it: one outside, which is given no data, does so for all, once
 * in this program's life. It ends by itself.
 */
export function keepCompiled(script: URL, folder: string): QueryProcess | undefined {
  if (keeping || !getCompileCacheDir()) return undefined;
  keeping = true;
  const keeper = new QueryProcess(script, 'compiled', folder);
  // Whatever goes wrong: the others start without it.
  const done = keeper.setUp({ kind: 'gate', tables: [], memoryMB: KEEPER_MB }).catch(() => undefined);
  void done.then(() => keeper.end());
  return keeper;
}
