import type { IncomingMessage, ServerResponse } from 'node:http';
import { traceOf } from './tracing/context.ts';

/** One answer for the access log: what was asked of which line and how it went; never with which key, or for what. */
export type Access = {
  /** Empty where the line does not exist: nothing that a stranger writes into an address enters the log. */
  line: string;
  method: string;
  status: number;
  bytes: number;
  ms: number;
  receipt?: string;
  /** Trace id of a W3C `traceparent`, so that the caller's, our and the upstream's records can be laid together. */
  trace?: string;
};

/** Tells of the answer once its response is over. `timer` in ms, monotonic. */
export function onAccess(
  request: IncomingMessage,
  response: ServerResponse,
  { line, timer, tell }: { line: () => string; timer: () => number; tell: (access: Access) => void },
): void {
  const startedAt = timer();
  const before = request.socket.bytesWritten;
  const { traceparent } = request.headers;
  response.once('close', () => {
    const receipt = response.getHeader('x-receipt');
    const trace = typeof traceparent === 'string' ? traceOf(traceparent) : undefined;
    tell({
      line: line(),
      method: request.method ?? '',
      status: response.statusCode,
      bytes: request.socket.bytesWritten - before,
      ms: Math.round((timer() - startedAt) * 100) / 100,
      ...(typeof receipt === 'string' ? { receipt } : {}),
      ...(trace === undefined ? {} : { trace }),
    });
  });
}
