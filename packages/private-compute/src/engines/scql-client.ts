/** What is asked of an owner's own SCQLBroker (its `/intra` API, JSON over HTTP), within limits; what it answers is held to a shape. */
import { setTimeout as pause } from 'node:timers/promises';
import { ComputeError } from '../problem.ts';
import { scqlLimits } from './scql-plan.ts';

/** As an owner names them. The broker's API proves nobody: it is for its owner's own network. */
export interface ScqlSettings {
  url: string;
  /** Of what its owner installed; the API tells none. */
  version: string;
  /** Codes of the two owners at their brokers. */
  party: string;
  peer: string;
  /** As the owner's SCQLEngine knows the file: DB.TABLE. */
  table: string;
  /** The file that its CSV data source reads under that name. */
  file: string;
}

const code = /^[0-9A-Za-z][\w-]{0,63}$/;
const here = (host: string): boolean => host === 'localhost' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);

/** Of a settings file. Throws `compute.range` with what is wrong. */
export const scqlSettings = (text: string): ScqlSettings => {
  const wrong = (what: string) => new ComputeError('compute.range', `settings of SCQL: ${what}`);
  let found: Record<string, unknown> | null;
  try {
    found = JSON.parse(text) as Record<string, unknown> | null;
  } catch {
    throw wrong('no JSON');
  }
  const names = ['url', 'version', 'party', 'peer', 'table', 'file'] as const;
  const other = Object.keys(found ?? {}).find((name) => !(names as readonly string[]).includes(name));
  if (other !== undefined) throw wrong(`${other} is not known`);
  const missing = names.find((name) => typeof found?.[name] !== 'string' || found[name] === '');
  if (missing) throw wrong(`${missing} is missing`);
  const settings = found as unknown as ScqlSettings;
  const url = URL.canParse(settings.url) ? new URL(settings.url) : undefined;
  if (!url || url.username || url.password || url.search || url.hash) throw wrong('url is no plain address');
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && here(url.hostname)))
    throw wrong('url is https, except on a loopback address');
  if (!/^[0-9A-Za-z][\w.+-]{0,39}$/.test(settings.version)) throw wrong('version');
  if (!code.test(settings.party) || !code.test(settings.peer) || settings.party === settings.peer)
    throw wrong('party and peer are two codes');
  if (!/^\w{1,60}\.\w{1,60}$/.test(settings.table)) throw wrong('table is DB.TABLE');
  return settings;
};

type Told = Record<string, unknown>;
const isTold = (found: unknown): found is Told => typeof found === 'object' && found !== null && !Array.isArray(found);
/** Fields that the API leaves out are those without anything in them. */
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
  new ComputeError('compute.engineFailed', `the broker answers otherwise than its API says: ${what}`);

/** Codes of its status. */
export const scqlCode = { ok: 0, notReady: 104, notFound: 140 } as const;
/** Of a query that it does not take as it is written, or by what its owners grant. */
const ofTheQuery: readonly number[] = [102, 103, 160, 340];

/** Whatever it says is the broker's: cut, and of one line. */
const quoted = (text: unknown): string =>
  String(text ?? '')
    .replace(/\p{C}+/gu, ' ')
    .slice(0, 300);

export interface Broker {
  /** Throws `compute.engineFailed`, `compute.query` or `compute.sizeCap`. */
  ask(path: string, body: object, taken?: readonly number[]): Promise<{ code: number; told: Told }>;
  /** Until `look` finds something; throws `compute.peerSilent` when that takes too long. */
  until<T>(what: string, ms: number, look: () => Promise<T | undefined>): Promise<T>;
}

const bodyOf = async (response: Response): Promise<string> => {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of response.body ?? []) {
    bytes += piece.length;
    if (bytes > scqlLimits.answerBytes)
      throw new ComputeError('compute.sizeCap', `an answer of more than ${scqlLimits.answerBytes} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
};

export interface Asking {
  url: string;
  fetch: typeof fetch;
  signal: AbortSignal;
  /** Of one answer, and between two looks. */
  patienceMs: number;
  lookMs: number;
}

export const brokerAt = ({ url, fetch: get, signal, patienceMs, lookMs }: Asking): Broker => {
  const ended = () => new ComputeError('compute.engineFailed', 'ended before the broker had answered');
  const base = url.replace(/\/+$/, '');
  const ask: Broker['ask'] = async (path, body, taken = []) => {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]);
    let status: number;
    let text: string;
    try {
      const response = await get(`${base}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json' },
        body: JSON.stringify(body),
        redirect: 'error',
        signal: limit,
      });
      status = response.status;
      text = await bodyOf(response);
    } catch (error) {
      if (error instanceof ComputeError) throw error;
      if (signal.aborted) throw ended();
      const why = limit.aborted ? `says nothing for ${patienceMs} ms` : 'cannot be reached';
      throw new ComputeError('compute.engineFailed', `the broker ${why} (${path})`);
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
      throw new ComputeError('compute.engineFailed', `the broker answers ${status} (${path})`);
    if (!isTold(told) || typeof found !== 'number') throw malformed(path);
    if (found !== scqlCode.ok && !taken.includes(found))
      throw new ComputeError(
        ofTheQuery.includes(found) && path.startsWith('/intra/query') ? 'compute.query' : 'compute.engineFailed',
        `the broker refuses ${path} with ${found}: ${quoted(told0!.message)}`,
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
