import { setTimeout as pause } from 'node:timers/promises';
import type { TLSSocket } from 'node:tls';
import { ComputeError } from '../problem.ts';
import {
  bodyOf,
  costOf,
  type Frame,
  FrameReader,
  faultBytes,
  faultIn,
  frameLimits,
  frameOf,
  headBytes,
  malformed,
  mark,
  type NumberedFrame,
  standing,
} from './frames.ts';

/**
 * What a frame may hold; how long a peer may say nothing at all, how long a job waits for its parties, how long a broken connection may take to
 * come back, and how long it is tried where the peer's machine says that nobody listens; how long one try waits for the peer's first word, and
 * how many a first meeting takes.
 */
export const linkLimits = {
  frameBytes: frameLimits.frameBytes,
  silenceMs: 30_000,
  meetMs: 30_000,
  resumeMs: 15_000,
  refusedMs: 1_000,
  answerMs: 5_000,
  tries: 6,
};

const faultMs = 1_000;
/** Before the next try, after so many. */
export const pauseMs = (tries: number): number => Math.min(20 * 2 ** tries, 1_000);
const waitingBytesMax = frameLimits.waitingBytes;
/** Before its sender has to wait; a peer is told in good time. */
const untoldBytesMax = waitingBytesMax / 4;

const gone = (what: string) => new ComputeError('compute.peerGone', what);

export interface LinkOptions {
  silenceMs?: number | undefined;
  /** 0: a connection that breaks is the end. */
  resumeMs?: number | undefined;
  /** Of the side that dials: another connection between the same two processes. */
  redial?: (ms: number) => Promise<TLSSocket>;
  /** Hears that the peer has spoken. */
  heard?: () => void;
  /** Hears that nothing comes over this link any more. */
  over?: () => void;
}

/**
 * Frames between two processes over authenticated, encrypted connections. They are numbered, and kept until the peer has read them: where a
 * connection breaks, those that have not arrived are sent again over the next, and one that is out of its turn is refused. `send` waits while the
 * peer is slower than we. A peer that says nothing for `silenceMs` is given up, so each side beats while it computes.
 */
export class Link {
  #socket: TLSSocket | undefined;
  #reader = new FrameReader();
  /** Until the peer has said on a new connection where it stands, nothing counts. */
  #resuming = false;
  /** Of frames sent: how many, how many have arrived, how many the peer has read; those from there on. */
  #sent = 0;
  #arrived = 0;
  #taken = 0;
  readonly #kept: Buffer[] = [];
  #keptBytes = 0;
  /** Of frames that came: how many, and how many were read here. */
  #got = 0;
  #read = 0;
  readonly #frames: Frame[] = [];
  #waitingBytes = 0;
  #untoldBytes = 0;
  #malformed: ComputeError | undefined;
  /** The peer said that nothing more comes. */
  #left = false;
  #closing: Promise<void> | undefined;
  /** All has been said, and the connection is being ended. */
  #ending = false;
  #over = false;
  #changed = Promise.withResolvers<void>();
  #broken: ComputeError | undefined;
  readonly #beat: NodeJS.Timeout;
  #late: NodeJS.Timeout | undefined;
  #tries = 0;
  /** Bytes that had come when last looked at, looks since then, and whether that is why the connection was given up. */
  #heard = 0;
  #dumb = 0;
  #silent = false;
  readonly #resumeMs: number;
  readonly #options: LinkOptions;
  readonly silenceMs: number;
  /** Of all frames, to and from the peer; what was sent again counts again. */
  readonly bytes = { sent: 0, received: 0 };
  /** Why the peer broke off, where it said so. */
  told: ComputeError | undefined;

  constructor(socket: TLSSocket, options: LinkOptions = {}) {
    this.#options = options;
    this.silenceMs = options.silenceMs ?? linkLimits.silenceMs;
    this.#resumeMs = options.resumeMs ?? linkLimits.resumeMs;
    this.#beat = setInterval(() => this.#look(), this.silenceMs / 4);
    this.#beat.unref();
    this.#begin(socket);
    // Each side's first word tells the other that it has the connection, too.
    this.#tell();
  }

