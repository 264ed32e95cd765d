import { timingSafeEqual } from 'node:crypto';
import { connect, createServer, type Server, type TLSSocket } from 'node:tls';
import { ComputeError } from '../problem.ts';
import { deriveKey, type Identity, keyBytes, sharedSecret } from './keys.ts';
import { Link, linkLimits } from './link.ts';

/**
 * TLS 1.3 with a key that both ends derive from their pinned X25519 keys and the job, and nobody else can; a fresh exchange on top gives
 * forward secrecy. A certificate, from whomever, is no way in. The reasons are in docs/decisions/0020-private-intersections.md.
 *
 * A connection that takes a broken one's place has a key that both processes have from the first one alone: whoever gets hold of a
 * pinned key later, or starts another process with it, does not come into what is under way. Its traffic keys are its own.
 */
const tls13 = { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3', ciphers: 'TLS_AES_128_GCM_SHA256' } as const;

const channelKey = (own: Identity, peer: Uint8Array, client: Uint8Array, server: Uint8Array, job: Uint8Array): Buffer =>
  deriveKey(sharedSecret(own, peer), job, ['shugu private-compute channel v2', client, server]);

/** From the first connection's exporter (RFC 8446, section 7.5), the same on both ends. */
const againKey = (socket: TLSSocket, job: Uint8Array): Buffer =>
  deriveKey(socket.exportKeyingMaterial(keyBytes, 'EXPORTER-shugu-private-compute-again', Buffer.from(job)), job, [
    'shugu private-compute again v1',
  ]);
const againMark = '+again';

export interface Meeting {
  own: Identity;
  /** What the channel is for: 32 bytes, the same on both ends. */
  job: Uint8Array;
  silenceMs?: number | undefined;
  resumeMs?: number | undefined;
}

interface Dialled {
  host: string;
  port: number;
  identity: string;
  psk: Buffer;
}

/** A connection whose other end has proven the key. */
export const connected = async ({ host, port, identity, psk }: Dialled, ms: number): Promise<TLSSocket> => {
  const socket = connect({
    ...tls13,
    host,
    port,
    pskCallback: () => ({ psk, identity }),
    // Only asked where the server came with a certificate instead of the key.
    checkServerIdentity: () => new Error('a certificate came where the agreed key was due'),
  });
  try {
    await new Promise<void>((done, refuse) => {
      socket.setTimeout(ms, () => refuse(new ComputeError('compute.peerSilent', 'the peer does not answer')));
      socket.once('secureConnect', done);
      socket.once('error', (error: NodeJS.ErrnoException) => refuse(notMet(error)));
    });
    if (!socket.isSessionReused())
      throw new ComputeError('compute.peerUnproven', 'the peer did not prove the agreed key');
  } catch (error) {
    socket.on('error', () => undefined).destroy();
    throw error;
  }
  socket.setTimeout(0);
  return socket;
};

/** `refused` where a machine is there, and says that nobody listens. */
const notMet = ({ code }: NodeJS.ErrnoException): ComputeError =>
  code === 'ECONNREFUSED' || code === 'ENOTFOUND'
    ? Object.assign(new ComputeError('compute.peerGone', `the peer cannot be reached (${code})`), {
        refused: code === 'ECONNREFUSED',
      })
    : new ComputeError('compute.peerUnproven', 'the peer did not prove the agreed key');

export type Dialling = Meeting & { peer: Uint8Array; host: string; port: number; meetMs?: number | undefined };

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
  identity: first.identity + againMark,
  psk: againKey(socket, job),
});

export const dial = async (asked: Dialling): Promise<Link> => {
  const { job, meetMs = linkLimits.meetMs, silenceMs, resumeMs } = asked;
  const first = firstOf(asked);
  const socket = await connected(first, meetMs);
  const again = againOf(first, socket, job);
  return new Link(socket, { silenceMs, resumeMs, redial: (ms) => connected(again, ms) });
};

export interface Door {
  port: number;
  /** One link for each of the peers, in their order, once all are there. */
  met: Promise<Link[]>;
  close(): void;
}

/**
 * Waits for exactly these peers. Whoever else knocks is sent away and does not disturb; each peer enters once, and comes back where its
 * connection broke.
 */
export const listen = async (
  meeting: Meeting & {
    peers: readonly Uint8Array[];
    host: string;
    port?: number | undefined;
    meetMs?: number | undefined;
  },
): Promise<Door> => {
  const { own, job, peers, host, port = 0, meetMs = linkLimits.meetMs, silenceMs, resumeMs } = meeting;
  const links = new Map<number, { link: Link; again: Buffer }>();
  const named = new WeakMap<TLSSocket, { place: number; again: boolean }>();
  let open = peers.length;
  const server: Server = createServer({
    ...tls13,
    handshakeTimeout: meetMs,
    pskCallback(socket, identity) {
      const again = identity.endsWith(againMark);
      const claimed = Buffer.from(again ? identity.slice(0, -againMark.length) : identity, 'hex');
      const place = peers.findIndex((one) => claimed.length === one.length && timingSafeEqual(claimed, one));
      if (place < 0) return null;
      named.set(socket, { place, again });
      if (again) return links.get(place)?.again ?? null;
      return channelKey(own, peers[place]!, peers[place]!, own.publicKey, job);
    },
  });
  let timer: NodeJS.Timeout | undefined;
  let late = false;
  const sendAway = (link: Link) =>
    void link.close(new ComputeError('compute.peerGone', 'the other party did not come'));
  const met = new Promise<Link[]>((done, refuse) => {
    timer = setTimeout(() => {
      late = true;
      for (const { link } of links.values()) sendAway(link);
      refuse(
        new ComputeError('compute.peerGone', `${peers.length - links.size} of ${peers.length} parties did not come`),
      );
      server.close();
    }, meetMs);
    server.on('error', refuse);
    // A handshake that fails is a stranger's, or was cut.
    server.on('tlsClientError', () => undefined);
    server.on('secureConnection', (socket) => {
      const { place, again } = named.get(socket) ?? {};
      const known = place === undefined ? undefined : links.get(place);
      if (place === undefined || again !== (known !== undefined)) {
        socket.on('error', () => undefined).destroy();
        return;
      }
      if (known) {
        known.link.resume(socket);
        return;
      }
      if (late) {
        sendAway(new Link(socket));
        return;
      }
      const over = () => {
        open--;
        if (open === 0) server.close();
      };
      links.set(place, { link: new Link(socket, { silenceMs, resumeMs, over }), again: againKey(socket, job) });
      if (links.size < peers.length) return;
      clearTimeout(timer);
      done(peers.map((_, at) => links.get(at)!.link));
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
