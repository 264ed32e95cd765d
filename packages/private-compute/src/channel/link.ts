import { timingSafeEqual } from 'node:crypto';
import { connect, createServer, type Server, type TLSSocket } from 'node:tls';
import { ComputeError, type ComputeFault } from '../problem.ts';
import { deriveKey, type Identity, sharedSecret } from './keys.ts';

/** What a frame may hold, how long a peer may say nothing at all, and how long a job waits for its parties. */
export const linkLimits = { frameBytes: 1 << 20, silenceMs: 30_000, meetMs: 30_000 };

const headBytes = 5;
/** Of frames that nobody has read yet; a short one counts as much as its object takes. */
const waitingBytesMax = 2 * linkLimits.frameBytes;
const costOf = ({ body }: Frame): number => Math.max(body.length, 512);
/** Says only that its sender is alive. */
const beat = 0;
const fault = 255;

const malformed = (what: string) => new ComputeError('compute.peerMalformed', what);

export interface Frame {
  type: number;
  body: Buffer;
}

/** Of a frame that must be of this type and, where that is given, of this length. */
export const bodyOf = (frame: Frame, type: number, bytes?: number): Buffer => {
  if (frame.type !== type) throw malformed(`a message of kind ${frame.type} came where ${type} was due`);
  if (bytes !== undefined && frame.body.length !== bytes)
    throw malformed(`a message of kind ${type} has a wrong length`);
  return frame.body;
};

/**
 * Frames over an authenticated, encrypted connection: 4 bytes of length, one of type, body. `send` waits while the peer is slower than we.
 * A peer that says nothing for `silenceMs` is given up, so each side beats while it computes.
 */
export class Link {
  readonly #socket: TLSSocket;
  #held: Buffer[] = [];
  #heldBytes = 0;
  #head: Buffer | undefined;
  readonly #frames: Frame[] = [];
  #waitingBytes = 0;
  #malformed: ComputeError | undefined;
  #ended = false;
  #come = (): void => {};
  #broken: ComputeError | undefined;
  readonly #beat: NodeJS.Timeout;
  readonly silenceMs: number;
  /** Of all frames, to and from the peer. */
  readonly bytes = { sent: 0, received: 0 };
  /** Why the peer broke off, where it said so. */
  told: ComputeError | undefined;

