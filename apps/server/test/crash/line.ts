/**
 * The line between two exchanges: it carries what they say, and breaks at a message where it is told to. A message stops before it
 * is there, or after it has been taken and before its answer is back; whoever is to die, dies at this moment.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Moment = 'before' | 'after';

export interface Trap {
  moment: Moment;
  minds(act: string): boolean;
  /** Not now: the message is lost, and comes again. */
  busy(): boolean;
  /** Once for each message that is another than those before: the line lets its sender go without an answer. False: not now. */
  spring(act: string): Promise<boolean>;
}

export interface Line {
  address: string;
  /** Where messages go on to; undefined while nobody listens there. */
  to(url: string): void;
  close(): Promise<void>;
}

const bodyOf = async (from: AsyncIterable<Buffer>): Promise<Buffer> => {
  const pieces: Buffer[] = [];
  for await (const piece of from) pieces.push(piece);
  return Buffer.concat(pieces);
};

/** The last word of the path says what is asked; `events` are told by their body. */
export const actOf = (path: string, body: Buffer): string | undefined => {
  const [, kind, rest] = /\/(negotiations|transfers)\/(.+)$/.exec(path) ?? [];
  if (!rest) return undefined;
  const word = rest.split('/').at(-1)!;
  const { eventType } = JSON.parse(body.toString('utf8') || '{}') as { eventType?: string };
  return `${kind === 'transfers' ? 'transfer ' : ''}${eventType ?? word}`;
};

/** `armed` is asked at each message. */
export const openLine = async (armed: () => Trap | undefined): Promise<Line> => {
  let target = '';
  const sprung = new Set<string>();

  const forward = async (request: IncomingMessage, body: Buffer) => {
    const { host: _, connection: __, 'content-length': ___, ...headers } = request.headers;
    const { method } = request;
    const answer = await fetch(target + request.url, {
      method: method!,
      headers: headers as Record<string, string>,
      ...(method === 'POST' ? { body: body.toString('utf8') } : {}),
    });
    return { answer, told: Buffer.from(await answer.arrayBuffer()) };
  };

  const carry = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await bodyOf(request);
    const act = request.method === 'POST' ? actOf(request.url!, body) : undefined;
    const once = `${request.url} ${body.toString('utf8')}`;
    const set = act !== undefined && !sprung.has(once) ? armed() : undefined;
    const trap = set?.minds(act!) ? set : undefined;
    if (trap?.busy()) return void response.destroy();
    const sprang = async (moment: Moment): Promise<boolean> => {
      if (trap?.moment !== moment || !(await trap.spring(act!))) return false;
      sprung.add(once);
      response.destroy();
      return true;
    };
    if (await sprang('before')) return;
    const { answer, told } = await forward(request, body);
    if (await sprang('after')) return;
    const {
      'content-encoding': _,
      'transfer-encoding': __,
      connection: ___,
      ...headers
    } = Object.fromEntries(answer.headers);
    response.writeHead(answer.status, headers).end(told);
  };

  const server: Server = createServer((request, response) => {
    carry(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    to: (url) => {
      target = url;
    },
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
};
