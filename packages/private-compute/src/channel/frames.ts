/** What goes over a channel: 4 bytes of length, one of kind, 4 of number, then the body. Numbers are little endian. */
import { ComputeError, type ComputeFault } from '../problem.ts';

/** What a frame may hold, and of frames that a peer has not taken yet what they may hold together. */
export const frameLimits = { frameBytes: 1 << 20, waitingBytes: 8 << 20 };

export const headBytes = 9;
const numberMax = 0xffffffff;

/** Kinds of a channel's own. The first three stand outside the count. */
export const mark = {
  /** Its sender is alive: the number is of the frame that it waits for, the body (4) of the one that it reads next. */
  beat: 0,
  /** The same, as the first word on a connection that takes another's place. */
  resume: 252,
  /** Why its sender breaks off. */
  fault: 255,
  /** Nothing more comes. */
  bye: 253,
} as const;

export interface Frame {
  type: number;
  body: Buffer;
}
export interface NumberedFrame extends Frame {
  number: number;
}

/** A short frame counts as much as its object takes. */
export const costOf = (bodyBytes: number): number => Math.max(bodyBytes, 512);

export const malformed = (what: string) => new ComputeError('compute.peerMalformed', what);

/** Of a frame that must be of this type and, where that is given, of this length. */
export const bodyOf = (frame: Frame, type: number, bytes?: number): Buffer => {
  if (frame.type !== type) throw malformed(`a message of kind ${frame.type} came where ${type} was due`);
  if (bytes !== undefined && frame.body.length !== bytes)
    throw malformed(`a message of kind ${type} has a wrong length`);
  return frame.body;
};

/** A copy, which may be sent again whatever becomes of the body. */
export const frameOf = (type: number, number: number, body: Uint8Array): Buffer => {
  if (body.length > frameLimits.frameBytes) throw new RangeError('a frame is too large');
  if (number > numberMax) throw new RangeError('a channel has no number left for another frame');
  const frame = Buffer.allocUnsafe(headBytes + body.length);
  frame.writeUInt32LE(body.length, 0);
  frame[4] = type;
  frame.writeUInt32LE(number, 5);
  frame.set(body, headBytes);
  return frame;
};

/** Where this side stands: `arrived` frames have come, `taken` of them have been read. */
export const standing = (type: number, arrived: number, taken: number): Buffer => {
  const body = Buffer.alloc(4);
  body.writeUInt32LE(taken, 0);
  return frameOf(type, arrived, body);
};

/** Puts frames together from what comes over one connection. */
export class FrameReader {
  #held: Buffer[] = [];
  #heldBytes = 0;
  #head: Buffer | undefined;

  add(chunk: Buffer): void {
    this.#held.push(chunk);
    this.#heldBytes += chunk.length;
  }

  /** The next one that is whole. Throws `compute.peerMalformed` for one that is too large. */
  take(): NumberedFrame | undefined {
    if (!this.#head && this.#heldBytes >= headBytes) this.#head = this.#cut(headBytes);
    const length = this.#head?.readUInt32LE(0);
    if (length === undefined) return undefined;
    if (length > frameLimits.frameBytes) throw malformed(`a message of ${length} bytes is too large`);
    if (this.#heldBytes < length) return undefined;
    const [type, number] = [this.#head![4]!, this.#head!.readUInt32LE(5)];
    this.#head = undefined;
    return { type, number, body: this.#cut(length) };
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
}

export const faultBytes = (reason: unknown): Buffer => {
  const [code, message] =
    reason instanceof ComputeError ? [reason.code, reason.message] : ['compute.peerGone', 'the peer failed'];
  return Buffer.from(`${code}\n${message.slice(0, 500)}`);
};

/** A reason from outside is text to show, cut and without control characters; only codes that we know are taken over. */
export const faultIn = (body: Buffer): ComputeError => {
  const [code = '', ...text] = body.toString('utf8').split('\n');
  const known =
    /^compute\.(termsDiffer|keyDiffers|peerMalformed|peerSilent|peerGone|sizeCap|tooFew|overflow|unplaced|input|inputChanged)$/.test(
      code,
    );
  const plain = text.join(' ').replace(/\p{C}/gu, ' ').slice(0, 500);
  return new ComputeError(known ? (code as ComputeFault) : 'compute.peerGone', `the peer broke off: ${plain}`);
};