  constructor(socket: TLSSocket, silenceMs = linkLimits.silenceMs) {
    this.#socket = socket;
    this.silenceMs = silenceMs;
    socket.setNoDelay(true);
    socket.on('error', () => this.#end(new ComputeError('compute.peerGone', 'the peer’s connection broke')));
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.once('end', () => this.#noMore()).once('close', () => this.#noMore());
    this.#beat = setInterval(() => this.#write(beat, Buffer.alloc(0)), silenceMs / 3);
    this.#beat.unref();
  }

  async send(type: number, body: Uint8Array): Promise<void> {
    if (body.length > linkLimits.frameBytes) throw new RangeError('a frame is too large');
    if (!this.#write(type, body) && !this.#broken) await this.#within(this.#room());
    if (this.#broken) throw this.#broken;
  }

  /** The next frame, which must be of `type` and, where that is given, of `bytes` length. */
  async receive(type: number, bytes?: number): Promise<Buffer> {
    return bodyOf(await this.next(), type, bytes);
  }

  async next(): Promise<Frame> {
    while (this.#frames.length === 0) {
      if (this.told || this.#malformed) throw this.#end(this.told ?? this.#malformed!);
      if (this.#ended) throw this.#broken ?? new ComputeError('compute.peerGone', 'the peer left in the middle');
      await this.#within(new Promise<void>((come) => (this.#come = come)));
    }
    const frame = this.#frames.shift()!;
    this.#waitingBytes -= costOf(frame);
    if (this.#waitingBytes < waitingBytesMax && !this.#malformed && this.#socket.isPaused()) this.#socket.resume();
    return frame;
  }

  /** Tells the peer why, if there is a reason, and ends the connection once that has left. */
  async close(reason?: unknown): Promise<void> {
    clearInterval(this.#beat);
    if (this.#socket.destroyed) return;
    if (reason !== undefined) this.#write(fault, faultBytes(reason));
    this.#socket.end();
    // What still comes is nobody’s any more.
    this.#socket.removeAllListeners('data').resume();
    await this.#within(new Promise<void>((done) => this.#socket.once('close', done)), 1000).catch(() => undefined);
    this.#socket.destroy();
  }

  /** Ends the connection at once, without a word. */
  drop(): void {
    this.#end(new ComputeError('compute.peerGone', 'the connection was dropped'));
  }

  #write(type: number, body: Uint8Array): boolean {
    if (this.#socket.destroyed || !this.#socket.writable) {
      this.#broken ??= new ComputeError('compute.peerGone', 'the peer is gone');
      return false;
    }
    this.bytes.sent += headBytes + body.length;
    const head = Buffer.alloc(headBytes);
    head.writeUInt32LE(body.length, 0);
    head[4] = type;
    this.#socket.cork();
    this.#socket.write(head);
    const room = body.length === 0 || this.#socket.write(body);
    this.#socket.uncork();
    return room;
  }

  #room(): Promise<void> {
    return new Promise((done) => {
      const end = () => {
        this.#socket.off('drain', end).off('close', end);
        done();
      };
      this.#socket.once('drain', end).once('close', end);
    });
  }

  /** Frames are put together as they come; who is not read from stays unread beyond `waitingBytesMax`. */
  #take(chunk: Buffer): void {
    this.bytes.received += chunk.length;
    this.#held.push(chunk);
    this.#heldBytes += chunk.length;
    while (this.#frame());
    if (this.#waitingBytes >= waitingBytesMax || this.#malformed) this.#socket.pause();
    if (this.#frames.length > 0 || this.told || this.#malformed) this.#come();
  }

  /** Whether a whole one was there. */
  #frame(): boolean {
    if (!this.#head && this.#heldBytes >= headBytes) this.#head = this.#cut(headBytes);
    const length = this.#head?.readUInt32LE(0);
    if (length === undefined || this.told || this.#malformed) return false;
    if (length > linkLimits.frameBytes) this.#malformed = malformed(`a message of ${length} bytes is too large`);
    if (this.#malformed || this.#heldBytes < length) return false;
    const type = this.#head![4]!;
    const body = this.#cut(length);
    this.#head = undefined;
    if (type === fault) {
      this.told = faultIn(body);
      // Nothing is sent any more, however much of what came before it is still to be read.
      this.#end(this.told);
    } else if (type !== beat) {
      const frame = { type, body };
      this.#frames.push(frame);
      this.#waitingBytes += costOf(frame);
    }
    return true;
  }

  #noMore(): void {
    this.#ended = true;
    this.#come();
  }

  /** The first bytes of what is held, copied only where they lie in several pieces. */
  #cut(bytes: number): Buffer {
    this.#heldBytes -= bytes;
    const first = this.#held[0] ?? Buffer.alloc(0);
    if (first.length > bytes) {
      this.#held[0] = first.subarray(bytes);
      return first.subarray(0, bytes);
    }
    if (first.length === bytes) return this.#held.shift() ?? first;
    const out = Buffer.allocUnsafe(bytes);
    let [at, pieces] = [0, 0];
    for (const piece of this.#held) {
      const taken = piece.copy(out, at, 0, bytes - at);
      at += taken;
      if (taken < piece.length) this.#held[pieces] = piece.subarray(taken);
      else pieces++;
      if (at === bytes) break;
    }
    this.#held.splice(0, pieces);
    return out;
  }

  async #within<T>(waiting: Promise<T>, ms = this.silenceMs): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    let heard = this.#socket.bytesRead;
    const late = new Promise<never>((_, refuse) => {
      const look = () => {
        // Whoever beats is alive, though it takes nothing from us while it waits for somebody slower.
        const beats = this.#socket.bytesRead !== heard && !this.#socket.writableEnded;
        heard = this.#socket.bytesRead;
        if (beats) timer = setTimeout(look, ms);
        else refuse(this.#end(new ComputeError('compute.peerSilent', `the peer said nothing for ${ms} ms`)));
      };
      timer = setTimeout(look, ms);
    });
    try {
      return await Promise.race([waiting, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** The first reason is the one that counts. */
  #end(reason: ComputeError): ComputeError {
    this.#broken ??= reason;
    clearInterval(this.#beat);
    this.#socket.destroy();
    return this.#broken;
  }
}

const faultBytes = (reason: unknown): Buffer => {
  const [code, message] =
    reason instanceof ComputeError ? [reason.code, reason.message] : ['compute.peerGone', 'the peer failed'];
  return Buffer.from(`${code}\n${message.slice(0, 500)}`);
};

/** A reason from outside is text to show, cut and without control characters; only codes that we know are taken over. */
const faultIn = (body: Buffer): ComputeError => {
  const [code = '', ...text] = body.toString('utf8').split('\n');
  const known =
    /^compute\.(termsDiffer|keyDiffers|peerMalformed|peerSilent|peerGone|sizeCap|overflow|unplaced|input|inputChanged)$/.test(
      code,
    );
  const plain = text.join(' ').replace(/\p{C}/gu, ' ').slice(0, 500);
  return new ComputeError(known ? (code as ComputeFault) : 'compute.peerGone', `the peer broke off: ${plain}`);
};

/**
 * TLS 1.3 with a key that both ends derive from their pinned X25519 keys and the job, and nobody else can; a fresh exchange on top gives
 * forward secrecy. A certificate, from whomever, is no way in. The reasons are in docs/decisions/0020-private-intersections.md.
 */
const tls13 = { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3', ciphers: 'TLS_AES_128_GCM_SHA256' } as const;

const channelKey = (own: Identity, peer: Uint8Array, client: Uint8Array, server: Uint8Array, job: Uint8Array): Buffer =>
  deriveKey(sharedSecret(own, peer), job, ['shugu private-compute channel v1', client, server]);

export interface Meeting {
  own: Identity;
  /** What the channel is for: 32 bytes, the same on both ends. */
  job: Uint8Array;
  silenceMs?: number;
}

export const dial = async (
  meeting: Meeting & { peer: Uint8Array; host: string; port: number; meetMs?: number },
): Promise<Link> => {
  const { own, job, peer, host, port, meetMs = linkLimits.meetMs } = meeting;
  const socket = connect({
    ...tls13,
    host,
    port,
    pskCallback: () => ({
      psk: channelKey(own, peer, own.publicKey, peer, job),
      identity: own.publicKey.toString('hex'),
    }),
    // Only asked where the server came with a certificate instead of the key.
    checkServerIdentity: () => new Error('a certificate came where the agreed key was due'),
  });
  try {
    await new Promise<void>((done, refuse) => {
      socket.setTimeout(meetMs, () => refuse(new ComputeError('compute.peerSilent', 'the peer does not answer')));
      socket.once('secureConnect', done);
      socket.once('error', (error: NodeJS.ErrnoException) => refuse(notMet(error)));
    });
    if (!socket.isSessionReused())
      throw new ComputeError('compute.peerUnproven', 'the peer did not prove the agreed key');
  } catch (error) {
    socket.destroy();
    throw error;
  }
  socket.setTimeout(0);
  return new Link(socket, meeting.silenceMs);
};

const notMet = (error: NodeJS.ErrnoException): ComputeError =>
  error.code === 'ECONNREFUSED' || error.code === 'ENOTFOUND'
    ? new ComputeError('compute.peerGone', `the peer cannot be reached (${error.code})`)
    : new ComputeError('compute.peerUnproven', 'the peer did not prove the agreed key');

export interface Door {
  port: number;
  /** One link for each of the peers, in their order, once all are there. */
  met: Promise<Link[]>;
  close(): void;
}

/** Waits for exactly these peers. Whoever else knocks is sent away and does not disturb; each peer enters once. */
export const listen = async (
  meeting: Meeting & { peers: readonly Uint8Array[]; host: string; port?: number; meetMs?: number },
): Promise<Door> => {
  const { own, job, peers, host, port = 0, meetMs = linkLimits.meetMs } = meeting;
  const links = new Map<number, Link>();
  const named = new WeakMap<TLSSocket, number>();
  const server: Server = createServer({
    ...tls13,
    handshakeTimeout: meetMs,
    pskCallback(socket, identity) {
      const claimed = Buffer.from(identity, 'hex');
      const place = peers.findIndex((one) => claimed.length === one.length && timingSafeEqual(claimed, one));
      if (place < 0) return null;
      named.set(socket, place);
      return channelKey(own, peers[place]!, peers[place]!, own.publicKey, job);
    },
  });
  let timer: NodeJS.Timeout | undefined;
  const met = new Promise<Link[]>((done, refuse) => {
    timer = setTimeout(() => {
      for (const link of links.values())
        void link.close(new ComputeError('compute.peerGone', 'the other party did not come'));
      refuse(
        new ComputeError('compute.peerGone', `${peers.length - links.size} of ${peers.length} parties did not come`),
      );
      server.close();
    }, meetMs);
    server.on('error', refuse);
    server.on('secureConnection', (socket) => {
      const place = named.get(socket);
      if (place === undefined || links.has(place)) {
        socket.destroy();
        return;
      }
      links.set(place, new Link(socket, meeting.silenceMs));
      if (links.size < peers.length) return;
      clearTimeout(timer);
      done(peers.map((_, at) => links.get(at)!));
      server.close();
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
