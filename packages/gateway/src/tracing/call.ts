import type { DriverAnswer, GatewayRequest } from '../drivers/driver.ts';
import type { GatewayResponse } from '../gateway.ts';
import type { Grant } from '../grants.ts';
import { GatewayProblem } from '../problem.ts';
import type { OpenSpan, Tracer } from './tracer.ts';

/** The spans of one use: the call, and in it `decide`, `upstream` or `serve`, `meter`, `answer`. None names a path, a query, a key or a buyer's word. */

/** The call's own span, kept with the request; from now on its `traceparent` is ours. */
export function beginCall(tracer: Tracer, request: GatewayRequest, grant: Grant | null, startedAt: number): void {
  const { method, headers } = request;
  const span = tracer.begin({
    name: grant ? `${method} ${grant.driver.kind}` : method,
    traceparent: headers.traceparent,
    isKnown: grant !== null,
    startedAt,
    attributes: {
      'http.request.method': method,
      ...(grant
        ? { 'shugu.line': grant.id, 'shugu.contract': grant.contractId, 'shugu.product': grant.productId }
        : {}),
    },
  });
  if (!span) return;
  request.span = span;
  // Other vendors' words belong to the trace with which they came.
  if (!headers.traceparent?.includes(span.traceId)) say(request, 'tracestate', undefined);
  say(request, 'traceparent', span.traceparent);
}

/** What the log and the upstream are told; headers belong to whoever reads them. */
function say({ headers }: GatewayRequest, name: 'traceparent' | 'tracestate', value: string | undefined): void {
  (headers as Record<string, string | undefined>)[name] = value;
}

/** What a driver does, as a span; an upstream is told of it as the caller. */
export async function serveUnder(
  span: OpenSpan,
  request: GatewayRequest,
  { driver }: Grant,
  serve: () => DriverAnswer | Promise<DriverAnswer>,
): Promise<DriverAnswer> {
  const isProxy = driver.kind === 'proxy';
  const serving = isProxy ? span.child('upstream', 'client') : span.child('serve');
  if (isProxy) {
    serving.set('http.request.method', request.method);
    serving.set('server.address', new URL(driver.upstream).host);
    say(request, 'traceparent', serving.traceparent);
  }
  try {
    const answer = await serve();
    if (isProxy) serving.set('http.response.status_code', answer.status);
    serving.end();
    return answer;
  } catch (error) {
    serving.end(error instanceof GatewayProblem ? error.code : 'driverFailed');
    throw error;
  }
}

/** The call is over when its answer is out, or cut. */
export function endWith(response: GatewayResponse, span: OpenSpan): GatewayResponse {
  const answering = span.child('answer');
  const { status, headers, done, cut } = response;
  span.set('http.response.status_code', status);
  span.set('shugu.receipt', headers['x-receipt']);
  let error = status >= 400 ? codeOf(response) : undefined;
  response.done = () => {
    done();
    answering.end(error === 'cut' ? error : undefined);
    span.end(error);
  };
  if (cut)
    response.cut = (bytesSent) => {
      error = 'cut';
      return cut(bytesSent);
    };
  return response;
}

function codeOf({ status, headers, body }: GatewayResponse): string {
  if (body instanceof Uint8Array && headers['content-type']?.startsWith('application/problem+json'))
    return (JSON.parse(Buffer.from(body).toString()) as { code: string }).code;
  return String(status);
}
