/** Channels whose connections break: everything comes once and in order, or the end has a clear reason. */
import { createHash } from 'node:crypto';
import { afterEach, expect, test, vi } from 'vitest';
import { FrameReader, frameOf, mark, standing } from './frames.ts';
import { generateIdentity } from './keys.ts';
import type { Link } from './link.ts';
import { againOf, connected, dial, firstOf, listen } from './meet.ts';
import { type Cutter, cutter } from './testing.ts';

const host = '127.0.0.1';
const job = Buffer.alloc(32, 3);
const [near, far] = [generateIdentity(), generateIdentity()];
const ending: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

/** Two ends of a channel through a network that breaks by a rule. */
const meet = async (rule: Cutter['rule'], resumeMs?: number, silenceMs?: number) => {
  const door = await listen({ own: far, job, peers: [near.publicKey], host, resumeMs });
  const between = await cutter(door.port, rule);
  const [one, [other]] = await Promise.all([
    dial({ own: near, job, peer: far.publicKey, host, port: between.port, resumeMs, silenceMs }),
    door.met,
  ]);
  ending.push(
    () => between.close(),
    () => [one, other!].map((link) => link.drop()),
  );
  return { one, other: other!, between, door };
};

const codeOf = (running: Promise<unknown>): Promise<string> =>
  running.then(
    () => 'went well',
    (error: { code?: string }) => error.code ?? String(error),
  );
/** Different sizes, some greater than what the network takes in a piece; each says which it is. */
const body = (n: number): Buffer =>
  Buffer.alloc([3, 700, 70_000, 400_000][n % 4]!, createHash('sha256').update(`${n}`).digest());
const count = 60;
const sendAll = async (link: Link, from: number) => {
  for (let n = from; n < from + count; n++) await link.send(1, body(n));
};
const takeAll = async (link: Link, from: number) => {
  for (let n = from; n < from + count; n++) if (!(await link.receive(1)).equals(body(n))) throw new Error(`frame ${n}`);
};

test.each(['both', 'dialling'] as const)(
  'a connection that breaks many times, which %s hear of: all frames come once and in order, both ways',
  async (told) => {
    // Handshakes are let through; each connection then carries something else. The last is whole.
    const rule = (n: number) => (n < 4 ? { afterBytes: 300_000 + n * 577_777, told } : undefined);
    const { one, other, between } = await meet(rule);
    await Promise.all([sendAll(one, 0), takeAll(other, 0), sendAll(other, 1000), takeAll(one, 1000)]);
    await Promise.all([one.close(), other.close()]);
    expect([between.cut, between.made]).toEqual([4, 5]);
    expect(await codeOf(one.next())).toBe('compute.peerGone');
  },
);

test('a connection that breaks while it is being made again, too', async () => {
  // A handshake of TLS takes some hundred bytes.
  const { one, other, between } = await meet(
    (n) => ({ 0: { afterBytes: 500_000 }, 1: { afterBytes: 1 }, 2: { afterBytes: 400 } })[n],
  );
  await Promise.all([sendAll(one, 0), takeAll(other, 0)]);
  await Promise.all([one.close(), other.close()]);
  expect(between.cut).toBe(3);
});

test.each(['listening', 'nobody'] as const)(
  'a connection that carries nothing any more, of which %s hears: who dialled makes it anew',
  async (told) => {
    const { one, other, between } = await meet(
      (n) => (n === 0 ? { afterBytes: 500_000, told } : undefined),
      60_000,
      1200,
    );
    await Promise.all([sendAll(one, 0), takeAll(other, 0)]);
    await Promise.all([one.close(), other.close()]);
    // On a busy machine one that is merely slow is made anew as well.
    expect(between.made).toBeGreaterThan(1);
  },
);

test('whoever has sent its last frame stays until it has come', async () => {
  const { one, other, between } = await meet((n) => (n === 0 ? { afterBytes: 500_000 } : undefined));
  // Nobody reads before the other has left for its part.
  const left = sendAll(one, 0).then(() => one.close());
  await takeAll(other, 0);
  await left;
  expect(between.cut).toBe(1);
  expect(await codeOf(other.next())).toBe('compute.peerGone');
  await other.close();
});

