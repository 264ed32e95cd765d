/** Trino's statement protocol over HTTP: a text is posted, its pages are followed until there is no next, and an end before that is said. */
import { setTimeout as pause } from 'node:timers/promises';
import { QueryEnded } from '@shugu/gateway';

export interface Trino {
  url: string;
  user: string;
  /** '' where it asks for none; goes over TLS alone, as the address is held to it. */
  password: string;
  /** In which a use makes a schema of its own. */
  catalog: string;
  fetch: typeof fetch;
}

export const trinoProtocol = {
  /** Of one answer. */
  pageBytesMax: 32 * 2 ** 20,
  patienceSeconds: 60,
  /** While it answers that it is not ready. */
  triesMax: 50,
  againMs: 100,
} as const;

interface Page {
  nextUri?: string;
  data?: (string | null)[][];
  error?: { message?: string; errorName?: string; errorType?: string };
}

/** Why Trino did not; in its own words, which may quote values. */
export class TrinoFault extends Error {
  readonly ended: QueryEnded['code'];
  constructor({ message, errorName, errorType }: NonNullable<Page['error']>) {
    super(`${errorName ?? 'UNKNOWN'}: ${message ?? ''}`);
    this.ended =
      errorName === 'EXCEEDED_TIME_LIMIT' ? 'time' : errorType === 'INSUFFICIENT_RESOURCES' ? 'memory' : 'failed';
  }
}

const headersOf = ({ user, password, catalog }: Trino, schema: string | undefined, seconds: number) => ({
  'X-Trino-User': user,
  'X-Trino-Source': 'shugu',
  'X-Trino-Time-Zone': 'UTC',
  'X-Trino-Catalog': catalog,
  ...(schema !== undefined && { 'X-Trino-Schema': schema }),
  'X-Trino-Session': `query_max_run_time=${seconds}s,query_max_execution_time=${seconds}s`,
  ...(password && { Authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` }),
});

/** A page, no larger than it may be. Throws QueryEnded. */
const pageOf = async ({ fetch: ask }: Trino, url: string, init: RequestInit, signal: AbortSignal): Promise<Page> => {
  for (let tried = 1; ; tried++) {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(trinoProtocol.patienceSeconds * 1000)]);
    const response = await ask(url, { ...init, redirect: 'error', signal: limit }).catch(() => undefined);
    if (signal.aborted) throw new QueryEnded('stopped');
    if (!response) throw new QueryEnded('crashed');
    if ([429, 502, 503, 504].includes(response.status) && tried < trinoProtocol.triesMax) {
      await response.body?.cancel();
      await pause(trinoProtocol.againMs, undefined, { signal }).catch(() => undefined);
      continue;
    }
    if (response.status !== 200) throw new QueryEnded('crashed');
    const pieces: Uint8Array[] = [];
    let bytes = 0;
    try {
      for await (const piece of response.body ?? []) {
        bytes += piece.length;
        if (bytes > trinoProtocol.pageBytesMax) throw new QueryEnded('bytes');
        pieces.push(piece);
      }
      return JSON.parse(Buffer.concat(pieces).toString('utf8')) as Page;
    } catch (error) {
      if (error instanceof QueryEnded) throw error;
      throw new QueryEnded(signal.aborted ? 'stopped' : 'crashed');
    }
  }
};

export interface Statement {
  sql: string;
  schema?: string;
  signal: AbortSignal;
  /** Trino itself ends it then. */
  seconds: number;
  /** Told of each page's rows; what it throws ends the statement. */
  rows?(rows: (string | null)[][]): void;
}

/** Throws QueryEnded, and TrinoFault where Trino itself says why. */
export const runStatement = async (trino: Trino, { sql, schema, signal, seconds, rows }: Statement): Promise<void> => {
  const headers = headersOf(trino, schema, seconds);
  const { origin } = new URL(trino.url);
  let next: string | undefined;
  try {
    let page = await pageOf(
      trino,
      new URL('/v1/statement', origin).href,
      { method: 'POST', headers, body: sql },
      signal,
    );
    for (;;) {
      if (page.error) throw new TrinoFault(page.error);
      if (page.data) rows?.(page.data);
      next = page.nextUri;
      if (next === undefined) return;
      // What it answers does not send us elsewhere.
      if (!URL.canParse(next) || new URL(next).origin !== origin) {
        next = undefined;
        throw new QueryEnded('crashed');
      }
      page = await pageOf(trino, next, { headers }, signal);
    }
  } catch (error) {
    if (next !== undefined && !(error instanceof TrinoFault)) await cancel(trino, next, headers);
    throw error;
  }
};

const cancel = async ({ fetch: ask }: Trino, next: string, headers: Record<string, string>): Promise<void> => {
  const signal = AbortSignal.timeout(trinoProtocol.patienceSeconds * 1000);
  await ask(next, { method: 'DELETE', headers, redirect: 'error', signal }).then(
    (response) => response.body?.cancel(),
    () => undefined,
  );
};

/** Of the coordinator; undefined where none answers as one, or it has not started. */
export const trinoVersion = async ({ url, fetch: ask }: Trino): Promise<string | undefined> => {
  try {
    const answer = await ask(new URL('/v1/info', url), { redirect: 'error', signal: AbortSignal.timeout(5000) });
    const told = (await answer.json()) as { nodeVersion?: { version?: unknown }; starting?: unknown };
    const version = told.nodeVersion?.version;
    return told.starting === false && typeof version === 'string' && /^[\w.+-]{1,40}$/.test(version)
      ? version
      : undefined;
  } catch {
    return undefined;
  }
};
