import { ChildError } from '../child/error.ts';
import { warmChild } from '../child/run.ts';
import { type Paper, paperLimits, type RenderedPaper } from './paper.ts';

export interface Press {
  /** Prints papers in order. Rejects with ChildError paper.limit, paper.invalid or a child.* code; then none is printed. */
  print(papers: Paper[], signal?: AbortSignal): Promise<RenderedPaper[]>;
  end(): void;
}

export interface PressOptions {
  /** The process with the 10 MB font is given up after this much idle time. */
  idleMs: number;
  timeLimitMs: number;
}

export const pressOptions: PressOptions = { idleMs: 30_000, timeLimitMs: 60_000 };

/** PDF papers from one warm child process: its start is paid once in a busy minute, not once a trade. */
export function createPress(options: PressOptions = pressOptions): Press {
  const script = new URL('./paper.child.ts', import.meta.url);
  const child = warmChild({ script, memoryLimitMB: 192, idleMs: options.idleMs, queueMax: 200 });
  return {
    end: child.end,
    async print(papers, signal) {
      if (papers.length > paperLimits.papersPerBatchMax) {
        throw new ChildError({
          code: 'paper.limit',
          zh: `一次最多生成 ${paperLimits.papersPerBatchMax} 份文书`,
          en: `At most ${paperLimits.papersPerBatchMax} papers at once`,
          details: { field: 'papers', count: papers.length, max: paperLimits.papersPerBatchMax },
        });
      }
      return child.run<RenderedPaper[]>(papers, { timeLimitMs: options.timeLimitMs, signal });
    },
  };
}
