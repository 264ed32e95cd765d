/** Where a consumer has data pushed: takes what comes with its token, and says what it is told to say. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Received {
  headers: IncomingHttpHeaders;
  /** Of the whole body, as `repr-digest` tells it. */
  digest: string;
  bytes: number;
}

export interface Receiver {
  /** As a data address of the HTTP push profile. */
  dataAddress: {
    '@type': 'DataAddress';
    endpointType: string;
    endpoint: string;
    endpointProperties: { '@type': 'EndpointProperty'; name: string; value: string }[];
  };
  /** Whole bodies that were taken. */
  received: Received[];
  /** Of the next requests, before it takes them again; `take` takes one, `stall` never answers one. */
  answers: (number | 'take' | 'stall')[];
  /** Requests that came, and those of them whose connection broke. */
  asked: number;
  broken: number;
  close(): Promise<void>;
}

export const makeReceiver = async (): Promise<Receiver> => {
  const token = 'token-of-the-receiver';
  const server = createServer((request, response) => {
    self.asked += 1;
    request.on('error', () => undefined);
    response.on('close', () => {
      if (!response.writableFinished) self.broken += 1;
    });
    const next = self.answers.shift();
    const answer = next === 'take' ? undefined : next;
    if (answer === 'stall') return void request.resume();
    if (request.headers.authorization !== `Bearer ${token}`) return void response.writeHead(401).end();
    const digest = createHash('sha256');
    let bytes = 0;
    request.on('data', (piece: Buffer) => {
      digest.update(piece);
      bytes += piece.length;
    });
    request.on('end', () => {
      if (answer === undefined)
        self.received.push({ headers: request.headers, digest: `sha-256=:${digest.digest('base64')}:`, bytes });
      response.writeHead(answer ?? 204).end(answer === undefined ? '' : `not today, ${request.headers.authorization}`);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const property = (name: string, value: string) => ({ '@type': 'EndpointProperty' as const, name, value });
  const self: Receiver = {
    dataAddress: {
      '@type': 'DataAddress',
      endpointType: 'https://w3id.org/idsa/v4.1/HTTP',
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}/inbox`,
      endpointProperties: [property('authorization', token), property('authType', 'bearer')],
    },
    received: [],
    answers: [],
    asked: 0,
    broken: 0,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
  return self;
};
