/** For tests: in the place of a query process. It tries what a query that broke out of the engine would try, and tells what it got. */
import { spawnSync } from 'node:child_process';
import { createWriteStream, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { FRAME, frame } from './frames.ts';

const pipe = createWriteStream('', { fd: 4, autoClose: false });
const say = (value: unknown) => pipe.write(frame(FRAME.end, Buffer.from(JSON.stringify(value)), 0));
const tried = (work: () => unknown): string => {
  try {
    return String(work());
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'failed';
  }
};
const kept = process.env.NODE_COMPILE_CACHE;
const status = ({ error, status }: ReturnType<typeof spawnSync>) => {
  if (error) throw error;
  return status;
};
const reached = (port: number): Promise<string> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve('reached');
    });
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'failed'));
  });

process.once('disconnect', () => process.exit(0));
process.on('message', async (message: { kind: string; sql?: string; tables?: { path: string }[] }) => {
  if (message.kind === 'grant') return say({});
  const { own, foreign, port, parent } = JSON.parse(message.sql!) as Record<'own' | 'foreign', string> &
    Record<'port' | 'parent', number>;
  say({
    own: tried(() => readFileSync(own, 'utf8')),
    written: tried(() => writeFileSync(own, 'changed')),
    foreign: tried(() => readFileSync(foreign, 'utf8')),
    passwords: tried(() => readFileSync('/etc/passwd', 'utf8').length),
    scratch: tried(() => writeFileSync('/tmp/mine', 'x')),
    elsewhere: tried(() => writeFileSync('/mine', 'x')),
    kept: kept && tried(() => writeFileSync(join(kept, 'mine.cjs'), 'x')),
    flood: tried(() => writeFileSync('/tmp/flood', Buffer.alloc(64 * 2 ** 20))),
    socket: await reached(port),
    networks: tried(() => Object.keys(networkInterfaces()).filter((name) => name !== 'lo').length),
    child: tried(() => status(spawnSync(process.execPath, ['-e', '']))),
    parent: tried(() => process.kill(parent, 0)),
    secrets: Object.keys(process.env).filter((name) => !/^(LANG|TZ|PWD|NODE_COMPILE_CACHE|NODE_CHANNEL.*)$/.test(name)),
  });
});
