/**
 * Whole files through the gateway, decided, metered durably and receipted, beside a bare server that pipes `createReadStream` with
 * pieces of 1 MiB:
 *
 *   npm run bench -- file --json
 *
 * `published`: the digest made at publication answers for the file once the first whole answer has proven it; `hashing`: each answer
 * is hashed while it is read. Ratios are of bytes per CPU-second of the server's process, all its threads, with several downloads by
 * curl at once; `ratiosPerSecond` of bytes per second. Then 8 GB in one answer: the highest resident memory of the gateway's process
 * beside that of the same process after smaller answers. Content is of zeros, which are hashed no faster than others.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { benchKey } from './gateway-process.ts';
import { cpuSeconds, end, median, type Subject, startOwn } from './proxies.ts';

const limit = { ratioHashing: 0.5, ratioPublished: 0.85, residentMbMore: 64 };
const [roundsCount, downloadsAtOnce] = [5, 4];
const [bytes, bytesLong] = [256 * 2 ** 20, 8 * 2 ** 30];
const piece = Buffer.alloc(2 ** 20);

/** A file without blocks of its own, and its digest. */
const sparse = async (path: string, size: number): Promise<string> => {
  const handle = await open(path, 'w');
  await handle.truncate(size);
  await handle.close();
  const hash = createHash('sha256');
  for (let at = 0; at < size; at += piece.length) hash.update(piece);
  return hash.digest('hex');
};

/** One answer, or its first bytes, read and thrown away. */
const download = async ({ port, path }: Subject, size: number, part = size): Promise<void> => {
  const range = part < size ? ['-H', `range: bytes=0-${part - 1}`] : [];
  const words = ['-sS', '-o', '/dev/null', '-w', '%{size_download}', '-H', `x-api-key: ${benchKey}`, ...range];
  const child = spawn('curl', [...words, `http://127.0.0.1:${port}${path}`], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [said] = await Promise.all([text(child.stdout), once(child, 'close')]);
  if (Number(said) !== part) throw new Error(`${said} bytes of ${part} came`);
};

const round = async (subject: Subject) => {
  const [cpu, begun] = [cpuSeconds(subject.child.pid!), performance.now()];
  await Promise.all(Array.from({ length: downloadsAtOnce }, () => download(subject, bytes)));
  const megabytes = (bytes * downloadsAtOnce) / 1e6;
  return {
    perCpuSecond: megabytes / (cpuSeconds(subject.child.pid!) - cpu),
    perSecond: megabytes / ((performance.now() - begun) / 1000),
  };
};

const residentMb = ({ child }: Subject): number =>
  Math.round((Number(/^VmHWM:\s*(\d+) kB/m.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) * 1024) / 1e6);

type Found = Record<string, Awaited<ReturnType<typeof round>>[]>;
const toBare = (found: Found, name: string, member: 'perCpuSecond' | 'perSecond'): number =>
  Math.round(median(found[name]!.map((one, at) => one[member] / found.bare![at]![member])) * 1000) / 1000;

export const run = async (): Promise<object> => {
  const folder = await mkdtemp(join(tmpdir(), 'shugu-bench-'));
  const subjects: Subject[] = [];
  const start = async (role: string, path: string, size: number, digest: string) => {
    const place = await mkdtemp(join(folder, `${role}-`));
    const address = role === 'bare' ? '/' : '/data/product/data.bin';
    const subject = await startOwn(role, address, [role, place, path, String(size), digest], 'file-process.ts');
    subjects.push(subject);
    return subject;
  };
  try {
    const path = join(folder, 'data.bin');
    const digest = await sparse(path, bytes);
    for (const role of ['bare', 'published', 'hashing']) await start(role, path, bytes, digest);
    const found: Found = { bare: [], published: [], hashing: [] };
    for (let turn = 0; turn <= roundsCount; turn++) {
      for (const subject of subjects) {
        const measured = await round(subject);
        // The first only warms up, and proves the digest.
        if (turn > 0) found[subject.name]!.push(measured);
      }
    }
    const long = join(folder, 'long.bin');
    const longDigest = await sparse(long, bytesLong);
    const memory: Record<string, object> = {};
    for (const role of ['published', 'hashing']) {
      const subject = await start(role, long, bytesLong, longDigest);
      const before = await residentAfterParts(subject);
      await download(subject, bytesLong);
      if (role === 'published') await download(subject, bytesLong);
      memory[role] = { residentMbBefore: before, residentMbMax: residentMb(subject) };
    }
    const all = (member: 'perCpuSecond' | 'perSecond') =>
      Object.fromEntries(
        Object.entries(found).map(([name, of]) => [name, Math.round(median(of.map((one) => one[member])))]),
      );
    return {
      bench: 'file',
      limit,
      bytes,
      bytesLong,
      downloadsAtOnce,
      megabytesPerCpuSecond: all('perCpuSecond'),
      megabytesPerSecond: all('perSecond'),
      memory,
      ratios: {
        ratioHashing: toBare(found, 'hashing', 'perCpuSecond'),
        ratioPublished: toBare(found, 'published', 'perCpuSecond'),
      },
      ratiosPerSecond: {
        hashing: toBare(found, 'hashing', 'perSecond'),
        published: toBare(found, 'published', 'perSecond'),
      },
    };
  } finally {
    for (const subject of subjects) await end(subject);
    await rm(folder, { recursive: true, force: true });
  }
};

/** What the process holds once it has answered with parts of 256 MiB. */
const residentAfterParts = async (subject: Subject): Promise<number> => {
  for (let turn = 0; turn < 4; turn++) await download(subject, bytesLong, bytes);
  return residentMb(subject);
};
