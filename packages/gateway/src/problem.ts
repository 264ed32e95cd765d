import type { Refusal } from '@shugu/policy';

/** What can go wrong at the gateway beside the refusals of a policy. Codes are stable. */
const CATALOGUE = {
  credentialsMissing: [401, '缺少访问密钥', 'No key was given'],
  // One answer for an unknown key, another's product and an unknown product: a stranger learns nothing.
  notFound: [404, '未找到', 'Not found'],
  methodNotAllowed: [405, '不支持此方法', 'The method is not supported'],
  requestInvalid: [400, '请求参数不正确', 'The request is malformed'],
  filterMissing: [400, '须按键或允许的字段查询', 'Ask by key or by a permitted column'],
  filterTooBroad: [400, '查询条件过宽', 'The filter matches too many rows'],
  bodyMalformed: [400, '请求体格式不正确', 'The request body is malformed'],
  notSupported: [400, '不支持此操作', 'The operation is not supported'],
  requestTooLarge: [413, '请求体过大', 'The request body is too large'],
  rangeNotSatisfiable: [416, '请求的范围超出文件', 'The range lies outside the file'],
  fileChanged: [500, '文件与登记的不一致', 'The file differs from the one published'],
  templateUnknown: [404, '没有这个查询', 'There is no such query'],
  templateNotGranted: [403, '该查询需要合同未授予的字段', 'The query reads a column that the contract does not grant'],
  parameterInvalid: [400, '查询参数不正确', 'A parameter of the query is not as it must be'],
  formatNotOffered: [406, '不支持所要求的格式', 'None of the accepted formats is offered'],
  queryTooSlow: [422, '查询超过时限，请缩小范围', 'The query took longer than it may; narrow it'],
  queryTooLarge: [422, '查询所需内存超过上限，请缩小范围', 'The query needs more memory than it may; narrow it'],
  answerTooLarge: [
    422,
    '结果超过行数或大小上限，请缩小范围',
    'The answer has more rows or bytes than it may; narrow the query',
  ],
  queryFailed: [422, '查询无法用这些参数完成', 'The query cannot be completed with these parameters'],
  queryInterrupted: [503, '查询进程意外结束，请重试', 'The query process ended unexpectedly; try again'],
  driverFailed: [500, '交付失败', 'The delivery failed'],
  upstreamUnreachable: [502, '供方接口无法连接', 'The upstream cannot be reached'],
  upstreamAddressRefused: [502, '供方接口地址不允许访问', 'The upstream address is not permitted'],
  upstreamRedirected: [502, '供方接口返回跳转，已拒绝', 'The upstream redirected, which is not followed'],
  upstreamTooLarge: [502, '供方接口的应答过大', 'The answer of the upstream is too large'],
  upstreamNotMaskable: [
    502,
    '供方接口的应答无法按合同处理字段',
    'The answer of the upstream cannot be cut to the contract',
  ],
  upstreamDeclined: [
    422,
    '供方接口拒绝了该请求，请检查参数',
    'The upstream declined the request; check its parameters',
  ],
  upstreamFailed: [502, '供方接口出错', 'The upstream failed'],
  upstreamForbidden: [
    502,
    '供方接口不接受平台转发所用的凭据',
    'The upstream does not accept the credentials that it is asked with',
  ],
  upstreamPaused: [
    503,
    '供方接口接连无应答，暂停转发',
    'The upstream keeps not answering and is left alone for a while',
  ],
  upstreamTimeout: [504, '供方接口超时', 'The upstream timed out'],
  preparing: [503, '数据正在按合同准备，请稍后再试', 'The data is being prepared for the contract; try again soon'],
  busy: [503, '网关繁忙，请稍后再试', 'The gateway is busy; try again'],
  cutOff: [503, '网关与交易所失去联系，已停止服务', 'The gateway is cut off from the exchange, so nothing is served'],
  meteringUnavailable: [503, '计量暂不可用，已停止服务', 'Metering is unavailable, so nothing is served'],
} as const;

export type GatewayCode = keyof typeof CATALOGUE;

/** Thrown inside the gateway and drivers; answered as a problem (RFC 9457). */
export class GatewayProblem extends Error {
  readonly code: GatewayCode;
  readonly status: number;
  readonly zh: string;
  readonly headers: Record<string, string>;
  readonly field: string | undefined;

  /** `detail` for both languages, or for English alone where `zh` is given too. */
  constructor(
    code: GatewayCode,
    options: { cause?: unknown; headers?: Record<string, string>; detail?: string; zh?: string; field?: string } = {},
  ) {
    const [status, zh, en] = CATALOGUE[code];
    super(options.detail ? `${en}: ${options.detail}` : en, { cause: options.cause });
    this.code = code;
    this.status = status;
    this.zh = options.detail ? `${zh}：${options.zh ?? options.detail}` : zh;
    this.headers = options.headers ?? {};
    this.field = options.field;
  }
}

/** Said before anything is known of the grant, or about a source that tells nothing of it. */
const notServiceFailures: ReadonlySet<string> = new Set<GatewayCode>(['busy', 'cutOff']);

/** The code under which an error counts as a failure of ours or of the supplier's; undefined for what the buyer's request caused. */
export function failureOf(error: unknown): GatewayCode | undefined {
  if (!(error instanceof GatewayProblem)) return 'driverFailed';
  return error.status >= 500 && !notServiceFailures.has(error.code) ? error.code : undefined;
}

export type ProblemBody = { status: number; headers: Record<string, string>; body: Uint8Array };

/** The answer for a refusal or problem: `application/problem+json` with the stable code and both languages. */
export function problemAnswer(problem: GatewayProblem | Refusal): ProblemBody {
  const { code, status, zh } = problem;
  const en = problem instanceof GatewayProblem ? problem.message : problem.en;
  const retryAfter = problem instanceof GatewayProblem ? undefined : problem.retryAfter;
  const field = problem instanceof GatewayProblem ? problem.field : undefined;
  const body = Buffer.from(
    JSON.stringify({ type: `urn:shugu:problem:${code}`, title: en, status, code, field, zh, en, retryAfter }),
  );
  const headers: Record<string, string> = {
    'content-type': 'application/problem+json; charset=utf-8',
    'content-length': String(body.length),
    'cache-control': 'no-store',
    ...(problem instanceof GatewayProblem ? problem.headers : {}),
    ...(status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
    ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }),
  };
  return { status, headers, body };
}
