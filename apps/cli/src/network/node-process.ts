/**
 * One node of a small network, a process of its own, set by its environment. It ends when its stdin does, so that nothing is
 * left of a network whose own process was killed.
 */
import { resolve } from 'node:path';
import { makeLog, readConfig, startExchange } from '@shugu/server';
import { say } from '../say.ts';

const ended = new Promise<void>((done) => {
  process.stdin.resume().once('end', done).once('close', done).once('error', done);
  process.once('SIGTERM', done);
  // A terminal's Ctrl-C reaches every process: this one is told to end by the one that started it.
  for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);
});
const config = readConfig(process.env);
const exchange = await startExchange({
  config: { ...config, home: resolve(config.home) },
  log: makeLog(config.logLevel),
});
say(JSON.stringify({ url: exchange.url, setupToken: exchange.kernel.setupToken }));
await ended;
await exchange.close();
process.exit(0);