test('a connection that does not come back ends for both with the reason', async () => {
  const { one, other, between } = await meet(undefined, 300);
  const ends = [one.next(), other.next()].map(codeOf);
  between.close();
  expect(await Promise.all(ends)).toEqual(['compute.peerGone', 'compute.peerGone']);
  expect(await codeOf(one.send(1, body(0)))).toBe('compute.peerGone');
});

test('whose process has ended is not waited for as long as a network', async () => {
  const { one, other } = await meet(undefined, 60_000);
  // The machine says that nobody listens there.
  const direct = await listen({ own: far, job, peers: [near.publicKey], host });
  const [mine, [theirs]] = await Promise.all([
    dial({ own: near, job, peer: far.publicKey, host, port: direct.port, resumeMs: 60_000 }),
    direct.met,
  ]);
  theirs!.drop();
  expect(await codeOf(mine.next())).toBe('compute.peerGone');
  await Promise.all([one.close(), other.close()]);
});

/** A party that has the key and speaks for itself. */
const raw = async () => {
  const door = await listen({ own: far, job, peers: [near.publicKey], host });
  const first = firstOf({ own: near, job, peer: far.publicKey, host, port: door.port });
  const socket = await connected(first, 5_000);
  socket.write(standing(mark.beat, 0, 0));
  const [link] = await door.met;
  ending.push(
    () => link!.drop(),
    () => socket.destroy(),
  );
  return { socket, link: link!, first, again: againOf(first, socket, job) };
};
const frames = (...numbers: number[]) => Buffer.concat(numbers.map((n) => frameOf(1, n, body(4 * n))));

test.each<[string, Buffer]>([
  ['again', frames(0, 1, 1)],
  ['again, from the beginning', frames(0, 1, 0)],
  ['before another', frames(0, 2)],
  ['after the last', Buffer.concat([frames(0), frameOf(mark.bye, 1, Buffer.alloc(0)), frames(2)])],
  ['of a resumed connection, on one that is none', Buffer.concat([frames(0), standing(mark.resume, 0, 0)])],
  ['that has got what was not sent', Buffer.concat([frames(0), standing(mark.beat, 1, 0)])],
  ['that has read what has not come', Buffer.concat([frames(0), standing(mark.beat, 0, 1)])],
  ['whose standing is cut short', Buffer.concat([frames(0), frameOf(mark.beat, 0, Buffer.alloc(3))])],
])('a frame %s is refused', async (_, bytes) => {
  const { socket, link } = await raw();
  socket.write(bytes);
  expect((await link.receive(1)).equals(body(0))).toBe(true);
  const codes = [await codeOf(link.next()), await codeOf(link.next())];
  expect(codes).toContain('compute.peerMalformed');
});

test('a frame that had come before the connection broke is refused after it', async () => {
  for (const [bytes, code] of [
    [[standing(mark.resume, 0, 0), frames(1)], 'went well'],
    [[standing(mark.resume, 0, 0), frames(0)], 'compute.peerMalformed'],
    [[frames(1)], 'compute.peerMalformed'],
    [[standing(mark.resume, 7, 0), frames(1)], 'compute.peerMalformed'],
  ] as const) {
    const { socket, link, again } = await raw();
    socket.write(frames(0));
    expect((await link.receive(1)).equals(body(0))).toBe(true);
    socket.destroy();
    const next = await connected(again, 5_000);
    next.write(Buffer.concat(bytes));
    expect(await codeOf(link.receive(1))).toBe(code);
    next.destroy();
  }
});

test('another process with the pinned key alone does not come into what is under way', async () => {
  const { link, first, again, socket } = await raw();
  expect(await codeOf(connected({ ...first, identity: again.identity }, 5_000))).toBe('compute.peerUnproven');
  // Each enters once: it is sent away, and nothing of what is under way reaches it.
  const second = await dial({ own: near, job, peer: far.publicKey, host, port: first.port, resumeMs: 0 });
  await link.send(1, body(0));
  expect(await codeOf(second.next())).toBe('compute.peerGone');
  const got = new FrameReader();
  socket.on('data', (chunk: Buffer) => got.add(chunk));
  socket.resume();
  await vi.waitUntil(() => got.take()?.type === 1, { timeout: 5_000 });
});
