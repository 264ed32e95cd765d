/** What is asked of an engine that an owner runs as a service (JSON over HTTP), within limits; what it answers is held to a shape. */
import { request as plain } from 'node:http';
import { request as secured } from 'node:https';
import { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { ComputeError, type ComputeFault } from '../problem.ts';

export type Told = Record<string, unknown>;
const isTold = (found: unknown): found is Told => typeof found === 'object' && found !== null && !Array.isArray(found);
/** Fields that such an API leaves out are those without anything in them. */
export const listIn = (told: Told, name: string): Told[] => {
  const found = told[name] ?? [];
  if (!Array.isArray(found) || !found.every(isTold)) throw malformed(name);
  return found;
};
export const partIn = (told: Told, name: string): Told => {
  const found = told[name];
  if (!isTold(found)) throw malformed(name);
  return found;
};
export const malformed = (what: string): ComputeError =>
  new ComputeError('compute.engineFailed', `it answers otherwise than its API says: ${what}`);

/** Whatever it says is its own: cut, and of one line. */
export const quoted = (text: unknown): string =>
  String(text ?? '')
    .replace(/\p{C}+/gu, ' ')
    .slice(0, 300);

const here = (host: string): boolean => host === 'localhost' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);

/** Of a settings file: texts by these names and no others. Throws `compute.range` with what is wrong. */
export const settingsIn = <Name extends string>(
  title: string,
  text: string,
  names: readonly Name[],
  optional: readonly Name[] = [],
): { found: Record<Name, string>; url: URL; wrong: (what: string) => ComputeError } => {
  const wrong = (what: string) => new ComputeError('compute.range', `settings of ${title}: ${what}`);
  let found: Record<string, unknown> | null;
  try {
    found = JSON.parse(text) as Record<string, unknown> | null;
  } catch {
    throw wrong('no JSON');
  }
  const other = Object.keys(found ?? {}).find((name) => !(names as readonly string[]).includes(name));
  if (other !== undefined) throw wrong(`${other} is not known`);
  const missing = names.find((name) =>
    found?.[name] === undefined ? !optional.includes(name) : typeof found[name] !== 'string' || found[name] === '',
  );
  if (missing || !found) throw wrong(`${missing} is missing`);
  const url = typeof found.url === 'string' && URL.canParse(found.url) ? new URL(found.url) : undefined;
  if (!url || url.username || url.password || url.search || url.hash) throw wrong('url is no plain address');
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && here(url.hostname)))
    throw wrong('url is https, except on a loopback address');
  return { found: found as Record<Name, string>, url, wrong };
};

export const versionShape = /^[0-9A-Za-z][\w.+-]{0,39}$/;

/** The means of `fetch` that are used here, where a service wants to see a certificate or shows one of an authority of its own. */
export type Get = (
  url: string,
  init: { method: 'POST'; headers: Record<string, string>; body: string; redirect: 'error'; signal: AbortSignal },
) => Promise<Pick<Response, 'status' | 'body'>>;

export const getWith =
  (credentials: { ca: string; cert: string; key: string } | undefined): Get =>
  (url, { method, headers, body, signal }) =>
    new Promise((resolve, reject) => {
      const send = url.startsWith('https:') ? secured : plain;
      // A connection of its own for each: what is kept open would outlive the signal.
      const asked = send(url, { method, headers, signal, agent: false, ...credentials }, (answer) => {
        resolve({ status: answer.statusCode ?? 0, body: Readable.toWeb(answer) as Response['body'] });
      });
      asked.on('error', reject);
      asked.end(body);
    });

export interface Service {
  /** Throws `compute.engineFailed`, `compute.sizeCap` or what `faultOf` says. */
  ask(path: string, body: object, taken?: readonly number[]): Promise<{ code: number; told: Told }>;
  /** Until `look` finds something; throws `compute.peerSilent` when that takes too long. */
  until<T>(what: string, ms: number, look: () => Promise<T | undefined>): Promise<T>;
}

