/** For tests only: three parties over loopback in one process. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Frame } from '../channel/frames.ts';
import { generateIdentity, type Identity } from '../channel/keys.ts';
import type { Link } from '../channel/link.ts';
import { dial, listen } from '../channel/meet.ts';
import type { Role } from './agree.ts';
import { type IntersectMode, type Reveal, type Terms, termsDigest } from './terms.ts';

export interface Cast {
  terms: Terms;
  identities: Record<Role | 'helper', Identity>;
}

export const castOf = (mode: IntersectMode, reveal: Reveal, keysMax = 100_000): Cast => {
  const identities = { first: generateIdentity(), second: generateIdentity(), helper: generateIdentity() };
  const hex = (identity: Identity) => identity.publicKey.toString('hex');
  const terms: Terms = {
    job: randomBytes(16).toString('hex'),
    mode,
    reveal,
    keysMax,
    first: hex(identities.first),
    second: hex(identities.second),
    helper: mode === 'helper' ? hex(identities.helper) : null,
  };
  return { terms, identities };
};

export interface Folder {
  path: string;
  table(name: string, rows: readonly string[], header?: string): Promise<string>;
  /** Lines of a file after its header; undefined where there is none. */
  lines(path: string): Promise<string[] | undefined>;
  remove(): Promise<void>;
}

export const makeFolder = async (): Promise<Folder> => {
  const path = await mkdtemp(join(tmpdir(), 'shugu-intersect-'));
  return {
    path,
    async table(name, rows, header = 'id,name') {
      const file = join(path, name);
      await writeFile(file, [header, ...rows].map((line) => `${line}\n`).join(''));
      return file;
    },
    async lines(file) {
      const text = await readFile(file, 'utf8').catch(() => undefined);
      return text?.split('\n').slice(1).filter(Boolean);
    },
    remove: () => rm(path, { recursive: true, force: true }),
  };
};

export const host = '127.0.0.1';

/** The helper's two links and each owner's, met over TLS; a connection that breaks is the end. */
export const meetAtHelper = async ({ terms, identities }: Cast, silenceMs?: number) => {
  const meeting = { job: termsDigest(terms), host, silenceMs, resumeMs: 0 };
  const { first, second, helper } = identities;
  const door = await listen({ ...meeting, own: helper, peers: [first.publicKey, second.publicKey] });
  const owner = (own: Identity): Promise<Link> => dial({ ...meeting, own, peer: helper.publicKey, port: door.port });
  const owners = await Promise.all([owner(first), owner(second)]);
  const [a, b] = await door.met;
  return { helper: [a!, b!] as const, first: owners[0], second: owners[1] };
};

/**
 * Links of both owners alone, met over TLS; each gives the other up after its own time of silence. `through` answers the port to dial, `resumeMs` is
 * how long a connection may take to come back.
 */
export const meetInPair = async (
  { terms, identities }: Cast,
  silenceMs: Partial<Record<Role, number>> = {},
  { through, resumeMs = 0 }: { through?: (port: number) => Promise<number>; resumeMs?: number } = {},
): Promise<Record<Role, Link>> => {
  const meeting = { job: termsDigest(terms), host, resumeMs };
  const { first: own, second } = identities;
  const door = await listen({ ...meeting, own: second, peers: [own.publicKey], silenceMs: silenceMs.second });
  const port = through ? await through(door.port) : door.port;
  const [one, [other]] = await Promise.all([
    dial({ ...meeting, own, peer: second.publicKey, port, silenceMs: silenceMs.first }),
    door.met,
  ]);
  return { first: one, second: other! };
};

/** What passes a link from now on, in copies. */
export const recorded = (link: Link): { sent: Frame[]; got: Frame[] } => {
  const [sent, got]: [Frame[], Frame[]] = [[], []];
  const send = link.send.bind(link);
  link.send = (type, body) => {
    sent.push({ type, body: Buffer.from(body) });
    return send(type, body);
  };
  const next = link.next.bind(link);
  link.next = async () => {
    const frame = await next();
    got.push({ type: frame.type, body: Buffer.from(frame.body) });
    return frame;
  };
  return { sent, got };
};
export const shapesOf = (frames: readonly Frame[]) => frames.map(({ type, body }) => [type, body.length]);

export const codeOf = (running: Promise<unknown>): Promise<string> =>
  running.then(
    () => 'went well',
    (error: { code?: string }) => error.code ?? String(error),
  );

/** Rows of `a` whose key, before the comma, `b` has. */
export const commonRows = (a: readonly string[], b: readonly string[]): string[] => {
  const key = (line: string) => line.split(',')[0]!;
  const keys = new Set(b.map(key));
  return a.filter((line) => keys.has(key(line)));
};
export const people = (from: number, until: number, tail = ''): string[] =>
  Array.from({ length: until - from }, (_, at) => `person-${from + at}${tail}`);
