/** A counter-party in both roles: takes every message, keeps it, and says what it is told to say. */
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CONTEXT_URL } from '@shugu/dataspace';
import { format, kitToken } from './profile.ts';

export type Body = Record<string, unknown>;
export interface Answered {
  status: number;
  body: Body;
  headers: Headers;
}
export interface Heard {
  path: string;
  body: Body;
  authorization: string | undefined;
  userAgent: string | undefined;
}

export const message = (type: string, more: Body): Body => ({ '@context': [CONTEXT_URL], '@type': type, ...more });
export const offer = (id: string, target: string, more: Body = {}): Body => ({
  '@id': id,
  '@type': 'Offer',
  target,
  permission: [{ action: 'use', constraint: [] }],
  ...more,
});
export const agreement = (target: string, assigner: string, assignee: string, more: Body = {}): Body => ({
  ...offer(`urn:uuid:${randomUUID()}`, target),
  '@type': 'Agreement',
  assigner,
  assignee,
  timestamp: '2026-07-01T09:00:00Z',
  ...more,
});

export interface Counterpart {
  address: string;
  /** All that came, oldest first. */
  heard: Heard[];
  /** Statuses of the next answers, before it is itself again. */
  answers: number[];
  /** Asked before each answer; what it awaits comes first. */
  before: ((heard: Heard) => Promise<void>) | null;
  stop(): Promise<void>;
  start(): Promise<void>;
}

const first = (path: string): 'consumerPid' | 'providerPid' | undefined =>
  path === '/negotiations/offers'
    ? 'consumerPid'
    : /^\/(negotiations|transfers)\/request$/.test(path)
      ? 'providerPid'
      : undefined;

export const makeCounterpart = async (): Promise<Counterpart> => {
  const heard: Heard[] = [];
  let port = 0;
  const self: Counterpart = {
    address: '',
    heard,
    answers: [],
    before: null,
    start: () => new Promise((ready) => server.listen(port, '127.0.0.1', ready)),
    stop: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const piece of request) text += piece;
    const path = request.url ?? '';
    const status = self.answers.shift();
    if (status !== undefined) return void response.writeHead(status).end('{}');
    const body = JSON.parse(text) as Body;
    const own = first(path);
    if (own) body[own] ??= `urn:uuid:${randomUUID()}`;
    const { authorization, 'user-agent': userAgent } = request.headers;
    const one = { path, body, authorization, userAgent };
    heard.push(one);
    await self.before?.(one);
    const type = path.startsWith('/negotiations') ? 'ContractNegotiation' : 'TransferProcess';
    const { consumerPid, providerPid } = body;
    response.writeHead(own ? 201 : 200, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify(
        message(type, { consumerPid, providerPid, state: own === 'consumerPid' ? 'OFFERED' : 'REQUESTED' }),
      ),
    );
  });
  await self.start();
  port = (server.address() as AddressInfo).port;
  self.address = `http://127.0.0.1:${port}`;
  return self;
};

export const call = async (url: string, body?: Body | string, token: string | null = kitToken): Promise<Answered> => {
  const answer = await fetch(url, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(token ? { authorization: token } : {}),
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, body: (text ? JSON.parse(text) : {}) as Body, headers: answer.headers };
};

const endings: Record<string, [noun: string, ending: string, type: string]> = {
  request: ['negotiations', 'request', 'ContractRequestMessage'],
  offer: ['negotiations', 'offers', 'ContractOfferMessage'],
  accept: ['negotiations', 'events', 'ContractNegotiationEventMessage'],
  finalize: ['negotiations', 'events', 'ContractNegotiationEventMessage'],
  agree: ['negotiations', 'agreement', 'ContractAgreementMessage'],
  verify: ['negotiations', 'agreement/verification', 'ContractAgreementVerificationMessage'],
  terminate: ['negotiations', 'termination', 'ContractNegotiationTerminationMessage'],
  begin: ['transfers', 'request', 'TransferRequestMessage'],
  start: ['transfers', 'start', 'TransferStartMessage'],
  suspend: ['transfers', 'suspension', 'TransferSuspensionMessage'],
  complete: ['transfers', 'completion', 'TransferCompletionMessage'],
  end: ['transfers', 'termination', 'TransferTerminationMessage'],
};

export const pathOfAct = (act: string, pid: string): string => {
  const [noun, ending] = endings[act]!;
  return `/${noun}${pid && `/${pid}`}/${ending}`;
};

export interface Pids {
  consumerPid: string;
  providerPid: string;
}

/** A message of the counter-party about a process; `more` wins. */
export const messageOf = (act: string, pids: Partial<Pids>, more: Body = {}): Body => {
  const [, , type] = endings[act]!;
  const events: Record<string, string> = { accept: 'ACCEPTED', finalize: 'FINALIZED' };
  return message(type, {
    '@id': randomUUID(),
    ...pids,
    ...(events[act] ? { eventType: events[act] } : {}),
    ...(act === 'start'
      ? {
          dataAddress: {
            '@type': 'DataAddress',
            endpointType: 'https://w3id.org/idsa/v4.1/HTTP',
            endpoint: 'http://example.com',
          },
        }
      : {}),
    ...(act === 'begin' ? { format } : {}),
    ...more,
  });
};
