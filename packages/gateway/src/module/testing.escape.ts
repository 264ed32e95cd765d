/** For tests: in the place of a module's process. It tries what whoever broke out of the engine would try, and tells what it got. */
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { connect } from 'node:net';
import { engine } from './engine.ts';
import { FD, type ModuleSetup } from './protocol.ts';

const tried = (work: () => unknown): string => {
  try {
    return String(work());
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'failed';
  }
};
const status = ({ error, status }: ReturnType<typeof spawnSync>) => {
  if (error) throw error;
  return status;
};
const reached = (port: number): Promise<string> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve('reached'));
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'failed'));
  });
const left = (path: string): string => {
  writeFileSync(path, 'x');
  rmSync(path);
  return 'written';
};
/** Far more than what a module is given, at once: the kernel says no, whatever the engine thinks, and enough is left to tell of it. */
const flood = (): string => {
  const memory = new engine.Memory({ initial: 1, maximum: 65_536 });
  try {
    memory.grow(2 ** 15);
    return 'given';
  } catch {
    return 'refused';
  }
};

const given = readFileSync(FD.setup);
const { values } = JSON.parse(given.subarray(0, given.indexOf(10)).toString()) as ModuleSetup;
const { foreign, port, parent } = JSON.parse(values) as Record<'foreign' | 'port' | 'parent', string>;
const found = {
  own: tried(() => readFileSync(FD.tables, 'utf8')),
  written: tried(() => writeSync(FD.tables, 'changed')),
  foreign: tried(() => readFileSync(foreign, 'utf8')),
  passwords: tried(() => readFileSync('/etc/passwd', 'utf8').length),
  scratch: tried(() => left('/tmp/shugu-mine')),
  elsewhere: tried(() => left('/shugu-mine')),
  socket: await reached(Number(port)),
  parent: tried(() => process.kill(Number(parent), 0)),
  settings: Object.keys(process.env).filter((name) => !/^(LANG|TZ|PWD)$/.test(name)),
  child: tried(() => status(spawnSync(process.execPath, ['-e', '']))),
  memory: flood(),
};
writeSync(FD.output, `${JSON.stringify(found)}\n`);
writeSync(FD.verdict, `${JSON.stringify({ code: 'done', detail: 'words of its own' })}\n`);
process.exit(0);
