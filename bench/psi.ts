/**
 * Private intersection, files on disk to result on disk: every party a process of its own, its start included, in a
 * network of its own where the machine allows it (else the JSON says why not). CPU seconds
 * and peak memory as the processes tell them; bytes on the wire counted by proxies outside, in a run of their own.
 *
 *   npm run bench -- psi --json
 *
 * Peers in the same run: @openmined/psi.js and OpenMined's native library, given the lists in memory and with nothing between their parties,
 * which take minutes, psi.js for 100,000 rows (SHUGU_BENCH_PSI_PEER_ROWS asks for fewer), the library for as many as ours; SecretFlow's KKRT16
 * and RR22, from the files of ours to files, a process a party. SHUGU_BENCH_PSI_ROWS=10000000 measures another size. What cannot be installed
 * is skipped by name. `bars` holds each ratio against what is asked of it.
 */
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProgram } from '../interop/check.ts';
import { installPackages } from '../interop/packages.ts';
import { pythonFor } from '../interop/python.ts';
import { type Intersection, type IntersectMode, intersectHere } from '../packages/private-compute/src/index.ts';
import { apartIfAllowed } from './apart.ts';
import { atLeast, atMost } from './bars.ts';
import { writeTable } from './tables.ts';
import { Counter } from './wire.ts';

const here = import.meta.dirname;
const { SHUGU_BENCH_PSI_ROWS = '1000000', SHUGU_BENCH_PSI_PEER_ROWS = '100000' } = process.env;
const rowsAsked = Number(SHUGU_BENCH_PSI_ROWS);
const peerRows = Number(SHUGU_BENCH_PSI_PEER_ROWS);
const pairRows = 500;
/** Beyond a million rows OpenMined's library takes hours. */
const openMinedRowsMax = 1_000_000;
const limit = {
  helper: { milliseconds: { 1000000: 1500, 10000000: 10_000 }, wireBytesARow: 36 },
  kkrt: { milliseconds: { 1000000: 4000, 10000000: 35_000 }, wireBytesARow: 120 },
  peakBytes: 2e9,
  timesPsiJs: 100,
  timesOpenMinedByCpu: 3,
  timesSecretFlowKkrtByCpu: 0.5,
};

const people = (path: string, from: number, rows: number): Promise<string> =>
  writeTable(path, 'id,name', rows, (n) => `110101${100_000_000_000 + (from + n) * 7919},user ${n}`);

const linesOf = async (path: string): Promise<number> => {
  let lines = 0;
  for await (const chunk of createReadStream(path)) for (const byte of chunk as Buffer) if (byte === 10) lines++;
  return lines;
};

const timed = async (asked: Intersection) => {
  const begun = performance.now();
  const { first, second, helper } = await intersectHere(asked);
  const milliseconds = Math.round(performance.now() - begun);
  const parties = { first: first.cost, second: second.cost, ...(helper ? { helper: helper.cost } : {}) };
  const cpuSeconds = Object.values(parties).reduce((sum, one) => sum + one.cpuSeconds, 0);
  return { milliseconds, cpuSeconds: Math.round(cpuSeconds * 100) / 100, parties, common: first.common };
};

const measure = async (folder: string, mode: IntersectMode, rows: number, repeats: number) => {
  const out = join(folder, 'out.csv');
  const asked: Intersection = {
    mode,
    reveal: 'first',
    keysMax: rows,
    first: { path: await people(join(folder, 'a.csv'), 0, rows), column: 'id', out },
    second: { path: await people(join(folder, 'b.csv'), rows / 2, rows), column: 'id' },
  };
  const { network, found: runs } = await apartIfAllowed(async (more) => {
    const all = [];
    for (let n = 0; n < repeats; n++) all.push(await timed({ ...asked, ...more }));
    return all;
  });
  const best = runs.toSorted((a, b) => a.milliseconds - b.milliseconds)[0]!;
  const counter = new Counter();
  await timed({ ...asked, between: (owner, port) => counter.between(owner, port) });
  counter.close();
  const { wire, bytes: wireBytes } = counter;
  if (best.common !== rows / 2 || (await linesOf(out)) !== rows / 2 + 1) throw new Error('the result is wrong');
  return { rows, ...best, network, allMilliseconds: runs.map((one) => one.milliseconds), wire, wireBytes };
};

interface PeerRun {
  rows: number;
  common: number;
  milliseconds: number;
  cpuSeconds: number;
  bytes: number | null;
}
type Peer = PeerRun | { skipped: string };

const peerSecondsMax = 1800;
const said = (stdout: string) =>
  JSON.parse(stdout.split('\n').findLast((line) => line.startsWith('{')) ?? '{}') as PeerRun;

const measurePsiJs = async (rows: number): Promise<Peer> => {
  const missing = await installPackages(join(here, 'peers'));
  if (missing) return { skipped: missing };
  const args = [join(here, 'psi-peer.ts'), String(rows)];
  const { code, stdout } = await runProgram(process.execPath, args, { seconds: peerSecondsMax });
  return code === 0 ? { ...said(stdout), rows } : { skipped: `psi.js ended with ${code}` };
};

const measureOpenMined = async (rows: number): Promise<Peer> => {
  const environment = pythonFor('openmined', join(here, 'peers'));
  const missing = await environment.needs();
  if (missing) return { skipped: `openmined-psi: ${missing}` };
  const args = [join(here, 'psi-peer.py'), 'openmined', String(rows)];
  const { code, stdout } = await runProgram(environment.python, args, { seconds: peerSecondsMax });
  return code === 0 ? { ...said(stdout), rows } : { skipped: `openmined-psi ended with ${code}` };
};

