/** The filter says what its table says, number by number, on both processors; and the kernel of this machine does what the filter says. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { findSandbox } from './sandbox.ts';
import {
  ENOSYS,
  EPERM,
  type Processor,
  processorOf,
  refusedCalls,
  systemCallFilter,
  systemCallProgram,
} from './system-calls.ts';

interface Call {
  number: number;
  processor: number;
  args: readonly number[];
}

/** What the kernel would answer to a call: classic BPF over struct seccomp_data, of as much of it as our filters use. */
const answerOf = (filter: Buffer, { number, processor, args }: Call): 'allow' | 'kill' | number => {
  const data = Buffer.alloc(64);
  data.writeUInt32LE(number, 0);
  data.writeUInt32LE(processor, 4);
  for (const [at, one] of args.entries()) data.writeUInt32LE(one, 16 + 8 * at);
  let held = 0;
  for (let at = 0; at < filter.length; at += 8) {
    const [code, yes, no, value] = [
      filter.readUInt16LE(at),
      filter[at + 2]!,
      filter[at + 3]!,
      filter.readUInt32LE(at + 4),
    ];
    const jump = (holds: boolean) => {
      at += 8 * (holds ? yes : no);
    };
    if (code === 0x20) held = data.readUInt32LE(value);
    else if (code === 0x15) jump(held === value);
    else if (code === 0x35) jump(held >= value);
    else if (code === 0x45) jump((held & value) !== 0);
    else if (code !== 0x06) throw new Error(`no such instruction: ${code}`);
    else return value === 0x7fff0000 ? 'allow' : value === 0x80000000 ? 'kill' : value & 0xffff;
  }
  throw new Error('the program has no end');
};

const processors: Record<
  Processor,
  { audited: number; clone: number; socket: number; socketpair: number; ioctl: number }
> = {
  x64: { audited: 0xc000003e, clone: 56, socket: 41, socketpair: 53, ioctl: 16 },
  arm64: { audited: 0xc00000b7, clone: 220, socket: 198, socketpair: 199, ioctl: 29 },
};
const clone3 = 435;

describe.each(['x64', 'arm64'] as const)('on %s', (processor) => {
  const filter = systemCallFilter(processor);
  const { audited, clone, socket, socketpair, ioctl } = processors[processor];
  const ask = (number: number, ...args: number[]) => answerOf(filter, { number, processor: audited, args });

  it('what is in the table is refused, and every other number is let pass', () => {
    const at = processor === 'x64' ? 0 : 1;
    const refused = new Set<number | null>(Object.values(refusedCalls).map((numbers) => numbers[at]));
    expect(refused.size).toBeGreaterThan(45);
    for (let number = 0; number < 700; number += 1) {
      if ([clone, clone3, socket, socketpair, ioctl].includes(number)) continue;
      expect([number, ask(number)]).toEqual([number, refused.has(number) ? EPERM : 'allow']);
    }
    expect(ask(clone3)).toBe(ENOSYS);
  });

  it('another processor’s calls end the process, and numbers of a third kind are refused', () => {
    for (const wrong of [0x40000003, 0xc000003e, 0xc00000b7].filter((one) => one !== audited))
      expect(answerOf(filter, { number: 0, processor: wrong, args: [] })).toBe('kill');
    expect(ask(0x4000_0000 + 41)).toBe(EPERM);
    expect(ask(0xffff_ffff)).toBe(EPERM);
  });

  it('threads are made and no processes or name spaces; sockets are local; nothing is typed into a terminal', () => {
    const thread = 0x3d0f00;
    expect(ask(clone, thread)).toBe('allow');
    for (const flags of [0x11, 0x1200011, 0x4111, 0, ...[17, 25, 26, 27, 28, 29, 30].map((bit) => thread | (1 << bit))])
      expect([flags, ask(clone, flags)]).toEqual([flags, EPERM]);
    for (const number of [socket, socketpair])
      for (let family = 0; family < 50; family += 1) expect(ask(number, family)).toBe(family === 1 ? 'allow' : EPERM);
    expect([0x5412, 0x541c, 0x5413, 0x5401].map((request) => ask(ioctl, 0, request))).toEqual([
      EPERM,
      EPERM,
      'allow',
      'allow',
    ]);
  });

  it('no jump leads out of the program, which the kernel would not take', () => {
    const program = systemCallProgram(processor);
    expect(program.length).toBeLessThan(4096);
    for (const [at, { yes, no }] of program.slice(0, -1).entries())
      expect(at + 1 + Math.max(yes, no)).toBeLessThan(program.length);
  });
});

const perl = '/usr/bin/perl';
const sandbox = await findSandbox();
const mine = processorOf(process.arch);

describe.skipIf(sandbox.kind === 'none' || !existsSync(perl))('by the kernel of this machine', () => {
  /** The error of each call, all of whose arguments are nought but those given; 0 where it went well. */
  const tried = async (calls: readonly (readonly number[])[], filtered: boolean): Promise<number[]> => {
    if (sandbox.kind === 'none') throw new Error('no sandbox');
    const asked = calls.map((call) => `[${[...call, ...Array<number>(7 - call.length).fill(0)].join(',')}]`).join(',');
    const script = `for my $c (${asked}) { $! = 0; my $r = syscall($c->[0], $c->[1], $c->[2], $c->[3], $c->[4], $c->[5], $c->[6]); print $r == -1 ? $!+0 : 0, "\\n"; }`;
    const shown = ['/usr', '/lib', '/lib64'].flatMap((path) => ['--ro-bind-try', path, path]);
    const filter = filtered ? ['--seccomp', '3'] : [];
    const child = spawn(
      sandbox.command,
      [
        ...'--unshare-all --cap-drop ALL --die-with-parent --dev /dev'.split(' '),
        ...shown,
        ...filter,
        '--',
        perl,
        '-e',
        script,
      ],
      { env: {}, stdio: ['ignore', 'pipe', 'ignore', 'pipe'] },
    );
    const into = child.stdio[3] as Writable;
    into.on('error', () => undefined);
    into.end(systemCallFilter(mine!));
    return (await text(child.stdout as Readable)).trim().split('\n').map(Number);
  };
  const at = mine === 'x64' ? 0 : 1;
  const named = Object.entries(refusedCalls).flatMap(([name, numbers]) => {
    const number = numbers[at];
    return number === null ? [] : [{ name, number }];
  });

  it('each call of the table is refused, and so are networks, another process, and clone3 is not there', async () => {
    const { socket, clone, ioctl } = processors[mine!];
    const more = [
      [socket, 2, 1],
      [socket, 10, 1],
      [socket, 16, 3],
      [socket, 17, 3],
      [socket, 40, 1],
      [clone, 17],
      [ioctl, 0, 0x5412],
    ];
    const errors = await tried([...named.map(({ number }) => [number]), ...more, [clone3], [socket, 1, 1]], true);
    expect(Object.fromEntries(named.map(({ name }, n) => [name, errors[n]]))).toEqual(
      Object.fromEntries(named.map(({ name }) => [name, EPERM])),
    );
    expect(errors.slice(named.length)).toEqual([...more.map(() => EPERM), ENOSYS, 0]);
  });

  it('without the filter some of them go well: the trial sees it', async () => {
    const { socket } = processors[mine!];
    const query = 0xffff_ffff;
    expect(
      await tried(
        [
          [socket, 2, 1],
          [socket, 16, 3],
          [refusedCalls.personality[at], query],
        ],
        false,
      ),
    ).toEqual([0, 0, 0]);
  });
});
