/**
 * Time stamps by an outside authority (RFC 3161) over the log's checkpoints: the node's own clock shall not be the only witness of
 * when a checkpoint existed. Asked beside the log and never in its way; what fails is tried again with back-off and shown.
 */
import { randomBytes } from 'node:crypto';
import {
  acceptStamp,
  certificatesInPem,
  type Stamp,
  stampAhead,
  stampAheadSecondsMax,
  stampedBytes,
  stampRequest,
  tokenLimits,
} from '@shugu/evidence';
import type { Logger } from 'pino';
import { backoffSeconds } from '../backoff.ts';
import { type Database, type Reader, sql, type Tx } from '../db/db.ts';
import { systemActor } from '../http/principal.ts';
import { readState, writeState } from '../node.ts';
import * as store from './store.ts';

export const stampLimits = {
  patienceSeconds: 10,
  /** A response is the token and a status. */
  answerBytesMax: tokenLimits.bytesMax + 4096,
  nonceBytes: 16,
  authoritiesMax: 16,
} as const;

export interface StampSource {
  url: string;
  /** Value of the header Authorization; empty for none. */
  authorization: string;
  /** At least so long between two stamps. */
  seconds: number;
  /** Certificates (DER) that a stamp must lead to. */
  authorities: readonly Uint8Array[];
}

/** What went wrong since the last stamp, kept for whoever looks from outside. */
export interface StampFailure {
  failures: number;
  at: string;
  reason: string;
}

const failureKey = 'stampFailure';
const authoritiesKey = 'stampAuthorities';

export const stampFailure = (read: Reader): Promise<StampFailure | undefined> =>
  readState<StampFailure | null>(read, failureKey).then((found) => found ?? undefined);

/** Base64 of every authority's certificate that was ever configured: papers carry the stamps of former ones. */
export const knownStampAuthorities = async (read: Reader): Promise<string[]> =>
  (await readState<string[]>(read, authoritiesKey)) ?? [];

/** Throws where the file names no certificate, or one that cannot be read. */
export const authoritiesIn = (pem: string): Uint8Array[] => {
  const found = certificatesInPem(pem);
  if (found.length === 0) throw new Error('no certificate in PEM is there');
  if (found.length > stampLimits.authoritiesMax) throw new Error(`at most ${stampLimits.authoritiesMax} certificates`);
  return found;
};

export const rememberAuthorities = async (tx: Tx, present: readonly Uint8Array[]): Promise<void> => {
  const known = new Set(await knownStampAuthorities(tx));
  const count = known.size;
  for (const one of present) known.add(Buffer.from(one).toString('base64'));
  if (known.size > count) await writeState(tx, authoritiesKey, [...known]);
};

/** Whether a checkpoint of that size is to be stamped now. */
export const stampDue = (state: {
  size: number;
  last: { size: number; taken_at: Date } | undefined;
  failure: StampFailure | undefined;
  seconds: number;
  now: Date;
}): boolean => {
  const { size, last, failure, seconds, now } = state;
  const since = (at: Date) => (now.getTime() - at.getTime()) / 1000;
  if (size <= (last?.size ?? 0)) return false;
  if (last && since(last.taken_at) < seconds) return false;
  return !failure || since(new Date(failure.at)) >= backoffSeconds(failure.failures, seconds);
};

/** An operator's own setting, like the witnesses: no guard keeps it from the inner network, where many authorities stand. */
const ask = async (source: StampSource, request: Uint8Array, stopping: AbortSignal): Promise<Uint8Array> => {
  const response = await fetch(source.url, {
    method: 'POST',
    headers: {
      'content-type': 'application/timestamp-query',
      accept: 'application/timestamp-reply',
      ...(source.authorization ? { authorization: source.authorization } : {}),
    },
    body: Buffer.from(request),
    redirect: 'error',
    signal: AbortSignal.any([stopping, AbortSignal.timeout(stampLimits.patienceSeconds * 1000)]),
  });
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > stampLimits.answerBytesMax) throw new Error('the answer of the authority is too long');
    chunks.push(chunk);
  }
  if (response.status !== 200) throw new Error(`the authority answered HTTP ${response.status}`);
  return new Uint8Array(Buffer.concat(chunks));
};

