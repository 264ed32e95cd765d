/** A control plane of another make: signals to a data plane, and hears from it. */
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Body } from './counterpart.ts';

export interface Heard {
  process: string;
  notice: string;
  body: Body;
  authorization: string | undefined;
}
export interface Answer {
  status: number;
  body: Body;
  location: string | null;
}

export interface Steering {
  endpoint: string;
  heard: Heard[];
  /** Statuses of the next answers, before it takes what it is told. */
  answers: number[];
  /** The data plane and what is shown to it. */
  at: { address: string; token: string };
  send(path: string, body?: Body, more?: { method?: string; token?: string }): Promise<Answer>;
  /** A start of a transfer of its own, as it would be sent again. */
  startOf(more: Body): Body;
  close(): Promise<void>;
}

export const makeSteering = async (about: { participant: string; counterparty: string }): Promise<Steering> => {
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const piece of request) text += piece;
    const status = self.answers.shift();
    if (status !== undefined) return void response.writeHead(status).end();
    const [, process = '', notice = ''] = /^\/transfers\/([^/]+)\/dataflow\/(\w+)$/.exec(request.url ?? '') ?? [];
    self.heard.push({
      ...{ process: decodeURIComponent(process), notice, body: JSON.parse(text) as Body },
      authorization: request.headers.authorization,
    });
    response.writeHead(200).end();
  });
  await new Promise<void>((ready) => void server.listen(0, '127.0.0.1', ready));
  const self: Steering = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    heard: [],
    answers: [],
    at: { address: '', token: '' },
    send: async (path, body, { method = body ? 'POST' : 'GET', token = self.at.token } = {}) => {
      const answer = await fetch(self.at.address + path, {
        method,
        headers: { authorization: `Bearer ${token}`, ...(body ? { 'content-type': 'application/json' } : {}) },
        ...(body ? { body: JSON.stringify(body) } : {}),
      });
      const text = await answer.text();
      const location = answer.headers.get('location');
      return { status: answer.status, body: (text ? JSON.parse(text) : {}) as Body, location };
    },
    startOf: (more) => ({
      ...{ messageId: randomUUID(), participantId: about.participant, counterPartyId: about.counterparty },
      ...{ dataspaceContext: 'another dataspace', processId: randomUUID(), claims: { sub: about.counterparty } },
      ...more,
    }),
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
  return self;
};
