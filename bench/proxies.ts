/** Proxies as processes of their own, load on them, and what they cost: for the benches of the gateway. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { benchKey, upstreamConnections } from './gateway-process.ts';
import type { LoadReport, LoadRequest } from './load.ts';

export interface Subject {
  name: string;
  port: number;
  path: string;
  /** As in `LoadRequest`: the path has a `{}` for one of so many keys. */
  keys?: number;
  child: ChildProcess;
}

const here = import.meta.dirname;
const ticksPerSecond = 100;
/** Enough that no proxy waits for its callers: ours holds each answer until it is on disk. */
const connections = 256;
const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export const has = (program: string): boolean =>
  (process.env.PATH ?? '').split(':').some((folder) => existsSync(join(folder, program))) ||
  existsSync(join('/usr/sbin', program));

/** What `tuned` peers get: V8 with no helpers at its garbage. Set from inside a process it would do nothing. */
export const tunedFlags = ['--single-threaded-gc'];

/** A program of this folder that prints its port, run by plain `node` as users run theirs, unless there are `nodeFlags`. With `SHUGU_BENCH_PROFILE=FOLDER` a CPU profile of it is left there. */
export const startOwn = async (
  name: string,
  path: string,
  args: string[],
  program = 'gateway-process.ts',
  nodeFlags: readonly string[] = [],
): Promise<Subject> => {
  const { SHUGU_BENCH_PROFILE: profiles } = process.env;
  const flags = profiles ? ['--cpu-prof', `--cpu-prof-dir=${profiles}`, `--cpu-prof-name=${name}.cpuprofile`] : [];
  const child = spawn(process.execPath, [...nodeFlags, ...flags, join(here, program), ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  running.add(child);
  const ended = once(child, 'exit').then(() => Promise.reject(new Error(`${name} did not start`)));
  const [line] = (await Promise.race([once(createInterface({ input: child.stdout }), 'line'), ended])) as [string];
  ended.catch(() => undefined);
  return { name, path, child, port: (JSON.parse(line) as { port: number }).port };
};

export const startUpstream = () => startOwn('upstream', '/', ['upstream']);
export const startUndici = (upstream: Subject, name: string, nodeFlags: readonly string[] = []) =>
  startOwn(name, '/v1/trucks', ['undici', String(upstream.port)], 'gateway-process.ts', nodeFlags);
/** `traces`: address of a collector, and the share of calls that it is told of. */
export const startGateway = (upstream: Subject, folder: string, name = 'gateway', traces: string[] = []) =>
  startOwn(name, '/data/product/trucks', ['gateway', String(upstream.port), folder, ...traces]);

export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
};

/** nginx with one worker. `http`, `server` and `location` are what stands in those blocks beside the passing on. */
export const startNginx = async (
  { name, http = '', server = '', location = '' }: { name: string; http?: string; server?: string; location?: string },
  upstream: Subject,
  folder: string,
): Promise<Subject> => {
  const place = join(folder, name);
  await mkdir(place);
  const port = await freePort();
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((of) => `${of}_temp_path ${place}/${of};`);
  await writeFile(
    join(place, 'nginx.conf'),
    `daemon off; worker_processes 1; pid ${place}/pid; error_log stderr crit;
    events { worker_connections 1024; }
    http {
      ${temporary.join(' ')}
      access_log off; keepalive_requests 1000000000;
      upstream supplier { server 127.0.0.1:${upstream.port}; keepalive ${upstreamConnections}; keepalive_requests 1000000000; }
      ${http}
      server {
        listen 127.0.0.1:${port};
        ${server}
        location / {
          ${location}
          proxy_pass http://supplier; proxy_http_version 1.1; proxy_set_header Connection "";
        }
      }
    }`,
  );
  return startForeign(name, port, 'nginx', ['-p', place, '-c', join(place, 'nginx.conf')], {
    PATH: `${process.env.PATH}:/usr/sbin`,
  });
};

/** A program that others wrote, once it passes on to the upstream what has the key. */
export const startForeign = async (
  name: string,
  port: number,
  command: string,
  args: string[],
  env: NodeJS.ProcessEnv = {},
): Promise<Subject> => {
  const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, ...env } });
  running.add(child);
  const proxy = { name, port, path: '/v1/trucks', child };
  const headers = { 'x-api-key': benchKey };
  for (let turn = 0; turn < 200; turn++) {
    const answer = await fetch(`http://127.0.0.1:${port}${proxy.path}`, { headers }).catch(() => null);
    await answer?.arrayBuffer();
    if (answer?.ok) return proxy;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${name} does not answer`);
};

export const end = async ({ child }: Subject): Promise<void> => {
  running.delete(child);
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  if (child.stdin) child.stdin.end();
  else child.kill('SIGTERM');
  await exited;
};

const timesOf = (pid: number): number[] => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields.slice(11, 15).map((one) => Number(one) / ticksPerSecond);
};

/** CPU time so far of a process with all its threads, in seconds. */
export const ownCpuSeconds = (pid: number): number => {
  const [user = 0, system = 0] = timesOf(pid);
  return user + system;
};

/** The same with its children, those that have ended among them. */
export const cpuSeconds = (pid: number): number => {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
  return [...timesOf(pid), ...children.map((child) => cpuSeconds(Number(child)))].reduce((sum, one) => sum + one, 0);
};

export const drive = async (
  { port, path, keys }: Subject,
  options: Pick<LoadRequest, 'seconds' | 'perSecond'>,
): Promise<LoadReport> => {
  const request: LoadRequest = {
    port,
    path,
    ...(keys ? { keys } : {}),
    headers: { 'x-api-key': benchKey },
    connections,
    ...options,
  };
  const child = spawn(process.execPath, [join(here, 'load.ts'), JSON.stringify(request)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: (options.seconds + 30) * 1000,
  });
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return JSON.parse(line) as LoadReport;
};

/** All connections busy for some seconds: by wrk where it is installed, else by our own generator. */
const saturate = async (proxy: Subject, seconds: number): Promise<number> => {
  if (!has('wrk')) {
    const { answered, failed } = await drive(proxy, { seconds });
    if (failed > 0) throw new Error(`${proxy.name}: ${failed} requests failed`);
    return answered;
  }
  const address = `http://127.0.0.1:${proxy.port}${proxy.path}`;
  const script = proxy.keys ? ['-s', join(here, 'keys.lua')] : [];
  const words = [
    '-t1',
    `-c${connections}`,
    `-d${seconds}s`,
    '--timeout',
    '10s',
    '-H',
    `x-api-key: ${benchKey}`,
    ...script,
    address,
    ...(proxy.keys ? ['--', proxy.path, String(proxy.keys)] : []),
  ];
  const child = spawn('wrk', words, { stdio: ['ignore', 'pipe', 'inherit'], timeout: (seconds + 30) * 1000 });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    said += part;
  });
  await once(child, 'close');
  if (/Non-2xx|Socket errors/.test(said)) throw new Error(`${proxy.name}: ${said}`);
  return Number(/(\d+) requests in/.exec(said)?.[1] ?? Number.NaN);
};

