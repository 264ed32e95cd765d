/** A source over HTTP: every address is checked where it is connected to, redirects too, and what it sends is bounded. */
import { isIP } from 'node:net';
import { addressCheck, guardedLookup } from '@shugu/gateway';
import { harvestLimits as limits } from '@shugu/wire/catalogue';
import { Agent, type Dispatcher } from 'undici';
import type { Validators } from './model.ts';
import { problemOf, problems } from './problems.ts';

export interface FarAnswer {
  /** Parsed JSON, whatever its shape. */
  body: unknown;
  /** Where it was found in the end. */
  address: string;
  /** `rel="next"` of its Link header. */
  next: string | undefined;
  validators: Validators | null;
}

export interface Far {
  /** @throws Problem */
  get(address: string): Promise<FarAnswer>;
  /** Undefined: it holds what it held when it gave these. @throws Problem */
  getNewer(address: string, known: Validators): Promise<FarAnswer | undefined>;
  /** Of all answers so far. */
  readonly bytes: number;
  close(): Promise<void>;
}

export interface FarOptions {
  /** Private addresses or networks that the operator has opened. */
  allowed: readonly string[];
  signal: AbortSignal;
}

/** Why an address may not be asked; names are checked when connecting, literal addresses never reach that look-up. */
export const addressFault = (text: string, allowed: readonly string[]): string | undefined => {
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol)) return 'http(s)';
  if (url.username || url.password) return 'credentials';
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const local = /^localhost\.?$|\.localhost\.?$/i.test(host);
  const literal = local ? '127.0.0.1' : isIP(host) ? host : undefined;
  return literal !== undefined && !addressCheck(allowed)(literal) ? host : undefined;
};

const nextIn = (header: string | string[] | undefined): string | undefined =>
  /<([^>]*)>\s*;[^,]*\brel="?next"?/i.exec([header ?? ''].flat().join(', '))?.[1];

const one = (header: string | string[] | undefined): string | null =>
  [header ?? null].flat()[0]?.slice(0, 1000) ?? null;
const validatorsIn = (address: string, headers: Dispatcher.ResponseData['headers']): Validators | null => {
  const found = { address, etag: one(headers.etag), lastModified: one(headers['last-modified']) };
  return found.etag || found.lastModified ? found : null;
};
const conditions = (known: Validators | undefined): Record<string, string> => ({
  ...(known?.etag ? { 'if-none-match': known.etag } : {}),
  ...(known?.lastModified ? { 'if-modified-since': known.lastModified } : {}),
});

const parsed = (text: string, address: string): unknown => {
  try {
    return JSON.parse(text.replace(/^\ufeff/, ''));
  } catch {
    const start = text.trimStart().slice(0, 60);
    throw problems.sourceNotJson({ detail: `${address} ${start.startsWith('<') ? 'HTML' : JSON.stringify(start)}` });
  }
};

/** What CKAN says of a refusal, else nothing. */
const saidIn = (text: string): string => {
  try {
    const { error } = JSON.parse(text) as { error?: { message?: unknown; __type?: unknown } };
    return String(error?.message ?? error?.__type ?? '').slice(0, 200);
  } catch {
    return '';
  }
};

export const openFar = ({ allowed, signal }: FarOptions): Far => {
  const agent = new Agent({ connect: { lookup: guardedLookup(addressCheck(allowed)), timeout: 10_000 } });
  let bytes = 0;

  const textOf = async ({ body }: Dispatcher.ResponseData): Promise<string> => {
    const pieces: Buffer[] = [];
    let size = 0;
    for await (const piece of body as AsyncIterable<Buffer>) {
      size += piece.length;
      bytes += piece.length;
      if (size > limits.pageBytesMax || bytes > limits.bytesMax) {
        body.destroy();
        throw problems.sourceTooLarge({
          detail: `${size > limits.pageBytesMax ? limits.pageBytesMax : limits.bytesMax} B`,
        });
      }
      pieces.push(piece);
    }
    return Buffer.concat(pieces).toString('utf8');
  };

  const ask = async (address: string, known: Validators | undefined): Promise<Dispatcher.ResponseData> => {
    const refused = addressFault(address, allowed);
    if (refused) throw problems.sourceAddressRefused({ detail: refused });
    return agent.request({
      origin: new URL(address).origin,
      path: new URL(address).pathname + new URL(address).search,
      method: 'GET',
      headers: {
        accept: 'application/ld+json, application/json;q=0.9',
        'user-agent': 'shugu-harvest/1',
        ...conditions(known),
      },
      signal: AbortSignal.any([signal, AbortSignal.timeout(limits.requestSecondsMax * 1000)]),
    });
  };

  const get = async (from: string, known?: Validators): Promise<FarAnswer | undefined> => {
    let address = from;
    for (let hops = 0; hops <= limits.redirectsMax; hops++) {
      // What another address gave says nothing of this one.
      const held = known?.address === address ? known : undefined;
      const answer = await ask(address, held);
      const { statusCode: status, headers } = answer;
      const text = await textOf(answer);
      if (status >= 300 && status < 400 && headers.location) {
        address = new URL([headers.location].flat()[0]!, address).href;
        continue;
      }
      if (status === 304 && held) return undefined;
      if (status === 429 || status >= 502) throw problems.sourceUnreachable({ detail: `HTTP ${status}` });
      if (status < 200 || status >= 300)
        throw problems.sourceAnswered({ detail: `${address} HTTP ${status} ${saidIn(text)}`.trim() });
      return {
        body: parsed(text, address),
        address,
        next: nextIn(headers.link),
        validators: validatorsIn(address, headers),
      };
    }
    throw problems.sourceAnswered({ detail: { zh: '重定向过多', en: 'too many redirects' } });
  };

  const told = async (address: string, known?: Validators): Promise<FarAnswer | undefined> => {
    try {
      return await get(address, known);
    } catch (error) {
      signal.throwIfAborted();
      throw problemOf(error);
    }
  };

  return {
    get: async (address) => (await told(address))!,
    getNewer: told,
    get bytes() {
      return bytes;
    },
    close: () => agent.destroy(),
  };
};
