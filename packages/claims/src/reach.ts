/** Reading from others over HTTP within limits. Which addresses may be called at all is for whoever hands in `fetch`. */
import { limits } from './limits.ts';
import { ClaimsError, refuse } from './problem.ts';

/** What is used of the platform's `fetch`. */
export type Fetch = (address: string, init: RequestInit) => Promise<Response>;
export type PlainHttp = (host: string) => boolean;

export type Ask = {
  bytesMax: number;
  /** Without a media type in the answer none is checked: RFC 9110 8.3 leaves it to the reader. */
  mediaTypes: RegExp;
  method?: 'GET' | 'POST';
  headers?: Record<string, string>;
  body?: string;
};

// Some servers send the header twice, which `fetch` joins with a comma.
export const jsonTypes = /^application\/(?:[\w.+-]+\+)?json\s*(?:[;,]|$)/i;

const readWithin = async (response: Response, bytesMax: number): Promise<string> => {
  if (Number(response.headers.get('content-length') ?? 0) > bytesMax) return refuse('claims.too-large', 'the answer');
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > bytesMax) return refuse('claims.too-large', 'the answer');
    chunks.push(chunk);
  }
  return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
};

/** The body of an answer in 200–299. Redirects are not followed: they would lead past the check of the address. @throws claims.unreachable, claims.too-large */
export async function ask(call: Fetch, address: string, { bytesMax, mediaTypes, ...init }: Ask): Promise<string> {
  try {
    const response = await call(address, {
      ...init,
      redirect: 'error',
      signal: AbortSignal.timeout(limits.waitSeconds * 1000),
    });
    if (!response.ok) return refuse('claims.unreachable', `${address} answered ${response.status}`);
    const type = response.headers.get('content-type');
    if (type && !mediaTypes.test(type)) return refuse('claims.unreachable', `${address} answered in ${type}`);
    return await readWithin(response, bytesMax);
  } catch (error) {
    if (error instanceof ClaimsError) throw error;
    return refuse('claims.unreachable', `${address}: ${(error as Error).message}`);
  }
}

/** @throws claims.unreachable */
export function parseJson(text: string, address: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return refuse('claims.unreachable', `${address} did not answer in JSON`);
  }
}

/** Base addresses use HTTPS (DCP 1.0.1, “The Base URL”); `plainHttp` names hosts that need not. @throws claims.unreachable */
export function requireHttps(address: string, plainHttp: PlainHttp): string {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  const allowed =
    url &&
    !url.username &&
    !url.password &&
    (url.protocol === 'https:' || (url.protocol === 'http:' && plainHttp(url.host)));
  return allowed ? address : refuse('claims.unreachable', `${address.slice(0, 200)} is no address with https`);
}