export interface Cost {
  perCpuSecond: number;
  perSecond: number;
  cpuMicrosecondsEach: number;
}

/** One round: what the proxy answered, and what of the CPU it took for it. */
export const cost = async (proxy: Subject, seconds: number): Promise<Cost> => {
  const before = cpuSeconds(proxy.child.pid!);
  const answered = await saturate(proxy, seconds);
  const cpu = cpuSeconds(proxy.child.pid!) - before;
  return {
    perCpuSecond: Math.round(answered / cpu),
    perSecond: Math.round(answered / seconds),
    cpuMicrosecondsEach: Math.round((cpu / answered) * 1e7) / 10,
  };
};

export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

/** Interleaved rounds: whatever else the machine does meets all of them alike. The first round only warms up. */
export const rounds = async (proxies: readonly Subject[], count: number, seconds: number) => {
  const found: Record<string, Cost[]> = Object.fromEntries(proxies.map(({ name }) => [name, []]));
  for (let round = 0; round <= count; round++) {
    for (const proxy of proxies) {
      const measured = await cost(proxy, round === 0 ? 3 * seconds : seconds);
      if (round > 0) found[proxy.name]!.push(measured);
    }
  }
  return found;
};

/** Requests per CPU-second of one beside another, round by round, the one in the middle. */
export const ratio = (found: Record<string, Cost[]>, name: string, peer: string): number | null =>
  found[peer]
    ? Math.round(
        median(found[name]!.map(({ perCpuSecond }, round) => perCpuSecond / found[peer]![round]!.perCpuSecond)) * 1000,
      ) / 1000
    : null;
