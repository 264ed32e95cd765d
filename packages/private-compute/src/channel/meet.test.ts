/** First meetings that break at whatever byte: the parties meet all the same, once, and nobody comes in by what another has sent. */
import { once } from 'node:events';
import { connect } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { afterEach, expect, test } from 'vitest';
import { mark, standing } from './frames.ts';
import { generateIdentity } from './keys.ts';
import { type Link, linkLimits } from './link.ts';
import { connected, dial, firstOf, listen } from './meet.ts';
import { type Cut, type Cutter, cutter } from './testing.ts';

const host = '127.0.0.1';
const job = Buffer.alloc(32, 3);
const [near, far] = [generateIdentity(), generateIdentity()];
const ending: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

const patient = { job, host, meetMs: 60_000, resumeMs: 60_000, answerMs: 30_000 };
/** Of a side that is not told that its connection broke. */
const hasty = { answerMs: 1_500, silenceMs: 1_200 };
const codeOf = (running: Promise<unknown>): Promise<string> =>
  running.then(
    () => 'went well',
    (error: { code?: string }) => error.code ?? String(error),
  );

const openDoor = async (meetMs = patient.meetMs) => {
  const door = await listen({ ...patient, own: far, peers: [near.publicKey], meetMs });
  ending.push(() => door.close());
  return door;
};
const dialled = (port: number, more: { answerMs?: number; silenceMs?: number } = {}): Promise<Link> =>
  dial({ ...patient, ...more, own: near, peer: far.publicKey, port });

/** Meets through a network that is cut like this once, and passes a frame each way. */
const meetThrough = async (cut: Cut) => {
  const door = await openDoor();
  // A busy machine may give one up before it has come as far.
  const between: Cutter = await cutter(door.port, () => (between.cut === 0 ? cut : undefined));
  ending.push(() => between.close());
  const isTold = cut.told !== 'listening' && cut.told !== 'nobody';
  const [one, [other]] = await Promise.all([dialled(between.port, isTold ? {} : hasty), door.met]);
  ending.push(() => [one, other!].map((link) => link.drop()));
  return { one, other: other!, between };
};

const sides = ['dialling', 'listening'] as const;
type Side = (typeof sides)[number];

/** What each side sends until both have met: a handshake and a first word. */
const spoken = async (): Promise<Record<Side, Buffer>> => {
  const parts: Record<Side, Buffer[]> = { dialling: [], listening: [] };
  const seen = (from: Side, bytes: Buffer) => void parts[from].push(bytes);
  await meetThrough({ afterBytes: Number.POSITIVE_INFINITY, seen });
  return { dialling: Buffer.concat(parts.dialling), listening: Buffer.concat(parts.listening) };
};

/** Of each record of TLS (RFC 8446, section 5.1): within its head, after it, within its body, before its last byte and at its end. */
const pointsIn = (bytes: Buffer): number[] => {
  const points: number[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 5 + bytes.readUInt16BE(at + 3);
    points.push(at + 2, at + 5, (at + 5 + end) >> 1, end - 1, end);
    at = end;
  }
  return [...new Set(points)];
};

const atOnce = 16;

test.each(['both', 'dialling', 'listening', 'nobody'] as const)(
  'a first connection that breaks at any point of its handshake, of which %s hear: they meet once, over another',
  { timeout: 120_000 },
  async (told) => {
    const all = await spoken();
    const cuts = sides.flatMap((from) => pointsIn(all[from]).map((afterBytes) => ({ afterBytes, from, told })));
    // Hello, key exchange, proof and word of the one; the same, and what else a server says, of the other.
    expect(cuts.length).toBeGreaterThan(40);
    const meeting = async (cut: Cut) => {
      const { one, other, between } = await meetThrough(cut);
      const said = async (link: Link, own: string) => {
        await link.send(1, Buffer.from(own));
        return (await link.receive(1)).toString();
      };
      const heard = await Promise.all([said(one, 'near'), said(other, 'far')]);
      const after = Promise.all([one.next(), other.next()].map(codeOf));
      await Promise.all([one.close(), other.close()]);
      return { heard, after: await after, cut: between.cut > 0, anew: between.made > 1 };
    };
    const gone = ['compute.peerGone', 'compute.peerGone'];
    const well = { heard: ['far', 'near'], after: gone, cut: true, anew: true };
    const seen: unknown[] = [];
    // Not more at once than a busy machine gets through in time.
    for (let at = 0; at < cuts.length; at += atOnce)
      seen.push(...(await Promise.all(cuts.slice(at, at + atOnce).map((cut) => meeting(cut).catch(String)))));
    expect(seen.map((one, at) => [cuts[at], one])).toEqual(cuts.map((cut) => [cut, well]));
  },
);

