/** A data plane of another make: a server that keeps flows, answers signals at once or later, and gives data to whoever has the key. */
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Body } from './counterpart.ts';

export interface Told {
  signal: string;
  flow: string;
  body: Body;
  authorization: string | undefined;
}

export interface Plane {
  endpoint: string;
  /** All signals that were taken, oldest first; one that comes again is answered alike. */
  told: Told[];
  /** Statuses of the next answers, before it is itself again. */
  answers: number[];
  /** Says 202 to what may take time. */
  slow: boolean;
  /** What it shows, and what its authorization server gives for `clientSecret`. */
  token: string;
  tokensGiven: number;
  /** Its authorization server's next answer never ends. */
  endless: boolean;
  /** Answers without end that whoever asked has cut off. */
  cutOff: number;
  /** Says later what has happened; the status of the answer. */
  notify(process: string, notice: string, more?: Body, token?: string): Promise<number>;
  /** Where the control plane hears it, and what is to be shown there: told at registration. */
  callback: { address: string; token: string };
  close(): Promise<void>;
}

export const clientSecret = 'the secret of the control plane';
const states: Record<string, string> = { prepare: 'PREPARED', start: 'STARTED', resume: 'STARTED' };
const later: Record<string, string> = { prepare: 'PREPARING', start: 'STARTING' };

export const makePlane = async (): Promise<Plane> => {
  const keys = new Map<string, { flow: string; open: boolean; source: Body | undefined }>();
  const answered = new Map<unknown, object>();
  const addressOf = (flow: string, source: Body | undefined): Body => {
    const key = randomUUID();
    keys.set(key, { flow, open: true, source });
    return {
      endpointType: 'https://w3id.org/idsa/v4.1/HTTP',
      endpoint: `${self.endpoint}/data`,
      endpointProperties: [
        { name: 'authorization', value: key },
        { name: 'authType', value: 'bearer' },
      ],
    };
  };
  const of = (flow: string) => [...keys.values()].filter((one) => one.flow === flow);
  const self: Plane = {
    endpoint: '',
    told: [],
    answers: [],
    slow: false,
    token: 'the token of the data plane',
    tokensGiven: 0,
    endless: false,
    cutOff: 0,
    callback: { address: '', token: '' },
    notify: async (process, notice, more = {}, token = self.callback.token) => {
      const flow = self.told.find(({ body }) => body.processId === process)?.flow ?? process;
      const state = notice === 'errored' ? 'STARTED' : notice.toUpperCase();
      const answer = await fetch(`${self.callback.address}/transfers/${process}/dataflow/${notice}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body: JSON.stringify({
          ...{ messageId: randomUUID(), dataFlowId: flow, state },
          ...(notice === 'started' ? { dataAddress: addressOf(flow, undefined) } : {}),
          ...more,
        }),
      });
      await answer.body?.cancel();
      return answer.status;
    },
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };

  /** What was bought, as it comes from where the contract lets it be read. */
  const read = async (key: string, below: string): Promise<[status: number, text: string] | undefined> => {
    const found = keys.get(key);
    if (!found?.open) return [403, ''];
    if (!found.source) return [200, 'the bytes'];
    const { endpoint, endpointProperties } = found.source as { endpoint: string; endpointProperties: Body[] };
    const secret = endpointProperties.find(({ name }) => name === 'authorization')!.value;
    try {
      const answer = await fetch(endpoint + below, { headers: { authorization: `Bearer ${secret}` } });
      return [answer.status, await answer.text()];
    } catch {
      // Whoever reads is cut off, too: what was used of it is nobody's to say.
      return undefined;
    }
  };

  const signalOf = (path: string): [signal: string, flow: string] => {
    const [, , one = '', two] = path.split('/');
    return two ? [two, decodeURIComponent(one)] : [one, `flow-${randomUUID()}`];
  };

  const server = createServer(async (request, response) => {
    let text = '';
    for await (const piece of request) text += piece;
    const path = request.url ?? '';
    const end = (status: number, body: object | string = {}) =>
      response
        .writeHead(status, { 'content-type': 'application/json' })
        .end(typeof body === 'string' ? body : JSON.stringify(body));
    if (path === '/token') {
      const form = new URLSearchParams(text);
      if (form.get('client_secret') !== clientSecret) return end(401);
      if (self.endless) {
        self.endless = false;
        response.on('close', () => self.cutOff++);
        const more = () => !response.destroyed && response.write(' '.repeat(65_536), more);
        response.writeHead(200, { 'content-type': 'application/json' });
        return void more();
      }
      self.tokensGiven++;
      return end(200, { access_token: self.token, token_type: 'Bearer', expires_in: 300 });
    }
    if (path === '/data' || path.startsWith('/data/')) {
      const [, key = ''] = /^Bearer (.*)$/.exec(request.headers.authorization ?? '') ?? [];
      const found = await read(key, path.slice('/data'.length));
      return found ? end(...found) : void response.destroy();
    }
    const status = self.answers.shift();
    if (status !== undefined) return end(status);
    const { authorization } = request.headers;
    if (authorization !== `Bearer ${self.token}`) return end(401);
    const [signal, flow] = signalOf(path);
    const body = (text ? JSON.parse(text) : {}) as Body;
    const before = answered.get(body.messageId ?? '');
    if (before) return end(200, before);
    self.told.push({ signal, flow, body, authorization });
    if (['suspend', 'terminate', 'completed'].includes(signal)) for (const one of of(flow)) one.open = false;
    if (signal === 'resume') for (const one of of(flow)) one.open = true;
    const take = (answer: object) => {
      if (body.messageId) answered.set(body.messageId, answer);
      return end(200, answer);
    };
    if (!states[signal]) return take({});
    if (self.slow && later[signal]) return end(202, { dataFlowId: flow, state: later[signal] });
    const source = (body.metadata as { source?: Body } | undefined)?.source;
    const address = signal === 'start' ? { dataAddress: addressOf(flow, source) } : {};
    return take({ messageId: randomUUID(), dataFlowId: flow, state: states[signal], ...address });
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  self.endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return self;
};