/** Two ports that nobody listened to a moment ago. */
const twoPorts = async (): Promise<number[]> => {
  const servers = [createServer().listen(0, '127.0.0.1'), createServer().listen(0, '127.0.0.1')];
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
};

/** Both parties read the tables that `measure` left in the folder. */
const measureSecretFlow = async (folder: string, protocol: 'kkrt' | 'rr22', rows: number): Promise<Peer> => {
  const environment = pythonFor('secretflow', join(here, 'peers'));
  const missing = await environment.needs();
  if (missing) return { skipped: `spu: ${missing}` };
  const ports = (await twoPorts()).map(String);
  const parties = await Promise.all(
    ['a', 'b'].map((name, rank) => {
      const files = [join(folder, `${name}.csv`), join(folder, `${name}.peer.csv`)];
      const args = [join(here, 'psi-peer.py'), protocol, String(rank), ...ports, ...files];
      // It leaves traces and spilled files where temporary things go.
      const env = { ...process.env, TMPDIR: folder };
      return runProgram(environment.python, args, { env, cwd: folder, seconds: peerSecondsMax });
    }),
  );
  if (parties.some(({ code }) => code !== 0)) return { skipped: `spu ended with ${parties.map(({ code }) => code)}` };
  const [first, second] = parties.map(({ stdout }) => said(stdout));
  const cpuSeconds = Math.round((first!.cpuSeconds + second!.cpuSeconds) * 100) / 100;
  return { ...first!, rows, cpuSeconds, milliseconds: Math.max(first!.milliseconds, second!.milliseconds) };
};

/** How many times as long, and as much CPU, the peer took for the same rows. */
const timesOf = (peer: Peer, ours: { milliseconds: number; cpuSeconds: number }) =>
  'skipped' in peer
    ? peer
    : { wall: round(peer.milliseconds / ours.milliseconds), cpu: round(peer.cpuSeconds / ours.cpuSeconds) };
const round = (value: number) => Math.round(value * 100) / 100;

const timesAtLeast = (times: ReturnType<typeof timesOf>, by: 'wall' | 'cpu', bar: number) =>
  'skipped' in times ? times : atLeast(times[by], bar);

type Measured = Awaited<ReturnType<typeof measure>>;
const barsOf = (name: 'helper' | 'kkrt', ours: Measured) => ({
  [`${name}Milliseconds`]: atMost(
    ours.milliseconds,
    (limit[name].milliseconds as Record<number, number | undefined>)[ours.rows],
  ),
  [`${name}WireBytes`]: atMost(ours.wireBytes, limit[name].wireBytesARow * ours.rows),
  [`${name}PeakBytes`]: atMost(
    Math.max(...Object.values(ours.parties).map(({ peakBytes }) => peakBytes)),
    limit.peakBytes,
  ),
});

export const run = async (): Promise<object> => {
  const folder = await mkdtemp(join(tmpdir(), 'shugu-bench-psi-'));
  try {
    const helper = await measure(folder, 'helper', rowsAsked, 3);
    const kkrt = await measure(folder, 'kkrt', rowsAsked, 3);
    const secretFlowKkrt = await measureSecretFlow(folder, 'kkrt', rowsAsked);
    const secretFlowRr22 = await measureSecretFlow(folder, 'rr22', rowsAsked);
    const besidePeer = await measure(folder, 'helper', peerRows, 3);
    const kkrtBesidePeer = await measure(folder, 'kkrt', peerRows, 3);
    const psiJs = await measurePsiJs(peerRows);
    const openMined =
      rowsAsked > openMinedRowsMax
        ? { skipped: `openmined-psi takes hours for more than ${openMinedRowsMax} rows` }
        : await measureOpenMined(rowsAsked);
    const [timesPsiJs, kkrtTimesPsiJs] = [timesOf(psiJs, besidePeer), timesOf(psiJs, kkrtBesidePeer)];
    const kkrtTimesOpenMined = timesOf(openMined, kkrt);
    const kkrtTimesSecretFlowKkrt = timesOf(secretFlowKkrt, kkrt);
    return {
      bench: 'psi',
      limit,
      helper,
      kkrt,
      helperBesidePeer: besidePeer,
      kkrtBesidePeer,
      ecdh: await measure(folder, 'ecdh', pairRows, 1),
      sm2: await measure(folder, 'sm2', pairRows, 1),
      secretFlowKkrt,
      secretFlowRr22,
      psiJs,
      openMined,
      ratios: {
        timesPsiJs,
        kkrtTimesPsiJs,
        kkrtTimesOpenMined,
        kkrtTimesSecretFlowKkrt,
        kkrtTimesSecretFlowRr22: timesOf(secretFlowRr22, kkrt),
      },
      bars: {
        ...barsOf('helper', helper),
        ...barsOf('kkrt', kkrt),
        timesPsiJs: timesAtLeast(timesPsiJs, 'wall', limit.timesPsiJs),
        kkrtTimesPsiJs: timesAtLeast(kkrtTimesPsiJs, 'wall', limit.timesPsiJs),
        kkrtTimesOpenMinedByCpu: timesAtLeast(kkrtTimesOpenMined, 'cpu', limit.timesOpenMinedByCpu),
        kkrtTimesSecretFlowKkrtByCpu: timesAtLeast(kkrtTimesSecretFlowKkrt, 'cpu', limit.timesSecretFlowKkrtByCpu),
      },
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
