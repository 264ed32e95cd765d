import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { BankBooks } from './books.ts';
import { startExecutor } from './executor.ts';
import { parseCallback, parseDay, parseFaults } from './parse.ts';
import { createBankServer } from './server.ts';

/**
 * node apps/bank/src/main.ts --port 0 --data DIR [--key HEX] [--seed N] [--faults JSON] [--day YYYY-MM-DD]
 *   [--callback URL] [--stdin-guard]
 * Without --key the shared secret is DIR/bank.key, made at the first start. Prints {"ready":true,"port":N} when it listens.
 */
const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    data: { type: 'string' },
    key: { type: 'string' },
    seed: { type: 'string', default: '1' },
    faults: { type: 'string' },
    day: { type: 'string' },
    callback: { type: 'string' },
    'stdin-guard': { type: 'boolean', default: false },
  },
});

function refuse(message: string): never {
  process.stderr.write(`bank simulator: ${message}\n`);
  process.exit(2);
}

function wholeNumber(name: string, text: string, most: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > most) refuse(`--${name} must be a whole number of 0 to ${most}`);
  return value;
}

function sharedKey(directory: string, given: string | undefined): Buffer {
  const file = join(directory, 'bank.key');
  if (given === undefined && !existsSync(file)) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    writeFileSync(file, randomBytes(32).toString('hex'), { mode: 0o600, flag: 'wx' });
  }
  const hex = given ?? readFileSync(file, 'utf8').trim();
  if (!/^(?:[0-9a-f]{2}){16,64}$/i.test(hex)) refuse('the key must be 16 to 64 bytes of hexadecimal');
  return Buffer.from(hex, 'hex');
}

const directory = values.data ?? refuse('--data DIR is needed');
const port = wholeNumber('port', values.port, 65_535);
const seed = wholeNumber('seed', values.seed, Number.MAX_SAFE_INTEGER);
const key = sharedKey(directory, values.key);
const now = () => Date.now();
const books = new BankBooks(directory, { seed, now });
if (values.faults !== undefined) books.setFaults(parseFaults(JSON.parse(values.faults), books.faults()));
if (values.day !== undefined) books.setDay(parseDay(values.day));
if (values.callback !== undefined) books.setCallbackUrl(parseCallback({ url: values.callback }));
const executor = startExecutor(books, { key, now, fetch });
const server = createBankServer({ books, executor, key, now });

let stopping = false;
async function stop(): Promise<void> {
  if (stopping) return;
  stopping = true;
  server.close();
  server.closeIdleConnections();
  await executor.stop();
  server.closeAllConnections();
  books.close();
  process.exit(0);
}

process.once('SIGTERM', stop);
if (!values['stdin-guard']) process.once('SIGINT', stop);
else {
  // A terminal's Ctrl-C is for the parent, which still needs this to close.
  process.on('SIGINT', () => undefined);
  // The parent holds the other end; when it dies, however it dies, this ends too.
  process.stdin.resume().once('end', stop).once('close', stop).once('error', stop);
}
server.listen(port, '127.0.0.1', () => {
  process.stdout.write(`${JSON.stringify({ ready: true, port: (server.address() as AddressInfo).port })}\n`);
});