  async send(type: number, body: Uint8Array): Promise<void> {
    if (this.#broken) throw this.#broken;
    if (this.#left && !this.#socket) throw gone('the peer left in the middle');
    this.#push(type, body);
    while (this.#isFull()) await this.#within(this.#changed.promise);
    if (this.#broken) throw this.#broken;
    if (this.#malformed) throw this.#end(this.#malformed);
  }

  /** The next frame, which must be of `type` and, where that is given, of `bytes` length. */
  async receive(type: number, bytes?: number): Promise<Buffer> {
    return bodyOf(await this.next(), type, bytes);
  }

  async next(): Promise<Frame> {
    while (this.#frames.length === 0) {
      if (this.told || this.#malformed) throw this.#end(this.told ?? this.#malformed!);
      if (this.#broken || this.#left) throw this.#broken ?? gone('the peer left in the middle');
      await this.#within(this.#changed.promise);
    }
    const frame = this.#frames.shift()!;
    this.#waitingBytes -= costOf(frame.body.length);
    this.#readOne(frame.body.length);
    const socket = this.#socket;
    if (socket?.isPaused() && this.#waitingBytes < waitingBytesMax && !this.#malformed) socket.resume();
    return frame;
  }

  /** Ends the connection once the peer has all that was sent, or the reason, if there is one. */
  close(reason?: unknown): Promise<void> {
    if (this.#over) return Promise.resolve();
    this.#closing ??= this.#leave(reason);
    return this.#closing;
  }

  /** Ends the connection at once, without a word. */
  drop(): void {
    this.#end(gone('the connection was dropped'));
  }

  /** Goes on over another connection between the same two processes, which whoever made it has proven. */
  resume(socket: TLSSocket): void {
    if (this.#over || this.#malformed || this.#resumeMs === 0) {
      socket.destroy();
      return;
    }
    this.#socket?.destroy();
    this.#resuming = true;
    this.#begin(socket);
    this.#write(standing(mark.resume, this.#got, this.#read));
  }

  #begin(socket: TLSSocket): void {
    this.#socket = socket;
    this.#reader = new FrameReader();
    const ifMine = (act: () => void) => () => void (this.#socket === socket && act());
    socket.setNoDelay(true);
    // The end follows each error.
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => this.#socket === socket && this.#take(chunk));
    socket.on(
      'drain',
      ifMine(() => this.#turn()),
    );
    socket.once(
      'close',
      ifMine(() => this.#lost()),
    );
    if (socket.destroyed) queueMicrotask(ifMine(() => this.#lost()));
    socket.resume();
  }

  #push(type: number, body: Uint8Array): void {
    const frame = frameOf(type, this.#sent, body);
    this.#sent++;
    this.#kept.push(frame);
    this.#keptBytes += costOf(body.length);
    if (!this.#resuming) this.#write(frame);
  }

  /** Each quarter of the time that a peer may say nothing: a connection that has been dumb for two of them is taken for broken, and made anew. */
  #look(): void {
    this.#dumb = this.bytes.received === this.#heard ? this.#dumb + 1 : 0;
    this.#heard = this.bytes.received;
    if (this.#dumb < 2 || !this.#anew()) this.#tell();
  }

  /** Whether this side can make another connection, and has given this one up for it. */
  #anew(): boolean {
    if (!this.#options.redial || this.#resumeMs === 0 || this.#closing) return false;
    this.#silent = true;
    this.#socket?.destroy();
    return true;
  }

  /** Into the connection that there is; what does not arrive by it is kept. */
  #write(frame: Buffer): void {
    const socket = this.#socket;
    if (!socket?.writable) return;
    this.bytes.sent += frame.length;
    socket.write(frame);
  }

  #tell(): void {
    this.#untoldBytes = 0;
    if (!this.#resuming) this.#write(standing(mark.beat, this.#got, this.#read));
  }

  #isFull(): boolean {
    if (this.#broken || this.#left || this.#malformed) return false;
    return this.#keptBytes >= waitingBytesMax || (this.#socket?.writableNeedDrain ?? false);
  }

  #readOne(bodyBytes: number): void {
    this.#read++;
    this.#untoldBytes += costOf(bodyBytes);
    if (this.#untoldBytes >= untoldBytesMax) this.#tell();
  }

  #take(chunk: Buffer): void {
    if (this.bytes.received === 0) this.#options.heard?.();
    this.bytes.received += chunk.length;
    this.#reader.add(chunk);
    try {
      while (!this.#broken && !this.#malformed) {
        const frame = this.#reader.take();
        if (!frame) break;
        this.#sort(frame);
      }
    } catch (error) {
      this.#malformed = error as ComputeError;
    }
    // An honest peer never goes so far beyond what it may.
    if (this.#waitingBytes >= 2 * waitingBytesMax || this.#malformed) this.#socket?.pause();
    if (this.#frames.length > 0 || this.told || this.#malformed || this.#left) this.#turn();
  }

  #sort({ type, number, body }: NumberedFrame): void {
    if (this.#resuming !== (type === mark.resume)) throw malformed('a connection begins with where its sender stands');
    if (type === mark.beat || type === mark.resume) {
      this.#acknowledged(number, bodyOf({ type, body }, type, 4).readUInt32LE(0));
      if (type === mark.resume) this.#goOn();
    } else if (type === mark.fault) {
      this.told = faultIn(body);
      // Nothing is sent any more, however much of what came before it is still to be read.
      this.#end(this.told);
    } else {
      if (number !== this.#got || this.#left) throw malformed(`message ${number} came where ${this.#got} was due`);
      this.#got++;
      if (type === mark.bye) {
        this.#left = true;
        this.#tell();
      } else if (this.#closing) this.#readOne(body.length);
      else {
        this.#frames.push({ type, body });
        this.#waitingBytes += costOf(body.length);
      }
    }
  }

  #acknowledged(arrived: number, taken: number): void {
    if (taken > arrived || arrived > this.#sent || arrived < this.#arrived || taken < this.#taken)
      throw malformed('a peer has what was not sent, or lost what it had');
    for (const frame of this.#kept.splice(0, taken - this.#taken)) this.#keptBytes -= costOf(frame.length - headBytes);
    this.#arrived = arrived;
    this.#taken = taken;
    this.#turn();
  }

  /** The peer has said how far it came: from there on everything is sent again. */
  #goOn(): void {
    this.#resuming = false;
    clearTimeout(this.#late);
    this.#late = undefined;
    this.#silent = false;
    this.#tries = 0;
    this.#tell();
    for (const frame of this.#kept.slice(this.#arrived - this.#taken)) this.#write(frame);
  }

  /** The connection has ended, whoever ended it. */
  #lost(): void {
    this.#socket = undefined;
    this.#resuming = false;
    if (this.#ending) this.#finish();
    // Nothing more comes from who has left, and nothing is heard from who has said what cannot be.
    else if (!this.#left && !this.#malformed) this.#wait();
    this.#turn();
  }

  #wait(): void {
    if (this.#resumeMs === 0) {
      this.#end(gone('the peer left in the middle'));
      return;
    }
    const code = this.#silent ? 'compute.peerSilent' : 'compute.peerGone';
    const what = `the connection broke and did not come back within ${this.#resumeMs} ms`;
    this.#late ??= setTimeout(() => this.#end(new ComputeError(code, what)), this.#resumeMs);
    if (this.#options.redial) void this.#redial(this.#options.redial);
  }

  async #redial(redial: (ms: number) => Promise<TLSSocket>): Promise<void> {
    let refusedSince: number | undefined;
    while (!this.#over && !this.#socket) {
      if (this.#tries > 0) await pause(pauseMs(this.#tries));
      this.#tries++;
      try {
        this.resume(await redial(this.#resumeMs));
      } catch (error) {
        // Its machine is there, and its process is not; or whoever stands in between begins anew.
        const isRefused = (error as { refused?: boolean }).refused === true;
        refusedSince = isRefused ? (refusedSince ?? performance.now()) : undefined;
        if (isRefused && performance.now() - refusedSince! > linkLimits.refusedMs)
          this.#end(gone('the connection broke, and nobody listens any more where the peer did'));
      }
    }
  }

  async #leave(reason: unknown): Promise<void> {
    while (this.#frames.length > 0) this.#readOne(this.#frames.shift()!.body.length);
    this.#waitingBytes = 0;
    this.#socket?.resume();
    if (reason === undefined) {
      this.#push(mark.bye, Buffer.alloc(0));
      const heard = () => this.#broken !== undefined || this.#arrived === this.#sent || (this.#left && !this.#socket);
      await this.#until(heard, this.silenceMs);
    } else {
      await this.#until(() => this.#broken !== undefined || (this.#socket !== undefined && !this.#resuming), faultMs);
      this.#write(frameOf(mark.fault, 0, faultBytes(reason)));
    }
    this.#ending = true;
    this.#socket?.end();
    await this.#until(() => this.#socket === undefined, faultMs);
    this.#finish();
  }

  /** Waits for what a peer does, and no longer than that. */
  async #until(isSo: () => boolean, ms: number): Promise<void> {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      this.#turn();
    }, ms);
    while (!isSo() && !late) await this.#changed.promise;
    clearTimeout(timer);
  }

  #turn(): void {
    const changed = this.#changed;
    this.#changed = Promise.withResolvers();
    changed.resolve();
  }

  async #within<T>(waiting: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    let heard = this.bytes.received;
    const late = new Promise<never>((_, refuse) => {
      const look = () => {
        // Whoever beats is alive, though it takes nothing from us while it waits for somebody slower; a broken connection has its own time.
        const beats = this.bytes.received !== heard || !this.#socket;
        heard = this.bytes.received;
        if (beats || this.#anew()) timer = setTimeout(look, this.silenceMs);
        else
          refuse(this.#end(new ComputeError('compute.peerSilent', `the peer said nothing for ${this.silenceMs} ms`)));
      };
      timer = setTimeout(look, this.silenceMs);
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
    this.#finish();
    return this.#broken;
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    this.#broken ??= gone(this.#left ? 'the peer left in the middle' : 'the connection is closed');
    clearInterval(this.#beat);
    clearTimeout(this.#late);
    this.#kept.length = 0;
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.destroy();
    this.#turn();
    this.#options.over?.();
  }
}
