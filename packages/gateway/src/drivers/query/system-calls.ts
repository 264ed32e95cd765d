/**
 * Which system calls a process in the sandbox is refused, as a filter of the kernel's (seccomp, mode 2): what opens name spaces and mounts, looks
 * into other processes, loads code into the kernel or reaches parts of it where holes have been found again and again. No process of its own
 * is started: threads alone. What is refused fails as if it were not permitted, so that a program that tries says so, and goes on or ends.
 *
 * The rest is let pass: an engine and its compiler need some two hundred, and which changes with each version. Name spaces, the lack of
 * capabilities and limits stand around this; it stands where one of them would not hold.
 */

export type Processor = 'x64' | 'arm64';
export const processorOf = (arch: string): Processor | undefined =>
  arch === 'x64' || arch === 'arm64' ? arch : undefined;

/** AUDIT_ARCH_X86_64 and AUDIT_ARCH_AARCH64 of linux/audit.h. */
const audited: Record<Processor, number> = { x64: 0xc000_003e, arm64: 0xc000_00b7 };

/** Numbers on x64 and arm64, of asm/unistd_64.h and asm-generic/unistd.h; null where a processor has none. */
export const refusedCalls = {
  // Other processes.
  ptrace: [101, 117],
  process_vm_readv: [310, 270],
  process_vm_writev: [311, 271],
  process_madvise: [440, 440],
  kcmp: [312, 272],
  pidfd_getfd: [438, 438],
  // Name spaces, mounts, and files by their handle.
  unshare: [272, 97],
  setns: [308, 268],
  mount: [165, 40],
  umount2: [166, 39],
  pivot_root: [155, 41],
  chroot: [161, 51],
  open_tree: [428, 428],
  move_mount: [429, 429],
  fsopen: [430, 430],
  fsconfig: [431, 431],
  fsmount: [432, 432],
  fspick: [433, 433],
  mount_setattr: [442, 442],
  name_to_handle_at: [303, 264],
  open_by_handle_at: [304, 265],
  // Wide doors into the kernel.
  add_key: [248, 217],
  request_key: [249, 218],
  keyctl: [250, 219],
  bpf: [321, 280],
  userfaultfd: [323, 282],
  perf_event_open: [298, 241],
  io_uring_setup: [425, 425],
  io_uring_enter: [426, 426],
  io_uring_register: [427, 427],
  fanotify_init: [300, 262],
  // The machine itself.
  init_module: [175, 105],
  finit_module: [313, 273],
  delete_module: [176, 106],
  kexec_load: [246, 104],
  kexec_file_load: [320, 294],
  reboot: [169, 142],
  swapon: [167, 224],
  swapoff: [168, 225],
  acct: [163, 89],
  quotactl: [179, 60],
  quotactl_fd: [443, 443],
  syslog: [103, 116],
  settimeofday: [164, 170],
  clock_settime: [227, 112],
  adjtimex: [159, 171],
  clock_adjtime: [305, 266],
  sethostname: [170, 161],
  setdomainname: [171, 162],
  vhangup: [153, 58],
  personality: [135, 92],
  iopl: [172, null],
  ioperm: [173, null],
  modify_ldt: [154, null],
  // Another process: `clone` alone makes threads, too.
  fork: [57, null],
  vfork: [58, null],
} as const satisfies Record<string, readonly [number, number | null]>;

/** Looked at more closely. */
const calls = {
  clone: [56, 220],
  clone3: [435, 435],
  socket: [41, 198],
  socketpair: [53, 199],
  ioctl: [16, 29],
} as const;

const CLONE_THREAD = 0x1_0000;
/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET. */
const CLONE_NEW = 0x7e02_0000;
const AF_UNIX = 1;
/** TIOCSTI types into a terminal, TIOCLINUX pastes into one. */
const TERMINAL = [0x5412, 0x541c] as const;
/** Numbers of x64's third kind of program, which would be other numbers for the same calls. */
const X32 = 0x4000_0000;

export const EPERM = 1;
/** What is not there: the C library then makes threads by `clone`, whose flags a filter can read. */
export const ENOSYS = 38;

// linux/bpf_common.h and linux/seccomp.h
const LOAD = 0x20;
const [EQUAL, AT_LEAST, ANY_BIT] = [0x15, 0x35, 0x45] as const;
const RETURN = 0x06;
const ALLOW = 0x7fff_0000;
const KILL = 0x8000_0000;
const errno = (code: number): number => 0x0005_0000 | code;
/** Of struct seccomp_data: the call's number, the processor, the lower half of an argument. */
const [NUMBER, PROCESSOR] = [0, 4] as const;
const argument = (at: number): number => 16 + 8 * at;

/** struct sock_filter. A jump goes over so many of the next instructions. */
export interface Instruction {
  code: number;
  yes: number;
  no: number;
  value: number;
}
const load = (value: number): Instruction => ({ code: LOAD, yes: 0, no: 0, value });
const leave = (value: number): Instruction => ({ code: RETURN, yes: 0, no: 0, value });
const ask = (code: number, value: number, yes: number, no: number): Instruction => ({ code, yes, no, value });

/** Of one call: `then` alone where it is that one; it ends with a return. */
const of = (number: number, then: readonly Instruction[]): Instruction[] => [
  ask(EQUAL, number, 0, then.length),
  ...then,
];

export const systemCallProgram = (processor: Processor): Instruction[] => {
  const at = processor === 'x64' ? 0 : 1;
  const refused = Object.values(refusedCalls).flatMap((numbers) => numbers[at] ?? []);
  const local = [load(argument(0)), ask(EQUAL, AF_UNIX, 0, 1), leave(ALLOW), leave(errno(EPERM))];
  return [
    load(PROCESSOR),
    ask(EQUAL, audited[processor], 1, 0),
    leave(KILL),
    load(NUMBER),
    ask(AT_LEAST, X32, 0, 1),
    leave(errno(EPERM)),
    ...of(calls.clone[at], [
      load(argument(0)),
      ask(ANY_BIT, CLONE_NEW, 1, 0),
      ask(ANY_BIT, CLONE_THREAD, 1, 0),
      leave(errno(EPERM)),
      leave(ALLOW),
    ]),
    ...of(calls.clone3[at], [leave(errno(ENOSYS))]),
    ...of(calls.socket[at], local),
    ...of(calls.socketpair[at], local),
    ...of(calls.ioctl[at], [
      load(argument(1)),
      ...TERMINAL.flatMap((request) => [ask(EQUAL, request, 0, 1), leave(errno(EPERM))]),
      leave(ALLOW),
    ]),
    ...refused.flatMap((number) => of(number, [leave(errno(EPERM))])),
    leave(ALLOW),
  ];
};

/** As bubblewrap reads it: struct sock_filter in the order of the processor's bytes, which is the lower first on both. */
export const systemCallFilter = (processor: Processor): Buffer =>
  Buffer.concat(
    systemCallProgram(processor).map(({ code, yes, no, value }) => {
      const bytes = Buffer.alloc(8);
      bytes.writeUInt16LE(code, 0);
      bytes.writeUInt8(yes, 2);
      bytes.writeUInt8(no, 3);
      bytes.writeUInt32LE(value, 4);
      return bytes;
    }),
  );
