/** Plain requests for tests that send what no typed client would. */
import { type AnyEndpoint, addressOf, type ProblemBody } from '@shugu/wire';
import { newSecret } from '../../src/kernel/ids.ts';

export interface Probe {
  token?: string;
  params?: Record<string, unknown>;
  query?: Record<string, unknown>;
  /** JSON unless `text` is given. */
  body?: unknown;
  text?: string | Uint8Array<ArrayBuffer>;
  headers?: Record<string, string | undefined>;
}

export interface Answer {
  status: number;
  mediaType: string;
  text: string;
  /** Set when the answer is a problem. */
  problem?: ProblemBody;
}

export const send = async (url: string, endpoint: AnyEndpoint, probe: Probe): Promise<Answer> => {
  const headers: Record<string, string> = { 'accept-language': 'en' };
  if (probe.token) headers.authorization = `Bearer ${probe.token}`;
  if (endpoint.method === 'POST') headers['idempotency-key'] = newSecret();
  let body: string | Uint8Array<ArrayBuffer> | undefined;
  if (probe.text !== undefined) {
    headers['content-type'] = endpoint.rawBody ? 'application/octet-stream' : 'application/json';
    body = probe.text;
  } else if (probe.body !== undefined) {
    headers['content-type'] = 'application/json';
    body = JSON.stringify(probe.body);
  } else if (endpoint.rawBody) {
    headers['content-type'] = 'application/octet-stream';
    body = new Uint8Array(1);
  }
  for (const [name, value] of Object.entries(probe.headers ?? {})) {
    if (value === undefined) delete headers[name];
    else headers[name] = value;
  }
  const response = await fetch(url + addressOf(endpoint.path, probe.params, probe.query), {
    method: endpoint.method,
    headers,
    body,
    redirect: 'manual',
  });
  const mediaType = response.headers.get('content-type') ?? '';
  const text = await response.text();
  return {
    status: response.status,
    mediaType,
    text,
    ...(mediaType.startsWith('application/problem+json') ? { problem: JSON.parse(text) as ProblemBody } : {}),
  };
};

/** Runs `work` on every item, a few at a time: the order of answers does not matter, their number does. */
export const eachOf = async <T>(items: readonly T[], work: (item: T) => Promise<void>, atOnce = 8): Promise<void> => {
  const queue = items.values();
  const worker = async () => {
    for (const item of queue) await work(item);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
};
