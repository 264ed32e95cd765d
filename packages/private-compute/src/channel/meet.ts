import { timingSafeEqual } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { connect, createServer, type Server, type TLSSocket } from 'node:tls';
import { ComputeError, type ComputeFault } from '../problem.ts';
import { deriveKey, type Identity, keyBytes, sharedSecret } from './keys.ts';
import { Link, linkLimits, pauseMs } from './link.ts';

/**
 * TLS 1.3 with a key that both ends derive from their pinned X25519 keys and the job, and nobody else can; a fresh exchange on top gives
 * forward secrecy. A certificate, from whomever, is no way in. The reasons are in docs/decisions/0020-private-intersections.md.
 *
 * A connection that takes a broken one's place has a key that both processes have from the first one alone: whoever gets hold of a
 * pinned key later, or starts another process with it, does not come into what is under way. Its traffic keys are its own.
 */
const tls13 = { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3', ciphers: 'TLS_AES_128_GCM_SHA256' } as const;

const channelKey = (own: Identity, peer: Uint8Array, client: Uint8Array, server: Uint8Array, job: Uint8Array): Buffer =>
  deriveKey(sharedSecret(own, peer), job, ['shugu private-compute channel v3', client, server]);

/** From the first connection's exporter (RFC 8446, section 7.5), the same on both ends: its name says nothing of who they are. */
const againKey = (socket: TLSSocket, job: Uint8Array): Pick<Dialled, 'identity' | 'psk'> => {
  const secret = socket.exportKeyingMaterial(keyBytes, 'EXPORTER-shugu-private-compute-again', Buffer.from(job));
  const part = (name: string) => deriveKey(secret, job, [`shugu private-compute again v2 ${name}`]);
  return { identity: part('name').toString('hex'), psk: part('key') };
};

export interface Meeting {
  own: Identity;
  /** What the channel is for: 32 bytes, the same on both ends. */
  job: Uint8Array;
  silenceMs?: number | undefined;
  resumeMs?: number | undefined;
  meetMs?: number | undefined;
  /** Of one try; see `linkLimits`. */
  answerMs?: number | undefined;
}

interface Dialled {
  host: string;
  port: number;
  identity: string;
  psk: Buffer;
}

/**
 * A connection whose other end has proven the key and said its first word, which is left to be read: by the end of the handshake alone the
 * side that dials cannot tell whether the other has got through it. `cut` of an error says that another try may go better.
 */
export const connected = async ({ host, port, identity, psk }: Dialled, ms: number): Promise<TLSSocket> => {
  const socket = connect({
    ...tls13,
    host,
    port,
    pskCallback: () => ({ psk, identity }),
    // Only asked where the server came with a certificate instead of the key.
    checkServerIdentity: () => new Error('a certificate came where the agreed key was due'),
  });
  socket.on('error', () => undefined);
  let timer: NodeJS.Timeout | undefined;
  try {
    await new Promise<void>((done, refuse) => {
      timer = setTimeout(() => refuse(cutOff('compute.peerSilent', 'the peer does not answer')), ms);
      socket.once('error', (error: NodeJS.ErrnoException) => refuse(notMet(error)));
      socket.once('close', () => refuse(broke()));
      socket.once('secureConnect', () => {
        if (!socket.isSessionReused()) refuse(unproven());
      });
      socket.once('data', (word: Buffer) => {
        socket.pause();
        socket.unshift(word);
        done();
      });
    });
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
  }
  return socket;
};

const unproven = () => new ComputeError('compute.peerUnproven', 'the peer did not prove the agreed key');
const cutOff = (code: ComputeFault, what: string) => Object.assign(new ComputeError(code, what), { cut: true });
const broke = () => cutOff('compute.peerGone', 'the connection broke before the peer had answered');
const broken: readonly (string | undefined)[] = ['ECONNRESET', 'EPIPE', 'ETIMEDOUT'];

/** `refused` where a machine is there, and says that nobody listens. */
const notMet = ({ code }: NodeJS.ErrnoException): ComputeError => {
  if (broken.includes(code)) return broke();
  if (code !== 'ECONNREFUSED' && code !== 'ENOTFOUND') return unproven();
  return Object.assign(new ComputeError('compute.peerGone', `the peer cannot be reached (${code})`), {
    refused: code === 'ECONNREFUSED',
  });
};

export type Dialling = Meeting & { peer: Uint8Array; host: string; port: number };

/** What the first connection is made with. */
export const firstOf = ({ own, job, peer, host, port }: Dialling): Dialled => ({
  host,
  port,
  identity: own.publicKey.toString('hex'),
  psk: channelKey(own, peer, own.publicKey, peer, job),
});

/** What all later ones are made with. */
export const againOf = (first: Dialled, socket: TLSSocket, job: Uint8Array): Dialled => ({
  ...first,
  ...againKey(socket, job),
});

/** The first connection: one that breaks before the peer's word is made anew, with a handshake of its own, and nothing is kept of it. */
const firstMade = async (first: Dialled, meetMs: number, answerMs: number): Promise<TLSSocket> => {
  const until = performance.now() + meetMs;
  for (let tries = 1; ; tries++) {
    try {
      return await connected(first, Math.min(answerMs, until - performance.now()));
    } catch (error) {
      const wait = pauseMs(tries);
      const isLast = tries === linkLimits.tries || performance.now() + wait >= until;
      if (!(error as { cut?: boolean }).cut || isLast) throw error;
      await pause(wait);
    }
  }
};

export const dial = async (asked: Dialling): Promise<Link> => {
  const { job, meetMs = linkLimits.meetMs, answerMs = linkLimits.answerMs, silenceMs, resumeMs } = asked;
  const first = firstOf(asked);
  const socket = await firstMade(first, meetMs, answerMs);
  const again = againOf(first, socket, job);
  return new Link(socket, { silenceMs, resumeMs, redial: (ms) => connected(again, Math.min(answerMs, ms)) });
};

export interface Door {
  port: number;
  /** One link for each of the peers, in their order, once all are there. */
  met: Promise<Link[]>;
  close(): void;
}

/** A connection that a peer has proven its key on, and what its next is known by. */
interface Entered {
  place: number;
  link: Link;
  identity: string;
  psk: Buffer;
}

/**
 * Waits for exactly these peers. Whoever else knocks is sent away and does not disturb; each peer enters once, and comes back where its
 * connection broke. It has entered when its first word is here: until then it may have lost what it entered by, and dial anew.
 */
export const listen = async (
  meeting: Meeting & { peers: readonly Uint8Array[]; host: string; port?: number | undefined },
): Promise<Door> => {
  const { own, job, peers, host, port = 0, silenceMs, resumeMs } = meeting;
  const { meetMs = linkLimits.meetMs, answerMs = linkLimits.answerMs } = meeting;
  /** By the names that they come back under; of one peer there are several only before its word. */
  const entered = new Map<string, Entered>();
  const links = new Map<number, Link>();
  const named = new WeakMap<TLSSocket, { place: number } | Entered>();
  let open = peers.length;
  const server: Server = createServer({
    ...tls13,
    handshakeTimeout: answerMs,
    pskCallback(socket, identity) {
      const known = entered.get(identity);
      if (known) {
        named.set(socket, known);
        return known.psk;
      }
      const claimed = Buffer.from(identity, 'hex');
      const place = peers.findIndex((one) => claimed.length === one.length && timingSafeEqual(claimed, one));
      if (place < 0) return null;
      named.set(socket, { place });
      return channelKey(own, peers[place]!, peers[place]!, own.publicKey, job);
    },
  });
  let timer: NodeJS.Timeout | undefined;
  let late = false;
  const sendAway = (link: Link, why = 'the other party did not come') =>
    void link.close(new ComputeError('compute.peerGone', why));
  /** Those of a place that has not spoken, in the order of their coming. */
  const halfMade = (place: number) => [...entered.values()].filter((one) => one.place === place && !links.has(place));
  const met = new Promise<Link[]>((done, refuse) => {
    timer = setTimeout(() => {
      late = true;
      for (const { link } of entered.values()) sendAway(link);
      refuse(
        new ComputeError('compute.peerGone', `${peers.length - links.size} of ${peers.length} parties did not come`),
      );
      server.close();
    }, meetMs);
    server.on('error', refuse);
    // A handshake that fails is a stranger's, or was cut.
    server.on('tlsClientError', () => undefined);
    const enter = (place: number, socket: TLSSocket) => {
      const others = halfMade(place);
      if (others.length === linkLimits.tries) others[0]!.link.drop();
      const heard = () => {
        if (late) return;
        const left = halfMade(place).filter((one) => one !== self);
        links.set(place, self.link);
        for (const one of left) one.link.drop();
        if (links.size < peers.length) return;
        clearTimeout(timer);
        done(peers.map((_, at) => links.get(at)!));
      };
      const over = () => {
        entered.delete(self.identity);
        if (links.get(place) === self.link) open--;
        if (open === 0) server.close();
      };
      const link = new Link(socket, { silenceMs, resumeMs, heard, over });
      const self: Entered = { place, link, ...againKey(socket, job) };
      entered.set(self.identity, self);
    };
    server.on('secureConnection', (socket) => {
      const known = named.get(socket);
      if (known === undefined) socket.on('error', () => undefined).destroy();
      else if ('link' in known) known.link.resume(socket);
      else if (late) sendAway(new Link(socket, { resumeMs: 0 }));
      else if (links.has(known.place)) sendAway(new Link(socket, { resumeMs: 0 }), 'this party is here already');
      else enter(known.place, socket);
    });
  });
  met.catch(() => undefined);
  await new Promise<void>((done, refuse) => server.listen(port, host, done).once('error', refuse));
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : port,
    met,
    close() {
      clearTimeout(timer);
      server.close();
    },
  };
};
