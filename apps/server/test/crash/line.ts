/**
 * The line between two exchanges: it carries what they say, and breaks at a message where it is told to. A message stops before it
 * is there, or after it has been taken and before its answer is back; whoever is to die, dies at this moment. What is said while
 * its receiver is being started again waits for it: back-off has tests of its own, and would make a round of seconds one of minutes.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Moment = 'before' | 'after';

export interface Trap {
  moment: Moment;
  minds(act: string): boolean;
  /** One message after the other, and none while somebody is being started: each that is minded has its kill. */
  inTurn(carry: () => Promise<void>): Promise<void>;
  /** Once for each message that is another than those before: the line lets its sender go without an answer. */
  spring(act: string): Promise<void>;
}

export interface Line {
  address: string;
  /** Where messages go on to; undefined while nobody listens there. */
  to(url: string | undefined): void;
  close(): Promise<void>;
}

const bodyOf = async (from: AsyncIterable<Buffer>): Promise<Buffer> => {
  const pieces: Buffer[] = [];
  for await (const piece of from) pieces.push(piece);
  return Buffer.concat(pieces);
};

/** The last word of the path says what is asked; `events` are told by their body. */
export const actOf = (path: string, body: Buffer): string | undefined => {
  const [, kind, rest] = /\/(negotiations|transfers|dataflows)\/(.+)$/.exec(path) ?? [];
  if (!rest) return undefined;
  const word = rest.split('/').at(-1)!;
  const { eventType } = JSON.parse(body.toString('utf8') || '{}') as { eventType?: string };
  const before = { negotiations: '', transfers: 'transfer ', dataflows: 'signal ' }[kind as 'negotiations'];
  return `${before}${eventType ?? word}`;
};

/** `armed` is asked at each message. */
export const openLine = async (armed: () => Trap | undefined): Promise<Line> => {
  let target: string | undefined;
  const waiting: (() => void)[] = [];
  const sprung = new Set<string>();

  const listening = async (): Promise<string> => {
    while (target === undefined) await new Promise<void>((resume) => waiting.push(resume));
    return target;
  };

  const forward = async (request: IncomingMessage, body: Buffer) => {
    const { host: _, connection: __, 'content-length': ___, ...headers } = request.headers;
    const { method } = request;
    const answer = await fetch((await listening()) + request.url, {
      method: method!,
      headers: headers as Record<string, string>,
      ...(method === 'POST' ? { body: body.toString('utf8') } : {}),
    });
    return { answer, told: Buffer.from(await answer.arrayBuffer()) };
  };

  const carry = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await bodyOf(request);
    const act = request.method === 'POST' ? actOf(request.url!, body) : undefined;
    const trap = act === undefined ? undefined : armed();
    const pass = async (): Promise<void> => {
      await listening();
      // Its sender has died, or waits no longer: it comes again.
      if (request.socket.destroyed) return;
      const once = `${request.url} ${body.toString('utf8')}`;
      const set = trap?.minds(act!) && !sprung.has(once) ? trap : undefined;
      const sprang = async (moment: Moment): Promise<boolean> => {
        if (set?.moment !== moment) return false;
        sprung.add(once);
        await set.spring(act!);
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
    await (trap ? trap.inTurn(pass) : pass());
  };

  const server: Server = createServer((request, response) => {
    carry(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    to: (url) => {
      target = url;
      if (url !== undefined) for (const resume of waiting.splice(0)) resume();
    },
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
};
