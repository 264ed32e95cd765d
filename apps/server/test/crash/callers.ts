/** Who uses what was ordered while gateways die: many short calls, and long answers paid by the byte that are read slowly. */
import { once } from 'node:events';
import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Gateway } from './fleet.ts';
import type { Access } from './trader.ts';
import type { Call, Cut } from './uses.ts';

const pieceBytes = 4096;
const pieceMs = 20;
/** Between two calls of one caller: some hundred calls a second, so that a kill meets them. */
const callPauseMs = 10;
const pause = (milliseconds: number) => new Promise((done) => setTimeout(done, milliseconds));

export interface Source {
  host: string;
  /** Breaks off all that runs. */
  cut(): void;
  close(): void;
}

/** A supplier's service whose answers never end. */
export const openSource = async (): Promise<Source> => {
  const piece = Buffer.alloc(pieceBytes, 'piece ');
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/octet-stream' });
    const timer = setInterval(() => response.writableNeedDrain || response.write(piece), pieceMs);
    response.once('close', () => clearInterval(timer));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut: () => server.closeAllConnections(),
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
};

const headersOf = ({ secret }: Access) => ({ authorization: `Bearer ${secret}` });

const outcomeOf = async (url: string, access: Access): Promise<Pick<Call, 'outcome' | 'receipt'>> => {
  const answer = await fetch(`${url}${access.path.replace(/\/$/, '')}/430102`, { headers: headersOf(access) }).catch(
    () => null,
  );
  const body = (await answer?.json().catch(() => null)) as { code?: string } | null | undefined;
  if (!answer || !body) return { outcome: 'broken' };
  if (answer.ok) return { outcome: 'answered', receipt: answer.headers.get('x-receipt') ?? '' };
  return { outcome: answer.status === 503 ? 'later' : (body.code ?? String(answer.status)) };
};

/** Calls at all gateways in turn until told to stop. */
export const startCallers = (fleet: readonly Gateway[], access: Access, count: number) => {
  const calls: Call[] = [];
  let running = true;
  const caller = async (first: number) => {
    for (let next = first; running; next++) {
      const gateway = next % fleet.length;
      const sentAt = performance.now();
      const seen = await outcomeOf(fleet[gateway]!.url, access);
      calls.push({ gateway, sentAt, endedAt: performance.now(), ...seen });
      await pause(callPauseMs);
    }
  };
  const calling = Promise.all(Array.from({ length: count }, (_, at) => caller(at)));
  return {
    calls,
    answered: () => calls.filter(({ outcome }) => outcome === 'answered').length,
    stop: async () => {
      running = false;
      await calling;
    },
  };
};

/** Reads one answer to where it breaks off; undefined when it did not begin. */
const readOn = (url: string, access: Access): Promise<Cut | undefined> =>
  new Promise((done) => {
    const request = get(`${url}${access.path}`, { headers: headersOf(access), agent: false }, (answer) => {
      if (answer.statusCode !== 200) {
        answer.resume();
        return done(undefined);
      }
      const cut = { receipt: String(answer.headers['x-receipt']), received: 0 };
      answer.on('data', (piece: Buffer) => {
        cut.received += piece.length;
      });
      answer.on('error', () => undefined).once('close', () => done(cut));
    });
    request.on('error', () => done(undefined));
  });

/** A reader at each gateway, who asks again when the answer breaks off. */
export const startReaders = (fleet: readonly Gateway[], access: Access, source: Source) => {
  const cuts: Cut[] = [];
  let running = true;
  const reader = async (gateway: Gateway) => {
    while (running) {
      const cut = await readOn(gateway.url, access);
      if (cut) cuts.push(cut);
      else await pause(100);
    }
  };
  const reading = Promise.all(fleet.map(reader));
  return {
    cuts,
    stop: async () => {
      running = false;
      // By the source, again for those that were just asking: a reader that hangs up itself leaves unread what has come to its machine.
      const ended = reading.then(() => true);
      do source.cut();
      while (!(await Promise.race([ended, pause(50)])));
    },
  };
};
