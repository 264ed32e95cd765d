import { request } from 'undici';

/** An answer of the exchange that is no success. */
export class LinkRefused extends Error {
  readonly status: number;

  constructor(status: number, text: string) {
    super(`the exchange answered ${status}: ${text.slice(0, 300)}`);
    this.status = status;
  }
}

const DOWNLOAD_WAIT_MS = 120_000;

export type LinkCalls = ReturnType<typeof linkCalls>;

/** The gateway's side of the routes under /api/gateway-link. */
export function linkCalls({ server, key, waitMs = 5000 }: { server: string; key: string; waitMs?: number }) {
  const call = async (
    method: 'GET' | 'PUT',
    path: string,
    options: {
      json?: unknown;
      bytes?: Uint8Array;
      headers?: Record<string, string>;
      signal?: AbortSignal;
      waitMs?: number;
    } = {},
  ) => {
    const { json, bytes, signal } = options;
    const answer = await request(`${server}/api/gateway-link/${path}`, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(json === undefined ? {} : { 'content-type': 'application/json' }),
        ...(bytes ? { 'content-type': 'application/octet-stream' } : {}),
        ...options.headers,
      },
      body: json === undefined ? (bytes ? Buffer.from(bytes) : null) : JSON.stringify(json),
      headersTimeout: options.waitMs ?? waitMs,
      bodyTimeout: options.waitMs ?? waitMs,
      ...(signal ? { signal } : {}),
    });
    if (answer.statusCode >= 300) throw new LinkRefused(answer.statusCode, await answer.body.text());
    return answer;
  };
  return {
    json: async <Answer>(method: 'GET' | 'PUT', path: string, json?: unknown, signal?: AbortSignal): Promise<Answer> =>
      (await (await call(method, path, { json, signal })).body.json()) as Answer,
    upload: async <Answer>(path: string, bytes: Uint8Array, headers: Record<string, string> = {}): Promise<Answer> =>
      (await (await call('PUT', path, { bytes, headers })).body.json()) as Answer,
    stream: async (path: string, json: unknown, signal: AbortSignal) =>
      (await call('PUT', path, { json, signal })).body,
    /** A file of the exchange. The exchange reads it whole for its digest before it answers. */
    download: async (path: string, signal: AbortSignal) => {
      const { body, headers } = await call('GET', `contents?${new URLSearchParams({ path })}`, {
        signal,
        waitMs: DOWNLOAD_WAIT_MS,
      });
      return { body, digest: headers['repr-digest'], bytes: Number(headers['content-length']) };
    },
  };
}
