/** A session at a PostgreSQL database that a member names, for what is brought to it and what is read from it. */
import type { EventEmitter } from 'node:events';
import { isIP, Socket } from 'node:net';
import { addressCheck, guardedLookup } from '@shugu/gateway';
import pg from 'pg';

export interface DatabaseAddress {
  host: string;
  port: number;
  database: string;
  user: string;
  tls: 'verify' | 'require' | 'off';
}

/** What stands in the way, whatever is done there. */
export type Trouble = 'addressRefused' | 'databaseLogin' | 'databaseRights' | 'databaseBusy' | 'databaseUnreachable';

const connectMs = 15_000;
/** Of one answer that is held, which may be of a server that means harm: rows and messages are held whole. */
const answerBytesMax = 32 * 2 ** 20;

class AddressRefused extends Error {}

/** A socket that goes only where the operator's guard lets it: names are judged by what they resolve to, at that very moment. */
const guardedSocket = (allowed: readonly string[]): Socket => {
  const check = addressCheck(allowed);
  const socket = new Socket();
  const connect = socket.connect.bind(socket);
  socket.connect = ((port: number, host: string) => {
    if (isIP(host) !== 0 && !check(host)) {
      process.nextTick(() => socket.destroy(new AddressRefused()));
      return socket;
    }
    return connect({ port, host, lookup: guardedLookup(check) });
  }) as Socket['connect'];
  return socket;
};

const sslOf = ({ tls, host }: DatabaseAddress) =>
  tls === 'off' ? false : { rejectUnauthorized: tls === 'verify', ...(isIP(host) === 0 ? { servername: host } : {}) };

/** The other side's words may quote values of rows: only its code and the shortest of its words are kept. */
export const wordsOf = (error: unknown): string => {
  const { code = '', message = '' } = error as { code?: string; message?: string };
  return code || message.slice(0, 100);
};

export const troubleOf = (error: unknown): Trouble => {
  const { code = '' } = error as { code?: string };
  if (error instanceof AddressRefused || code === 'upstreamAddressRefused') return 'addressRefused';
  if (/^28|^3D/.test(code)) return 'databaseLogin';
  if (code === '42501' || code === '3F000') return 'databaseRights';
  if (/^(53|57P0)/.test(code)) return 'databaseBusy';
  return 'databaseUnreachable';
};

export interface SessionOptions {
  /** Private addresses or networks that the operator has opened. */
  allowedAddresses: readonly string[];
  /** Breaks the connection off, whatever it is at. */
  signal: AbortSignal;
  /** As the far end lists it. */
  name: string;
}

export interface Session {
  client: pg.Client;
  close(): Promise<void>;
}

/** Breaks off what answers without an end. */
const watchAnswers = (client: pg.Client): void => {
  const { connection } = client as unknown as { connection: EventEmitter & { stream: Socket } };
  let held = 0;
  const letGo = () => {
    held = 0;
  };
  connection.stream.on('data', (piece: Buffer) => {
    held += piece.length;
    if (held > answerBytesMax) connection.stream.destroy(new Error('the answer is too long'));
  });
  connection.on('copyData', letGo).on('readyForQuery', letGo);
};

/** @throws whatever the connection failed with: see `troubleOf` */
export const openSession = async (
  address: DatabaseAddress,
  password: string,
  { allowedAddresses, signal, name }: SessionOptions,
): Promise<Session> => {
  const { host, port, database, user } = address;
  // A path would lead to a socket of this machine.
  if (host.includes('/')) throw new AddressRefused();
  const client = new pg.Client({
    host,
    port,
    database,
    user,
    password,
    ssl: sslOf(address),
    stream: () => guardedSocket(allowedAddresses),
    connectionTimeoutMillis: connectMs,
    application_name: name,
  });
  // Heard by whoever waits for an answer; unheard it would end the process.
  client.on('error', () => undefined);
  const cut = () => (client as unknown as { connection: { stream: Socket } }).connection.stream.destroy();
  signal.addEventListener('abort', cut, { once: true });
  const close = async () => {
    signal.removeEventListener('abort', cut);
    await client.end().catch(() => undefined);
  };
  try {
    signal.throwIfAborted();
    await client.connect();
    watchAnswers(client);
  } catch (error) {
    await close();
    throw error;
  }
  return { client, close };
};