export interface StampingOptions {
  database: Database;
  node: string;
  log: Logger;
  source: StampSource;
  now(): Date;
  /** The checkpoint that is to be stamped next, if it is not yet. */
  checkpoint(origin: string): Promise<store.StoredCheckpoint | undefined>;
  /** In the transaction that keeps the stamp. */
  onStamped(tx: Tx, origin: string, size: number): Promise<void>;
}

export interface Stamping {
  /** Asks if it is time; true when there is a new stamp. Runs one at a time, never throws for what the authority does. */
  run(): Promise<boolean>;
  /** Since the first checkpoint was signed that no stamp covers; 0 when all are covered. */
  unstampedSeconds(): Promise<number>;
  close(): Promise<void>;
}

export const makeStamping = (options: StampingOptions): Stamping => {
  const { database, source, now } = options;
  const actor = systemActor('stamps');
  const stopping = new AbortController();

  const keep = (origin: store.Origin, size: number, taken: { token: Uint8Array; stamp: Stamp }): Promise<void> =>
    database.tx(actor, async (tx) => {
      await store.insertStamp(tx, { origin: origin.origin, size, ...taken });
      await tx.exec(sql`delete from node_state where key = ${failureKey}`);
      await options.onStamped(tx, origin.origin, size);
    });

  const fail = async (before: StampFailure | undefined, size: number, error: Error): Promise<void> => {
    const reason = [error.message, (error.cause as Error | undefined)?.message]
      .filter(Boolean)
      .join(': ')
      // Words of a server's, shown on terminals.
      .replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
      .slice(0, 500);
    const failure = { failures: (before?.failures ?? 0) + 1, at: now().toISOString(), reason };
    options.log.warn({ reason, authority: source.url, size, failures: failure.failures }, 'no time stamp was given');
    await database.tx(actor, (tx) => writeState(tx, failureKey, failure));
  };

  const stampOf = async (origin: store.Origin, note: string) => {
    const bytes = stampedBytes(note, origin.origin);
    const nonce = new Uint8Array(randomBytes(stampLimits.nonceBytes));
    const response = await ask(source, stampRequest({ suite: origin.suite, bytes, nonce }), stopping.signal);
    const authorities = source.authorities.map((certificate) => ({ certificate }));
    const taken = acceptStamp(response, { bytes, nonce, authorities });
    // Papers with it would not verify anywhere: better none, and somebody who looks at the clock.
    const ahead = stampAhead(now(), taken.stamp);
    if (ahead > stampAheadSecondsMax)
      throw new Error(`the node's clock is ${Math.round(ahead)} s ahead of the authority's`);
    return taken;
  };

  const runOnce = async (): Promise<boolean> => {
    const origin = await store.openOrigin(database, options.node);
    const checkpoint = origin && (await options.checkpoint(origin.origin));
    if (!origin || !checkpoint) return false;
    const { size, note } = checkpoint;
    const failure = await stampFailure(database);
    const last = await store.latestStamp(database, origin.origin);
    if (!stampDue({ size, last, failure, seconds: source.seconds, now: now() })) return false;
    try {
      await keep(origin, size, await stampOf(origin, note));
      return true;
    } catch (error) {
      if (!stopping.signal.aborted) await fail(failure, size, error as Error);
      return false;
    }
  };

  let running: Promise<boolean> | undefined;
  return {
    run: () => {
      if (stopping.signal.aborted) return Promise.resolve(false);
      running ??= runOnce().finally(() => {
        running = undefined;
      });
      return running;
    },
    unstampedSeconds: async () => {
      const origin = await store.openOrigin(database, options.node);
      const since = origin && (await store.unstampedSince(database, origin.origin));
      return since ? Math.max(0, (now().getTime() - since.getTime()) / 1000) : 0;
    },
    close: async () => {
      stopping.abort();
      await running?.catch(() => undefined);
    },
  };
};
