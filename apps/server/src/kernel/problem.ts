/**
 * One catalogue of problems (RFC 9457). A problem is expected: returned to the caller with a stable code, the field at
 * fault and what to do next. Everything else that is thrown is a defect and becomes `kernel.defect`.
 */
import type { ProblemBody, Text } from '@shugu/wire';

export interface ProblemDefinition {
  status: number;
  title: Text;
  /** What the caller can do next. */
  next: Text;
}

/** Words for a person stand in both languages; a bare string is a figure, a name or a code. */
export type Words = string | Text;

export interface FieldFault {
  field: string;
  code: string;
  message: Words;
}

export const inLanguage = (words: Words, language: 'zh' | 'en'): string =>
  typeof words === 'string' ? words : words[language];

export class Problem extends Error {
  readonly code: string;
  readonly definition: ProblemDefinition;
  readonly detail: Words;
  readonly errors: FieldFault[] | undefined;
  readonly headers: Record<string, string> | undefined;

  constructor(code: string, definition: ProblemDefinition, more: ProblemDetails = {}) {
    super(`${code}: ${inLanguage(more.detail ?? definition.title, 'en')}`);
    this.code = code;
    this.definition = definition;
    this.detail = more.detail ?? '';
    this.errors = more.field
      ? [{ field: more.field, code: code.split('.').at(-1)!, message: more.detail ?? definition.title }]
      : more.errors;
    this.headers = more.headers;
  }
}

export interface ProblemDetails {
  detail?: Words;
  /** JSON-pointer-like path of the one field at fault. */
  field?: string;
  errors?: FieldFault[];
  headers?: Record<string, string>;
}

const catalogue = new Map<string, ProblemDefinition>();

/**
 * Declares a room's problems; gives one maker per code: `throw problems.expired({ field: 'body.until' })`.
 * A code is declared once; the catalogue is served at /api/problems and a test holds it against the documents.
 */
export const defineProblems = <K extends string>(room: string, table: Record<K, ProblemDefinition>) => {
  const makers = {} as Record<K, (more?: ProblemDetails) => Problem>;
  for (const key of Object.keys(table) as K[]) {
    const code = `${room}.${key}`;
    catalogue.set(code, table[key]);
    makers[key] = (more) => new Problem(code, table[key], more);
  }
  return makers;
};

export const allProblems = (): [string, ProblemDefinition][] => [...catalogue].sort(([a], [b]) => a.localeCompare(b));

export const problemBody = (problem: Problem, language: 'zh' | 'en', requestId?: string): ProblemBody => {
  const { title, next, status } = problem.definition;
  return {
    type: `/problems/${problem.code}`,
    title: title[language],
    status,
    code: problem.code,
    detail: inLanguage(problem.detail, language),
    next: next[language],
    zh: { title: title.zh, next: next.zh },
    en: { title: title.en, next: next.en },
    ...(problem.errors
      ? { errors: problem.errors.map((fault) => ({ ...fault, message: inLanguage(fault.message, language) })) }
      : {}),
    ...(requestId ? { requestId } : {}),
  };
};

/** What of a problem is kept with the work that it ended, for whoever looks later and in either language. */
export interface FaultView {
  code: string;
  title: Text;
  next: Text;
}

export const faultView = ({ code, definition: { title, next }, detail }: Problem): FaultView => ({
  code,
  title:
    detail === ''
      ? title
      : { zh: `${title.zh}：${inLanguage(detail, 'zh')}`, en: `${title.en}: ${inLanguage(detail, 'en')}` },
  next,
});