export interface Asking {
  /** For whom its faults are read. */
  name: string;
  url: string;
  get: Get;
  headers?: Record<string, string>;
  signal: AbortSignal;
  /** Of one answer, and between two looks. */
  patienceMs: number;
  lookMs: number;
  answerBytes: number;
  /** Of a code of its status that is not nought. */
  faultOf?(code: number, path: string): ComputeFault;
}

const bodyOf = async ({ body }: Pick<Response, 'body'>, answerBytes: number): Promise<string> => {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of body ?? []) {
    bytes += piece.length;
    if (bytes > answerBytes) throw new ComputeError('compute.sizeCap', `an answer of more than ${answerBytes} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
};

export const serviceAt = (asking: Asking): Service => {
  const { name, url, get, headers, signal, patienceMs, lookMs, answerBytes, faultOf } = asking;
  const ended = () => new ComputeError('compute.engineFailed', `ended before ${name} had answered`);
  const base = url.replace(/\/+$/, '');
  const ask: Service['ask'] = async (path, body, taken = []) => {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]);
    let status: number;
    let text: string;
    try {
      const response = await get(`${base}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json', ...headers },
        body: JSON.stringify(body),
        redirect: 'error',
        signal: limit,
      });
      status = response.status;
      text = await bodyOf(response, answerBytes);
    } catch (error) {
      if (error instanceof ComputeError) throw error;
      if (signal.aborted) throw ended();
      const why = limit.aborted ? `says nothing for ${patienceMs} ms` : 'cannot be reached';
      throw new ComputeError('compute.engineFailed', `${name} ${why} (${path})`);
    }
    let told: unknown;
    try {
      told = JSON.parse(text);
    } catch {
      told = undefined;
    }
    // A status without a code is one of nought, where the API leaves out what is empty.
    const told0 = isTold(told) && isTold(told.status) ? told.status : undefined;
    const found = told0?.code ?? (told0 ? 0 : undefined);
    if (status !== 200 && typeof found !== 'number')
      throw new ComputeError('compute.engineFailed', `${name} answers ${status} (${path})`);
    if (!isTold(told) || typeof found !== 'number') throw malformed(path);
    if (found !== 0 && !taken.includes(found))
      throw new ComputeError(
        faultOf?.(found, path) ?? 'compute.engineFailed',
        `${name} refuses ${path} with ${found}: ${quoted(told0!.message)}`,
      );
    return { code: found, told };
  };
  return {
    ask,
    until: async (what, ms, look) => {
      const end = performance.now() + ms;
      for (;;) {
        const found = await look();
        if (found !== undefined) return found;
        if (performance.now() > end) throw new ComputeError('compute.peerSilent', `${what} did not come`);
        await pause(lookMs, undefined, { signal }).catch(() => {
          throw ended();
        });
      }
    },
  };
};

/** Of an engine that runs by a service: what a test may set. */
export interface ServiceHooks {
  patienceMs?: number;
  lookMs?: number;
  silenceMs?: number;
}

/** For as long as it computes, and for what is taken back after that, whatever ended it. */
export interface Services {
  while: Service;
  after: Service;
}

/** Both for one part of a use, and what ends it: its time, or whoever started it. */
export const servicesFor = (
  asking: Omit<Asking, 'signal'>,
  { playSeconds, afterMs }: { playSeconds: number; afterMs: number },
) => {
  const stop = new AbortController();
  const late = setTimeout(() => stop.abort(), playSeconds * 1000);
  const services: Services = {
    while: serviceAt({ ...asking, signal: stop.signal }),
    after: serviceAt({
      ...asking,
      patienceMs: Math.min(asking.patienceMs, afterMs),
      signal: new AbortController().signal,
    }),
  };
  let over = false;
  return {
    services,
    /** As an engine's part is told of. */
    started: <Outcome>(playing: Promise<Outcome>) => {
      const outcome = playing.finally(() => {
        over = true;
        clearTimeout(late);
      });
      outcome.catch(() => undefined);
      const kill = () => {
        stop.abort();
        return !over;
      };
      return { child: { kill }, outcome };
    },
  };
};
