/** What went wrong in or around a child process: a stable code and one sentence in each language, ready for a problem document. */
export interface ChildFault {
  code: string;
  zh: string;
  en: string;
  /** Structured facts (row, column, limit …); plain JSON only, since it crosses a process border. */
  details?: unknown;
}

/** Thrown inside a child to answer with a structured fault, and thrown by the runner in the parent when a child answers so. */
export class ChildError extends Error {
  readonly code: string;
  readonly zh: string;
  readonly en: string;
  readonly details: unknown;

  constructor(fault: ChildFault) {
    super(fault.en);
    this.name = 'ChildError';
    this.code = fault.code;
    this.zh = fault.zh;
    this.en = fault.en;
    this.details = fault.details;
  }
}

export function faultOf(error: unknown): ChildFault {
  if (error instanceof ChildError) return { code: error.code, zh: error.zh, en: error.en, details: error.details };
  const text = error instanceof Error ? error.message : String(error);
  return {
    code: 'child.failed',
    zh: '处理过程出错，未产生结果',
    en: 'The job failed and left no result',
    details: { text },
  };
}
