/** A member's own server: keeps what is posted to it and answers as it is told. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Posted {
  path: string;
  headers: IncomingMessage['headers'];
  body: string;
}

export interface Sink {
  port: number;
  posted: Posted[];
  answer: (response: ServerResponse, posted: Posted) => void;
  end(): Promise<void>;
}

export const startSink = async (): Promise<Sink> => {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const posted = {
        path: request.url ?? '',
        headers: request.headers,
        body: Buffer.concat(chunks).toString('utf8'),
      };
      sink.posted.push(posted);
      sink.answer(response, posted);
    });
  });
  const sink: Sink = {
    port: 0,
    posted: [],
    answer: (response) => response.writeHead(204).end(),
    end: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  sink.port = (server.address() as AddressInfo).port;
  return sink;
};