test('a network in which every first connection breaks is tried so many times, and so long', async () => {
  const door = await openDoor();
  const between = await cutter(door.port, () => ({ afterBytes: 100 }));
  ending.push(() => between.close());
  expect(await codeOf(dialled(between.port))).toBe('compute.peerGone');
  expect(between.made).toBe(linkLimits.tries);
  between.made = 0;
  between.rule = () => ({ afterBytes: 100, told: 'nobody' });
  const brief = { ...patient, own: near, peer: far.publicKey, port: between.port, meetMs: 500, answerMs: 200 };
  expect(await codeOf(dial(brief))).toBe('compute.peerSilent');
  expect(between.made).toBeLessThan(linkLimits.tries);
});

/** One that holds the key and has got through a handshake, and has said nothing. */
const halfMade = async (port: number): Promise<TLSSocket> => {
  const socket = await connected(firstOf({ ...patient, own: near, peer: far.publicKey, port }), 5_000);
  ending.push(() => socket.destroy());
  return socket.resume();
};

test('of several that are half made, the one that speaks is let in, and the others are ended', async () => {
  const door = await openDoor();
  const [early, chosen, late] = [await halfMade(door.port), await halfMade(door.port), await halfMade(door.port)];
  const ended = [early, late].map((socket) => once(socket, 'close'));
  chosen.write(standing(mark.beat, 0, 0));
  const [link] = await door.met;
  ending.push(() => link!.drop());
  await Promise.all(ended);
  expect(chosen.destroyed).toBe(false);
  // Whoever comes with the same key from now on hears so.
  const second = await dialled(door.port);
  await expect(second.next()).rejects.toThrow('here already');
});

test('those that are half made are so many at most: the oldest gives way', async () => {
  const door = await openDoor();
  const oldest = await halfMade(door.port);
  const evicted = once(oldest, 'close');
  for (let n = 0; n < linkLimits.tries; n++) await halfMade(door.port);
  await evicted;
});

test('whoever is half made waits no longer than anybody', async () => {
  const door = await openDoor(1_500);
  const refused = codeOf(door.met);
  // On a busy machine it may come too late, and is not let in at all.
  const ended = halfMade(door.port)
    .then((socket) => once(socket, 'close'))
    .catch(() => undefined);
  expect(await refused).toBe('compute.peerGone');
  await ended;
});

test('a handshake that is sent again, whole or cut, opens nothing, before the meeting and after it', async () => {
  const { dialling } = await spoken();
  const door = await openDoor();
  const replay = async (bytes: Buffer) => {
    const socket = connect(door.port, host).on('error', () => undefined);
    const got: Buffer[] = [];
    socket.on('data', (chunk) => got.push(chunk));
    socket.write(bytes);
    await once(socket, 'close');
    // The server's half of a new handshake, and an alert: 21, for its proof is of another.
    return Buffer.concat(got).length;
  };
  const whole = await replay(dialling);
  expect(whole).toBeGreaterThan(100);
  const waiting = codeOf(door.met);
  const first = await dialled(door.port);
  const [link] = await door.met;
  ending.push(() => [first, link!].map((one) => one.drop()));
  expect(await waiting).toBe('went well');
  expect(await replay(dialling)).toBe(whole);
  await Promise.all([first.send(1, Buffer.from('own')), link!.receive(1)]);
  const stranger = generateIdentity();
  const forged = firstOf({ ...patient, own: stranger, peer: far.publicKey, port: door.port });
  const named = { ...forged, identity: near.publicKey.toString('hex') };
  for (const one of [forged, named]) expect(await codeOf(connected(one, 5_000))).toBe('compute.peerUnproven');
});

test('a handshake forged under the name of one that is half made changes nothing for it', async () => {
  const door = await openDoor();
  const chosen = await halfMade(door.port);
  const forged = firstOf({ ...patient, own: generateIdentity(), peer: far.publicKey, port: door.port });
  const named = { ...forged, identity: near.publicKey.toString('hex') };
  expect(await codeOf(connected(named, 5_000))).toBe('compute.peerUnproven');
  chosen.write(standing(mark.beat, 0, 0));
  const [link] = await door.met;
  ending.push(() => link!.drop());
  expect(chosen.destroyed).toBe(false);
});
