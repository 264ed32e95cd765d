import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { GatewayProblem } from '../problem.ts';
import type { LinkCalls } from './calls.ts';
import { Mirror } from './mirror.ts';

let folder: string;
let notes: string[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shugu-mirror-'));
  notes = [];
});
afterEach(() => rm(folder, { recursive: true }));

type Download = Awaited<ReturnType<LinkCalls['download']>>;
const sent = (pieces: string[], told = pieces.join('')): Download => ({
  body: Readable.from(pieces.map((piece) => Buffer.from(piece))) as unknown as Download['body'],
  digest: `sha-256=:${createHash('sha256').update(told).digest('base64')}:`,
  bytes: Buffer.byteLength(told),
});
const openMirror = (answer: () => Promise<Download>, isAway = true) =>
  Mirror.open({
    folder: join(folder, 'contents'),
    calls: { download: answer },
    isAway,
    note: (event) => void notes.push(event),
  });
const codeOf = (run: () => string): string => {
  try {
    run();
  } catch (error) {
    return (error as GatewayProblem).code;
  }
  return 'none';
};

test('a content is brought once for all who ask meanwhile, and is there after a restart', async () => {
  let asked = 0;
  const answer = async () => {
    asked += 1;
    return sent(['first ', 'second']);
  };
  const mirror = await openMirror(answer);
  for (let turn = 0; turn < 3; turn++) expect(codeOf(() => mirror.locate('/far/one'))).toBe('preparing');
  await expect.poll(() => mirror.find('/far/one')).toBeDefined();
  expect(await readFile(mirror.locate('/far/one'), 'utf8')).toBe('first second');
  expect(asked).toBe(1);
  const again = await openMirror(() => Promise.reject(new Error('not asked')));
  expect(again.locate('/far/one')).toBe(mirror.locate('/far/one'));
});

test('what differs from what was sent, breaks off or is refused leaves nothing that could be served', async () => {
  const broken = Readable.from(
    (async function* () {
      yield Buffer.from('fir');
      throw new Error('broken off');
    })(),
  );
  const answers: (() => Promise<Download>)[] = [
    async () => sent(['other!'], 'first!'),
    async () => sent(['first'], 'first!'),
    async () => ({ ...sent(['first']), body: broken as unknown as Download['body'] }),
    () => Promise.reject(new Error('404')),
  ];
  for (const [at, answer] of answers.entries()) {
    const mirror = await openMirror(answer);
    const path = `/far/${at}`;
    expect(codeOf(() => mirror.locate(path))).toBe('preparing');
    await expect.poll(() => notes.length).toBe(at + 1);
    expect([notes[at], mirror.find(path)]).toEqual(['content.failed', undefined]);
    await mirror.close();
  }
  await openMirror(answers[0]!);
  expect(await readdir(join(folder, 'contents'))).toEqual([]);
});

test('copies go when no line names them any more', async () => {
  const mirror = await openMirror(async () => sent(['content']));
  for (const path of ['/far/one', '/far/two']) {
    expect(codeOf(() => mirror.locate(path))).toBe('preparing');
    await expect.poll(() => mirror.find(path)).toBeDefined();
  }
  await mirror.keep(new Set(['/far/two']));
  expect(mirror.locate('/far/two')).toBe(mirror.find('/far/two'));
  expect(codeOf(() => mirror.locate('/far/one'))).toBe('preparing');
  await mirror.close();
});

test('beside the exchange its own files are read', async () => {
  const own = join(folder, 'own');
  await writeFile(own, 'content');
  const mirror = await openMirror(() => Promise.reject(new Error('not asked')), false);
  expect(mirror.locate(own)).toBe(own);
});
