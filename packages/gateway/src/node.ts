import type { IncomingMessage, ServerResponse } from 'node:http';
import { giveBackBuffer } from './buffers.ts';
import type { GatewayRequest } from './drivers/driver.ts';
import type { Gateway, GatewayResponse } from './gateway.ts';
import { GatewayProblem, problemAnswer } from './problem.ts';
import { CallStop } from './stop.ts';

export type NodeHandlerOptions = {
  /** Path before the product, such as `/data`. */
  prefix?: string;
};

/** Pieces handed to the socket: a cut answer is known to this many bytes. */
export const WRITE_BYTES = 65_536;
/** Of an answer that is past its first MiB; each piece costs a turn of the event loop. */
const LONG_WRITE_BYTES = 262_144;
const LONG_FROM_BYTES = 2 ** 20;

/** Drivers only read it. */
const NO_QUERY = new URLSearchParams();

/**
 * A request listener for node:http; inside fastify, hijack the reply and pass `raw` on both sides. Addresses are
 * `{prefix}/{product}/{rest}`. Resolves when the answer is out or the client has gone.
 */
export function nodeHandler(gateway: Pick<Gateway, 'handle'>, { prefix = '' }: NodeHandlerOptions = {}) {
  return (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = 'GET', url = '/' } = request;
    const parsed = gatewayRequest({ method, url, headers: flat(request), body: request }, prefix);
    const stop = new CallStop();
    const closed = new Promise<boolean>((resolve) => {
      response.on('close', () => {
        if (!response.writableFinished) stop.stop();
        resolve(response.writableFinished);
      });
    });
    if (!parsed) {
      const { status, headers, body } = problemAnswer(new GatewayProblem('notFound'));
      response.writeHead(status, headers).end(body);
      return closed.then(() => undefined);
    }
    return gateway.handle(parsed, stop).then((answer) => {
      const { body } = answer;
      if (body instanceof Uint8Array && body.length <= WRITE_BYTES) return sendWhole(response, answer, body, closed);
      return send(response, answer, parsed.method === 'HEAD').finally(answer.done);
    });
  };
}

/** A request to an address `{prefix}/{product}/{rest}`; null for any other. */
export function gatewayRequest(
  { url, ...request }: Pick<GatewayRequest, 'method' | 'headers' | 'body'> & { url: string },
  prefix: string,
): GatewayRequest | null {
  // The raw path: the URL class would resolve dots before the drivers can refuse them.
  const [rawPath, rawQuery] = splitOnce(url, '?');
  if (!rawPath.startsWith(`${prefix}/`)) return null;
  const [product, path] = splitOnce(rawPath.slice(prefix.length + 1), '/');
  try {
    const productId = decodeURIComponent(product);
    if (productId === '') return null;
    return { ...request, productId, path, query: rawQuery === '' ? NO_QUERY : new URLSearchParams(rawQuery) };
  } catch {
    return null;
  }
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

/** Node joins what is repeated; only of cookies, which no driver takes, it makes a list. */
function flat({ headers }: IncomingMessage): GatewayRequest['headers'] {
  return Array.isArray(headers['set-cookie'])
    ? { ...headers, 'set-cookie': undefined }
    : (headers as Record<string, string>);
}

/** One piece, given to the socket with the head. What the kernel has not taken when the client goes did not leave. */
function sendWhole(
  response: ServerResponse,
  { status, headers, cut, stop, done }: GatewayResponse,
  body: Uint8Array,
  closed: Promise<boolean>,
): Promise<void> {
  // As text of one byte a character Node joins it with the head and writes once; bytes would make it two pieces and a list.
  response
    .writeHead(status, headers)
    .end(Buffer.from(body.buffer, body.byteOffset, body.length).toString('latin1'), 'latin1');
  // Not taken yet, or behind another answer on the connection: it may still have to be stopped.
  if (response.socket?.writableLength === 0) done();
  else stop?.onStop(() => response.destroy());
  return closed.then((isWhole) => {
    done();
    return isWhole ? undefined : cut?.(0);
  });
}

export async function send(response: ServerResponse, answer: GatewayResponse, bodiless: boolean): Promise<void> {
  const { status, headers, body, cut } = answer;
  const onStop = () => response.destroy();
  answer.stop?.onStop(onStop);
  const pieces = body instanceof Uint8Array ? single(body) : body[Symbol.asyncIterator]();
  let sent = 0;
  try {
    if (response.destroyed) throw new Error('client gone');
    response.writeHead(status, headers);
    for (let next = await pieces.next(); !next.done && !bodiless; next = await pieces.next()) {
      for (let offset = 0; offset < next.value.length; ) {
        const part = next.value.subarray(offset, offset + (sent < LONG_FROM_BYTES ? WRITE_BYTES : LONG_WRITE_BYTES));
        await write(response, part);
        sent += part.length;
        offset += part.length;
      }
      giveBackBuffer(next.value);
    }
    await finish(response);
  } catch {
    // The head is out, so the only honest sign left is a broken connection. The exact figure comes before the driver's.
    response.destroy();
    await cut?.(sent);
  } finally {
    await pieces.return?.();
    answer.stop?.offStop(onStop);
  }
}

async function* single(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.length > 0) yield bytes;
}

function finish(response: ServerResponse): Promise<void> {
  return new Promise((resolve, reject) => {
    response.once('close', () => (response.writableFinished ? resolve() : reject(new Error('client gone'))));
    response.end(resolve);
  });
}

/** Resolves when the kernel has the bytes. A client that left makes no callback, only `close`. */
function write(response: ServerResponse, part: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    const gone = () => reject(new Error('client gone'));
    if (response.destroyed) return gone();
    response.once('close', gone);
    response.write(part, (error) => {
      response.off('close', gone);
      if (error) reject(error);
      else resolve();
    });
  });
}