export const kernelProblems = defineProblems('kernel', {
  invalid: {
    status: 400,
    title: { zh: '请求内容不符合要求', en: 'The request is not valid' },
    next: {
      zh: '按 errors 中列出的字段逐一修改后重新提交',
      en: 'Correct each field listed in errors and send it again',
    },
  },
  malformed: {
    status: 400,
    title: { zh: '请求无法解析', en: 'The request cannot be parsed' },
    next: { zh: '请以 JSON 格式提交', en: 'Send the body as JSON' },
  },
  tooLarge: {
    status: 413,
    title: { zh: '请求内容过大', en: 'The request is too large' },
    next: { zh: '减小内容，或改用分片上传', en: 'Send less, or use the resumable upload' },
  },
  mediaType: {
    status: 415,
    title: { zh: '不支持的内容类型', en: 'Unsupported media type' },
    next: { zh: '请使用 application/json', en: 'Use application/json' },
  },
  notSignedIn: {
    status: 401,
    title: { zh: '请先登录', en: 'Sign in first' },
    next: { zh: '登录，或使用有效的接口密钥', en: 'Sign in, or use a valid API key' },
  },
  unknown: {
    status: 404,
    title: { zh: '不存在或无权查看', en: 'Not found, or not yours to see' },
    next: {
      zh: '核对编号，或用有权限的账号登录',
      en: 'Check the identifier, or sign in with an account that may see it',
    },
  },
  notPermitted: {
    status: 403,
    title: { zh: '当前账号没有此项权限', en: 'Your account does not have this permission' },
    next: {
      zh: '请本单位管理员授予相应岗位',
      en: 'Ask your organisation’s administrator for the seat that carries it',
    },
  },
  forgery: {
    status: 403,
    title: { zh: '请求来源不被信任', en: 'The request does not come from our pages' },
    next: { zh: '请从本站页面操作，或使用接口密钥', en: 'Use this site’s pages, or an API key' },
  },
  keyMissing: {
    status: 400,
    title: { zh: '缺少 Idempotency-Key', en: 'Idempotency-Key is missing' },
    next: {
      zh: '为每次提交附上一个不重复的键，重试时使用同一个键',
      en: 'Send a fresh key with each POST, and the same one when you retry',
    },
  },
  keyReused: {
    status: 409,
    title: { zh: 'Idempotency-Key 已用于另一请求', en: 'This Idempotency-Key belongs to another request' },
    next: { zh: '换一个新的键', en: 'Use a new key' },
  },
  alreadyDone: {
    status: 409,
    title: { zh: '该操作已完成', en: 'This was already done' },
    next: {
      zh: '其中的密钥只显示一次；如已遗失，请重新生成',
      en: 'Its secret is shown only once; make a new one if it is lost',
    },
  },
  conflict: {
    status: 409,
    title: { zh: '与现有记录冲突', en: 'This conflicts with what is recorded' },
    next: { zh: '刷新后查看最新状态再操作', en: 'Reload, look at the present state, and try again' },
  },
  held: {
    status: 409,
    title: { zh: '该记录已依法封存，不得删除', en: 'This is under a legal hold and may not be erased' },
    next: { zh: '封存解除或到期后再办理', en: 'Wait until the hold is lifted or ends' },
  },
  stale: {
    status: 412,
    title: { zh: '内容已被他人修改', en: 'Somebody changed this meanwhile' },
    next: { zh: '刷新后在最新内容上修改', en: 'Reload and apply your change to the newest version' },
  },
  tooFast: {
    status: 429,
    title: { zh: '操作过于频繁', en: 'Too many requests' },
    next: { zh: '请按 Retry-After 稍后再试', en: 'Wait as Retry-After says, then try again' },
  },
  busy: {
    status: 503,
    title: { zh: '系统繁忙', en: 'The server is busy' },
    next: { zh: '请稍后重试', en: 'Try again shortly' },
  },
  defect: {
    status: 500,
    title: { zh: '系统内部错误', en: 'Something is wrong on our side' },
    next: {
      zh: '请稍后重试；如持续出现，请把请求编号告知运营方',
      en: 'Try again; if it persists, give the request id to the operator',
    },
  },
  clockFixed: {
    status: 409,
    title: { zh: '本系统使用真实时钟', en: 'This exchange runs on the real clock' },
    next: {
      zh: '仅模拟日历的演示环境可以推进时间',
      en: 'Time can be moved only where a simulated calendar is switched on',
    },
  },
});
